package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/tools/load/faults"
	"github.com/headwater/headwater/tools/load/unreliable"
)

// The tests of this file are the promise of the whole: whatever fails around the collector, everything that it has
// answered well is in the reports exactly once. What a fault does within one package is that package's test.

func TestKilledTwentyTimesUnderLoad(t *testing.T) {
	t.Parallel()
	v := startVictim(t, collectortest.Redis(t))
	for range 20 {
		v.accepts(1 + rand.IntN(30))
		v.kill()
		v.start()
	}
	v.accepts(20)
	if verdict := v.settle(); verdict.Accepted < 200 {
		t.Errorf("only %d records were accepted", verdict.Accepted)
	}
}

// TestRedisFailsUnderLoad: whatever Redis does, or forgets, nobody waits for it and nothing is doubled.
func TestRedisFailsUnderLoad(t *testing.T) {
	t.Parallel()
	server := collectortest.StartRedis(t)
	v := startVictim(t, server.URL())
	for _, hurt := range []func(){server.Kill, server.Restart, server.Pause, server.Resume, func() { server.Do("FLUSHALL") }, server.Restart} {
		hurt()
		v.accepts(60)
	}
	v.settle()
}

// TestRedisClusterLosesAPrimaryUnderLoad: of six nodes the primary of a site's keys dies, and later comes back empty.
func TestRedisClusterLosesAPrimaryUnderLoad(t *testing.T) {
	t.Parallel()
	cluster := collectortest.StartRedisCluster(t)
	v := startVictim(t, cluster.URL())
	v.accepts(60)
	lost := cluster.PrimaryOf("d:{acme}")
	lost.Kill()
	v.accepts(60)
	cluster.AwaitServing()
	waitFor(t, 30*time.Second, func() (string, bool) {
		up, err := v.metric("headwater_redis_up")
		return fmt.Sprintf("Redis counts as %v (%v)\n%s", up, err, v.lastLines()), err == nil && up == 1
	})
	v.accepts(60)
	lost.Restart()
	v.accepts(60)
	v.settle()
}

// TestClickHouseFailsUnderLoad lets it fail in every way that needs no process to end; forward and store have the others.
func TestClickHouseFailsUnderLoad(t *testing.T) {
	t.Parallel()
	v := startVictim(t, collectortest.Redis(t))
	for _, mode := range []unreliable.Mode{
		unreliable.Hang(), unreliable.Break(), unreliable.Unavailable(503), unreliable.Refuse(252, "TOO_MANY_PARTS"),
		unreliable.Refuse(60, "UNKNOWN_TABLE"), unreliable.Refuse(1002, "UNKNOWN_EXCEPTION"),
	} {
		v.misbehave(mode, 1)
	}
	// Sent again under the tokens of inserts that have happened.
	v.misbehave(unreliable.Cut(), 3)
	// A table that calls a block's rows bad is asked again with fewer of them.
	v.misbehave(unreliable.RefuseLarge(117, "INCORRECT_DATA", 1500), 1)
	v.settle()
}

// TestBothDownAndBack: for a while there is neither Redis nor ClickHouse, and the collector itself is killed too.
func TestBothDownAndBack(t *testing.T) {
	t.Parallel()
	server := collectortest.StartRedis(t)
	v := startVictim(t, server.URL())
	v.accepts(40)
	server.Kill()
	if err := v.proxy.Point("http://" + freeAddress(t)); err != nil {
		t.Fatal(err)
	}
	v.accepts(100)
	v.kill()
	v.start()
	v.accepts(100)
	if err := v.proxy.Point(v.dsn); err != nil {
		t.Fatal(err)
	}
	v.accepts(40)
	server.Restart()
	v.settle()
}

// TestDiskFullUnderLoad: no byte is left on the volume of the spool while ClickHouse is away. Who is turned away is told so,
// and comes again.
func TestDiskFullUnderLoad(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "volume")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	args := []string{"--spool-dir", dir}
	unmount, mountErr := faults.MountSmall(dir, 160<<20)
	if mountErr == nil {
		t.Cleanup(func() {
			if err := unmount(); err != nil {
				t.Error(err)
			}
		})
	} else {
		t.Logf("no volume can be mounted (%v): spool_max_bytes plays the full disk", mountErr)
		args = append(args, "--spool-max-bytes", "20000")
	}
	v := startVictim(t, collectortest.Redis(t), args...)
	v.accepts(40)
	v.proxy.Set(unreliable.Hang())
	refused := func() (string, bool) {
		refused := v.player.Ledger.Totals().Refused
		return fmt.Sprintf("the full disk turned nobody away: %v", refused), refused["spool_full"]+refused["not_kept"] >= 20
	}
	if mountErr == nil {
		deadline := time.Now().Add(30 * time.Second)
		if _, err := faults.Fill(dir, func() bool { _, enough := refused(); return !enough && time.Now().Before(deadline) }); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, 30*time.Second, refused)
	v.proxy.Set(unreliable.Forward())
	v.accepts(100)
	v.settle()
	v.kill() // before its volume goes
}

// TestSIGTERMUnderLoad: it ends well. What it accepted is in ClickHouse then, or, where that is too slow for the ten seconds,
// waits for the next start, and the log says so.
func TestSIGTERMUnderLoad(t *testing.T) {
	t.Parallel()
	v := startVictim(t, collectortest.Redis(t))
	for range 3 {
		v.forwards()
		v.accepts(50)
		v.terminate(25 * time.Second)
		waiting, err := filepath.Glob(filepath.Join(v.spool(), "seg-*"))
		if err != nil || len(waiting) > 0 && !strings.Contains(v.lastLines(), "stay in the spool") {
			t.Errorf("%d segments wait for the next start, and the log does not say so (%v)\n%s", len(waiting), err, v.lastLines())
		}
		v.start()
	}
	v.settle()
	if totals := v.player.Ledger.Totals(); totals.Refused["internal"] > 0 {
		t.Errorf("refused: %v", totals.Refused)
	}
}
