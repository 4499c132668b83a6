package reports

import (
	"context"
	"math/rand/v2"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/schema"
)

// counting is a connection that counts its queries.
type counting struct {
	driver.Conn
	queries atomic.Int32
}

func (c *counting) Query(ctx context.Context, query string, args ...any) (driver.Rows, error) {
	c.queries.Add(1)
	return c.Conn.Query(ctx, query, args...)
}

// Reports whose rows are all there are held against their totals by their sums, and need each but once; together they need each total once,
// and say what they say alone.
func TestTogether(t *testing.T) {
	conn := &counting{Conn: database(t)}
	t.Run("each total once", func(t *testing.T) { checkTogether(t, conn) })
	t.Run("after new records", func(t *testing.T) { checkStale(t, conn) })
}

func checkTogether(t *testing.T, conn *counting) {
	const site schema.SiteID = "together"
	insert(t, conn, randomWorld(rand.New(rand.NewPCG(7, 7)), site).records())
	days := Params{Site: site, From: "2026-03-02", To: "2026-03-09"}
	before := Params{Site: site, From: "2026-03-01", To: "2026-03-02"}
	firstTouch := days
	firstTouch.DataPoint, firstTouch.By = FirstTouch, []Dimension{ByCampaign, ByMedium}
	asked := []struct {
		name    string
		params  Params
		queries int32 // when it is asked alone
		more    int32 // together with those above it
	}{
		{"source_breakdown", days, 2, 2},
		{"source_breakdown", firstTouch, 2, 1},
		{"source_breakdown", before, 2, 2},
		{"top_forms", days, 2, 1},
		{"paths", days, 2, 1},
		{"pipeline", days, 2, 2},
		{"costs", days, 2, 2},
		{"compare_models", days, 3, 2}, // and Markov's steps
	}
	ctx := Together(t.Context())
	for _, one := range asked {
		conn.queries.Store(0)
		want, err := Run(t.Context(), conn, one.name, one.params)
		if err != nil {
			t.Fatal(err)
		}
		alone := conn.queries.Swap(0)
		got, err := Run(ctx, conn, one.name, one.params)
		if err != nil {
			t.Fatal(err)
		}
		if together := conn.queries.Load(); alone != one.queries || together != one.more {
			t.Errorf("%s %v: %d queries alone, %d together, want %d and %d", one.name, one.params.By, alone, together, one.queries, one.more)
		}
		if !reflect.DeepEqual(got.Rows, want.Rows) || !reflect.DeepEqual(got.Totals, want.Totals) || len(got.Rows) == 0 {
			t.Errorf("%s: together %v %v, alone %v %v", one.name, got.Rows, got.Totals, want.Rows, want.Totals)
		}
	}
}

// What a report found stale is asked again, and what it found is what others get.
func checkStale(t *testing.T, conn *counting) {
	const site schema.SiteID = "stale"
	world := randomWorld(rand.New(rand.NewPCG(8, 8)), site)
	all := world.records()
	insert(t, conn, all[:len(all)/2])
	ctx := Together(t.Context())
	if _, err := Run(ctx, conn, "source_breakdown", Params{Site: site}); err != nil {
		t.Fatal(err)
	}
	insert(t, conn, all[len(all)/2:])
	for _, wanted := range []int32{2, 1} {
		conn.queries.Store(0)
		got, err := Run(ctx, conn, "source_breakdown", Params{Site: site, By: []Dimension{ByChannel}})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, got)
		if n := conn.queries.Load(); n != wanted {
			t.Errorf("%d queries, want %d", n, wanted)
		}
	}
}

// A failure is not kept.
func TestOnceAgainAfterAnError(t *testing.T) {
	failing, cancel := context.WithCancel(context.Background())
	cancel()
	o := &once[int]{}
	always := func(int) bool { return true }
	if _, err := o.get(always, func() (int, error) { return 1, failing.Err() }); err == nil {
		t.Fatal("no error")
	}
	for range 2 {
		if got, err := o.get(always, func() (int, error) { return 2, nil }); got != 2 || err != nil {
			t.Error(got, err)
		}
	}
	if got, err := o.get(func(n int) bool { return n != 2 }, func() (int, error) { return 3, nil }); got != 3 || err != nil {
		t.Error(got, err)
	}
}
