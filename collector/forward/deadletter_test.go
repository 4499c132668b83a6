package forward

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/headwater/headwater/schema"
)

func TestBadRowsGoToDeadLettersAndTheirNeighboursArrive(t *testing.T) {
	r := newRig(t)
	// A row that the client can't convert, one that the server refuses, and payloads that are no record at all.
	err := r.store.Conn().Exec(t.Context(), `ALTER TABLE touches ADD COLUMN trap UInt64
		MATERIALIZED toUInt64(if(source = 'poison', 'x', '0'))`)
	if err != nil {
		t.Fatal(err)
	}
	contact := func(id string) *schema.Contact {
		return &schema.Contact{SiteID: "shop", ImportID: id, ContactID: "c", CreatedAt: march, ReceivedAt: march}
	}
	records := touches(100, march)
	for _, i := range []int{0, 57, 99} {
		records[i].(*schema.TouchRecord).Source = "poison"
	}
	r.keep(t, records...)
	r.keep(t, contact(uuid.NewString()), contact("no uuid"), contact(uuid.NewString()), contact(""))
	if err := r.spool.Append(t.Context(), []byte("?"), []byte("t{"), []byte{0xff, 0}); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	r.drain(t)
	r.wantCount(t, 97, "touches")
	r.wantCount(t, 2, "contacts")
	letters := readLetters(t, r.spool.DeadLetters())
	if stats := r.forward.Stats(); len(letters) != 8 || stats.DeadLetters != 8 || stats.Rows != 99 || stats.ClickHouse != "ok" {
		t.Fatalf("%d dead letters, stats %+v", len(letters), stats)
	}
	poison := 0
	for _, l := range letters {
		if l.Reason == "" || l.Segment == uuid.Nil || l.Sequence == 0 || l.At.IsZero() {
			t.Errorf("a dead letter lacks something: %+v", l)
		}
		if l.Table == "touches" {
			record, err := schema.Decode(append([]byte(l.Kind), l.Record...))
			if err != nil || record.(*schema.TouchRecord).Source != "poison" || l.Code != 6 {
				t.Errorf("a dead letter does not give its record back: %+v, %v", l, err)
			}
			poison++
		}
	}
	if poison != 3 {
		t.Errorf("%d letters of table touches, want 3", poison)
	}
}

func readLetters(t *testing.T, dir string) []letter {
	t.Helper()
	var letters []letter
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			var l letter
			if err := json.Unmarshal(line, &l); err != nil {
				t.Fatalf("dead letter %q: %v", line, err)
			}
			letters = append(letters, l)
		}
	}
	return letters
}

func TestADeadLetterIsWrittenOnce(t *testing.T) {
	d := deadLetters{dir: t.TempDir()}
	l := newLetter(uuid.New(), 7, "touches", []byte(`t{"site_id":"a"}`), fmt.Errorf("bad"))
	for i := range 3 {
		if added, err := d.add(l); err != nil || added != (i == 0) {
			t.Fatalf("try %d: added %v, %v", i, added, err)
		}
	}
	path := filepath.Join(d.dir, l.Segment.String()+".jsonl")
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(data, `{"at":"torn`...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	l.Sequence = 8
	if added, err := d.add(l); !added || err != nil {
		t.Fatalf("behind a torn line: added %v, %v", added, err)
	}
	if data, err = os.ReadFile(path); err != nil || bytes.Count(data, []byte("\n")) != 3 {
		t.Errorf("file is %q (%v)", data, err)
	}
}

func TestATableThatRefusesEverythingIsHeld(t *testing.T) {
	r := newRig(t)
	if err := r.store.Conn().Exec(t.Context(), "ALTER TABLE touches ADD COLUMN trap UInt64 MATERIALIZED toUInt64(concat(source, 'x'))"); err != nil {
		t.Fatal(err)
	}
	r.keep(t, touches(300, march)...)
	r.start(t)
	eventually(t, func() error {
		if state := r.forward.Stats().ClickHouse; state != "data" {
			return fmt.Errorf("state is %s", state)
		}
		return nil
	})
	if err := r.store.Conn().Exec(t.Context(), "ALTER TABLE touches DROP COLUMN trap"); err != nil {
		t.Fatal(err)
	}
	r.drain(t)
	r.wantCount(t, 300-manyRefused, "touches")
	if n := r.forward.Stats().DeadLetters; n != manyRefused {
		t.Errorf("%d dead letters", n)
	}
}
