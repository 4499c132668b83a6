// Package visitors is what Redis remembers for a while: which records were seen, each visitor's first touch, and which
// links were used.
//
// Belongs here: the duplicate filter, the first-touch claim, and the claim of a link. Redis is a cache and never the only copy: it may be
// down or forget everything at any time, and ClickHouse gives the same answers later.
// Does not belong here: anything that must not be lost.
package visitors

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
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

// ErrResting is the answer within Cooldown of a failure.
var ErrResting = errors.New("redis failed a moment ago and is left alone")

// Visitors talks to one Redis.
type Visitors struct {
	client    redis.UniversalClient
	keyPrefix string

	restUntil atomic.Int64 // Unix nanoseconds
	stats     struct{ checked, duplicates, claims, failures atomic.Uint64 }
}

// Open prepares to talk to the Redis of redisURL; it does not connect, since the collector must start without Redis.
//
//	redis://user:password@host:6379/0      one server (rediss:// for TLS, unix:///path for a socket)
//	redis://host:6379?cluster=true         a cluster; more nodes as &addr=host:port
//	redis://host:26379?master_name=main    sentinels; more of them as &addr=host:port
//
// &key_prefix=… puts every key behind that prefix. Other parameters are go-redis's (pool_size, …).
func Open(redisURL string) (*Visitors, error) {
	u, err := url.Parse(redisURL)
	if err != nil || u.Scheme == "" {
		return nil, errors.New("redis_url is no URL: give one such as redis://127.0.0.1:6379/0")
	}
	query := u.Query()
	keyPrefix := query.Get("key_prefix")
	cluster := query.Get("cluster") == "true"
	query.Del("key_prefix")
	query.Del("cluster")
	u.RawQuery = query.Encode()
	client, err := newClient(u, cluster)
	if err != nil {
		return nil, fmt.Errorf("redis_url: %w", err)
	}
	return &Visitors{client: client, keyPrefix: keyPrefix}, nil
}

// newClient chooses the kind of client. No command is retried by go-redis: a retry would only use up Timeout.
func newClient(u *url.URL, cluster bool) (redis.UniversalClient, error) {
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch {
	case u.Query().Has("master_name"):
		options, err := redis.ParseFailoverURL(u.String())
		if err != nil {
			return nil, err
		}
		options.ContextTimeoutEnabled, options.DialTimeout, options.MaxRetries = true, Timeout, -1
		options.DisableIdentity = true
		return redis.NewFailoverClient(options), nil
	case cluster:
		options, err := redis.ParseClusterURL(u.String())
		if err != nil {
			return nil, err
		}
		options.ContextTimeoutEnabled, options.DialTimeout, options.MaxRetries = true, Timeout, -1
		options.MaintNotificationsConfig, options.DisableIdentity = quiet, true
		return redis.NewClusterClient(options), nil
	default:
		options, err := redis.ParseURL(u.String())
		if err != nil {
			return nil, err
		}
		options.ContextTimeoutEnabled, options.DialTimeout, options.MaxRetries = true, Timeout, -1
		options.MaintNotificationsConfig, options.DisableIdentity = quiet, true
		return redis.NewClient(options), nil
	}
}

// Close ends the connections.
func (v *Visitors) Close() error { return v.client.Close() }

// run sends one pipeline, and leaves Redis alone for a while when that fails. The absence of a key is no failure.
func (v *Visitors) run(ctx context.Context, fill func(redis.Pipeliner)) ([]redis.Cmder, error) {
	if time.Now().UnixNano() < v.restUntil.Load() {
		return nil, ErrResting
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	pipeline := v.client.Pipeline()
	fill(pipeline)
	commands, err := pipeline.Exec(ctx)
	for _, command := range commands {
		if failure := command.Err(); failure != nil && !errors.Is(failure, redis.Nil) {
			err = failure
			break
		}
	}
	if err != nil && !errors.Is(err, redis.Nil) {
		if outer.Err() != nil { // it is not Redis's fault that the caller gave up
			return nil, outer.Err()
		}
		v.restUntil.Store(time.Now().Add(Cooldown).UnixNano())
		v.stats.failures.Add(1)
		return nil, err
	}
	return commands, nil
}

// Stats are the figures for metrics, since Open.
type Stats struct {
	Checked    uint64 // records that went through the duplicate filter
	Duplicates uint64 // of these, records that another record's identity was found for
	Claims     uint64 // first touches claimed
	Failures   uint64 // round trips that failed
	Resting    bool   // Redis failed within Cooldown
}

// Stats returns the present figures.
func (v *Visitors) Stats() Stats {
	return Stats{
		Checked: v.stats.checked.Load(), Duplicates: v.stats.duplicates.Load(),
		Claims: v.stats.claims.Load(), Failures: v.stats.failures.Load(),
		Resting: time.Now().UnixNano() < v.restUntil.Load(),
	}
}
