package spool

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// openSegment is the segment that is written to.
type openSegment struct {
	id      uuid.UUID
	seed    uint32
	file    file
	path    string
	size    int64  // up to here everything is on the disk
	records uint64 // and so many records
	first   time.Time
}

const (
	openSuffix   = ".open"
	sealedSuffix = ".sealed"
)

// commitLoop is the only writer. There is no timer in the way of a commit: a group is committed as soon as the
// one before it has ended, so that groups grow with the load by themselves.
func (s *Spool) commitLoop() {
	defer close(s.done)
	sealed := make(chan struct{})
	go s.sealLoop(sealed)
	for {
		s.commitAll()
		select {
		case <-s.wake:
		case <-s.sealTimer.C:
			s.rotate()
		case done := <-s.seals:
			s.commitAll()
			s.rotate()
			s.sealing <- sealOrder{done: done}
		case <-s.closing:
			s.commitAll()
			s.rotate()
			close(s.sealing)
			<-sealed
			s.discard(s.current)
			s.discard(s.takeSpare())
			return
		}
	}
}

func (s *Spool) commitAll() {
	for {
		runtime.Gosched() // whoever is about to append comes first: a group costs the same whatever its size
		g := s.takeGroup()
		if g == nil {
			return
		}
		began := time.Now()
		g.err = s.commit(g)
		if s.config.Committed != nil {
			s.config.Committed(time.Since(began))
		}
		s.endGroup(g)
		if c := s.current; c != nil && c.records > 0 &&
			(c.size >= s.config.SegmentBytes || time.Since(c.first) >= s.config.SealAfter) {
			s.rotate()
		}
	}
}

func (s *Spool) takeGroup() *group {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.groups) == 0 {
		return nil
	}
	g := s.groups[0]
	s.groups[0] = nil
	s.groups = s.groups[1:]
	return g
}

func (s *Spool) endGroup(g *group) {
	s.mu.Lock()
	s.pending -= int64(len(g.buf))
	if s.spare == nil && cap(g.buf) <= 4<<20 {
		s.spare = g.buf
	}
	g.buf = nil
	if g.err == nil && s.oldest.IsZero() && s.current != nil {
		s.oldest = s.current.first
	}
	s.mu.Unlock()
	if g.err == nil {
		s.refused.Store(false)
		s.stats.commits.Add(1)
		s.stats.records.Add(uint64(g.records))
	} else {
		s.refused.Store(true)
		s.stats.failed.Add(1)
	}
	close(g.done)
}

// commit makes a group durable with one write and one fdatasync.
func (s *Spool) commit(g *group) error {
	if c := s.current; c != nil && c.records > 0 && c.size+int64(len(g.buf)+frameSize) > s.config.SegmentBytes {
		s.rotate()
	}
	if s.current == nil {
		s.current = s.takeSpare()
	}
	if s.current == nil {
		if err := s.begin(); err != nil {
			return s.failure("create segment", err)
		}
	}
	c := s.current
	last := number(g.buf, c.seed, c.records)
	if _, err := c.file.WriteAt(g.buf, c.size); err != nil {
		s.abandon()
		return s.failure("write", err)
	}
	// A failed fdatasync may have thrown the pages away and reports it once only: never try again on this file.
	if err := c.file.Sync(); err != nil {
		s.abandon()
		return s.failure("sync", err)
	}
	if c.records == 0 {
		c.first = time.Now()
		s.sealTimer.Reset(s.config.SealAfter)
	}
	c.records = last
	c.size += int64(len(g.buf))
	s.bytes.Add(int64(len(g.buf)))
	return nil
}

func (s *Spool) failure(doing string, err error) error {
	kind := ErrFailed
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		kind = ErrFull
	}
	s.log.Error("spool: nothing was kept of a group of records; their senders were told to come again",
		"doing", doing, "error", err)
	return fmt.Errorf("%w: %s: %w", kind, doing, err)
}

// begin opens a segment where the seal loop has none ready.
func (s *Spool) begin() error {
	c, err := s.create()
	if err != nil {
		return err
	}
	if err := s.on.SyncDir(s.config.Dir); err != nil {
		s.discard(c)
		return err
	}
	s.current = c
	return nil
}

// create makes a segment with its header; neither is durable yet: the first group's fdatasync and a SyncDir do that.
func (s *Spool) create() (*openSegment, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	c := &openSegment{id: id, seed: seedOf(id), path: s.path(s.segmentName(id.String(), openSuffix)), size: headerSize}
	if c.file, err = s.on.Create(c.path, s.config.SegmentBytes); err != nil {
		return nil, err
	}
	if _, err := c.file.WriteAt(appendHeader(nil, s.config.Node, id), 0); err != nil {
		s.discard(c)
		return nil, err
	}
	return c, nil
}

// discard removes a segment that holds nothing. Should that fail, the next start finds it empty and removes it.
func (s *Spool) discard(c *openSegment) {
	if c != nil {
		c.file.Close()
		_ = s.on.Remove(c.path)
	}
}
