package browser

import (
	"context"
	"errors"
	"os"
	"testing"
)

// ForTest starts a Chromium that ends with the test. Without a Chromium the test is skipped on a laptop, and fails
// where CI=true.
func ForTest(tb testing.TB) context.Context {
	tb.Helper()
	tab, end, err := Start(tb.Context())
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(end)
	return tab
}
