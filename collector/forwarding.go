package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/headwater/headwater/collector/forward"
)

// forward starts to move records from the spool to ClickHouse, once the tables are up to date.
func (p *program) forward(config Config, migrate bool) {
	p.forwarder = forward.New(forward.Config{Spool: p.spool, Store: p.store, Visitors: p.visitors, Erasures: p.erasures, Log: p.log,
		Inserted: func(table string, took time.Duration) {
			p.latencies.inserts.WithLabelValues(table).Observe(took.Seconds())
		}})
	ctx, cancel := context.WithCancel(context.Background())
	p.stopForwarder = cancel
	p.running.Go(func() {
		if migrate {
			if err := migrateUntilDone(ctx, p.store, config, p.log); err != nil {
				if ctx.Err() == nil {
					p.failed <- err
				}
				return
			}
		}
		close(p.migrated)
		p.running.Go(func() { _ = p.erasures.Run(ctx) }) // ctx's error
		p.running.Go(func() { p.accounts.Follow(ctx) })
		p.running.Go(func() { p.sites.Follow(ctx) })
		p.running.Go(func() { p.offerSetUp(ctx, config.publicURL()) })
		p.running.Go(func() { p.settle(ctx, config.Sites) })
		p.running.Go(func() { p.expire(ctx, config.RetentionMonths) })
		if err := p.forwarder.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			p.failed <- fmt.Errorf("forward: %w", err)
		}
	})
}

// stopForwarding gives what waits in the spool until ctx ends to be forwarded. The rest stays on disk, which is no
// error.
func (p *program) stopForwarding(ctx context.Context) error {
	defer p.stopForwarder()
	defer p.leave(ctx)
	select {
	case <-p.migrated:
		if err := p.forwarder.Drain(ctx); err != nil {
			p.log.Warn("some records are not forwarded yet; they stay in the spool until the next start", "error", err)
		}
	default:
		p.log.Warn("ClickHouse was not there; what came in stays in the spool until the next start")
	}
	if err := p.spool.Stop(ctx); err != nil {
		return fmt.Errorf("seal the spool: %w", err)
	}
	return nil
}

// leave tells the other collectors, where nothing lies on this one's disk, that no erasure has to wait for it.
func (p *program) leave(ctx context.Context) {
	if err := p.erasures.Leave(ctx); err != nil {
		p.log.Warn("can't tell the other collectors that this one leaves with an empty disk; erasures wait for it", "error", err)
	}
}
