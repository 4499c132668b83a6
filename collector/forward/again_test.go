package forward

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

// holdingRig is a rig whose spool holds what was forwarded.
func holdingRig(t *testing.T, dir string, r *rig) *rig {
	t.Helper()
	sp, err := spool.Open(spool.Config{Dir: dir, Node: "test", SealAfter: 20 * time.Millisecond, ReplayAge: time.Hour, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sp.Close(context.Background()) })
	if r == nil {
		return rigOn(t, sp, migratedStore(t), openVisitors(t, collectortest.Redis(t)))
	}
	return rigOn(t, sp, r.store, r.visitors)
}

func (r *rig) exec(t *testing.T, statement string) {
	t.Helper()
	if err := r.store.Conn().Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// empty waits until nothing waits to be forwarded.
func (r *rig) empty(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		if stats := r.spool.Stats(); stats.Bytes > 0 {
			return fmt.Errorf("%d bytes wait", stats.Bytes)
		}
		return nil
	})
}

// A dead letter comes back once its cause is repaired, although Redis remembers the record; and once only.
func TestARepairedDeadLetterIsStoredOnce(t *testing.T) {
	r := holdingRig(t, t.TempDir(), nil)
	r.exec(t, "ALTER TABLE touches ADD COLUMN trap UInt64 MATERIALIZED toUInt64(if(source = 'poison', 'x', '0'))")
	records := touches(50, march)
	records[7].(*schema.TouchRecord).Source, records[31].(*schema.TouchRecord).Source = "poison", "poison"
	r.keep(t, records...)
	r.start(t)
	r.empty(t)
	r.wantCount(t, 48, "touches")
	// Too early: the letters stay what they are.
	if n, err := r.spool.Retry(t.Context(), spool.LetterSelection{All: true}); n != 2 || err != nil {
		t.Fatalf("tried %d again, %v", n, err)
	}
	r.empty(t)
	if stats := r.spool.Stats(); stats.Letters != 2 {
		t.Fatalf("%d letters after a retry in vain", stats.Letters)
	}
	r.exec(t, "ALTER TABLE touches DROP COLUMN trap")
	if n, err := r.spool.Retry(t.Context(), spool.LetterSelection{Table: "touches"}); n != 2 || err != nil {
		t.Fatalf("tried %d again, %v", n, err)
	}
	r.empty(t)
	r.wantCount(t, 50, "touches")
	if stats := r.forward.Stats(); stats.Duplicates != 0 || r.spool.Stats().Letters != 0 {
		t.Errorf("stats %+v, %d letters", stats, r.spool.Stats().Letters)
	}
	// The browser sends it again: Redis knows it.
	r.keep(t, records[7])
	r.empty(t)
	r.wantCount(t, 50, "touches")
}

// ClickHouse lost rows that it had acknowledged: the held segments bring them back, although it remembers their tokens. What
// it did not lose is there once.
func TestHeldSegmentsBringBackWhatWasLost(t *testing.T) {
	dir := t.TempDir()
	r := holdingRig(t, dir, nil)
	r.keep(t, touches(30, march)...)
	r.keep(t, submissionAt(march), submissionAt(march.AddDate(0, 1, 0)))
	if err := r.spool.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	r.empty(t)
	r.exec(t, "ALTER TABLE touches DELETE WHERE cityHash64(touch_id) % 2 = 0 SETTINGS mutations_sync = 2")
	r.exec(t, "ALTER TABLE submissions DELETE WHERE 1 SETTINGS mutations_sync = 2")
	if left := r.count(t, "touches"); left == 0 || left == 30 {
		t.Fatalf("%d touches left", left)
	}
	done, err := r.spool.Replay(t.Context(), spool.Selection{All: true})
	if err != nil || len(done.Segments) == 0 {
		t.Fatalf("replay: %+v, %v", done, err)
	}
	r.drain(t)
	r.wantCount(t, 30, "touches FINAL")
	r.wantCount(t, 2, "submissions FINAL")
	r.wantCount(t, 2, "submission_fields FINAL")
	if stats := r.forward.Stats(); stats.Duplicates != 0 {
		t.Errorf("a record's own identity counts as a duplicate: %+v", stats)
	}
	if err := r.spool.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	// Put back by a process that ends at once, the checkpoint naming the very segment: the next one forwards it.
	again := holdingRig(t, dir, r)
	if done, err = again.spool.Replay(t.Context(), spool.Selection{All: true}); err != nil || len(done.Segments) == 0 {
		t.Fatalf("replay: %+v, %v", done, err)
	}
	if err := again.spool.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.exec(t, "ALTER TABLE touches DELETE WHERE 1 SETTINGS mutations_sync = 2")
	third := holdingRig(t, dir, r)
	third.start(t)
	third.drain(t)
	third.wantCount(t, 30, "touches FINAL")
}
