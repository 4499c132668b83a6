package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/tools/load/play"
)

// jumpy is a wall clock that goes on and can be set wrong.
type jumpy struct{ ahead atomic.Int64 }

func (j *jumpy) now() time.Time { return time.Now().Add(time.Duration(j.ahead.Load())) }

// setWallClock gives the programs that this test starts another clock.
func setWallClock(t *testing.T, clock func() time.Time) {
	t.Helper()
	before := wallClock
	wallClock = clock
	t.Cleanup(func() { wallClock = before })
}

// TestClockJumpsUnderLoad: the machine's clock is set back and forth, Redis forgets what it knew, and what is sent again is the
// same record all the same.
func TestClockJumpsUnderLoad(t *testing.T) {
	var clock jumpy
	setWallClock(t, clock.now)
	r := startRig(t)
	v := &victim{tb: t, private: "http://" + r.PrivateAddr().String(), ended: make(chan struct{}), conn: r.store.Conn(), player: play.New(play.Config{
		URL: r.base, Key: r.key, Site: "acme", Form: "signup", Origin: "https://www.acme.example", Run: "t" + uuid.NewString()[:8],
		Seed: 1, Ledger: play.NewLedger(), Workers: 16})}
	v.awaitTables()
	v.play(40)
	for _, ahead := range []time.Duration{0, -2 * time.Hour, 3 * time.Hour, -20 * time.Hour, 23 * time.Hour, 0} {
		clock.ahead.Store(int64(ahead))
		v.accepts(50)
		collectortest.ForgetRedis(t, r.redis)
	}
	v.settle()
}

// TestResendOverTheMonth: a touch, a form and a deal are sent in the last moment of March and again in April, when Redis has
// forgotten the first time. Each is one record, and of what the browser sent ClickHouse keeps one row.
func TestResendOverTheMonth(t *testing.T) {
	march := time.Date(2026, 3, 31, 23, 59, 59, 900_000_000, time.UTC)
	clock := collectortest.FixedClock(march)
	setWallClock(t, clock.Now)
	r := startRig(t)
	waitFor(t, 60*time.Second, func() (string, bool) {
		select {
		case <-r.migrated:
			return "", true
		default:
			return "the tables are not made", false
		}
	})
	touch, submission := idOf(march.Add(-20*time.Millisecond)), idOf(march.Add(-10*time.Millisecond))
	send := func() {
		r.post(t, "/t", "text/plain", fmt.Sprintf(`{"site_id":"acme","visitor_id":%q,"touch_id":%q,"utm_source":"linkedin"}`, idOf(march), touch), http.StatusNoContent)
		r.post(t, "/f/signup", "application/json", fmt.Sprintf(`{"site_id":"acme","submission_id":%q,"fields":{"email":"ada@example.com"},"latest_touch":{"utm_source":"linkedin"}}`, submission), http.StatusOK)
		r.call(t, "POST", "/api/deals", "application/json", `{"deal_id":"d","status":"won","amount":"5.00","currency":"EUR","contact_email":"ada@example.com","changed_at":"2026-03-31T23:59:00Z"}`, http.StatusOK)
		r.forwarded(t)
	}
	for _, later := range []time.Duration{0, 200 * time.Millisecond, 36 * time.Hour} {
		clock.Set(march.Add(later))
		send()
		collectortest.ForgetRedis(t, r.redis)
	}
	for _, table := range []string{"touches", "submissions", "submission_fields", "deals"} {
		if n := r.count(t, "SELECT count() FROM "+table+" FINAL"); n != 1 {
			t.Errorf("%s has %d records, not 1", table, n)
		}
	}
	for _, table := range []string{"touches", "submissions", "submission_fields"} {
		if err := r.store.Conn().Exec(context.Background(), "OPTIMIZE TABLE "+table+" FINAL"); err != nil {
			t.Fatal(err)
		}
		if n := r.count(t, "SELECT count() FROM "+table); n != 1 {
			t.Errorf("%s has %d rows after a merge, not 1: its partition was not frozen", table, n)
		}
		if month := r.count(t, "SELECT toUInt64(toYYYYMM(any(occurred_at))) FROM "+table); month != 202603 {
			t.Errorf("%s: the record is of %d", table, month)
		}
	}
	for months, want := range map[[2]string]string{{"2026-03", "2026-04"}: "1 0 1 1", {"2026-04", "2026-06"}: "0 0 0 0"} {
		totals := r.breakdown(t, "acme", "--from", months[0], "--to", months[1]).Totals
		if got := fmt.Sprint(totals["leads"], totals["conversions"], totals["deals"], totals["won_deals"]); got != want {
			t.Errorf("%s: leads, conversions, deals, won deals are %s, not %s", months, got, want)
		}
	}
}

// idOf makes a UUIDv7 of a moment.
func idOf(at time.Time) string {
	id := uuid.Must(uuid.NewV7())
	ms := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id.String()
}

func (r *rig) post(t testing.TB, path, contentType, body string, status int) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, r.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	if answer, text := r.send(t, request); answer.StatusCode != status {
		t.Fatalf("%s answers %s: %s", path, answer.Status, text)
	}
}
