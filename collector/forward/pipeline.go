package forward

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/headwater/headwater/collector/spool"
)

// The stages run beside each other, each on a later chunk than the one behind it:
//
//	read -> filter -> insert (several at a time) -> settle
//
// read, filter and settle take the chunks in their order. So a checkpoint never names a chunk before which another is
// not stored, however the inserts overtake each other; and of two copies of a record the earlier one is kept.

// inserters is how many chunks are inserted at a time: while ClickHouse writes one, the next is sent.
const inserters = 2

// step is a moment in the life of a chunk.
type step int

// The steps of a chunk, in their order.
const (
	beforeFilter step = iota
	beforeInsert
	beforeClaim
	beforeCheckpoint
	beforeFinish
	afterFinish
)

// task is one chunk on its way, or the end of a segment.
type task struct {
	chunk  *chunk
	rows   []row         // of the chunk, without duplicates
	stored []row         // of these, what ClickHouse has: the rest is in the dead letters
	done   chan struct{} // closed when stored is final

	segment    *spool.Segment   // all of whose chunks come before this task; nil inside of one
	checkpoint spool.Checkpoint // once this chunk, and all before it, are settled
}

// pipeline runs the stages until the spool is stopped and empty, or ctx ends.
func (f *Forwarder) pipeline(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	read, filtered := make(chan *task), make(chan *task)
	ordered := make(chan *task, inserters)
	group.Go(func() error {
		defer close(read)
		return f.read(ctx, read)
	})
	group.Go(func() error {
		defer close(filtered)
		defer close(ordered)
		return f.filter(ctx, read, ordered, filtered)
	})
	for range inserters {
		group.Go(func() error {
			for t := range filtered {
				if err := f.deliver(ctx, t); err != nil {
					return err
				}
				close(t.done)
			}
			return nil
		})
	}
	group.Go(func() error { return f.settle(ctx, ordered) })
	return group.Wait()
}

// pass hands a task to the next stage.
func pass(ctx context.Context, to chan<- *task, t *task) error {
	select {
	case to <- t:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read cuts one segment after the other into chunks.
func (f *Forwarder) read(ctx context.Context, to chan<- *task) error {
	done := f.config.Spool.Checkpoint()
	var segment *spool.Segment
	for {
		var err error
		segment, err = f.config.Spool.NextAfter(ctx, segment)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f.readSegment(ctx, segment, done, to); err != nil {
			return err
		}
	}
}

func (f *Forwarder) readSegment(ctx context.Context, segment *spool.Segment, done spool.Checkpoint, to chan<- *task) error {
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
	settled := 0 // chunks that were stored before a restart
	if done.Segment == segment.ID && done.Pass == segment.Pass && reaches(segment.ID, contents.Frames, f.limits, done) {
		settled = done.Chunk
	}
	screen, failed := f.screen(ctx)
	for p := range cutScreened(segment.ID, contents.Frames, f.limits, screen) {
		if err := failed(); err != nil {
			return err
		}
		switch {
		case p.unreadable != nil:
			err = f.bury(ctx, *p.unreadable)
		case p.chunk.number >= settled:
			p.chunk.pass = segment.Pass
			err = pass(ctx, to, &task{chunk: p.chunk, rows: withoutErased(p.chunk.rows), done: make(chan struct{}),
				checkpoint: spool.Checkpoint{Segment: segment.ID, Pass: segment.Pass, Chunk: p.chunk.number + 1, Plan: p.chunk.through}})
		}
		if err != nil {
			return err
		}
	}
	return pass(ctx, to, &task{segment: segment})
}

// filter drops what other copies were seen of, and fixes the order in which the chunks are settled.
func (f *Forwarder) filter(ctx context.Context, from <-chan *task, ordered, to chan<- *task) error {
	for t := range from {
		if t.chunk != nil {
			f.step(ctx, beforeFilter, t)
			t.rows = f.withoutDuplicates(ctx, t.chunk, t.rows)
		}
		if err := pass(ctx, ordered, t); err != nil {
			return err
		}
		if t.chunk == nil {
			continue
		}
		if err := pass(ctx, to, t); err != nil {
			return err
		}
	}
	return nil
}

// settle waits for each chunk in its order, tells Redis of it, and notes durably that it is stored.
func (f *Forwarder) settle(ctx context.Context, from <-chan *task) error {
	for t := range from {
		if t.segment != nil {
			if err := f.finish(ctx, t); err != nil {
				return err
			}
			continue
		}
		select {
		case <-t.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		f.step(ctx, beforeClaim, t)
		f.claimFirstTouches(ctx, t.stored)
		f.step(ctx, beforeCheckpoint, t)
		err := f.persist(ctx, "save the checkpoint", func() error { return f.config.Spool.SaveCheckpoint(t.checkpoint) })
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// finish takes a segment away all of whose chunks are settled.
func (f *Forwarder) finish(ctx context.Context, t *task) error {
	f.step(ctx, beforeFinish, t)
	err := f.persist(ctx, "take a segment away", func() error { return f.config.Spool.Finish(t.segment) })
	if err != nil {
		return err
	}
	f.stats.segments.Add(1)
	f.step(ctx, afterFinish, t)
	return nil
}
