package faults

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/headwater/headwater/tools/load/play"
)

// say prints a line with the time since the visitors came.
func (r *run) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.Out, "%7.1f s  %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
}

func (r *run) introduce() {
	fmt.Fprintf(r.Out, "%g visitors a second for %s, seed %d. Where things are:\n", r.Rate, r.Duration, r.Seed)
	for _, name := range folders {
		fmt.Fprintf(r.Out, "  %-12s %s\n", name, r.folder(name))
	}
	fmt.Fprintf(r.Out, "  %-12s %s, metrics %s, ClickHouse %s, Redis %s\n\n", "collector", r.url, r.private, r.clickHouse, r.redis)
}

const progressEvery = 5 * time.Second

func (r *run) progress(ctx context.Context) {
	for tick := time.NewTicker(progressEvery); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		waiting := "no answer from its metrics"
		if figures, err := r.metrics(ctx); err == nil {
			waiting = fmt.Sprintf("%.0f KB wait in the spool", figures["headwater_spool_bytes"]/1000)
		}
		totals := r.player.Ledger.Totals()
		r.say("… accepted %d, refused %d, %s", play.Sum(totals.Accepted), play.Sum(totals.Refused), waiting)
	}
}

func (r *run) printVerdict(v play.Verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	totals := r.player.Ledger.Totals()
	line := func(name string, n int, format string, args ...any) {
		fmt.Fprintln(r.Out, strings.TrimRight(fmt.Sprintf("%-11s %9d   %s", name, n, fmt.Sprintf(format, args...)), " "))
	}
	fmt.Fprintln(r.Out)
	line("accepted", v.Accepted, "%s; %d were sent and accepted again", counts(totals.Accepted), totals.Resent)
	line("stored", v.Stored, "%d of them had no good answer, %d are under suspicion and so in no report", v.Unanswered, v.Suspects)
	line("lost", v.Lost, "")
	line("duplicated", v.Duplicated, "%d copies await a merge; no report sees them", v.Copies)
	line("refused", play.Sum(totals.Refused), "%s", counts(totals.Refused))
	line("crashes", len(r.crashed()), "%s", strings.Join(r.crashed(), ", "))
	r.printRecoveries(line)
}

func (r *run) printRecoveries(line func(string, int, string, ...any)) {
	line("faults", len(r.met), "caught up after, longest first:")
	slowest := map[string]recovered{}
	times := map[string]int{}
	for _, m := range r.met {
		times[m.name]++
		if m.took >= slowest[m.name].took {
			slowest[m.name] = m
		}
	}
	sorted := slices.SortedFunc(maps.Values(slowest), func(a, b recovered) int { return int(b.took - a.took) })
	for _, m := range sorted {
		often := ""
		if times[m.name] > 1 {
			often = fmt.Sprintf(" (%d times)", times[m.name])
		}
		fmt.Fprintf(r.Out, "%23s   %s%s\n", round(m.took), m.name, often)
	}
	var left []string
	for _, kind := range kinds() {
		if times[kind.name] == 0 {
			left = append(left, kind.name)
		}
	}
	if len(left) > 0 {
		fmt.Fprintf(r.Out, "%23s   %s\n", "not in this run", strings.Join(left, "; "))
	}
}

// counts lists numbers, the highest first.
func counts[K ~string](numbers map[K]int) string {
	names := slices.SortedFunc(maps.Keys(numbers), func(a, b K) int {
		if numbers[a] != numbers[b] {
			return numbers[b] - numbers[a]
		}
		return strings.Compare(string(a), string(b))
	})
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%s %d", name, numbers[name]))
	}
	return strings.Join(parts, ", ")
}

// compareReport holds the report source_breakdown against what is stored.
func (r *run) compareReport(ctx context.Context, v play.Verdict) error {
	reported, err := r.player.Reported(ctx)
	if err != nil {
		fmt.Fprintf(r.Out, "%-11s %9s   %v\n", "report", "fails", err)
		return err
	}
	expected := r.player.Expected(v)
	var agrees, differs []string
	for _, column := range play.Columns(expected) {
		if expected[column] == reported[column] {
			agrees = append(agrees, column+" "+reported[column])
		} else {
			differs = append(differs, fmt.Sprintf("%s %s, must be %s", column, reported[column], expected[column]))
		}
	}
	if len(differs) > 0 {
		fmt.Fprintf(r.Out, "%-11s %9s   %s\n", "report", "DIFFERS", strings.Join(differs, "; "))
		return fmt.Errorf("the report source_breakdown says %s", strings.Join(differs, "; "))
	}
	fmt.Fprintf(r.Out, "%-11s %9s   %s\n", "report", "agrees", strings.Join(agrees, ", "))
	return nil
}
