package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// TestABenchOfFewTouches runs everything once; whether bounds are held on so few touches is not its concern.
func TestABenchOfFewTouches(t *testing.T) {
	var out bytes.Buffer
	if _, err := run(t.Context(), config{touches: 20_000, rounds: 1, data: t.TempDir(), progress: io.Discard, out: &out}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"20000 touches", "source_breakdown, to counting touches", "contact_card", "memory of totals", "growth of totals from 2000 touches", "a touch on disk", "dashboard, first view, to its 14 reports in turn", "at most 1.5", "at most 20"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing about %q:\n%s", want, &out)
		}
	}
}

func TestQuantile(t *testing.T) {
	var values []time.Duration
	for i := range 100 {
		values = append(values, time.Duration(100-i))
	}
	if m, p := quantile(values, 0.5), quantile(values, 0.99); m != 51 || p != 100 {
		t.Errorf("the median is %d, the 99th percentile %d", m, p)
	}
}

func TestTheFirstRoundDoesNotCount(t *testing.T) {
	rounds := 0
	got, err := comparison{quantile: 0.5, rounds: 3, bare: func(context.Context) error { return nil }, ours: func(context.Context) error { rounds++; return nil }}.measure(t.Context())
	if err != nil || rounds != 4 || got.ours < 0 {
		t.Errorf("%d rounds, %v, %v", rounds, got, err)
	}
	failing := errors.New("no")
	if _, err := (comparison{name: "x", rounds: 1, bare: func(context.Context) error { return failing }}).measure(t.Context()); !errors.Is(err, failing) {
		t.Error(err)
	}
}
