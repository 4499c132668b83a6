package spool

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Segment is a sealed file of records that wait to be forwarded.
type Segment struct {
	ID uuid.UUID
	// Pass is how often an operator put the segment back to be forwarded again.
	Pass   int
	path   string
	size   int64
	oldest time.Time
	open   bool // being sealed: not for the reader yet
	broken bool // counted already
	kept   bool // in quarantine
}

// Name tells this pass of the segment from every other: what was done in one pass is not done in the next.
func (s *Segment) Name() string {
	if s.Pass == 0 {
		return s.ID.String()
	}
	return s.ID.String() + passMark + strconv.Itoa(s.Pass)
}

// Contents are the records of a segment, in their order, and what is known to be lost of it.
type Contents struct {
	Frames []Frame
	Damage Damage
	Bytes  int // up to the end of the last sound frame
}

// Damage is what could not be read of a sealed segment; zero where it is whole.
type Damage struct {
	Bytes     int    // that belong to no sound frame
	Records   uint64 // missing in the sequence; those behind the last sound frame can't be counted
	Truncated bool   // the end mark is missing
}

// Checkpoint says how far the reader came.
type Checkpoint struct {
	Segment uuid.UUID `json:"segment"`
	// Pass is Segment.Pass.
	Pass int `json:"pass,omitempty"`
	// Chunk is how many chunks of the segment are stored.
	Chunk int `json:"chunk"`
	// Plan is the reader's fingerprint of how it cut the segment into chunks: Chunk only means something under the same one.
	Plan string `json:"plan,omitempty"`
}

// Next returns the oldest sealed segment, waiting for one. It returns the same one until Finish, and io.EOF once the
// spool is stopped and empty.
func (s *Spool) Next(ctx context.Context) (*Segment, error) { return s.NextAfter(ctx, nil) }

// NextAfter is Next for a reader that goes on before it has finished: it returns the sealed segment behind previous,
// the oldest where previous is nil or finished.
func (s *Spool) NextAfter(ctx context.Context, previous *Segment) (*Segment, error) {
	for {
		s.mu.Lock()
		changed := s.changed
		next := s.behind(previous)
		ready := next != nil && !next.open
		s.mu.Unlock()
		if ready {
			return next, nil
		}
		select {
		case <-s.done:
			s.mu.Lock()
			next = s.behind(previous)
			s.mu.Unlock()
			if next == nil {
				return nil, io.EOF
			}
			continue
		default:
		}
		select {
		case <-changed:
		case <-s.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// behind returns the segment that follows previous, sealed or not. The caller holds the lock.
func (s *Spool) behind(previous *Segment) *Segment {
	next := slices.Index(s.segments, previous) + 1 // a finished one is not in the list: the first is next
	if next == len(s.segments) {
		return nil
	}
	return s.segments[next]
}

// counted is where the bytes of a segment count: what was put back is no reason to refuse new records.
func (s *Spool) counted(segment *Segment) *atomic.Int64 {
	if segment.Pass > 0 {
		return &s.returned
	}
	return &s.bytes
}

// Read returns the segment's records. A damaged segment is an operator's concern and no error: it is linked into the
// folder quarantine/, logged and counted once, and its sound records are returned. An error means that the file can't
// be read now (try again later); os.ErrNotExist that somebody took it away.
func (s *Spool) Read(segment *Segment) (Contents, error) {
	data, err := s.on.ReadFile(segment.path)
	if err != nil {
		return Contents{}, fmt.Errorf("read segment: %w", err)
	}
	contents, err := contentsOf(data, segment.ID)
	if err != nil {
		return Contents{}, err
	}
	if contents.Damage != (Damage{}) {
		s.quarantine(segment, contents.Damage)
	}
	return contents, nil
}

// contentsOf reads the bytes of a segment.
func contentsOf(data []byte, segment uuid.UUID) (Contents, error) {
	sound, err := checkHeader(data, segment)
	if err != nil {
		return Contents{}, err
	}
	found := scan(data, seedOf(segment))
	damage := Damage{Bytes: found.lost, Records: found.missing(), Truncated: !found.sealed}
	if !sound {
		damage.Bytes += min(headerSize, len(data))
	}
	return Contents{Frames: found.frames, Damage: damage, Bytes: found.end}, nil
}

// quarantine counts the damage of a segment once and keeps the file as it was found. Where that fails now, Finish sees to it.
func (s *Spool) quarantine(segment *Segment, damage Damage) {
	if segment.broken {
		return
	}
	segment.broken = true
	copied := s.path(quarantineFolder, filepath.Base(segment.path))
	err := s.on.Link(segment.path, copied)
	if err == nil {
		err = s.on.SyncDir(filepath.Dir(copied))
	}
	segment.kept = err == nil || os.IsExist(err)
	if err == nil {
		s.stats.quarantined.Add(1)
	}
	s.stats.damagedSegments.Add(1)
	s.stats.damagedBytes.Add(uint64(damage.Bytes))
	s.stats.missingRecords.Add(damage.Records)
	s.log.Error("spool: a sealed segment is damaged; its sound records are forwarded",
		"segment", segment.ID, "bytes", damage.Bytes, "records", damage.Records, "truncated", damage.Truncated,
		"kept_as", copied, "kept", segment.kept, "error", err)
}

// Checkpoint returns what SaveCheckpoint kept last, possibly in an earlier process.
func (s *Spool) Checkpoint() Checkpoint { return s.checkpoint }

// SaveCheckpoint makes the checkpoint durable.
func (s *Spool) SaveCheckpoint(checkpoint Checkpoint) error {
	data, err := json.Marshal(checkpoint)
	if err == nil {
		err = writeDurably(s.on, s.path(checkpointFile), append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	s.checkpoint = checkpoint
	return nil
}

// Finish takes away a segment all of which is stored: into forwarded/ where a replay window is set, else for good. The
// checkpoint that says so must be saved before: a crash in between leaves a segment that the checkpoint knows to be done,
// while the other order leaves a checkpoint that names no segment, and a reader that starts anew. Should the removal
// itself be lost in a crash, the segment is forwarded once more and adds nothing.
func (s *Spool) Finish(segment *Segment) error {
	var err error
	switch {
	case segment.broken && !segment.kept:
		if err = s.on.Rename(segment.path, s.path(quarantineFolder, filepath.Base(segment.path))); err == nil {
			s.stats.quarantined.Add(1)
		}
	case s.config.ReplayAge > 0:
		err = s.keep(segment)
	default:
		err = s.on.Remove(segment.path)
	}
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("finish segment: %w", err)
	}
	if s.config.Forwarded != nil && segment.Pass == 0 {
		s.config.Forwarded(time.Since(segment.oldest))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.segments {
		if other == segment {
			s.segments = append(s.segments[:i:i], s.segments[i+1:]...)
			s.counted(segment).Add(-segment.size)
			break
		}
	}
	return nil
}
