package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

// settleEvery is how often the settled tables, from which reports are quick, are brought up to date. A report does it for
// itself where it is asked in between.
const settleEvery = 10 * time.Second

// settle keeps the settled tables of all sites up to date until ctx ends. Trouble is logged once until it is over: reports do without.
func (p *program) settle(ctx context.Context, sites []schema.Site) {
	failing := map[schema.SiteID]bool{}
	for {
		for _, site := range sites {
			err := reports.Settle(ctx, p.store.Conn(), site.ID, false)
			if ctx.Err() != nil {
				return
			}
			if err != nil && !failing[site.ID] {
				p.log.Warn("the tables from which reports are quick can't be brought up to date; reports take longer, and it is tried again", "site", site.ID, "error", err)
			}
			failing[site.ID] = err != nil
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(settleEvery/2 + rand.N(settleEvery)): // jitter: one of several collectors does it for all
		}
	}
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
		if err := reports.Settle(i.ctx, db.Conn(), site.ID, c.Rebuild); err != nil {
			return err
		}
		fmt.Fprintf(i.stdout, "%s: settled in %s\n", site.ID, time.Since(begun).Round(time.Millisecond))
	}
	return nil
}
