package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/headwater/headwater/tools/load/unreliable"
)

// fault is a way in which things go wrong.
type fault struct {
	name        string
	least, most time.Duration // how long it may last
	recovery    time.Duration // about how long it takes until nothing waits any more
	needs       time.Duration // the shortest run that it is in
	// endsCollector says that the collector's process does not outlive it.
	endsCollector bool
	// run makes the fault, waits, and puts everything right again. It returns what there is to tell.
	run func(ctx context.Context, p *plant, hold time.Duration, r *rand.Rand) (string, error)
}

// kinds are all faults.
func kinds() []*fault {
	const quick, second = 300 * time.Millisecond, time.Second
	list := []*fault{
		{name: "kill -9 of the collector, three times", least: quick, most: 3 * second, recovery: second, endsCollector: true, run: killCollector},
		{name: "SIGTERM of the collector", least: 50 * time.Millisecond, most: second, recovery: second, endsCollector: true, run: stopCollector},
		{name: "kill -9 of Redis", least: quick, most: 10 * second, recovery: second, run: killRedis},
		{name: "SIGSTOP of Redis", least: quick, most: 10 * second, recovery: second, run: pauseRedis},
		{name: "FLUSHALL of Redis", least: 10 * time.Millisecond, most: 100 * time.Millisecond, recovery: second / 2, run: flushRedis},
		{name: "kill -9 of ClickHouse", least: quick, most: 20 * second, recovery: 2 * second, run: killClickHouse},
		{name: "kill -9 of ClickHouse and Redis", least: quick, most: 20 * second, recovery: 2 * second, run: killBoth},
		{name: "kill -9 of ClickHouse, and of the collector meanwhile", least: quick, most: 10 * second, recovery: 2 * second, endsCollector: true, run: killClickHouseAndCollector},
		{name: "disk full", least: second, most: 5 * second, recovery: 4 * second, endsCollector: true, run: fillDisk},
	}
	for _, mode := range []struct {
		unreliable.Mode
		recovery, needs time.Duration
	}{
		{Mode: unreliable.Hang(), recovery: second},
		{Mode: unreliable.Silence(), recovery: 62 * second, needs: 5 * time.Minute}, // store.InsertTimeout ends it
		{Mode: unreliable.Refuse(241, "MEMORY_LIMIT_EXCEEDED"), recovery: second},
		{Mode: unreliable.Refuse(252, "TOO_MANY_PARTS"), recovery: second},
		{Mode: unreliable.Refuse(60, "UNKNOWN_TABLE"), recovery: 3 * second},
		{Mode: unreliable.Refuse(1002, "UNKNOWN_EXCEPTION"), recovery: 3 * second},
		{Mode: unreliable.RefuseLarge(117, "INCORRECT_DATA", severalRows), recovery: second},
		{Mode: unreliable.Unavailable(503), recovery: second},
		{Mode: unreliable.Break(), recovery: second},
		{Mode: unreliable.Cut(), recovery: second},
	} {
		list = append(list, &fault{name: "ClickHouse " + mode.String(), least: 500 * time.Millisecond, most: 20 * second,
			recovery: mode.recovery, needs: mode.needs, run: misbehave(mode.Mode)})
	}
	return list
}

// severalRows is a length of an insert's compressed body, in bytes, that one row of the players never has (1,240 at most) and
// thirty rows do.
const severalRows = 1500

// unmet is how much longer than planned a fault of the proxy lasts where it has met no request yet.
const unmet = 5 * time.Second

// misbehave has the proxy fail ClickHouse's clients for a while.
func misbehave(mode unreliable.Mode) func(context.Context, *plant, time.Duration, *rand.Rand) (string, error) {
	return func(ctx context.Context, p *plant, hold time.Duration, _ *rand.Rand) (string, error) {
		p.proxy.Set(mode)
		pause(ctx, hold)
		for until := time.Now().Add(unmet); p.proxy.Failed() == 0 && time.Now().Before(until) && ctx.Err() == nil; {
			pause(ctx, 10*time.Millisecond)
		}
		failed := p.proxy.Failed()
		p.proxy.Set(unreliable.Forward())
		return fmt.Sprintf("%d requests failed", failed), nil
	}
}

func killCollector(ctx context.Context, p *plant, hold time.Duration, r *rand.Rand) (string, error) {
	for range 3 {
		pause(ctx, time.Duration(r.Int64N(int64(hold))))
		p.collector.kill()
		if err := p.collector.start(ctx); err != nil {
			return "", err
		}
	}
	return "", nil
}

func stopCollector(ctx context.Context, p *plant, hold time.Duration, _ *rand.Rand) (string, error) {
	began := time.Now()
	if err := p.collector.terminate(25 * time.Second); err != nil {
		return "", err
	}
	took := time.Since(began)
	pause(ctx, hold)
	return fmt.Sprintf("it took %s to end", round(took)), p.collector.start(ctx)
}

func killRedis(ctx context.Context, p *plant, hold time.Duration, _ *rand.Rand) (string, error) {
	p.cache.kill()
	pause(ctx, hold)
	return "", p.cache.start(ctx)
}

func pauseRedis(ctx context.Context, p *plant, hold time.Duration, _ *rand.Rand) (string, error) {
	if !p.cache.signal(syscall.SIGSTOP, false) {
		return "", errors.New("no Redis runs")
	}
	pause(ctx, hold)
	p.cache.signal(syscall.SIGCONT, false)
	return "", nil
}

func flushRedis(ctx context.Context, p *plant, hold time.Duration, _ *rand.Rand) (string, error) {
	err := p.flushRedis(ctx)
	pause(ctx, hold)
	return "", err
}

func killClickHouse(ctx context.Context, p *plant, hold time.Duration, _ *rand.Rand) (string, error) {
	p.database.kill()
	pause(ctx, hold)
	return "", p.database.start(ctx)
}

func killBoth(ctx context.Context, p *plant, hold time.Duration, _ *rand.Rand) (string, error) {
	p.database.kill()
	p.cache.kill()
	pause(ctx, hold)
	return "", errors.Join(p.cache.start(ctx), p.database.start(ctx))
}

func killClickHouseAndCollector(ctx context.Context, p *plant, hold time.Duration, r *rand.Rand) (string, error) {
	p.database.kill()
	pause(ctx, time.Duration(r.Int64N(int64(hold))))
	p.collector.kill()
	err := p.collector.start(ctx)
	pause(ctx, hold/2)
	return "", errors.Join(err, p.database.start(ctx))
}

// pause waits, or returns at once when the run is broken off: what a fault did is undone in any case.
func pause(ctx context.Context, length time.Duration) {
	select {
	case <-time.After(length):
	case <-ctx.Done():
	}
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
