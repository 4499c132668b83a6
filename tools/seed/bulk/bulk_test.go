package bulk

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/store"
)

var until = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func migrated(t *testing.T) driver.Conn {
	t.Helper()
	db, err := store.Open(t.Context(), collectortest.ClickHouse(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context(), store.MigrateConfig{RetentionMonths: 600}); err != nil {
		t.Fatal(err)
	}
	return db.Conn()
}

// number is the one number that a query returns.
func number(t *testing.T, conn driver.Conn, query string) float64 {
	t.Helper()
	var n float64
	if err := conn.QueryRow(context.Background(), "SELECT toFloat64("+query+")").Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestTheDataIsAsPromised(t *testing.T) {
	conn := migrated(t)
	var shown bytes.Buffer
	made, err := Run(t.Context(), conn, Config{Site: "seed", Sites: 2, Touches: 40_000, Seed: 7, Until: until, Out: &shown})
	if err != nil || made != 40_000 {
		t.Fatalf("%d touches, %v", made, err)
	}
	for _, check := range []struct {
		what      string
		query     string
		low, high float64
	}{
		{"touches", "(SELECT count() FROM touches FINAL)", 40_000, 40_000},
		{"touches of one site", "(SELECT count() FROM touches FINAL WHERE site_id = 'seed-2')", 20_000, 20_000},
		{"visitors", "(SELECT uniqExact(site_id, visitor_id) FROM touches)", 8_000, 8_000},
		{"submissions", "(SELECT count() FROM submissions FINAL)", 1_000, 1_000},
		{"contacts who sent again, in 100", "(SELECT 100 - 100 * uniqExact(site_id, contact_id) / count() FROM submissions)", 8, 20},
		{"deals", "(SELECT uniqExact(site_id, deal_id) FROM deals)", 60, 140},
		{"suspects in 100", "(SELECT 100 * countIf(suspicion != '') / count() FROM touches FINAL)", 2, 5},
		{"late in 1000", "(SELECT 1000 * countIf(received_at > occurred_at + INTERVAL 1 HOUR) / count() FROM touches FINAL)", 5, 15},
		{"outside of the year", "(SELECT countIf(occurred_at < '2025-03-01' OR occurred_at >= '2026-03-01') FROM touches)", 0, 0},
		{"channels", "(SELECT uniqExact(channel) FROM touches)", 8, 20},
		{"ids of no version 7", "(SELECT countIf(substring(toString(touch_id), 15, 1) != '7' OR substring(toString(visitor_id), 15, 1) != '7') FROM touches)", 0, 0},
		{"ids that tell another time", "(SELECT countIf(UUIDv7ToDateTime(touch_id) != occurred_at) FROM touches)", 0, 0},
		{"copies that are not in the log", "(SELECT count() FROM submissions WHERE first_touch_source != '' AND (site_id, first_touch_touch_id, first_touch_occurred_at, first_touch_channel, visitor_id) NOT IN (SELECT site_id, touch_id, occurred_at, channel, visitor_id FROM touches))", 0, 0},
		{"first touches that are not", "(SELECT count() FROM submissions INNER JOIN (SELECT site_id, visitor_id, min(occurred_at) AS earliest FROM touches GROUP BY site_id, visitor_id) AS v USING (site_id, visitor_id) WHERE first_touch_source != '' AND first_touch_occurred_at != earliest)", 0, 0},
		{"latest touches after the form", "(SELECT countIf(latest_touch_occurred_at > occurred_at) FROM submissions)", 0, 0},
		{"deals of nobody", "(SELECT countIf((site_id, contact_id) NOT IN (SELECT site_id, contact_id FROM submissions)) FROM deals)", 0, 0},
		{"contacts of the CRM", "(SELECT count() FROM contacts)", 20, 80},
		{"companies of the CRM", "(SELECT count() FROM companies)", 1, 20},
		{"tables left behind", "(SELECT count() FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'seed_'))", 0, 0},
	} {
		if n := number(t, conn, check.query); n < check.low || n > check.high {
			t.Errorf("%s: %v, want %v to %v", check.what, n, check.low, check.high)
		}
	}
	if text := shown.String(); !strings.Contains(text, "100 %") || strings.Contains(text, "\r") {
		t.Errorf("progress on no terminal: %q", text)
	}
}

// fingerprint is of every row of the tables as reports see them.
func fingerprint(t *testing.T, conn driver.Conn) string {
	t.Helper()
	var all []string
	for _, table := range []string{"touches", "submissions", "deals", "contacts", "companies"} {
		var n, sum uint64
		if err := conn.QueryRow(t.Context(), "SELECT count(), groupBitXor(cityHash64(toString(tuple(*)))) FROM "+table+" FINAL").Scan(&n, &sum); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %d %x", table, n, sum))
	}
	return strings.Join(all, "\n")
}

func TestTheSameCallMakesTheSameRows(t *testing.T) {
	config := Config{Site: "seed", Touches: 5_000, Seed: 3, Until: until}
	one, other := migrated(t), migrated(t)
	for _, conn := range []driver.Conn{one, other, other} { // the other database twice
		if _, err := Run(t.Context(), conn, config); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := fingerprint(t, one), fingerprint(t, other); a != b {
		t.Errorf("once:\n%s\ntwice:\n%s", a, b)
	}
	config.Seed = 4
	another := migrated(t)
	if _, err := Run(t.Context(), another, config); err != nil {
		t.Fatal(err)
	}
	if a, b := fingerprint(t, one), fingerprint(t, another); a == b {
		t.Error("another seed makes the same rows")
	}
}

func TestNothingToMake(t *testing.T) {
	if _, err := Run(t.Context(), nil, Config{Site: "seed", Until: until}); err == nil {
		t.Error("no touches were asked for, and that is fine")
	}
}
