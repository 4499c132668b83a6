package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// growth is how the collector's process has grown over the steady part of a soak.
type growth struct {
	samples []sample
}

// sample is taken when a fault has been got over and the garbage was collected.
type sample struct {
	at         time.Duration
	pid        int
	heap       float64 // bytes of live objects
	resident   float64 // bytes that the process has of the machine
	goroutines float64
}

// sample looks at the collector through its private listener.
func (r *run) sample(ctx context.Context) {
	if _, err := r.ask(ctx, "/debug/pprof/heap?gc=1&debug=0"); err != nil {
		return // the run ends
	}
	figures, err := r.metrics(ctx)
	if err != nil {
		return
	}
	s := sample{at: time.Since(r.began), pid: r.collector.pid(), heap: figures["go_memstats_heap_alloc_bytes"],
		resident: figures["process_resident_memory_bytes"], goroutines: figures["go_goroutines"]}
	r.mu.Lock()
	r.growth.samples = append(r.growth.samples, s)
	r.mu.Unlock()
}

// What may be different at the end of a steady part: the noise of one sample, not a leak of many minutes.
const (
	heapSlack      = 8 << 20
	residentSlack  = 48 << 20
	goroutineSlack = 40
	fewestSamples  = 9
)

// judgeGrowth compares the first third of the samples with the last third.
func (r *run) judgeGrowth() error {
	samples := r.growth.samples
	if len(samples) < fewestSamples {
		return fmt.Errorf("memory was looked at %d times only, %d are needed: let it run longer", len(samples), fewestSamples)
	}
	first, last := samples[:len(samples)/3], samples[len(samples)-len(samples)/3:]
	if slices.ContainsFunc(samples, func(s sample) bool { return s.pid != samples[0].pid }) {
		return errors.New("the collector was another process at the end than at the beginning: its growth says nothing")
	}
	var problems []error
	for _, f := range []struct {
		name, unit  string
		scale       float64
		value       func(sample) float64
		slack, more float64
	}{
		{"live heap", "MiB", 1 << 20, func(s sample) float64 { return s.heap }, heapSlack, 1.25},
		{"resident memory", "MiB", 1 << 20, func(s sample) float64 { return s.resident }, residentSlack, 1.25},
		{"goroutines", "", 1, func(s sample) float64 { return s.goroutines }, goroutineSlack, 1.25},
	} {
		before, after := middle(first, f.value), middle(last, f.value)
		fmt.Fprintf(r.Out, "%-11s %9.1f   %s %s at %s, %.1f at %s\n", "growth", (after-before)/f.scale, f.unit, f.name+fmt.Sprintf(": %.1f", before/f.scale),
			samples[0].at.Round(time.Second), after/f.scale, samples[len(samples)-1].at.Round(time.Second))
		if after > before*f.more+f.slack {
			problems = append(problems, fmt.Errorf("%s grew from %.1f to %.1f %s", f.name, before/f.scale, after/f.scale, f.unit))
		}
	}
	return errors.Join(problems...)
}

// middle is the median.
func middle(samples []sample, value func(sample) float64) float64 {
	var values []float64
	for _, s := range samples {
		values = append(values, value(s))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
