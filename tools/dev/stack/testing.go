package stack

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// ForTest starts a stack that stops with the test. Where the embedded ClickHouse cannot run or cannot be fetched, the test
// is skipped on a laptop and fails with CI=true.
func ForTest(tb testing.TB, data, site string, log io.Writer) *Private {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 4*time.Minute)
	defer cancel()
	s, err := Start(ctx, data, site, log)
	if err != nil && os.Getenv("CI") != "true" && strings.Contains(err.Error(), "start clickhouse") {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return s
}
