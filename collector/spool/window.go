package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"
)

// The replay window: segments that ClickHouse acknowledged are held in forwarded/ for a while, because a ClickHouse that
// loses its power may lose rows that it acknowledged. An operator puts them back.

// replayShare is how much of its volume the window may take.
const replayShare = 0.1

// sweepEvery is how often the window is looked through for what is too old.
const sweepEvery = time.Minute

type heldSegment struct {
	name string // of its file
	id   uuid.UUID
	pass int
	size int64
	at   time.Time // when it was forwarded
}

// Selection says which held segments are put back: those of Segments, and all that were forwarded at Since or later.
type Selection struct {
	Segments []uuid.UUID `json:"segments,omitempty"`
	Since    time.Time   `json:"since,omitzero"`
	All      bool        `json:"all,omitempty"`
}

// Takes tells whether the selection takes a segment that was forwarded at forwarded.
func (s *Selection) Takes(segment uuid.UUID, forwarded time.Time) bool {
	return s.All || slices.Contains(s.Segments, segment) || !s.Since.IsZero() && !forwarded.Before(s.Since)
}

// Replayed is what Replay put back.
type Replayed struct {
	Segments []uuid.UUID `json:"segments"`
	Bytes    int64       `json:"bytes"`
	// Missing are those segments of the selection that are not held.
	Missing []uuid.UUID `json:"missing,omitempty"`
}

// Replay puts held segments back to be forwarded again, behind what waits. Their records keep their identities, so that
// whatever of them is stored already merges; their pass is another, so that no checkpoint and no token takes them for done.
// It stops where ctx ends or the disk refuses; what was put back until then stays so.
func (s *Spool) Replay(ctx context.Context, which Selection) (Replayed, error) {
	s.window.Lock()
	defer s.window.Unlock()
	done := Replayed{Segments: []uuid.UUID{}}
	for _, id := range which.Segments {
		if !slices.ContainsFunc(s.held, func(h heldSegment) bool { return h.id == id }) {
			done.Missing = append(done.Missing, id)
		}
	}
	for i := 0; i < len(s.held); {
		if err := ctx.Err(); err != nil {
			return done, errors.Join(err, s.putBack(&done))
		}
		held := s.held[i]
		if !which.Takes(held.id, held.at) {
			i++
			continue
		}
		segment := &Segment{ID: held.id, Pass: held.pass + 1, size: held.size, oldest: held.at}
		segment.path = s.path(s.segmentName(segment.Name(), sealedSuffix))
		if err := s.on.Rename(s.path(forwardedFolder, held.name), segment.path); err != nil {
			return done, errors.Join(fmt.Errorf("put segment %s back: %w", held.id, err), s.putBack(&done))
		}
		s.held = slices.Delete(s.held, i, i+1)
		s.heldNow.Add(-held.size)
		done.Segments, done.Bytes = append(done.Segments, held.id), done.Bytes+held.size
		s.mu.Lock()
		s.segments = append(s.segments, segment)
		s.mu.Unlock()
		s.returned.Add(segment.size)
	}
	return done, s.putBack(&done)
}

// putBack makes durable what Replay did, and wakes the reader. The new names come first: should the power go in between, a
// segment is in both folders, which adds nothing.
func (s *Spool) putBack(done *Replayed) error {
	if len(done.Segments) == 0 {
		return nil
	}
	s.log.Info("spool: segments were put back to be forwarded again", "segments", len(done.Segments), "bytes", done.Bytes)
	err := s.on.SyncDir(s.config.Dir)
	if err == nil {
		err = s.on.SyncDir(s.path(forwardedFolder))
	}
	s.signal()
	return err
}

// keep moves a forwarded segment into the window.
func (s *Spool) keep(segment *Segment) error {
	s.window.Lock()
	defer s.window.Unlock()
	name, now := filepath.Base(segment.path), time.Now()
	path := s.path(forwardedFolder, name)
	if err := s.on.Rename(segment.path, path); err != nil {
		return err
	}
	if err := s.on.Touch(path, now); err != nil { // only tells the next start how long to hold it
		s.log.Warn("spool: can't date a forwarded segment", "segment", segment.ID, "error", err)
	}
	s.held = append(s.held, heldSegment{name: name, id: segment.ID, pass: segment.Pass, size: segment.size, at: now})
	s.prune()
	return nil
}

func (s *Spool) recoverForwarded() {
	infos, err := s.on.ReadDir(s.path(forwardedFolder))
	if err != nil {
		s.log.Warn("spool: can't list the replay window", "error", err)
		return
	}
	for _, info := range infos {
		if name, ok := parseName(info.Name()); ok {
			size := max(0, info.Size()-headerSize)
			s.held = append(s.held, heldSegment{name: info.Name(), id: name.id, pass: name.pass, size: size, at: info.ModTime()})
		}
	}
	slices.SortStableFunc(s.held, func(a, b heldSegment) int { return a.at.Compare(b.at) })
	s.heldNow.Store(s.heldBytes())
}

// sweepLoop lets go of what was held long enough, and of what is in the way of new records, until the spool is closed.
func (s *Spool) sweepLoop() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.tight:
		case <-s.closing:
			return
		}
		s.sweep()
	}
}

// sweep also counts again what is in quarantine, from where people take files away.
func (s *Spool) sweep() {
	if damaged, err := s.on.ReadDir(s.path(quarantineFolder)); err == nil {
		s.stats.quarantined.Store(int64(len(damaged)))
	}
	s.window.Lock()
	defer s.window.Unlock()
	s.prune()
}

// prune removes what is too old, too much, or in the way: new records go before held ones. The window is locked.
func (s *Spool) prune() {
	total := s.heldBytes()
	room := s.windowRoom(total)
	for len(s.held) > 0 {
		oldest := s.held[0]
		if time.Since(oldest.at) <= s.config.ReplayAge && total <= room {
			break
		}
		if err := s.on.Remove(s.path(forwardedFolder, oldest.name)); err != nil && !os.IsNotExist(err) {
			s.log.Warn("spool: can't remove a forwarded segment", "segment", oldest.id, "error", err)
			break
		}
		total -= oldest.size
		s.held = s.held[1:]
	}
	s.heldNow.Store(total)
}

func (s *Spool) heldBytes() int64 {
	var total int64
	for i := range s.held {
		total += s.held[i].size
	}
	return total
}

// windowRoom is how much may be held: ReplayBytes, a tenth of the volume, and what leaves the volume as much free as the spool
// must leave it.
func (s *Spool) windowRoom(held int64) int64 {
	room := s.config.ReplayBytes
	if free, total, err := s.on.Space(s.config.Dir); err == nil {
		waiting := s.bytes.Load() + s.returned.Load()
		reserve := int64((1 - s.config.MaxVolumeShare) * float64(waiting+free+held))
		room = min(room, int64(replayShare*float64(total)), held+free-reserve)
	}
	return max(room, 0)
}
