package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// hostRest is how long a host that could not be reached comes after all others.
const hostRest = 10 * time.Second

// hosts chooses among the hosts of a DSN for each new connection: in turn (or as connection_open_strategy says), those that
// failed a moment ago last. Each has its own time to answer, so that one that accepts and is silent does not use up
// that of the next.
type hosts struct {
	timeout time.Duration // of one host

	mu     sync.Mutex
	failed map[string]time.Time
}

func newHosts(timeout time.Duration) *hosts {
	return &hosts{timeout: timeout, failed: map[string]time.Time{}}
}

// dial is a DialStrategy.
func (h *hosts) dial(ctx context.Context, connection int, options *clickhouse.Options, dial clickhouse.Dial) (clickhouse.DialResult, error) {
	// The native protocol does not look at ctx but at this.
	one := *options
	one.DialTimeout = h.timeout
	var failures []error
	for _, address := range h.order(connection, options) {
		result, err := func() (clickhouse.DialResult, error) {
			ctx, cancel := context.WithTimeout(ctx, h.timeout)
			defer cancel()
			return dial(ctx, address, &one)
		}()
		if err == nil {
			h.note(address, time.Time{})
			return result, nil
		}
		failures = append(failures, fmt.Errorf("%s: %w", address, err))
		if ctx.Err() != nil {
			break
		}
		h.note(address, time.Now())
	}
	if len(failures) == 0 {
		return clickhouse.DialResult{}, clickhouse.ErrAcquireConnNoAddress
	}
	return clickhouse.DialResult{}, errors.Join(failures...)
}

func (h *hosts) order(connection int, options *clickhouse.Options) []string {
	start := 0
	switch options.ConnOpenStrategy {
	case clickhouse.ConnOpenRoundRobin:
		start = connection % len(options.Addr)
	case clickhouse.ConnOpenRandom:
		start = rand.IntN(len(options.Addr))
	}
	order := append(slices.Clone(options.Addr[start:]), options.Addr[:start]...)
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.SortStableFunc(order, func(a, b string) int { return h.rests(a) - h.rests(b) })
	return order
}

// rests is 1 for a host that failed a moment ago. The caller holds the lock.
func (h *hosts) rests(address string) int {
	if time.Since(h.failed[address]) < hostRest {
		return 1
	}
	return 0
}

func (h *hosts) note(address string, failed time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed[address] = failed
}
