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
// With -touches it makes as many as are asked for straight in the tables instead (package bulk), to see how fast things are.
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

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/tools/dev/client"
	"github.com/headwater/headwater/tools/dev/stack"
	"github.com/headwater/headwater/tools/seed/bulk"
)

const usage = `Usage: go run ./tools/seed [flags]

Fills the stack that runs (make run) with a year of demo data. Safe to run again: it adds only what is new since.

With -touches N it fills the tables themselves with N touches of the twelve months before this one, a fifth as many visitors,
N/40 submissions and N/400 deals, of site "seed". The same flags make the same rows, so a second run adds none that count.

`

func main() {
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	file := flag.String("stack", stack.DefaultFile, "description of the stack, written by tools/dev")
	months := flag.Int("months", 12, "how many months before this one to fill, 1 to 24")
	touches := flag.Uint64("touches", 0, "make so many touches straight in the tables, in place of the demo year")
	sites := flag.Int("sites", 1, "with -touches: divide them among so many sites, seed, seed-2, seed-3, …")
	number := flag.Uint64("seed", 1, "with -touches: another number makes other rows")
	dsn := flag.String("dsn", "", "with -touches: the ClickHouse to fill, whose tables are made where they are missing; none: the stack's")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if *touches > 0 {
		err = runBulk(ctx, *file, *dsn, bulk.Config{Site: "seed", Sites: *sites, Touches: *touches, Seed: *number, Until: monthBegin(time.Now()), Out: os.Stdout})
	} else {
		err = run(ctx, *file, *months, time.Now(), os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "seed:", err)
		os.Exit(1)
	}
}

// runBulk fills the tables of the ClickHouse at dsn, or of the stack's.
func runBulk(ctx context.Context, file, dsn string, config bulk.Config) error {
	if dsn == "" {
		s, err := stack.Read(ctx, file)
		if err != nil {
			return err
		}
		dsn = s.ClickHouseDSN
	}
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Migrate(ctx, store.MigrateConfig{}); err != nil {
		return err
	}
	begun := time.Now()
	touches, err := bulk.Run(ctx, db.PatientConn(), config)
	if err != nil {
		return err
	}
	fmt.Fprintf(config.Out, "%d touches and what follows from them, in %s.\n", touches, time.Since(begun).Round(time.Second))
	begun = time.Now()
	for i := range config.Sites {
		if err := reports.Settle(ctx, db.PatientConn(), bulk.SiteID(config, i), true); err != nil {
			return err
		}
	}
	fmt.Fprintf(config.Out, "Settled for quick reports, in %s.\n", time.Since(begun).Round(time.Second))
	return nil
}

func monthBegin(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
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
	for _, step := range []func(context.Context, *year) error{w.imports, w.oldRows, w.recentRows, w.deals, w.money, w.settle} {
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
