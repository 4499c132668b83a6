package forward

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
)

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
		// Rows that are there are not enough: their answer may be on its way still, and would be the one that is lost.
		if n := r.forward.Stats().Rows; n != 10 {
			return fmt.Errorf("%d rows acknowledged", n)
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
