package forward

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

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
		&schema.Deal{SiteID: "shop", DealID: "1", ChangeID: uuid.NewString(), Status: schema.DealWon, ChangedAt: march, ReceivedAt: march},
		&schema.Spend{SiteID: "shop", Date: march, Source: "google", Currency: "EUR", ReceivedAt: march},
		&schema.Rate{SiteID: "shop", Date: march, From: "NOK", To: "EUR", Rate: decimal.New(87, -3), ReceivedAt: march})
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
	r.wantCount(t, 1, "spend WHERE toString(date) = '2026-03-01'")
	r.wantCount(t, 1, "rates WHERE rate = toDecimal64('0.087', 3)")
	if stats := r.forward.Stats(); stats.Rows != 8 || stats.ClickHouse != "ok" {
		t.Errorf("stats %+v", stats)
	}
}

// Spend is replaced by a later import of the same key, whichever of them ClickHouse gets first, and resending it changes nothing.
func TestTheLaterSpendCounts(t *testing.T) {
	r := newRig(t)
	r.start(t)
	spend := func(amount int64, currency string, received time.Time) *schema.Spend {
		return &schema.Spend{SiteID: "shop", Date: march, Source: "google", Medium: "cpc", Campaign: "brand", Amount: decimal.New(amount, 0), Currency: currency, ReceivedAt: received}
	}
	r.keep(t, spend(7, "EUR", march.Add(time.Hour)))
	r.keep(t, spend(5, "EUR", march), spend(5, "USD", march), spend(9, "EUR", march.Add(2*time.Hour)))
	r.keep(t, spend(9, "EUR", march.Add(2*time.Hour)), spend(7, "EUR", march.Add(time.Hour)))
	r.drain(t)
	r.wantCount(t, 2, "spend FINAL")
	r.wantCount(t, 1, "spend FINAL WHERE currency = 'EUR' AND amount = 9")
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
	chunks, _ := pieces(segment.ID, contents.Frames, defaultLimits)
	if err := r.spool.SaveCheckpoint(spool.Checkpoint{Segment: segment.ID, Chunk: 1, Plan: chunks[0].through}); err != nil {
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

// A table that refuses everything is not the rows' fault: dead letters stop at a bound, and all the rest arrives once

// the table is right again.

// ClickHouse stores the rows and the answer is lost on its way: the same chunk is sent again under its token.

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
