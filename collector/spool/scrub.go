package spool

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
)

// erasedMark is the payload of a frame whose record was erased: the frame keeps its sequence, so that a reader tells an
// erased record from a lost one. No kind of record begins with 0.
var erasedMark = []byte("\x00erased")

// Scrubber says what is to go from segments.
type Scrubber struct {
	// Record returns what is to stand in a record's place: payload itself, another payload, or nil for nothing.
	Record func(payload []byte) []byte
	// Damaged tells whether bytes that belong to no sound record are to be blanked, nil for never.
	Damaged func(data []byte) bool
	// Generation rises whenever the answers of Record and Damaged change: what was looked at under it is not looked at again.
	Generation uint64
}

// Scrubbed is what Scrub found and did.
type Scrubbed struct {
	// Waiting counts the records to go, or to be changed, that wait to be forwarded: only the forwarder can take them.
	Waiting int
	// Erased and Replaced count records of the replay window and of the quarantine, Blanked the bytes of damage.
	Erased, Replaced, Blanked int
	// Segments counts the files that were written anew.
	Segments int
}

func (n *Scrubbed) add(other Scrubbed) {
	n.Waiting += other.Waiting
	n.Erased += other.Erased
	n.Replaced += other.Replaced
	n.Blanked += other.Blanked
	n.Segments += other.Segments
}

// looked is what a file held when it was looked at.
type looked struct {
	generation uint64
	waiting    int
}

// Scrub takes records out of the replay window and the quarantine, and counts those that still wait. Each file is written
// anew beside the old one, synced, and put in its place, so that a crash at any moment leaves the old or the new. All
// other records keep their bytes, their order and their sequence. Call Seal before, for what is in the open segment. One
// call at a time. An error leaves the rest for the next call.
func (s *Spool) Scrub(ctx context.Context, scrubber Scrubber) (Scrubbed, error) {
	var all Scrubbed
	seen := make(map[string]looked, len(s.scrubbed))
	defer func() { s.scrubbed = seen }()
	// The waiting first: what is forwarded meanwhile is then found in the replay window.
	for _, folder := range []string{"", forwardedFolder, quarantineFolder} {
		infos, err := s.on.ReadDir(s.path(folder))
		if err != nil {
			return all, fmt.Errorf("scrub: %w", err)
		}
		for _, info := range infos {
			if err := ctx.Err(); err != nil {
				return all, err
			}
			name, ok := parseName(info.Name())
			if !ok || name.suffix == openSuffix && folder == "" {
				continue
			}
			path := s.path(folder, info.Name())
			found, err := s.scrubFile(path, name.id, folder == "", scrubber, info)
			if err != nil {
				return all, fmt.Errorf("scrub: %w", err)
			}
			all.add(found)
			seen[path] = looked{scrubber.Generation, found.Waiting}
		}
	}
	return all, nil
}

func (s *Spool) scrubFile(path string, id uuid.UUID, waits bool, scrubber Scrubber, info fs.FileInfo) (Scrubbed, error) {
	if before, ok := s.scrubbed[path]; ok && before.generation == scrubber.Generation {
		return Scrubbed{Waiting: before.waiting}, nil
	}
	if !waits {
		s.window.Lock() // nobody moves or removes the file meanwhile
		defer s.window.Unlock()
	}
	data, err := s.on.ReadFile(path)
	if os.IsNotExist(err) {
		return Scrubbed{}, nil // forwarded, or too old, a moment ago
	}
	if err != nil {
		return Scrubbed{}, err
	}
	if _, err := checkHeader(data, id); err != nil {
		return Scrubbed{}, err
	}
	if waits {
		return countWaiting(data, id, scrubber), nil
	}
	clean, found := rewrite(data, id, scrubber)
	if found == (Scrubbed{}) {
		return found, nil
	}
	found.Segments = 1
	if err := writeDurably(s.on, path, clean); err != nil {
		return Scrubbed{}, err
	}
	return found, s.on.Touch(path, info.ModTime()) // its retention counts from it
}

func countWaiting(data []byte, id uuid.UUID, scrubber Scrubber) Scrubbed {
	var n Scrubbed
	for _, frame := range scan(data, seedOf(id)).frames {
		if clean := scrubber.Record(frame.Payload); !bytes.Equal(clean, frame.Payload) {
			n.Waiting++
		}
	}
	return n
}

// rewrite returns a segment's bytes without what is to go. What is damaged stays as it is, unless it is to be blanked.
func rewrite(data []byte, id uuid.UUID, scrubber Scrubber) ([]byte, Scrubbed) {
	var n Scrubbed
	seed := seedOf(id)
	out := make([]byte, 0, len(data))
	keepDamage := func(region []byte) {
		start := len(out)
		out = append(out, region...)
		if scrubber.Damaged != nil && len(bytes.Trim(region, "\x00")) > 0 && scrubber.Damaged(region) {
			clear(out[start:])
			n.Blanked += len(region)
		}
	}
	at := min(headerSize, len(data))
	if sound, _ := checkHeader(data, id); sound {
		out = append(out, data[:at]...)
	} else {
		keepDamage(data[:at])
	}
	last := uint64(0)
	budget := 64 * (len(data) + 1)
	for at < len(data) {
		frame, size := soundFrame(data[at:], seed, last, MaxPayload)
		if size == 0 {
			skip, ok := resync(data[at:], seed, last, &budget)
			if !ok {
				skip = len(data) - at
			}
			keepDamage(data[at : at+skip])
			at += skip
			continue
		}
		whole := data[at : at+size]
		at += size
		if len(frame.Payload) == 0 { // the end mark: behind it nothing is a record
			out = append(out, whole...)
			if at < len(data) {
				keepDamage(data[at:])
			}
			break
		}
		last = frame.Sequence
		out = scrubFrame(out, whole, frame, seed, scrubber, &n)
	}
	return out, n
}

func scrubFrame(out, whole []byte, frame Frame, seed uint32, scrubber Scrubber, n *Scrubbed) []byte {
	if bytes.Equal(frame.Payload, erasedMark) {
		return append(out, whole...)
	}
	clean := scrubber.Record(frame.Payload)
	switch {
	case bytes.Equal(clean, frame.Payload):
		return append(out, whole...)
	case len(clean) == 0:
		clean = erasedMark
		n.Erased++
	default:
		n.Replaced++
	}
	start := len(out)
	if frame.returned != (Identity{}) {
		out = appendReturned(out, frame.returned, clean)
	} else {
		out = appendFrame(out, clean)
	}
	number(out[start:], seed, frame.Sequence-1)
	return out
}

// EditLetters puts what edit returns in the place of each dead letter, nothing where that is nil, and removes the lines that are
// no letter, since a crash tore them, and that torn takes. It returns how many lines it changed or removed.
func (s *Spool) EditLetters(edit func(*Letter) *Letter, torn func(line []byte) bool) (int, error) {
	s.lettersMu.Lock()
	defer s.lettersMu.Unlock()
	total := 0
	err := s.eachBox(func(path string, data []byte) error {
		var rest []byte
		edited, gone := 0, 0
		for line := range bytes.Lines(data) {
			clean, isLetter, err := editLine(line, edit, torn)
			if err != nil {
				return err
			}
			if !bytes.Equal(clean, line) {
				edited++
			}
			if len(clean) == 0 && isLetter {
				gone++
			}
			rest = append(rest, clean...)
		}
		if edited == 0 {
			return nil
		}
		if err := s.replaceBox(path, rest); err != nil {
			return err
		}
		s.stats.letters.Add(int64(-gone))
		total += edited
		return nil
	})
	if err != nil {
		return total, fmt.Errorf("edit dead letters: %w", err)
	}
	return total, nil
}

func (s *Spool) replaceBox(path string, rest []byte) error {
	if len(rest) > 0 {
		return writeDurably(s.on, path, rest)
	}
	if err := s.on.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return s.on.SyncDir(filepath.Dir(path))
}

// editLine returns what is to stand in a line's place.
func editLine(line []byte, edit func(*Letter) *Letter, torn func([]byte) bool) (clean []byte, isLetter bool, err error) {
	l, ok := parseLetter(line)
	if !ok {
		if torn(line) {
			return nil, false, nil
		}
		return line, false, nil
	}
	before := *l
	switch after := edit(l); {
	case after == nil:
		return nil, true, nil
	case after.ID() == before.ID() && after.Reason == before.Reason && bytes.Equal(after.Bytes(), before.Bytes()):
		return line, true, nil
	default:
		clean, err = json.Marshal(after)
		return append(clean, '\n'), true, err
	}
}

// RemoveAside removes what was set aside before a time: dead letters, and damaged segments as they were found. It returns how
// many of each went for good.
func (s *Spool) RemoveAside(before time.Time) (letters, segments int, err error) {
	letters, err = s.EditLetters(func(l *Letter) *Letter {
		if l.At.Before(before) {
			return nil
		}
		return l
	}, func([]byte) bool { return true })
	if err != nil {
		return letters, 0, err
	}
	s.window.Lock()
	defer s.window.Unlock()
	infos, err := s.on.ReadDir(s.path(quarantineFolder))
	if err != nil {
		return letters, 0, fmt.Errorf("read quarantine: %w", err)
	}
	for _, info := range infos {
		if !info.ModTime().Before(before) {
			continue
		}
		if err := s.on.Remove(s.path(quarantineFolder, info.Name())); err != nil && !os.IsNotExist(err) {
			return letters, segments, fmt.Errorf("empty quarantine: %w", err)
		}
		segments++
		s.stats.quarantined.Add(-1)
	}
	if segments > 0 {
		err = s.on.SyncDir(s.path(quarantineFolder))
	}
	return letters, segments, err
}

// WriteFile replaces a file by data, durably: a reader after any crash finds the old bytes or the new, never a part.
func WriteFile(path string, data []byte) error { return writeDurably(disk{}, path, data) }

// EachWaiting calls visit with every record that waits in the spool of folder dir, the open segment's too. It only reads, and
// may be called while a collector, of this process or another, uses the folder: what is forwarded meanwhile may be left out.
// payload is good until visit returns. The error of visit ends it.
func EachWaiting(dir string, visit func(payload []byte) error) error {
	infos, err := (disk{}).ReadDir(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read spool: %w", err)
	}
	for _, info := range infos {
		name, ok := parseName(info.Name())
		if !ok {
			continue
		}
		data, err := readWaiting(filepath.Join(dir, info.Name()))
		if err != nil {
			return fmt.Errorf("read spool: %w", err)
		}
		for _, frame := range scan(data, seedOf(name.id)).frames {
			if err := visit(frame.Payload); err != nil {
				return err
			}
		}
	}
	return nil
}

// readWaiting reads a segment that may be sealed or forwarded at any moment.
func readWaiting(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) && strings.HasSuffix(path, openSuffix) {
		data, err = os.ReadFile(strings.TrimSuffix(path, openSuffix) + sealedSuffix)
	}
	if os.IsNotExist(err) {
		return nil, nil
	}
	return data, err
}
