// Package forward takes sealed segments from the spool to ClickHouse: in chunks, through Redis's duplicate filter, for
// as long as it takes.
//
// Belongs here: how a segment is cut into chunks, in which order the steps of a chunk happen, what is done about an
// error, and dead letters. Does not belong here: the files of the spool, SQL, the keys of Redis.
package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
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
	// RetryMin and RetryMax bound the wait after a failure; it doubles, with full jitter. Defaults 100 ms and 30 s.
	RetryMin, RetryMax time.Duration
	// Log gets each change of state once, and every dead letter. Default: slog.Default().
	Log *slog.Logger
}

// Forwarder is the only reader of its spool.
type Forwarder struct {
	config  Config
	log     *slog.Logger
	limits  limits
	letters deadLetters
	refused map[string]int // rows of a table that ClickHouse refused since it took one
	stats   counters

	clickHouse, redis *health

	life  context.Context // ends when Drain gives up
	kill  context.CancelFunc
	began atomic.Bool
	ended chan struct{}
}

// New prepares a Forwarder; Run starts it.
func New(config Config) *Forwarder {
	if config.RetryMin == 0 {
		config.RetryMin = 100 * time.Millisecond
	}
	if config.RetryMax == 0 {
		config.RetryMax = 30 * time.Second
	}
	if config.Log == nil {
		config.Log = slog.Default()
	}
	life, kill := context.WithCancel(context.Background())
	return &Forwarder{
		life: life, kill: kill, config: config, log: config.Log, limits: defaultLimits,
		letters: deadLetters{dir: config.Spool.DeadLetters()}, refused: map[string]int{},
		clickHouse: newHealth(config.Log, "ClickHouse"), redis: newHealth(config.Log, "Redis"),
		ended: make(chan struct{}),
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
	for {
		segment, err := f.config.Spool.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f.forward(ctx, segment); err != nil {
			return err
		}
		f.stats.segments.Add(1)
	}
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

// forward brings one segment to ClickHouse. Its error is the context's; everything else is tried again.
func (f *Forwarder) forward(ctx context.Context, segment *spool.Segment) error {
	var contents spool.Contents
	err := f.persist(ctx, "read a segment", func() (err error) {
		contents, err = f.config.Spool.Read(segment)
		if errors.Is(err, os.ErrNotExist) {
			f.log.Error("forward: somebody took a segment away; what it held is not forwarded", "segment", segment.ID)
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	plan := cut(segment.ID, contents.Frames, f.limits)
	for _, bad := range plan.unreadable {
		if err := f.bury(ctx, bad); err != nil {
			return err
		}
	}
	first := 0
	if done := f.config.Spool.Checkpoint(); done.Segment == segment.ID && done.Plan == plan.fingerprint {
		first = min(done.Chunk, len(plan.chunks))
	}
	for i := first; i < len(plan.chunks); i++ {
		if err := f.deliver(ctx, &plan.chunks[i]); err != nil {
			return err
		}
		checkpoint := spool.Checkpoint{Segment: segment.ID, Chunk: i + 1, Plan: plan.fingerprint}
		if err := f.persist(ctx, "save the checkpoint", func() error { return f.config.Spool.SaveCheckpoint(checkpoint) }); err != nil {
			return err
		}
	}
	return f.persist(ctx, "take a segment away", func() error { return f.config.Spool.Finish(segment) })
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
