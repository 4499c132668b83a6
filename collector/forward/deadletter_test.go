package forward

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/spool"
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
	var letters []spool.Letter
	if err := r.spool.Letters(func(l *spool.Letter) bool { letters = append(letters, *l); return true }); err != nil {
		t.Fatal(err)
	}
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
