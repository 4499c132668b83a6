package forward

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

// letter is a record that can't be stored, as a line of deadletters/<segment>.jsonl.
type letter struct {
	At       time.Time `json:"at"`
	Segment  uuid.UUID `json:"segment"`
	Sequence uint64    `json:"sequence"`
	Table    string    `json:"table,omitempty"` // empty where the record could not be read
	Code     int32     `json:"code,omitempty"`  // ClickHouse's
	Reason   string    `json:"reason"`
	// The record as schema.Readable has it: its kind and its JSON; where it is none, the payload of the spool in Base64.
	Kind    string          `json:"kind,omitempty"`
	Record  json.RawMessage `json:"record,omitempty"`
	Payload []byte          `json:"payload,omitempty"`
}

func newLetter(segment uuid.UUID, sequence uint64, table string, payload []byte, reason error) letter {
	l := letter{Segment: segment, Sequence: sequence, Table: table, Code: store.Code(reason), Reason: reason.Error()}
	if readable, err := schema.Readable(payload); err == nil {
		payload = readable
	}
	if len(payload) > 1 && payload[0] < 0x80 && json.Valid(payload[1:]) {
		l.Kind, l.Record = string(rune(payload[0])), json.RawMessage(payload[1:])
	} else {
		l.Payload = payload
	}
	return l
}

// deadLetters writes the folder of dead letters: one file for each segment that has any.
type deadLetters struct{ dir string }

// add makes a letter durable. It returns false where the letter is there already: its segment is forwarded again.
func (d *deadLetters) add(l letter) (bool, error) {
	path := filepath.Join(d.dir, l.Segment.String()+".jsonl")
	before, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return false, err
	}
	for line := range bytes.Lines(before) {
		var other letter
		if json.Unmarshal(line, &other) == nil && other.Sequence == l.Sequence && other.Table == l.Table {
			return false, nil
		}
	}
	line, err := json.Marshal(l)
	if err != nil {
		return false, err
	}
	if len(before) > 0 && before[len(before)-1] != '\n' {
		line = append([]byte{'\n'}, line...) // a crash tore the last line
	}
	return true, appendDurably(path, append(line, '\n'))
}

func appendDurably(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// bury sets a record aside for an operator. The reason may quote what a person typed, so it goes to the file and not to
// the log.
func (f *Forwarder) bury(ctx context.Context, l letter) error {
	l.At = time.Now().UTC()
	return f.persist(ctx, "write a dead letter", func() error {
		added, err := f.letters.add(l)
		if err != nil {
			return fmt.Errorf("dead letter: %w", err)
		}
		if added {
			f.stats.deadLetters.Add(1)
			f.log.Error("forward: a record can't be stored and is set aside",
				"segment", l.Segment, "sequence", l.Sequence, "table", l.Table, "code", l.Code, "folder", f.letters.dir)
		}
		return nil
	})
}
