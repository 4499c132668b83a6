package main

import (
	"context"
	"fmt"
	"time"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

// settleEvery is how often the settled tables, from which reports are quick, are brought up to date. A report does it for
// itself where it is asked in between.
const settleEvery = 10 * time.Second

// settle puts this version's views into the database, and keeps the settled tables of all sites up to date, until ctx ends. Reports
// do without either.
func (p *program) settle(ctx context.Context, sites []schema.Site) {
	chores := []chore{{what: "the views for analysts can't be put into the database", once: true, do: func(ctx context.Context) error {
		return reports.CreateViews(ctx, p.store.Conn())
	}}}
	for _, site := range sites {
		chores = append(chores, chore{what: "the tables from which reports are quick can't be brought up to date; reports take longer", site: site.ID, do: func(ctx context.Context) error {
			return reports.Settle(ctx, p.store.PatientConn(), site.ID, false)
		}})
	}
	p.repeat(ctx, settleEvery, chores)
}

type settleCommand struct {
	Site    string `help:"The site's id. Default: all sites." placeholder:"ID"`
	Rebuild bool   `help:"Make the settled tables from nothing, also where they are there."`
}

// Help is shown by headwater settle -h.
func (settleCommand) Help() string {
	return `Brings the settled tables up to date, from which reports are quick and views are read. serve does it every few seconds, so this is for
whoever filled the tables in another way, restored a backup, or wants a site made from nothing (--rebuild).`
}

// Run is headwater settle.
func (c settleCommand) Run(i *invocation) error {
	l, err := i.load()
	if err != nil {
		return err
	}
	sites := l.Sites
	if c.Site != "" {
		site, err := chooseSite(l.Sites, c.Site)
		if err != nil {
			return usageError{err}
		}
		sites = []schema.Site{*site}
	}
	db, err := store.Open(i.ctx, l.ClickHouseDSN)
	if err != nil {
		return fmt.Errorf("connect to ClickHouse: %w", err)
	}
	defer func() { _ = db.Close() }()
	for _, site := range sites {
		begun := time.Now()
		if err := reports.Settle(i.ctx, db.PatientConn(), site.ID, c.Rebuild); err != nil {
			return err
		}
		fmt.Fprintf(i.stdout, "%s: settled in %s\n", site.ID, time.Since(begun).Round(time.Millisecond))
	}
	return nil
}
