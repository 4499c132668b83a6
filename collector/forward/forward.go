// Package forward takes sealed segments from the spool to ClickHouse: in chunks, through Redis's duplicate filter, for
// as long as it takes.
//
// Belongs here: how a segment is cut into chunks, in which order the steps of a chunk happen, what is done about an
// error, and dead letters. Does not belong here: the files of the spool, SQL, the keys of Redis.
package forward

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/collector/visitors"
)

// Config says from where to where. The zero value of what is optional has a default.
type Config struct {
	Spool *spool.Spool
	Store *store.Store
	// Visitors is Redis; nil for none: then nothing is filtered or claimed, and ClickHouse alone merges duplicates.
	Visitors *visitors.Visitors
	// Erasures keeps out who was erased; nil for nobody.
	Erasures Erasures
	// RetryMin and RetryMax bound the wait after a failure; it doubles, with full jitter. Defaults 100 ms and 30 s.
	RetryMin, RetryMax time.Duration
	// InsertTimeout bounds one try to insert a chunk, for a server that accepts and never answers. Default 1 min.
	InsertTimeout time.Duration
	// Inserted, where it is set, is told how long each try to insert took that ClickHouse answered with yes.
	Inserted func(table string, took time.Duration)
	// Log gets each change of state once, and every dead letter. Default: slog.Default().
	Log *slog.Logger
}

// Forwarder is the only reader of its spool.
type Forwarder struct {
	config  Config
	log     *slog.Logger
	limits  limits
	refused refusals
	stats   counters

	clickHouse, redis *health

	life  context.Context // ends when Drain gives up
	kill  context.CancelFunc
	began atomic.Bool
	ended chan struct{}

	// step is told what comes next; tests end the process between any two steps with it.
	step func(ctx context.Context, what step, t *task)
}

// New prepares a Forwarder; Run starts it.
func New(config Config) *Forwarder {
	setDefault(&config.RetryMin, 100*time.Millisecond)
	setDefault(&config.RetryMax, 30*time.Second)
	setDefault(&config.InsertTimeout, time.Minute)
	if config.Log == nil {
		config.Log = slog.Default()
	}
	life, kill := context.WithCancel(context.Background())
	return &Forwarder{
		life: life, kill: kill, config: config, log: config.Log, limits: defaultLimits,
		clickHouse: newHealth(config.Log, "ClickHouse"), redis: newHealth(config.Log, "Redis"),
		ended: make(chan struct{}),
		step:  func(context.Context, step, *task) {},
	}
}

func setDefault(value *time.Duration, fallback time.Duration) {
	if *value == 0 {
		*value = fallback
	}
}

// Run forwards until the spool is stopped and empty; then it returns nil. When ctx ends first it returns ctx's error;
// what is not forwarded stays on disk. Call it once.
func (f *Forwarder) Run(ctx context.Context) error {
	f.began.Store(true)
	defer close(f.ended)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(f.life, cancel)()
	return f.pipeline(ctx)
}

// Drain ends a Forwarder in peace: it stops the spool and waits until Run has forwarded all of it. Where ctx ends first
// the rest stays on disk for the next start, and Drain says so.
func (f *Forwarder) Drain(ctx context.Context) error {
	stopped := f.config.Spool.Stop(ctx)
	if stopped == nil {
		select {
		case <-f.ended:
		case <-ctx.Done():
		}
	}
	f.kill()
	if f.began.Load() {
		<-f.ended
	}
	if left := f.config.Spool.Stats().Bytes; left > 0 {
		return fmt.Errorf("drain: %d bytes of the spool wait for the next start", left)
	}
	return stopped
}

// persist does something on the local disk until it works.
func (f *Forwarder) persist(ctx context.Context, what string, do func() error) error {
	wait := backoff{least: f.config.RetryMin, most: f.config.RetryMax}
	for {
		err := do()
		if err == nil {
			return nil
		}
		if wait.tries == 0 {
			f.log.Error("forward: can't "+what+"; trying again until it works", "error", err)
		}
		f.stats.retries.Add(1)
		if err := wait.sleep(ctx); err != nil {
			return err
		}
	}
}
