package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// forwarder moves records from the spool to ClickHouse.
type forwarder struct {
	done chan struct{}
}

// forward starts forwarding once the tables are up to date.
func (p *program) forward(config Config, migrate bool, registry prometheus.Registerer) error {
	ctx, cancel := context.WithCancel(context.Background())
	p.stopMigrating = cancel
	p.forwarder = &forwarder{done: make(chan struct{})}
	p.running.Go(func() {
		defer close(p.forwarder.done)
		if migrate {
			if err := migrateUntilDone(ctx, p.store, config, p.log); err != nil {
				if ctx.Err() == nil {
					p.failed <- err
				}
				return
			}
		}
	})
	return nil
}

func (f *forwarder) drain(ctx context.Context) {
	select {
	case <-f.done:
	case <-ctx.Done():
	}
}
