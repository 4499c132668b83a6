package main

import (
	"context"
	"time"
)

// expireEvery is about how often it is looked whether a site has rows beyond its own retention.
const expireEvery = time.Hour

// expire takes rows of sites that keep them for less than the installation's months, which are the tables' own TTL, out of ClickHouse, until
// ctx ends.
func (p *program) expire(ctx context.Context, months int) {
	p.repeat(ctx, expireEvery, []chore{{what: "rows beyond the retention of a site can't be taken out of ClickHouse now", do: func(ctx context.Context) error {
		return p.expireOnce(ctx, months)
	}}})
}

// expireOnce looks at each site once, by what counts for it now.
func (p *program) expireOnce(ctx context.Context, months int) error {
	for _, site := range p.sites.All() {
		if site.RetentionMonths == 0 || site.RetentionMonths >= months {
			continue
		}
		rows, err := p.store.Expire(ctx, site.ID, site.RetentionMonths, wallClock())
		if rows > 0 {
			p.log.Info("rows beyond a site's retention are gone", "site", site.ID, "retention_months", site.RetentionMonths, "rows", rows)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
