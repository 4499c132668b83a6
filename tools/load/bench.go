package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/headwater/headwater/tools/dev/stack"
)

type benchConfig struct {
	rounds      int
	round       time.Duration
	connections int
	only        string // accept (without ClickHouse), forward or backlog: nothing else; "" for all
	profiles    string // folder for profiles of the collector, "" for none
	strict      bool   // a bound that is not held is an error
	out         io.Writer
}

// bound is a promise about speed or memory, with what was measured.
type bound struct {
	name    string
	value   float64
	limit   float64
	atLeast bool // limit is the least, else the most
	format  string
}

func (b *bound) held() bool {
	if b.atLeast {
		return b.value >= b.limit
	}
	return b.value <= b.limit
}

// runBench measures accepting with ClickHouse away, so that it is alone on the machine, then forwarding of what was
// accepted, each beside its baseline, and then memory with a backlog.
func runBench(ctx context.Context, c benchConfig) error {
	data, remove, err := stack.TempData()
	if err != nil {
		return err
	}
	defer remove()
	s, stop, err := startStack(ctx, c, data)
	if err != nil {
		return err
	}
	defer stop()
	bounds, err := c.measure(ctx, s)
	if err != nil {
		return err
	}
	return printBounds(c, bounds)
}

func (c benchConfig) measure(ctx context.Context, s *stack.Stack) (bounds []bound, err error) {
	var filled accepted
	if c.includes("accept") {
		if filled, bounds, err = benchAccept(ctx, c, s); err != nil {
			return nil, err
		}
	}
	if c.includes("forward") {
		if filled.touches == 0 {
			if filled, err = fillForward(ctx, s); err != nil {
				return nil, err
			}
		}
		ratio, err := benchForward(ctx, c, s, filled)
		if err != nil {
			return nil, err
		}
		bounds = append(bounds, bound{name: "forward, to a bare batch insert", value: ratio, limit: 0.7, atLeast: true, format: "%.3f"})
	}
	if c.includes("backlog") {
		memory, err := benchBacklog(ctx, c, s)
		if err != nil {
			return nil, err
		}
		bounds = append(bounds, memory)
	}
	return bounds, nil
}

// includes tells whether a part is measured.
func (c benchConfig) includes(name string) bool { return c.only == "" || c.only == name }

// startStack starts what the measured processes need, and builds the collector as it is deployed. Accepting alone needs nothing
// else.
func startStack(ctx context.Context, c benchConfig, data string) (*stack.Stack, func(), error) {
	root, err := stack.Root(ctx)
	if err != nil {
		return nil, nil, err
	}
	binary := filepath.Join(data, "headwater-as-deployed")
	build := exec.CommandContext(ctx, "go", "build", "-pgo=collector/load.pgo", "-o", binary, "./collector")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("build the collector: %w\n%s", err, out)
	}
	if c.only == "accept" {
		return &stack.Stack{Data: data, Headwater: binary, Redis: "redis://127.0.0.1:1/0"}, func() {}, nil
	}
	fmt.Fprintln(c.out, "Starting ClickHouse, Redis and a collector …")
	s, err := stack.Start(ctx, data, "bench", io.Discard)
	if err != nil {
		return nil, nil, err
	}
	s.Headwater = binary
	return s.Stack, func() { _ = s.Stop() }, nil
}

// printBounds prints which bounds are held. One that is not is an error only where that is asked for: on a machine that has
// other things to do, numbers vary.
func printBounds(c benchConfig, bounds []bound) error {
	fmt.Fprintln(c.out, "\nBounds")
	broken := 0
	for _, b := range bounds {
		sign, verdict := "at most", "held"
		if b.atLeast {
			sign = "at least"
		}
		if !b.held() {
			verdict = "not held"
			broken++
		}
		fmt.Fprintf(c.out, "  %-34s %9s   %-8s %-8s %s\n", b.name, fmt.Sprintf(b.format, b.value), sign, fmt.Sprintf(b.format, b.limit), verdict)
	}
	if broken > 0 && c.strict {
		return errors.New(fmt.Sprint(broken, " of these bounds are not held: run it again on a machine that is idle, or profile the collector (-profiles)"))
	}
	return nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

func milliseconds(nanoseconds float64) string { return fmt.Sprintf("%.2f ms", nanoseconds/1e6) }

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// grouped is a whole number with commas between thousands.
func grouped(number float64) string {
	text := fmt.Sprintf("%.0f", number)
	var parts []string
	for len(text) > 3 {
		parts = append([]string{text[len(text)-3:]}, parts...)
		text = text[:len(text)-3]
	}
	return strings.Join(append([]string{text}, parts...), ",")
}
