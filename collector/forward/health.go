package forward

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headwater/headwater/collector/store"
)

// health is the state of a service, logged when it changes.
type health struct {
	log  *slog.Logger
	name string

	mu      sync.Mutex
	failing map[*chunk]string // what each chunk that waits waits for; under nil what is not about one chunk
	state   string
	since   time.Time
}

func newHealth(log *slog.Logger, name string) *health {
	return &health{log: log, name: name, failing: map[*chunk]string{}, state: ok, since: time.Now()}
}

const ok = "ok"

// hints tell an operator what a state asks of him.
var hints = map[string]string{
	"retry":   "records wait in the spool and are tried again",
	"schema":  "records wait in the spool: run headwater migrate",
	"data":    "a table refuses row after row, so no more of them are set aside: compare its columns with this version's",
	"unknown": "records wait in the spool until this is resolved",
	"skipped": "duplicates are merged by ClickHouse alone meanwhile",
}

// urgency orders the states; those above 0 do not pass by themselves.
var urgency = map[string]int{"retry": 0, "skipped": 0, "unknown": 1, "data": 2, "schema": 3}

// works notes that the service did what it was asked for c. It is well once no other chunk waits for it.
func (h *health) works(c *chunk) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.failing, c)
	if len(h.failing) == 0 && h.state != ok {
		h.log.Info("forward: "+h.name+" works again", "after", time.Since(h.since).Round(time.Millisecond))
		h.state, h.since = ok, time.Now()
	}
}

// fails notes why c waits, and logs it where the service was in another state before.
func (h *health) fails(c *chunk, state string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing[c] = state
	for _, other := range h.failing {
		if urgency[other] > urgency[state] {
			state = other // and was logged
		}
	}
	if state == h.state {
		return
	}
	h.state, h.since = state, time.Now()
	level := slog.LevelWarn
	if urgency[state] > 0 {
		level = slog.LevelError
	}
	h.log.Log(context.Background(), level, "forward: "+h.name+" fails: "+hints[state], "state", state, "error", withoutValues(state, err))
}

// withoutValues keeps out of the log what ClickHouse's message may quote of a record.
func withoutValues(state string, err error) error {
	code := store.Code(err)
	switch {
	case code != 0 && (state == store.Data.String() || state == store.Unknown.String()):
		return fmt.Errorf("code %d: SELECT last_error_message FROM system.errors WHERE code = %d has ClickHouse's message, which may quote a record", code, code)
	case state == store.Data.String():
		return errors.New("a value has not the type of its column: headwater spool deadletters shows those set aside before")
	}
	return err
}

func (h *health) get() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

// backoff waits longer after each failure: between nothing and a bound that doubles, so that many collectors do not come
// back at once.
type backoff struct {
	least, most time.Duration
	tries       int
}

func (b *backoff) sleep(ctx context.Context) error {
	bound := b.most
	if b.tries < 30 {
		bound = min(b.most, b.least<<b.tries)
	}
	b.tries++
	timer := time.NewTimer(rand.N(bound) + 1)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hold makes the coming waits those of the fifth failure at least.
func (b *backoff) hold() { b.tries = max(b.tries, 4) }

// manyRefused is how many rows in a row a table may refuse before that says more about the table than about the rows:
// then nothing more is set aside, and the operator is told.
const manyRefused = 100

// refusals counts the rows that a table refused since it took one.
type refusals struct {
	mu sync.Mutex
	of map[string]int
}

func (r *refusals) took(table string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.of, table)
}

func (r *refusals) refused(table string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[string]int{}
	}
	r.of[table]++
}

func (r *refusals) many(table string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.of[table] >= manyRefused
}

type counters struct {
	rows, duplicates, deadLetters, retries, segments atomic.Uint64
}

// Stats are the figures for metrics; counts are since New. How much waits, and for how long, is in spool.Stats.
type Stats struct {
	Rows        uint64 // records stored and acknowledged by ClickHouse
	Duplicates  uint64 // records that Redis knew another copy of
	DeadLetters uint64 // records set aside
	Retries     uint64 // failed tries
	Segments    uint64 // forwarded

	ClickHouse string // ok, retry, schema, data, unknown: see store.Class
	Redis      string // ok, skipped
}

// Stats returns the present figures.
func (f *Forwarder) Stats() Stats {
	return Stats{
		Rows: f.stats.rows.Load(), Duplicates: f.stats.duplicates.Load(), DeadLetters: f.stats.deadLetters.Load(),
		Retries: f.stats.retries.Load(), Segments: f.stats.segments.Load(),
		ClickHouse: f.clickHouse.get(), Redis: f.redis.get(),
	}
}
