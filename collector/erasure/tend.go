package erasure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/collector/visitors"
	"github.com/headwater/headwater/schema"
)

// Run keeps this node's knowledge fresh, cleans its disk, and, where that falls to this node, ClickHouse and Redis. It
// returns when ctx ends.
func (e *Erasures) Run(ctx context.Context) error {
	swept := make(chan struct{})
	go func() {
		defer close(swept)
		e.loop(ctx, "clean ClickHouse and Redis", nil, e.sweep)
	}()
	var seen, looked time.Time
	e.loop(ctx, "look after erasures", e.wake, func(ctx context.Context) error {
		if time.Since(looked) > retentionEvery {
			if err := e.expire(); err != nil {
				return err
			}
			looked = time.Now()
		}
		if time.Since(seen) > heartbeat {
			if err := e.appear(ctx); err != nil {
				return err
			}
			seen = time.Now()
		}
		return e.tend(ctx)
	})
	<-swept
	return ctx.Err()
}

// retentionEvery is how often what was set aside is looked through for what is too old.
const retentionEvery = time.Hour

// expire removes what was set aside too long ago.
func (e *Erasures) expire() error {
	if e.config.SetAsideDays <= 0 || e.config.Spool == nil {
		return nil
	}
	letters, segments, err := e.config.Spool.RemoveAside(e.now().AddDate(0, 0, -e.config.SetAsideDays))
	if letters+segments > 0 {
		e.stats.expired.Add(uint64(letters + segments))
		e.log.Warn("what was set aside longer than set_aside_days is gone for good", "dead_letters", letters, "damaged_segments", segments,
			"set_aside_days", e.config.SetAsideDays)
	}
	return err
}

// loop does something again and again. Trouble is logged once until it is over.
func (e *Erasures) loop(ctx context.Context, what string, wake <-chan struct{}, do func(context.Context) error) {
	tick := time.NewTicker(e.config.Every)
	defer tick.Stop()
	failing := false
	for {
		err := do(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			e.log.Warn("erasures: can't "+what+" now; it is tried again", "error", err)
		case err == nil && failing:
			e.log.Info("erasures: it works again to " + what)
		}
		failing = err != nil
		hurry := wake
		if failing {
			hurry = nil
		}
		select {
		case <-tick.C:
		case <-hurry:
		case <-ctx.Done():
			return
		}
	}
}

// tend does this node's part once.
func (e *Erasures) tend(ctx context.Context) error {
	if err := errors.Join(e.refresh(ctx), e.writeLearned(ctx)); err != nil {
		return err
	}
	known := e.set.Load()
	open, err := e.open(ctx, known)
	if err != nil {
		return err
	}
	steps, err := e.steps(ctx, open)
	if err != nil {
		return fmt.Errorf("read steps: %w", err)
	}
	var mine []schema.ErasureID
	for _, id := range open {
		if !steps[id].clean(spoolOf(e.node), uint64(len(known.erasures[id].subjects))) {
			mine = append(mine, id)
		}
	}
	if len(mine) == 0 && !e.dirty.Load() {
		return nil
	}
	if err := e.step("scrub"); err != nil {
		return err
	}
	counts, clean, err := e.scrub(ctx, known)
	if err != nil || len(mine) == 0 {
		return err
	}
	if err := e.writeLearned(ctx); err != nil {
		return err
	}
	if err := e.step("spool clean"); err != nil || !clean || e.set.Load() != known {
		return err // others of the person's ids turned up: once more
	}
	return e.mark(ctx, known, mine, spoolOf(e.node), stateClean, counts)
}

// scrub takes erased people out of this node's disk. It is clean once nothing of them waits to be forwarded either.
func (e *Erasures) scrub(ctx context.Context, known *set) (counts map[string]uint64, clean bool, err error) {
	e.dirty.Store(false)
	defer func() {
		if !clean {
			e.dirty.Store(true)
		}
	}()
	if e.sealed != known.generation {
		if err := e.config.Spool.Seal(ctx); err != nil {
			return nil, false, err
		}
		e.sealed = known.generation
	}
	s := &scrubbing{erasures: e, ctx: ctx, known: known, ids: known.bytes()}
	segments, err := e.config.Spool.Scrub(ctx, spool.Scrubber{Record: s.record, Damaged: s.damaged, Generation: known.generation})
	if err = errors.Join(err, s.err); err != nil {
		return nil, false, err
	}
	letters, err := e.config.Spool.EditLetters(s.letter, s.damaged)
	if err = errors.Join(err, s.err); err != nil {
		return nil, false, fmt.Errorf("dead letters: %w", err)
	}
	if e.config.Visitors != nil && len(s.seen) > 0 {
		if err := e.config.Visitors.Forget(ctx, s.seen, nil); err != nil {
			return nil, false, err
		}
	}
	if segments.Erased+segments.Replaced+segments.Blanked+letters > 0 {
		e.log.Info("erasures: took records of erased people out of this node's disk", "records", segments.Erased,
			"changed", segments.Replaced, "damaged_bytes", segments.Blanked, "segments", segments.Segments, "dead_letters", letters)
	}
	return map[string]uint64{
		"records": uint64(segments.Erased), "changed": uint64(segments.Replaced), "dead_letters": uint64(letters),
	}, segments.Waiting == 0, nil
}

// scrubbing is one look at everything that lies on this node's disk.
type scrubbing struct {
	erasures *Erasures
	ctx      context.Context
	known    *set
	ids      [][]byte        // of the erased, as text and as the bytes of UUIDs
	seen     []visitors.Seen // records that are gone
	err      error           // the first thing that was not to be found out
}

// record returns what is to stand in a record's place. What can't be read has nobody's ids by which to look for it, but the
// ids themselves.
func (s *scrubbing) record(payload []byte) []byte {
	record, err := schema.Decode(payload)
	if err != nil {
		if s.damaged(payload) {
			return nil
		}
		return payload
	}
	v, err := s.erasures.judge(s.ctx, s.known, record)
	if err != nil {
		s.err = errors.Join(s.err, err)
		return payload
	}
	switch v {
	case gone:
		s.seen = append(s.seen, visitors.Seen{Site: record.Site(), Kind: record.Kind(), ID: record.ID()})
		return nil
	case changed:
		clean, err := schema.Encode(record)
		if err != nil {
			s.err = errors.Join(s.err, err)
			return payload
		}
		return clean
	}
	return payload
}

// damaged tells whether bytes that are no record hold an id of somebody who was erased.
func (s *scrubbing) damaged(data []byte) bool {
	for _, id := range s.ids {
		if bytes.Contains(data, id) {
			return true
		}
	}
	return false
}

// letter returns what is to stand in a dead letter's place: nil for nothing. Its reason may quote the record.
func (s *scrubbing) letter(l *spool.Letter) *spool.Letter {
	clean := s.record(l.Bytes())
	switch {
	case clean == nil:
		return nil
	case bytes.Equal(clean, l.Bytes()):
		return l
	}
	if readable, err := schema.Readable(clean); err == nil {
		clean = readable
	}
	edited := *l
	edited.Reason = "edited: a person was erased"
	edited.SetPayload(clean)
	return &edited
}

// bytes are the ids of the erased as they would stand in damaged bytes.
func (s *set) bytes() [][]byte {
	var all [][]byte
	for key := range s.tombs {
		if key.kind == schema.SubjectCRMID {
			continue // keyed: it stands nowhere
		}
		all = append(all, []byte(key.id))
		if id, err := uuid.Parse(key.id); err == nil {
			all = append(all, bytes.Clone(id[:]))
		}
	}
	return all
}

// Leave says that this node's disk holds no record any more, where that is so: then no erasure waits for a collector that may
// never come back. Call it after the spool was forwarded.
func (e *Erasures) Leave(ctx context.Context) error {
	if e.config.Spool == nil || e.read.Load() == 0 { // it never came to tell that it is there
		return nil
	}
	if stats := e.config.Spool.Stats(); stats.Bytes+stats.HeldBytes > 0 || stats.Letters+stats.Quarantined > 0 {
		return nil
	}
	return e.insert(ctx, "nodes", schema.Node{Node: e.node, Gone: 1, SeenAt: e.now()})
}
