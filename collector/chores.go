package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/headwater/headwater/schema"
)

// chore is work that a collector does again and again, and can do without for a while.
type chore struct {
	what          string        // when it fails
	site          schema.SiteID // "": of all
	once          bool          // and no more when it is done
	do            func(context.Context) error
	failing, done bool
}

// repeat does chores about every so often until ctx ends. The trouble of each is logged once until it is over.
func (p *program) repeat(ctx context.Context, every time.Duration, chores []chore) {
	for {
		for i := range chores {
			chores[i].try(ctx, p.log)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(every/2 + rand.N(every)): // jitter: one of several collectors does it for all
		}
	}
}

func (c *chore) try(ctx context.Context, log *slog.Logger) {
	if c.once && c.done {
		return
	}
	err := c.do(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil && !c.failing {
		log.Warn(c.what+"; it is tried again", "site", c.site, "error", err)
	}
	c.failing, c.done = err != nil, err == nil
}
