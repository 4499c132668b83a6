package spool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Letter is a record that can't be stored, set aside for an operator: a line of deadletters/<segment uuid>.jsonl. Segment and
// Sequence are the record's identity, which it keeps however often it is tried again.
type Letter struct {
	At       time.Time `json:"at"`
	Segment  uuid.UUID `json:"segment"`
	Sequence uint64    `json:"sequence"`
	Table    string    `json:"table,omitempty"` // empty where the record could not be read
	Code     int32     `json:"code,omitempty"`  // ClickHouse's
	Reason   string    `json:"reason"`          // may quote what a person typed
	// The payload: its kind and its JSON, or where it has none, all of it in Base64.
	Kind    string          `json:"kind,omitempty"`
	Record  json.RawMessage `json:"record,omitempty"`
	Payload []byte          `json:"payload,omitempty"`
}

// SetPayload puts the record in as it was kept.
func (l *Letter) SetPayload(payload []byte) {
	if len(payload) > 1 && payload[0] < 0x80 && json.Valid(payload[1:]) {
		l.Kind, l.Record, l.Payload = string(rune(payload[0])), json.RawMessage(payload[1:]), nil
		return
	}
	l.Kind, l.Record, l.Payload = "", nil, payload
}

// Bytes returns the record as it was kept.
func (l *Letter) Bytes() []byte {
	if l.Kind != "" {
		return append([]byte(l.Kind), l.Record...)
	}
	return l.Payload
}

// ID names the letter: segment:sequence, and :table where there is one.
func (l *Letter) ID() string {
	id := l.identity().String()
	if l.Table != "" {
		id += ":" + l.Table
	}
	return id
}

func (l *Letter) identity() Identity { return Identity{l.Segment, l.Sequence} }

const lettersSuffix = ".jsonl"

// letterBox remembers the letters of the segment that got the latest one, so that a segment with many is not read for each.
type letterBox struct {
	segment uuid.UUID
	known   map[string]bool // IDs
	size    int64
}

// Bury sets a record aside, durably. It returns false where its letter is there already: its segment is forwarded again.
func (s *Spool) Bury(l Letter) (bool, error) {
	s.lettersMu.Lock()
	defer s.lettersMu.Unlock()
	line, err := json.Marshal(l)
	if err == nil {
		err = s.openBox(l.Segment)
	}
	if err != nil {
		return false, fmt.Errorf("dead letter: %w", err)
	}
	if s.box.known[l.ID()] {
		return false, nil
	}
	line = append(line, '\n')
	if err := s.appendLine(s.boxPath(l.Segment), line); err != nil {
		s.box = letterBox{} // whatever is there now is read again
		return false, fmt.Errorf("dead letter: %w", err)
	}
	s.box.known[l.ID()] = true
	s.box.size += int64(len(line))
	s.stats.letters.Add(1)
	return true, nil
}

func (s *Spool) boxPath(segment uuid.UUID) string {
	return s.path(deadLettersFolder, segment.String()+lettersSuffix)
}

// openBox reads the letters of a segment, and writes them anew: what a failed fdatasync left can be read, and yet may not be on
// the disk.
func (s *Spool) openBox(segment uuid.UUID) error {
	if s.box.known != nil && s.box.segment == segment {
		return nil
	}
	s.box = letterBox{}
	data, err := s.on.ReadFile(s.boxPath(segment))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if len(data) > 0 {
		if data[len(data)-1] != '\n' {
			data = append(data, '\n') // a crash tore the last line
		}
		if err := writeDurably(s.on, s.boxPath(segment), data); err != nil {
			return err
		}
	}
	s.box = letterBox{segment: segment, known: map[string]bool{}, size: int64(len(data))}
	for line := range bytes.Lines(data) {
		if l, ok := parseLetter(line); ok {
			s.box.known[l.ID()] = true
		}
	}
	return nil
}

func (s *Spool) appendLine(path string, line []byte) error {
	f, err := s.on.Open(path)
	if os.IsNotExist(err) {
		f, err = s.on.Create(path, 0)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteAt(line, s.box.size)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = s.on.SyncDir(filepath.Dir(path)) // also where it was there: it may be of a try that failed before this
	}
	return err
}

// parseLetter returns false for what is no letter: a line that a crash tore.
func parseLetter(line []byte) (*Letter, bool) {
	l := new(Letter)
	if json.Unmarshal(line, l) != nil || l.Segment == uuid.Nil || len(l.Bytes()) == 0 {
		return nil, false
	}
	return l, true
}

// Letters hands all dead letters to visit, until it returns false.
func (s *Spool) Letters(visit func(*Letter) bool) error {
	s.lettersMu.Lock()
	defer s.lettersMu.Unlock()
	return readLetters(s.on, s.path(deadLettersFolder), visit)
}

// ReadLetters hands all dead letters of the spool folder dir to visit, until it returns false. It may be called while another
// process writes there.
func ReadLetters(dir string, visit func(*Letter) bool) error {
	return readLetters(disk{}, filepath.Join(dir, deadLettersFolder), visit)
}

func readLetters(on files, dir string, visit func(*Letter) bool) error {
	infos, err := on.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read dead letters: %w", err)
	}
	for _, info := range infos {
		if !strings.HasSuffix(info.Name(), lettersSuffix) {
			continue
		}
		data, err := on.ReadFile(filepath.Join(dir, info.Name()))
		if err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("read dead letters: %w", err)
		}
		for line := range bytes.Lines(data) {
			if l, ok := parseLetter(line); ok && !visit(l) {
				return nil
			}
		}
	}
	return nil
}
