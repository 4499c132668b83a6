package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/headwater/headwater/tools/dev/stack"
)

// accepted is what the collector took and has in its spool.
type accepted struct {
	touches int
	spool   string
}

// target is one of the two servers that are measured in turn.
type target struct {
	name   string
	server *server
	rounds []*measured
}

// benchAccept fires at a collector that has neither ClickHouse nor backlog and at a bare server, in turn, so that whatever
// else the machine does meets both.
func benchAccept(ctx context.Context, c benchConfig, s *stack.Stack) (accepted, []bound, error) {
	result := accepted{spool: filepath.Join(s.Data, "bench-spool")}
	collector, err := startCollector(s, "http://127.0.0.1:1/bench", result.spool)
	if err != nil {
		return result, nil, err
	}
	defer collector.kill()
	bare, err := startBare()
	if err != nil {
		return result, nil, err
	}
	defer bare.kill()
	// What others have written must not be on its way to the disk while the collector waits for it: the baseline has none.
	if err := exec.CommandContext(ctx, "sync").Run(); err != nil {
		return result, nil, fmt.Errorf("wait for the disk to be idle: %w", err)
	}
	fmt.Fprintf(c.out, "\nAccept: POST /t with a body of %d bytes, %d connections, %d interleaved rounds of %s each\n", bodySize, c.connections, c.rounds, c.round)
	ours, theirs := &target{name: "collector", server: collector}, &target{name: "bare net/http 204", server: bare}
	profiled := collector.profile(ctx, c.profiles, "accept", 2*time.Duration(c.rounds)*c.round)
	for round := -1; round < c.rounds; round++ { // the first is to warm up
		for _, t := range []*target{ours, theirs} {
			length := c.round
			if round < 0 {
				length = c.round / 3
			}
			m, err := t.fire(ctx, c, length)
			if err != nil {
				return result, nil, err
			}
			if t == ours {
				result.touches += m.accepted
			}
			if round >= 0 {
				t.rounds = append(t.rounds, m)
			}
		}
	}
	if err := profiled(); err != nil {
		return result, nil, err
	}
	return result, printAccept(c.out, ours, theirs), nil
}

func (t *target) fire(ctx context.Context, c benchConfig, length time.Duration) (*measured, error) {
	before := t.server.processorTime()
	m, err := fire(ctx, t.server.address, "bench", c.connections, length)
	m.processor = t.server.processorTime() - before
	return m, err
}

// printAccept prints what was measured and returns how it stands to its bounds.
func printAccept(out io.Writer, ours, theirs *target) []bound {
	for _, t := range []*target{ours, theirs} {
		fmt.Fprintf(out, "  %-28s %9s /s   p50 %-9s p99 %-9s %.1f µs of processor time each\n", t.name, grouped(t.median((*measured).rate)),
			milliseconds(t.median(func(m *measured) float64 { return float64(m.percentile(.5)) })),
			milliseconds(t.median(func(m *measured) float64 { return float64(m.percentile(.99)) })),
			t.median((*measured).processorEach))
	}
	ratios, late := make([]float64, len(ours.rounds)), make([]float64, len(ours.rounds))
	for i := range ours.rounds {
		ratios[i] = ours.rounds[i].perSecond / theirs.rounds[i].perSecond
		late[i] = float64(ours.rounds[i].percentile(.99)) / float64(theirs.rounds[i].percentile(.99))
	}
	fmt.Fprintf(out, "  %-28s %9.3f      (median of the rounds; lowest %.3f, highest %.3f)\n", "ratio", median(ratios), slices.Min(ratios), slices.Max(ratios))
	fmt.Fprintf(out, "  %-28s %9.3f      (median of the rounds; lowest %.3f, highest %.3f)\n", "p99 to the baseline's", median(late), slices.Min(late), slices.Max(late))
	return []bound{
		{name: "accept, to a bare 204", value: median(ratios), limit: 0.30, atLeast: true, format: "%.3f"},
		{name: "p99 of accept, to a bare 204's", value: median(late), limit: 1, format: "%.3f"},
		{name: "memory under that load, MiB", value: mebibytes(ours.server.peakMemory()), limit: 64, format: "%.1f"},
	}
}

// median is the median over the rounds.
func (t *target) median(value func(*measured) float64) float64 {
	values := make([]float64, len(t.rounds))
	for i, m := range t.rounds {
		values[i] = value(m)
	}
	return median(values)
}
