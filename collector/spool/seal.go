package spool

import "time"

// sealOrder tells the seal loop to seal a segment, and then that what was ordered before is done.
type sealOrder struct {
	open    *openSegment
	segment *Segment
	done    chan<- struct{}
}

// rotate ends the segment that is written to, if it holds anything: the seal loop seals it.
func (s *Spool) rotate() {
	c := s.current
	if c == nil || c.records == 0 {
		return
	}
	s.current = s.takeSpare()
	s.sealTimer.Stop()
	segment := &Segment{ID: c.id, path: c.path, size: c.size - headerSize, oldest: c.first, open: true}
	s.mu.Lock()
	s.segments = append(s.segments, segment)
	s.oldest = time.Time{}
	s.mu.Unlock()
	s.sealing <- sealOrder{open: c, segment: segment}
}

// abandon gives up a segment whose disk failed. What it acknowledged was durable before, and is sealed.
func (s *Spool) abandon() {
	if s.current.records > 0 {
		s.rotate()
		return
	}
	s.discard(s.current)
	s.current = nil
}

// takeSpare returns the segment that the seal loop has made ready, nil where there is none.
func (s *Spool) takeSpare() *openSegment {
	select {
	case c := <-s.spares:
		return c
	default:
		return nil
	}
}

// sealLoop seals segments beside the commits, which so never wait for it.
func (s *Spool) sealLoop(ended chan<- struct{}) {
	defer close(ended)
	for order := range s.sealing {
		if order.open != nil {
			s.seal(order.open, order.segment)
		}
		if order.done != nil {
			close(order.done)
		}
	}
}

// seal hands a segment to the reader and makes the next one ready: one sync of the folder serves both.
func (s *Spool) seal(c *openSegment, segment *Segment) {
	var next *openSegment
	if len(s.spares) == 0 {
		var err error
		if next, err = s.create(); err != nil {
			s.log.Warn("spool: can't make the next segment yet; the next record tries again", "error", err)
		}
	}
	path := s.finish(c)
	if err := s.on.SyncDir(s.config.Dir); err != nil {
		s.log.Error("spool: can't make the folder durable", "error", err)
		s.discard(next)
		next = nil
	}
	if next != nil {
		s.spares <- next
	}
	s.mu.Lock()
	segment.path, segment.open = path, false
	s.mu.Unlock()
	s.signal()
}

// finish marks the end of a segment, cuts what was reserved behind it, and names it sealed; it returns the file's name. No
// step of it can lose a record: without the mark the reader only can't tell that the segment is whole, and under its
// old name the next start seals it.
func (s *Spool) finish(c *openSegment) string {
	err := c.file.Truncate(c.size)
	if err == nil {
		_, err = c.file.WriteAt(endMark(c.seed, c.records), c.size)
	}
	if err == nil {
		err = c.file.Sync()
	}
	if closing := c.file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		s.log.Error("spool: can't mark the end of a segment", "segment", c.id, "error", err)
	}
	sealed := s.path(s.segmentName(c.id.String(), sealedSuffix))
	if err := s.on.Rename(c.path, sealed); err != nil {
		s.log.Error("spool: can't rename a segment", "segment", c.id, "error", err)
		return c.path
	}
	return sealed
}

// signal wakes the reader.
func (s *Spool) signal() {
	s.mu.Lock()
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
}
