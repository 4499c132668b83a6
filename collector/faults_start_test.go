package main

import (
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/tools/load/unreliable"
)

// TestClickHouseSilentAtTheStart: it takes connections and never answers while the collector looks after its tables, and these
// connections stay. That ends no start, and forwarding begins when ClickHouse speaks again.
func TestClickHouseSilentAtTheStart(t *testing.T) {
	before := firstAttempt
	firstAttempt = 300 * time.Millisecond
	t.Cleanup(func() { firstAttempt = before })
	dsn := collectortest.ClickHouse(t)
	way, err := unreliable.Start(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = way.Close() })
	way.Set(unreliable.Silence())
	r := &rig{dsn: way.DSN(dsn), redis: collectortest.Redis(t)}
	r.config, r.key = testConfig(t, r.dsn, r.redis)
	r.start(t)
	r.postForm(t, "/f/signup?site=acme&utm_source=linkedin", "email=ada@example.com")
	waitFor(t, 60*time.Second, func() (string, bool) { return "nobody asked ClickHouse anything", way.Failed() > 1 })
	way.Set(unreliable.Forward())
	waitFor(t, 60*time.Second, func() (string, bool) { return "the spool is not empty", r.spool.Stats().Bytes == 0 })
	if n := r.breakdown(t, "acme").leads("linkedin"); n != 1 {
		t.Errorf("%d leads, not 1", n)
	}
}
