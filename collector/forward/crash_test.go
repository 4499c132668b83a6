package forward

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

var stepNames = map[step]string{
	beforeFilter: "filter", beforeInsert: "insert", beforeClaim: "claim", beforeCheckpoint: "checkpoint",
	beforeFinish: "finish", afterFinish: "next segment",
}

// dieBefore ends the forwarder before the step of the task that comes as number nth, counted from 0: the stage stops
// there, and the others wherever they are.
func (f *Forwarder) dieBefore(what step, nth int) {
	var mu sync.Mutex
	f.step = func(ctx context.Context, now step, _ *task) {
		mu.Lock()
		dies := now == what && nth == 0
		if now == what {
			nth--
		}
		mu.Unlock()
		if dies {
			f.kill()
			<-ctx.Done()
		}
	}
}

// runUntilDeath runs the forwarder and gives the spool free for the next process.
func (r *rig) runUntilDeath(t *testing.T) {
	t.Helper()
	if err := r.forward.Run(t.Context()); err == nil {
		t.Error("the forwarder came to its end alive")
	}
	if err := r.spool.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// crashRecords are records of two tables and two months with copies among them.
func crashRecords(site schema.SiteID) (touched, submitted, all []schema.Record) {
	april := march.AddDate(0, 1, 0)
	touched = append(touches(7, march), touches(7, april)...)
	for i := range 4 {
		submitted = append(submitted, submissionAt(march.AddDate(0, i%2, 0)))
	}
	ofSite(site, append(touched, submitted...)...)
	all = append(append(append(all, touched...), submitted...), touched[3:9]...)
	return touched, submitted, append(all, submitted[1])
}

// The process dies between any two steps of a chunk, with a Redis that remembers what it was told and with one that has
// forgotten it: the next process brings every record, once.
func TestDeathBetweenAnyTwoSteps(t *testing.T) {
	server, st := collectortest.StartRedis(t), migratedStore(t)
	for what, name := range stepNames {
		for _, nth := range []int{0, 2} {
			if nth > 0 && (what == beforeFinish || what == afterFinish) {
				continue // there is one segment
			}
			for _, forgets := range []bool{false, true} {
				t.Run(fmt.Sprintf("before %s %d, Redis forgets %v", name, nth, forgets), func(t *testing.T) {
					server.Do("FLUSHALL")
					site := schema.SiteID(fmt.Sprint(int(what), nth, forgets))
					dieAndComeBack(t, server, st, site, what, nth, forgets)
				})
			}
		}
	}
}

func dieAndComeBack(t *testing.T, server *collectortest.RedisServer, st *store.Store, site schema.SiteID, what step, nth int, forgets bool) {
	dir, v := t.TempDir(), openVisitors(t, server.URL())
	touched, submitted, all := crashRecords(site)
	first := rigOn(t, openSpool(t, dir, time.Hour), st, v)
	first.keep(t, all...)
	first.seal(t)
	first.forward.limits = limits{rows: 4, bytes: 1 << 20}
	first.forward.dieBefore(what, nth)
	first.runUntilDeath(t)
	if forgets {
		server.Do("FLUSHALL")
	}
	second := rigOn(t, openSpool(t, dir, time.Hour), st, v)
	second.forward.limits = first.forward.limits
	second.start(t)
	second.drain(t)
	second.wantEachOnce(t, "touches", "touch_id", touched)
	second.wantEachOnce(t, "submissions", "submission_id", submitted)
	second.wantEachOnce(t, "submission_fields", "submission_id", submitted)
}

// One node claims a record in Redis and dies before it inserts; the other drops its own copy, since it is claimed. The
// record comes when the first node does.
func TestAClaimOfADeadNodeIsKept(t *testing.T) {
	dir, st, v := t.TempDir(), migratedStore(t), openVisitors(t, collectortest.Redis(t))
	records := touches(5, march)
	one := rigOn(t, openSpool(t, dir, time.Hour), st, v)
	one.keep(t, records...)
	one.seal(t)
	one.forward.dieBefore(beforeInsert, 0)
	one.runUntilDeath(t)

	other := rigOn(t, openSpool(t, t.TempDir(), time.Hour), st, v)
	other.keep(t, records...)
	other.start(t)
	other.drain(t)
	again := rigOn(t, openSpool(t, dir, time.Hour), st, v)
	again.start(t)
	again.drain(t)
	again.wantEachOnce(t, "touches", "touch_id", records)
	if n := other.forward.Stats().Duplicates + again.forward.Stats().Duplicates; n != 5 && again.forward.Stats().Redis == ok {
		t.Errorf("%d duplicates", n)
	}
}
