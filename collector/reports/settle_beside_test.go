package reports

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// halted stops before the first table is settled, and says so, until it may go on.
type halted struct {
	driver.Conn
	reached, goOn chan struct{}
}

func (h *halted) Exec(ctx context.Context, query string, args ...any) error {
	if h.reached != nil && len(query) > 1000 { // a settlement's beginning is written down by a short one
		close(h.reached)
		h.reached = nil
		<-h.goOn
	}
	return h.Conn.Exec(ctx, query, args...)
}

// Whoever asks for a report does not wait for a site that is settled from nothing, which takes minutes where it has millions of
// touches: what was settled before is read, and what changes meanwhile is settled over it.
func TestReportsDoNotWaitForASettlementOfAll(t *testing.T) {
	conn := database(t)
	random := rand.New(rand.NewPCG(5, 6))
	world := sparseWorld(random, "settled-beside", 3)
	records := world.records()
	late := records[len(records)-20:]
	insertShuffled(t, conn, records[:len(records)-20])

	wait := beginSettling(t, conn)
	if current := readsSettled(t, conn); current {
		t.Error("settled before it was for the first time")
	}
	wait()
	// So many changes that everything would be settled, which the last settlement knew. In the background they are looked at once more.
	err := conn.Exec(t.Context(), `INSERT INTO changes (site_id, kind, id, touch_id, visitor_id, logged_at)
		SELECT 'settled-beside', 'touch', '', generateUUIDv4(number), generateUUIDv4(number), now64(3) - toIntervalSecond(5) FROM numbers(200001)`)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); !readsSettled(t, conn); { // what was inserted within the last second may be new to a settlement
		if err := Settle(t.Context(), conn, "settled-beside", false); err != nil || time.Now().After(end) {
			t.Fatalf("not settled: %v", err)
		}
	}
	wait = beginSettling(t, conn)
	if !readsSettled(t, conn) {
		t.Error("a settlement of all unsettles what was settled")
	}
	insertShuffled(t, conn, late)
	checkSettled(t, conn, "settled-beside", random, "source_breakdown")
	wait()
	checkSettled(t, conn, "settled-beside", random, "source_breakdown", "model_breakdown")
}

// beginSettling settles a site from nothing as far as to its first table. What it returns ends that.
func beginSettling(t *testing.T, conn driver.Conn) func() {
	t.Helper()
	reached, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() { ended <- Settle(context.Background(), &halted{conn, reached, goOn}, "settled-beside", false) }()
	select {
	case <-reached:
	case err := <-ended:
		t.Fatalf("settled without a statement: %v", err)
	}
	return func() {
		t.Helper()
		close(goOn)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
}

// readsSettled tells whether a report may read the settled tables.
func readsSettled(t *testing.T, conn driver.Conn) bool {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	answer := make(chan bool, 1)
	go func() {
		current, err := settleForReport(ctx, conn, "settled-beside")
		answer <- current && err == nil
	}()
	select {
	case current := <-answer:
		return current
	case <-ctx.Done():
		t.Fatal("a report waits for the settlement of all")
		return false
	}
}
