package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/api"
	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

type importCommand struct {
	Kind string `arg:"" enum:"spend,rates" help:"What the file has: spend or rates."`
	File string `arg:"" help:"The file; - is standard input."`

	Site     string `help:"The site's id. May be left out where the configuration has only one." placeholder:"ID"`
	DryRun   bool   `help:"Only check the file."`
	KeepGood bool   `help:"Store the rows that are right even if others are not. Default: all rows or none."`
}

// Help is shown by headwater import -h.
func (importCommand) Help() string {
	return `Stores what campaigns cost (spend) or what currencies were worth (rates), from a file that would do for POST /api/spend or /api/rates: CSV
with a header row (comma, semicolon or tab), JSON lines or JSON; in UTF-8, of any length.

  spend   date, source, amount, currency; medium, campaign, clicks, impressions may be left out
  rates   date, from_currency, to_currency, rate: how many units of the second one unit of the first is worth

source, medium and campaign are what the utm_* of the links say. A row takes the place of what was imported under the same date, source,
medium, campaign and currency (rates: date and currencies), so the same file may be imported again, or corrected.

A row that is wrong is named with its line, nothing is stored then, and the exit code is 1.

  headwater import spend google-ads-march.csv
  headwater import rates ecb.csv --dry-run`
}

// Run is headwater import KIND FILE.
func (c importCommand) Run(i *invocation) error {
	l, err := i.load()
	if err != nil {
		return err
	}
	site, err := chooseSite(l.Sites, c.Site)
	if err != nil {
		return usageError{err}
	}
	read, err := c.read(i, l, site)
	if err != nil {
		return err
	}
	if len(read.Ignored) > 0 {
		fmt.Fprintf(i.stderr, "headwater: %s: columns that mean nothing here: %s\n", c.File, strings.Join(read.Ignored, ", "))
	}
	for _, fault := range read.Faults {
		fmt.Fprintf(i.stderr, "headwater: %s: line %d: %s\n", c.File, fault.Line, fault.Message)
	}
	switch {
	case read.Rows == 0 && len(read.Faults) == 0:
		return fmt.Errorf("%s: there is no row in it", c.File)
	case len(read.Faults) > 0 && (!c.KeepGood || c.DryRun || read.Rows == 0):
		fmt.Fprintf(i.stderr, "headwater: %s: %d rows are wrong, %d are right; nothing was stored\n", c.File, len(read.Faults), read.Rows)
		return errTold
	case c.DryRun:
		fmt.Fprintf(i.stdout, "%s: all %d rows are right; nothing was stored\n", c.File, read.Rows)
		return nil
	}
	if err := c.store(i, l, site, read); err != nil {
		return err
	}
	fmt.Fprintf(i.stdout, "%s: %d rows of %s stored\n", c.File, read.Rows, c.Kind)
	if len(read.Faults) > 0 {
		return errTold
	}
	return nil
}

func (c importCommand) read(i *invocation, l *loaded, site *schema.Site) (api.File, error) {
	sources, err := l.sources()
	if err != nil {
		return api.File{}, err
	}
	resolver, err := schema.NewResolverWith(site, sources)
	if err != nil {
		return api.File{}, err
	}
	from := i.stdin
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return api.File{}, err
		}
		defer func() { _ = file.Close() }()
		from = file
	}
	read, err := api.ReadFile(c.Kind, site, resolver, time.Now(), c.File, from)
	if rejected, ok := errors.AsType[*rejection.Error](err); ok {
		err = errors.New(rejected.Message) // its reason is one for requests
	}
	if err != nil {
		return read, fmt.Errorf("%s: %w", c.File, err)
	}
	return read, nil
}

// importAtOnce is how many rows are inserted together.
const importAtOnce = 20_000

func (c importCommand) store(i *invocation, l *loaded, site *schema.Site, read api.File) error {
	log, err := newLog(i.stderr, l.Config)
	if err != nil {
		return err
	}
	db, err := store.Open(i.ctx, l.ClickHouseDSN)
	if err != nil {
		return fmt.Errorf("connect to ClickHouse: %w", err)
	}
	defer func() { _ = db.Close() }()
	for _, rows := range inPartitions(read.Records) {
		if err := db.Insert(i.ctx, c.Kind, uuid.NewString(), rows); err != nil {
			return fmt.Errorf("%w; import the file again: what is in already is replaced by the same", err)
		}
	}
	log.Info("imported", "kind", c.Kind, "site", site.ID, "operator", operatorName(), "rows", read.Rows, "faults", len(read.Faults))
	return nil
}

// inPartitions puts the rows of a month together, in the order of the months, a number of them at a time.
func inPartitions(records []schema.Record) [][]any {
	parts := [][]any{}
	open := map[string]int{} // the part of a month that takes more
	for _, record := range records {
		var row any
		var day time.Time
		switch record := record.(type) {
		case *schema.Spend:
			row, day = *record, record.Date
		case *schema.Rate:
			row, day = *record, record.Date
		}
		month := day.Format("2006-01")
		at, there := open[month]
		if !there || len(parts[at]) == importAtOnce {
			at = len(parts)
			open[month] = at
			parts = append(parts, nil)
		}
		parts[at] = append(parts[at], row)
	}
	return parts
}
