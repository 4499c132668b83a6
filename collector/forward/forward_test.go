package forward

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

func TestEveryKindArrives(t *testing.T) {
	r := newRig(t)
	r.start(t)
	r.keep(t, touchAt(march), submissionAt(march),
		&schema.Contact{SiteID: "shop", ImportID: uuid.NewString(), ContactID: "c", CreatedAt: march, ReceivedAt: march},
		&schema.Company{SiteID: "shop", ImportID: uuid.NewString(), CompanyID: "crm:1", CreatedAt: march, ReceivedAt: march},
		&schema.Deal{SiteID: "shop", DealID: "1", ChangeID: uuid.NewString(), Status: schema.DealWon, ChangedAt: march, ReceivedAt: march})
	silent := submissionAt(march)
	silent.Fields = nil // drop_fields
	r.keep(t, silent)
	r.drain(t)
	r.wantCount(t, 1, "touches")
	r.wantCount(t, 2, "submissions")
	r.wantCount(t, 1, "submission_fields")
	r.wantCount(t, 1, "contacts")
	r.wantCount(t, 1, "companies")
	r.wantCount(t, 1, "deals")
	if stats := r.forward.Stats(); stats.Rows != 6 || stats.ClickHouse != "ok" || stats.Redis != "ok" {
		t.Errorf("stats %+v", stats)
	}
}

// With the default of 1 s for sealing a record is to be seen within about 1.1 s; here the share of the forwarder is bounded.
func TestALoneRecordIsSeenSoon(t *testing.T) {
	r := newRig(t)
	r.start(t)
	for range 3 { // the first opens connections
		start := time.Now()
		record := touchAt(march)
		r.keep(t, record)
		eventually(t, func() error {
			if n, err := r.tryCount("touches WHERE touch_id = '" + record.ID() + "'"); err != nil || n != 1 {
				return fmt.Errorf("%d rows (%v)", n, err)
			}
			return nil
		})
		t.Logf("seen after %v with segments sealed after 20 ms", time.Since(start))
	}
}

func TestSentAHundredTimesIsOneRow(t *testing.T) {
	r := newRig(t)
	r.start(t)
	touch, submission := touchAt(march), submissionAt(march)
	for range 20 {
		for range 5 {
			r.keep(t, touch, submission)
		}
		if err := r.spool.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	r.drain(t)
	for _, table := range []string{"touches", "submissions", "submission_fields"} {
		r.wantCount(t, 1, table)
		r.wantCount(t, 1, table+" FINAL")
	}
	if stats := r.forward.Stats(); stats.Duplicates != 198 || stats.Rows != 2 {
		t.Errorf("stats %+v", stats)
	}
}

func TestRedisForgetsEverything(t *testing.T) {
	server := collectortest.StartRedis(t)
	r := rigOn(t, openSpool(t, t.TempDir(), time.Hour), migratedStore(t), openVisitors(t, server.URL()))
	r.start(t)
	records := touches(50, march)
	for round := range 10 {
		r.keep(t, records...)
		if err := r.spool.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		if round%3 == 1 {
			server.Do("FLUSHALL")
		}
	}
	r.drain(t)
	r.wantCount(t, 50, "touches FINAL")
}

func TestRedisDownIsSkipped(t *testing.T) {
	server := collectortest.StartRedis(t)
	r := rigOn(t, openSpool(t, t.TempDir(), time.Hour), migratedStore(t), openVisitors(t, server.URL()))
	r.start(t)
	records := touches(10, march)
	for _, hurt := range []func(){func() {}, server.Kill, server.Restart, server.Pause, server.Resume} {
		hurt()
		r.keep(t, records...)
		if err := r.spool.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() error {
			if n := r.spool.Stats().Segments; n > 0 {
				return fmt.Errorf("%d segments wait", n)
			}
			return nil
		})
	}
	r.drain(t)
	r.wantCount(t, 10, "touches FINAL")
}

// A process that dies between the insert and the checkpoint forwards the same segment again.
func TestForwardedTwiceIsThereOnce(t *testing.T) {
	st, v := migratedStore(t), openVisitors(t, collectortest.Redis(t))
	first, second := t.TempDir(), t.TempDir()
	r := rigOn(t, openSpool(t, first, time.Hour), st, v)
	r.keep(t, touches(30, march)...)
	r.keep(t, submissionAt(march), submissionAt(march.AddDate(0, 1, 0)))
	if err := r.spool.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	copySegments(t, first, second)
	r.start(t)
	r.drain(t)

	again := rigOn(t, openSpool(t, second, time.Hour), st, v)
	again.start(t)
	again.drain(t)
	if stats := again.forward.Stats(); stats.Duplicates != 0 || stats.Rows != 32 {
		t.Errorf("a record's own identity counts as a duplicate: %+v", stats)
	}
	// Not even before a merge: the tokens are the same.
	again.wantCount(t, 30, "touches")
	again.wantCount(t, 2, "submissions")
	again.wantCount(t, 2, "submission_fields")
}

func TestCheckpointedChunksAreNotSentAgain(t *testing.T) {
	st, v := migratedStore(t), openVisitors(t, collectortest.Redis(t))
	dir := t.TempDir()
	r := rigOn(t, openSpool(t, dir, time.Hour), st, v)
	r.keep(t, touchAt(march), touchAt(march.AddDate(0, 1, 0)))
	if err := r.spool.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	segment, err := r.spool.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	contents, err := r.spool.Read(segment)
	if err != nil {
		t.Fatal(err)
	}
	plan := cut(segment.ID, contents.Frames, defaultLimits)
	if err := r.spool.SaveCheckpoint(spool.Checkpoint{Segment: segment.ID, Chunk: 1, Plan: plan.fingerprint}); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	r.drain(t)
	r.wantCount(t, 0, "touches WHERE occurred_at < '2026-04-01'") // said to be there
	r.wantCount(t, 1, "touches WHERE occurred_at >= '2026-04-01'")
}

func TestACheckpointOfAnotherPlanIsIgnored(t *testing.T) {
	r := newRig(t)
	r.keep(t, touchAt(march))
	if err := r.spool.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	segment, err := r.spool.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.spool.SaveCheckpoint(spool.Checkpoint{Segment: segment.ID, Chunk: 1, Plan: "another"}); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	r.drain(t)
	r.wantCount(t, 1, "touches")
}

func TestMonthsGoToPartitionsOfTheirOwn(t *testing.T) {
	r := newRig(t)
	r.start(t)
	edge := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	for range 3 {
		r.keep(t, touchAt(edge.Add(-time.Millisecond)), touchAt(edge), touchAt(edge.In(time.FixedZone("", -7*3600))))
	}
	r.drain(t)
	r.wantCount(t, 3, "touches WHERE _partition_id = '202603'")
	r.wantCount(t, 6, "touches WHERE _partition_id = '202604'")
}

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

// A table that refuses everything is not the rows' fault: dead letters stop at a bound, and all the rest arrives once
// the table is right again.
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

func TestAMissingTableIsHeldUntilItIsThere(t *testing.T) {
	st := openStore(t, collectortest.ClickHouse(t))
	r := rigOn(t, openSpool(t, t.TempDir(), time.Millisecond), st, openVisitors(t, collectortest.Redis(t)))
	r.keep(t, touches(5, march)...)
	r.start(t)
	eventually(t, func() error {
		if state := r.forward.Stats().ClickHouse; state != "schema" {
			return fmt.Errorf("state is %s", state)
		}
		return nil
	})
	if err := st.Migrate(t.Context(), migrateConfig); err != nil {
		t.Fatal(err)
	}
	r.drain(t)
	r.wantCount(t, 5, "touches")
	if stats := r.forward.Stats(); stats.DeadLetters != 0 || stats.ClickHouse != "ok" {
		t.Errorf("stats %+v", stats)
	}
}

func TestClickHouseGoesAndComes(t *testing.T) {
	data := t.TempDir()
	engine := collectortest.StartClickHouse(t, data)
	way, dsn := newProxy(t, strings.Replace(engine.DSN(), "/default", "/headwater", 1))
	st := openStore(t, dsn)
	if err := st.Migrate(t.Context(), migrateConfig); err != nil {
		t.Fatal(err)
	}
	r := rigOn(t, openSpool(t, t.TempDir(), 5*time.Millisecond), st, openVisitors(t, collectortest.Redis(t)))
	r.start(t)
	want := 0
	for range 3 {
		r.keep(t, touches(40, march)...)
		want += 40
		engine.Kill()
		r.keep(t, touches(40, march)...)
		want += 40
		eventually(t, func() error {
			if state := r.forward.Stats().ClickHouse; state != "retry" {
				return fmt.Errorf("state is %s", state)
			}
			return nil
		})
		engine = collectortest.StartClickHouse(t, data)
		way.point(engine.DSN())
		eventually(t, func() error {
			if bytes := r.spool.Stats().Bytes; bytes > 0 {
				return fmt.Errorf("%d bytes wait", bytes)
			}
			return nil
		})
	}
	r.drain(t)
	r.wantCount(t, want, "touches FINAL")
	r.wantCount(t, want, "touches")
}

// ClickHouse stores the rows and the answer is lost on its way: the same chunk is sent again under its token.
func TestALostAnswerAddsNothing(t *testing.T) {
	dsn := collectortest.ClickHouse(t)
	st := openStore(t, dsn)
	if err := st.Migrate(t.Context(), migrateConfig); err != nil {
		t.Fatal(err)
	}
	way, through := newProxy(t, dsn)
	r := rigOn(t, openSpool(t, t.TempDir(), 5*time.Millisecond), openStore(t, through), openVisitors(t, collectortest.Redis(t)))
	direct := &rig{store: st}
	r.start(t)
	r.keep(t, touches(10, march)...) // learns the columns
	eventually(t, func() error {
		if n := direct.count(t, "touches"); n != 10 {
			return fmt.Errorf("%d rows", n)
		}
		return nil
	})
	way.setDeaf(true)
	r.keep(t, touches(25, march)...)
	eventually(t, func() error {
		if n, retries := direct.count(t, "touches"), r.forward.Stats().Retries; n != 35 || retries < 3 {
			return fmt.Errorf("%d rows, %d retries", n, retries)
		}
		return nil
	})
	way.setDeaf(false)
	r.drain(t)
	direct.wantCount(t, 35, "touches")
}

func TestDrainLeavesOnDiskWhatItCanNotForward(t *testing.T) {
	dir := t.TempDir()
	st := openStore(t, "http://127.0.0.1:1/headwater")
	r := rigOn(t, openSpool(t, dir, time.Hour), st, nil)
	r.start(t)
	r.keep(t, touches(5, march)...)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.forward.Drain(ctx); err == nil {
		t.Fatal("drained into a server that does not exist")
	}
	if err := r.spool.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	again := rigOn(t, openSpool(t, dir, time.Hour), migratedStore(t), nil)
	again.start(t)
	again.drain(t)
	again.wantCount(t, 5, "touches")
}

func TestDrainOfAForwarderThatNeverRan(t *testing.T) {
	r := rigOn(t, openSpool(t, t.TempDir(), time.Hour), openStore(t, "http://127.0.0.1:1/headwater"), nil)
	r.keep(t, touchAt(march))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := r.forward.Drain(ctx); err == nil {
		t.Error("a record was forwarded by nobody")
	}
	if err := r.forward.Run(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("Run after Drain: %v", err)
	}
}

// Redis's first touches are what ClickHouse finds in the tables: under any order, with duplicates, and after Redis forgot all
// and the records came again.
func TestFirstTouchesInRedisAreThoseOfClickHouse(t *testing.T) {
	server := collectortest.StartRedis(t)
	st, v := migratedStore(t), openVisitors(t, server.URL())
	kept, dir := t.TempDir(), t.TempDir()
	r := rigOn(t, openSpool(t, dir, time.Hour), st, v)
	random := rand.New(rand.NewPCG(3, 4))
	var ids []schema.VisitorID
	var records []schema.Record
	for range 20 {
		id := schema.VisitorID(uuid.NewString())
		ids = append(ids, id)
		for range 1 + random.IntN(5) {
			at := march.Add(time.Duration(random.IntN(3)) * time.Millisecond)
			if random.IntN(4) > 0 {
				touch := touchAt(at)
				touch.VisitorID = id
				records = append(records, touch)
				continue
			}
			submission := submissionAt(at.Add(time.Hour))
			submission.VisitorID = id
			records = append(records, submission)
		}
	}
	for i := range 4 {
		random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		r.keep(t, records[:len(records)/(4-i)]...)
		if err := r.spool.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	copySegments(t, dir, kept)
	r.start(t)
	r.drain(t)
	wantSameFirstTouches(t, r, ids)

	server.Do("FLUSHALL")
	again := rigOn(t, openSpool(t, kept, time.Hour), st, v)
	again.start(t)
	again.drain(t)
	wantSameFirstTouches(t, again, ids)
}

func wantSameFirstTouches(t *testing.T, r *rig, ids []schema.VisitorID) {
	t.Helper()
	for _, id := range ids {
		var want string
		err := r.store.Conn().QueryRow(t.Context(), `
			SELECT toString(argMin(touch_id, (occurred_at, toString(touch_id)))) FROM
			(
				SELECT visitor_id, touch_id, occurred_at FROM touches FINAL
				UNION ALL
				SELECT visitor_id, first_touch_touch_id, first_touch_occurred_at FROM submissions FINAL
			)
			WHERE visitor_id = '`+string(id)+"'").Scan(&want)
		if err != nil {
			t.Fatal(err)
		}
		got, known, err := r.visitors.FirstTouch(t.Context(), "shop", id)
		if err != nil || !known || string(got.TouchID) != want {
			t.Errorf("visitor %s: Redis has %s (%v, %v), ClickHouse %s", id, got.TouchID, known, err, want)
		}
	}
}
