package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
)

type tableCommand struct {
	Name string `arg:"" help:"Which table: touches, submissions, submission_fields, contacts, companies, deals, spend or rates."`

	Site   string `help:"The site's id. May be left out where the configuration has only one." placeholder:"ID"`
	From   string `help:"From this date, month or time on." placeholder:"TIME"`
	To     string `help:"Before this date, month or time." placeholder:"TIME"`
	Zone   string `help:"Time zone of these, and of the times in the output. Default: the site's." placeholder:"ZONE"`
	Format string `help:"csv, jsonl (an object a line) or parquet. Default csv." default:"csv" enum:"csv,jsonl,parquet"`
	Out    string `help:"The file to write to. Default: standard output." placeholder:"FILE"`
}

// Help is shown by headwater table -h.
func (tableCommand) Help() string {
	return `Prints all rows of a table of one site, each record once, in the order of the table's key: however many there are, they are not held in
memory. The range is of the records' own time, for contacts, companies and deals of when they were received, for spend and rates of the day.
In CSV a text that a spreadsheet would take for a formula has a ' in front.

  headwater table touches --from 2026-03 --to 2026-04 --format parquet --out touches.parquet`
}

// Run is headwater table NAME.
func (c tableCommand) Run(i *invocation) error {
	l, err := i.load()
	if err != nil {
		return err
	}
	site, err := chooseSite(l.Sites, c.Site)
	if err != nil {
		return usageError{err}
	}
	params := reports.TableParams{Table: c.Name, Site: site.ID, Format: c.Format, From: c.From, To: c.To, Zone: c.Zone}
	if params.Zone == "" {
		params.Zone = site.TimeZone
	}
	db, err := store.Open(i.ctx, l.ClickHouseDSN)
	if err != nil {
		return fmt.Errorf("connect to ClickHouse: %w", err)
	}
	defer func() { _ = db.Close() }()
	if c.Out == "" {
		return reporter{store: db}.Table(i.ctx, i.stdout, params, func() {})
	}
	file, err := os.Create(c.Out)
	if err != nil {
		return err
	}
	if err := (reporter{store: db}).Table(i.ctx, file, params, func() {}); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

// Table writes all rows of a site's table.
func (r reporter) Table(ctx context.Context, w io.Writer, params reports.TableParams, began func()) error {
	return reports.WriteTable(ctx, r.store.Conn(), w, params, began)
}
