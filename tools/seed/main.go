// Seed fills a running stack with a year of invented but believable data: visits, leads, customers that the CRM knew
// before, and deals in two currencies.
//
// What the collector takes from anybody goes to it as anybody would send it: the last 30 days to the public endpoints, the
// CRM's contacts, companies and deals to the API, which takes any past. Older visits and forms go straight to the
// tables, because the collector moves what a browser says is older than 30 days up to that age.
//
// The data is a function of the calendar: a day's journeys are the same whenever they are made. Run again, it adds
// what has happened since.
//
// Belongs here: the invented year. Does not belong here: how the collector or its tables work.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/headwater/headwater/tools/dev/client"
	"github.com/headwater/headwater/tools/dev/stack"
)

const usage = `Usage: go run ./tools/seed [flags]

Fills the stack that runs (make run) with a year of demo data. Safe to run again: it adds only what is new since.

`

func main() {
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	file := flag.String("stack", stack.DefaultFile, "description of the stack, written by tools/dev")
	months := flag.Int("months", 12, "how many months before this one to fill, 1 to 24")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *file, *months, time.Now(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "seed:", err)
		os.Exit(1)
	}
}

// run makes the data up to now and stores it.
func run(ctx context.Context, file string, months int, now time.Time, out io.Writer) error {
	if months < 1 || months > 24 {
		return errors.New("-months: give a whole number from 1 to 24")
	}
	s, err := stack.Read(ctx, file)
	if err != nil {
		return err
	}
	w, err := newWriter(ctx, s, now, out)
	if err != nil {
		return err
	}
	defer w.close()
	made := newYear(now, months)
	if err := w.addProgrammes(ctx, made); err != nil {
		return err
	}
	fmt.Fprintf(out, "A demo year for site %s, %s to today:\n", s.Site, made.from.Format(time.DateOnly))
	for _, step := range []func(context.Context, *year) error{w.imports, w.oldRows, w.recentRows, w.deals, w.settle} {
		if err := step(ctx, made); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "Look at it: %s, or `%s report source_breakdown --config %s`\n", s.Report, s.Headwater, s.Config)
	return nil
}

// addProgrammes adds what has exact figures, the partner programme and the webinar, unless an earlier run has made it.
func (w *writer) addProgrammes(ctx context.Context, made *year) error {
	report, err := w.client.Report(ctx, "source_breakdown", map[string][]string{"by": {"campaign"}})
	if err != nil {
		return err
	}
	for _, row := range report.Rows {
		if row["campaign"] == partnerCampaign {
			fmt.Fprintln(w.out, "The partner programme and the webinar are there already.")
			return nil
		}
	}
	made.addPartners()
	made.addWebinar()
	return nil
}

// apiClient speaks to the stack's collector.
func apiClient(s *stack.Stack) *client.Client { return &client.Client{URL: s.Collector, Key: s.APIKey} }
