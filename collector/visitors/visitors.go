// Package visitors is what Redis remembers for a while: which records were seen, each visitor's first touch, which
// links were used, and who is signed in to the console.
//
// Belongs here: the duplicate filter, the first-touch claim, the claim of a link, and sessions. Redis is a cache and never the only copy: it may be
// down or forget everything at any time, and ClickHouse gives the same answers later (but who is signed in, signs in again).
// Does not belong here: anything that must not be lost.
package visitors

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// The limits of every call.
const (
	// Timeout bounds one round trip to Redis: above it the filter is skipped rather than forwarding delayed.
	Timeout = 250 * time.Millisecond
	// Cooldown is how long Redis is left alone after it failed.
	Cooldown = time.Second
	// DuplicateTTL is how long a record's identity is remembered: a day more than browsers are given to resend.
	DuplicateTTL = 8 * 24 * time.Hour
	// FirstTouchTTL is the life of a visitor cookie, 13 months.
	FirstTouchTTL = 395 * 24 * time.Hour
)

// Visitors talks to one Redis: a server, a primary that Sentinels watch, or a Cluster.
type Visitors struct {
	client    redis.UniversalClient
	keyPrefix string
	timeout   time.Duration

	restUntil atomic.Int64        // Unix nanoseconds; 0 where the latest round trip went well
	observe   func(time.Duration) // see Observe
	stats     struct{ checked, duplicates, claims, failures atomic.Uint64 }
}

// Open prepares to talk to the Redis of redisURL; it does not connect, since the collector must start without Redis. README.md
// lists the forms of the URL.
func Open(redisURL string) (*Visitors, error) { return openWith(redisURL, Timeout) }

func openWith(redisURL string, timeout time.Duration) (*Visitors, error) {
	client, keyPrefix, err := newClient(redisURL, timeout)
	if err != nil {
		return nil, fmt.Errorf("redis_url: %w", err)
	}
	return &Visitors{client: client, keyPrefix: keyPrefix, timeout: timeout}, nil
}

// Observe has how long each round trip took told to observe. Call it before anything is asked.
func (v *Visitors) Observe(observe func(time.Duration)) { v.observe = observe }

// Close ends the connections.
func (v *Visitors) Close() error { return v.client.Close() }

// run sends one pipeline, if Redis may be asked.
func (v *Visitors) run(ctx context.Context, fill func(redis.Pipeliner)) ([]redis.Cmder, error) {
	admitted, err := v.admit()
	if err != nil {
		return nil, err
	}
	return v.roundTrip(ctx, admitted, fill)
}

// roundTrip sends one pipeline, and leaves Redis alone for a while when that fails. The absence of a key is no failure.
func (v *Visitors) roundTrip(outer context.Context, admitted ticket, fill func(redis.Pipeliner)) ([]redis.Cmder, error) {
	ctx, cancel := context.WithTimeout(outer, v.timeout)
	defer cancel()
	pipeline := v.client.Pipeline()
	fill(pipeline)
	began := time.Now()
	commands, err := pipeline.Exec(ctx)
	if v.observe != nil {
		v.observe(time.Since(began))
	}
	for _, command := range commands {
		if failure := command.Err(); failure != nil && failure != redis.Nil {
			err = failure
			break
		}
	}
	switch {
	case err == nil || err == redis.Nil: // not errors.Is: a Sentinel that knows no primary is an error that wraps it
		v.answered(admitted)
		return commands, nil
	case isHalfMoved(err), gaveUp(outer): // Redis is well
		return nil, err
	}
	v.failed()
	return nil, v.explain(err)
}

// Stats are the figures for metrics, since Open.
type Stats struct {
	Checked    uint64 // records that went through the duplicate filter
	Duplicates uint64 // of these, records that another record's identity was found for
	Claims     uint64 // first touches claimed
	Failures   uint64 // round trips that failed
	Resting    bool   // the latest round trip failed
}

// Stats returns the present figures.
func (v *Visitors) Stats() Stats {
	return Stats{
		Checked: v.stats.checked.Load(), Duplicates: v.stats.duplicates.Load(),
		Claims: v.stats.claims.Load(), Failures: v.stats.failures.Load(),
		Resting: v.restUntil.Load() != 0,
	}
}
