package spool

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The folders and files beside the segments.
const (
	quarantineFolder  = "quarantine"
	forwardedFolder   = "forwarded"
	deadLettersFolder = "deadletters"
	checkpointFile    = "state.json"
)

// recover finds what an earlier process left.
func (s *Spool) recover() error {
	for _, dir := range []string{"", quarantineFolder, forwardedFolder, deadLettersFolder} {
		if err := s.on.MkdirAll(s.path(dir)); err != nil {
			return err
		}
	}
	if err := s.on.SyncDir(filepath.Dir(s.config.Dir)); err != nil && !os.IsPermission(err) {
		return err
	}
	infos, err := s.on.ReadDir(s.config.Dir)
	if err != nil {
		return err
	}
	for _, info := range infos {
		name, ok := parseName(info.Name())
		if !ok {
			continue
		}
		segment := &Segment{ID: name.id, Pass: name.pass, path: s.path(info.Name()), size: max(0, info.Size()-headerSize)}
		segment.oldest = s.firstRecordOf(name.id, info.ModTime())
		if name.suffix == openSuffix && !s.recoverOpen(segment) {
			continue
		}
		s.segments = append(s.segments, segment)
		s.counted(segment).Add(segment.size)
	}
	slices.SortFunc(s.segments, func(a, b *Segment) int {
		// What was put back comes last, as it did before.
		return cmp.Or(cmp.Compare(min(a.Pass, 1), min(b.Pass, 1)), strings.Compare(a.ID.String(), b.ID.String()))
	})
	s.removeHalfWritten()
	s.recoverForwarded()
	s.countAside()
	s.checkpoint = s.readCheckpoint()
	return s.on.SyncDir(s.config.Dir)
}

// recoverOpen cuts the torn tail of a segment that was open when its process died, and seals it. It returns false where
// there is nothing to forward. Where it can't repair the file it leaves it for the reader as it is.
func (s *Spool) recoverOpen(segment *Segment) bool {
	data, err := s.on.ReadFile(segment.path)
	if err != nil {
		s.log.Error("spool: can't read a segment that was left open; it is tried again later", "segment", segment.ID, "error", err)
		return true
	}
	if _, err := checkHeader(data, segment.ID); err != nil {
		s.log.Error("spool: can't use a segment that was left open", "error", err)
		return true
	}
	found := scan(data, seedOf(segment.ID))
	segment.size = int64(max(0, found.end-headerSize))
	if len(found.frames) == 0 {
		if found.lost > 0 {
			s.log.Info("spool: removed a segment whose only record was torn: it was never acknowledged", "segment", segment.ID)
		}
		if err := s.on.Remove(segment.path); err != nil {
			s.log.Warn("spool: can't remove an empty segment", "error", err)
		}
		return false
	}
	if found.tail > 0 {
		s.log.Info("spool: cut the torn tail of a segment: it was never acknowledged", "segment", segment.ID, "bytes", found.tail)
	}
	if err := s.sealFound(segment, found); err != nil {
		s.log.Error("spool: can't seal a segment that was left open; it is forwarded as it is", "segment", segment.ID, "error", err)
	}
	return true
}

func (s *Spool) sealFound(segment *Segment, found scanned) error {
	f, err := s.on.Open(segment.path)
	if err != nil {
		return err
	}
	err = f.Truncate(int64(found.end))
	if err == nil && !found.sealed {
		_, err = f.WriteAt(endMark(seedOf(segment.ID), found.last), int64(found.end))
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	sealed := strings.TrimSuffix(segment.path, openSuffix) + sealedSuffix
	if err := s.on.Rename(segment.path, sealed); err != nil {
		return err
	}
	segment.path = sealed
	return nil
}

// removeHalfWritten removes what a crash left of a file that was being replaced: it may hold what should be gone.
func (s *Spool) removeHalfWritten() {
	for _, dir := range []string{"", forwardedFolder, quarantineFolder, deadLettersFolder} {
		infos, _ := s.on.ReadDir(s.path(dir))
		for _, info := range infos {
			if strings.HasSuffix(info.Name(), temporarySuffix) {
				_ = s.on.Remove(s.path(dir, info.Name()))
			}
		}
	}
}

// countAside counts what earlier processes set aside.
func (s *Spool) countAside() {
	damaged, err := s.on.ReadDir(s.path(quarantineFolder))
	s.stats.quarantined.Store(int64(len(damaged)))
	if err == nil {
		err = readLetters(s.on, s.path(deadLettersFolder), func(*Letter) bool { s.stats.letters.Add(1); return true })
	}
	if err != nil {
		s.log.Warn("spool: can't count what was set aside", "error", err)
	}
}

// segmentName is what the name of a segment's file says.
type segmentName struct {
	id     uuid.UUID
	pass   int
	suffix string
}

// passMark comes between the UUID and the pass of a segment that was put back.
const passMark = ".r"

// parseName reads seg-<node>-<uuid>[.r<pass>].<suffix>.
func parseName(name string) (segmentName, bool) {
	suffix := filepath.Ext(name)
	stem := strings.TrimSuffix(name, suffix)
	stem, passText, again := strings.Cut(stem, passMark)
	if !strings.HasPrefix(stem, "seg-") || len(stem) < 36 || suffix != openSuffix && suffix != sealedSuffix {
		return segmentName{}, false
	}
	pass := 0
	if again {
		var err error
		if pass, err = strconv.Atoi(passText); err != nil || pass < 1 {
			return segmentName{}, false
		}
	}
	id, err := uuid.Parse(stem[len(stem)-36:])
	return segmentName{id, pass, suffix}, err == nil
}

// firstRecordOf is about when the first record of a segment came: after the segment was made, by its UUIDv7, which may be
// long before, and so long before its last record as segments stay open.
func (s *Spool) firstRecordOf(id uuid.UUID, written time.Time) time.Time {
	seconds, nanos := id.Time().UnixTime()
	if made := time.Unix(seconds, nanos); made.After(written.Add(-s.config.SealAfter)) {
		return made
	}
	return written.Add(-s.config.SealAfter)
}

// readCheckpoint returns the zero checkpoint where state.json is absent or damaged: then the oldest segment is
// forwarded from its beginning, which adds nothing that is there already.
func (s *Spool) readCheckpoint() Checkpoint {
	data, err := s.on.ReadFile(s.path(checkpointFile))
	if os.IsNotExist(err) {
		return Checkpoint{}
	}
	if err == nil {
		var checkpoint Checkpoint
		if checkpoint, err = parseCheckpoint(data); err == nil {
			return checkpoint
		}
	}
	s.log.Warn("spool: can't read the checkpoint; the oldest segment is forwarded from its beginning", "error", err)
	return Checkpoint{}
}

func parseCheckpoint(data []byte) (Checkpoint, error) {
	var checkpoint Checkpoint
	if err := json.Unmarshal(data, &checkpoint); err != nil {
		return Checkpoint{}, fmt.Errorf("%s: %w", checkpointFile, err)
	}
	if checkpoint.Chunk < 0 {
		return Checkpoint{}, fmt.Errorf("%s: chunk %d is below 0", checkpointFile, checkpoint.Chunk)
	}
	return checkpoint, nil
}
