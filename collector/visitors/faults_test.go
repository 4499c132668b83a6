package visitors

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/schema"
)

// testTimeout stands for Timeout where other tests keep the machine busy: there a healthy Redis may need longer than that.
const testTimeout = time.Second

// longestCall is how long a call may take: two round trips where a slot is half moved, and what a machine that lets a timer
// wait that long may need besides.
func longestCall(timeout, late time.Duration) time.Duration {
	return 2*timeout + Timeout + 10*late
}

// stream asks Redis all the time while a test maltreats it, as several sites' forwarders would. Every call must end in
// time, and be right where it gives an answer.
type stream struct {
	t *testing.T
	v *Visitors

	stop    context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	answered int // calls with an answer, since the latest look
	failed   map[string]int
	cause    error // the latest failure but ErrResting
	longest  time.Duration
	late     time.Duration // how long a timer waited at most
	wrong    []string
}

const streamSites = 20 // whose slots lie on all nodes of a cluster

func startStream(t *testing.T, v *Visitors) *stream {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s := &stream{t: t, v: v, stop: stop, failed: map[string]int{}}
	for worker := range 3 {
		s.running.Go(func() {
			pace := time.NewTicker(10 * time.Millisecond) // or this process would leave the machine nothing for Redis
			defer pace.Stop()
			for round := 0; ctx.Err() == nil; round++ {
				s.ask(ctx, worker, round)
				select {
				case <-pace.C:
				case <-ctx.Done():
				}
			}
		})
	}
	s.running.Go(func() { s.watchClock(ctx) })
	t.Cleanup(s.end)
	return s
}

// watchClock notes how late the machine is.
func (s *stream) watchClock(ctx context.Context) {
	for ctx.Err() == nil {
		start := time.Now()
		timer := time.NewTimer(5 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		s.mu.Lock()
		s.late = max(s.late, time.Since(start)-5*time.Millisecond)
		s.mu.Unlock()
	}
}

// ask sends new records twice at once, of which the second is a duplicate whatever Redis forgot before, and claims.
func (s *stream) ask(ctx context.Context, worker, round int) {
	records, arrivals := make([]Seen, 0, 2*callKeys+100), make([]Arrival, 0, callKeys)
	for i := range cap(records) / 2 {
		site, id := schema.SiteID(fmt.Sprint("s", i%streamSites)), uuid.NewString()
		identity := fmt.Sprint(worker, ":", round, ":", i)
		records = append(records, seen(site, schema.KindTouch, id, identity), seen(site, schema.KindTouch, id, identity+":again"))
		arrivals = append(arrivals, arrival(site, schema.VisitorID(id), time.Now(), schema.TouchID(id)))
	}
	duplicates, err := timed(s, func() ([]bool, error) { return s.v.Duplicates(ctx, records) })
	for i, duplicate := range duplicates {
		if err == nil && duplicate != (i%2 == 1) {
			s.mu.Lock()
			s.wrong = append(s.wrong, fmt.Sprintf("record %d of %d: duplicate is %v", i, len(records), duplicate))
			s.mu.Unlock()
		}
	}
	_, _ = timed(s, func() (bool, error) { return true, s.v.ClaimFirstTouches(ctx, arrivals) })
	_, _ = timed(s, func() (schema.Touch, error) {
		touch, _, err := s.v.FirstTouch(ctx, arrivals[0].Site, arrivals[0].Visitor)
		return touch, err
	})
	_, _ = timed(s, func() (bool, error) { return s.v.ClaimLink(ctx, "s1", uuid.NewString(), time.Minute) })
}

// timed notes how a call ended.
func timed[T any](s *stream, call func() (T, error)) (T, error) {
	start := time.Now()
	value, err := call()
	took := time.Since(start)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.longest = max(s.longest, took)
	switch {
	case err == nil:
		s.answered++
	case errors.Is(err, ErrResting):
		s.failed["resting"]++
	default:
		s.failed[err.Error()]++
		s.cause = err
	}
	return value, err
}

// awaitTrouble returns when a call failed, and others after it were refused at once.
func (s *stream) awaitTrouble() {
	s.t.Helper()
	s.look()
	eventually(s.t, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.failed["resting"] == 0 || len(s.failed) < 2 || !s.v.Stats().Resting {
			return fmt.Errorf("failures %v, stats %+v", s.failed, s.v.Stats())
		}
		return nil
	})
}

// awaitAnswers returns when calls are answered again and nothing fails any more.
func (s *stream) awaitAnswers() {
	s.t.Helper()
	s.look()
	eventually(s.t, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.failed) > 0 {
			err := fmt.Errorf("%d answers, failures %v, the latest %v", s.answered, s.failed, s.cause)
			s.answered, s.failed = 0, map[string]int{}
			return err
		}
		if s.answered < 16 || s.v.Stats().Resting {
			return fmt.Errorf("%d answers, stats %+v", s.answered, s.v.Stats())
		}
		return nil
	})
}

// look forgets what was counted so far.
func (s *stream) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answered, s.failed = 0, map[string]int{}
}

// end stops asking, and tells what was wrong.
func (s *stream) end() {
	s.stop()
	s.running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.longest > longestCall(s.v.timeout, s.late) {
		s.t.Errorf("a call took %v, while timers were up to %v late", s.longest, s.late)
	}
	if len(s.wrong) > 0 {
		s.t.Errorf("%d wrong answers: %s", len(s.wrong), strings.Join(s.wrong[:min(5, len(s.wrong))], "; "))
	}
	s.wrong = nil
}

// remembers holds that a Redis that works does so wholly: it knows what it is told from now on.
func remembers(t *testing.T, v *Visitors) {
	t.Helper()
	for i := range streamSites {
		site, id := schema.SiteID(fmt.Sprint("s", i)), uuid.NewString()
		wantDuplicates(t, v, []Seen{seen(site, schema.KindTouch, id, "seg:1")}, false)
		wantDuplicates(t, v, []Seen{seen(site, schema.KindTouch, id, "seg:2")}, true)
		wantDuplicates(t, v, []Seen{seen(site, schema.KindTouch, id, "seg:1")}, false)
		later := arrival(site, schema.VisitorID(id), time.UnixMilli(2_000).UTC(), "2")
		earlier := arrival(site, schema.VisitorID(id), time.UnixMilli(1_000).UTC(), "1")
		for _, claim := range []Arrival{later, earlier, later} {
			if err := v.ClaimFirstTouches(t.Context(), []Arrival{claim}); err != nil {
				t.Fatal(err)
			}
		}
		if touch, known, err := v.FirstTouch(t.Context(), site, schema.VisitorID(id)); err != nil || !known || touch.TouchID != "1" {
			t.Fatalf("first touch %+v (%v, %v)", touch, known, err)
		}
	}
}

func TestServerKilledPausedAndEmptied(t *testing.T) {
	t.Parallel()
	server := collectortest.StartRedis(t)
	v := openFor(t, server.URL(), testTimeout)
	s := startStream(t, v)
	s.awaitAnswers()
	server.Kill()
	s.awaitTrouble()
	server.Restart()
	s.awaitAnswers()
	server.Pause()
	s.awaitTrouble()
	server.Resume()
	s.awaitAnswers()
	for range 20 { // no failure, and no wrong answer: a call is answered by one run of a script
		server.Do("FLUSHALL")
		server.Do("SCRIPT FLUSH")
	}
	s.awaitAnswers()
	s.end()
	remembers(t, v)
}

// What the collector opens gives up after Timeout.
func TestAServerThatHangsCostsATimeout(t *testing.T) {
	server := collectortest.StartRedis(t)
	v, err := Open(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	server.Pause()
	s := startStream(t, v)
	s.awaitTrouble()
	s.end()
	server.Resume()
	eventually(t, func() error { _, _, err := v.FirstTouch(t.Context(), "a", "v"); return err })
}

func TestClusterLosesAPrimary(t *testing.T) {
	t.Parallel()
	cluster := collectortest.StartRedisCluster(t)
	v := openFor(t, cluster.URL(), testTimeout)
	s := startStream(t, v)
	s.awaitAnswers()

	cluster.MoveSlotOf("d:{s0}:", s.awaitAnswers) // ASK, and then MOVED
	s.awaitAnswers()

	killed := cluster.PrimaryOf("d:{s0}:")
	killed.Kill()
	s.awaitTrouble()
	cluster.AwaitServing() // by its replica
	s.awaitAnswers()
	killed.Restart()
	cluster.AwaitHealthy()
	s.awaitAnswers()

	paused := cluster.PrimaryOf("d:{s0}:")
	paused.Pause()
	s.awaitTrouble()
	s.awaitAnswers() // the node that was killed serves again
	paused.Resume()
	cluster.AwaitHealthy()
	cluster.Forget()
	s.awaitAnswers()
	s.end()
	remembers(t, v)
}

func TestSentinelsReplaceThePrimary(t *testing.T) {
	t.Parallel()
	sentinels := collectortest.StartRedisSentinels(t)
	v := openFor(t, sentinels.URL(), testTimeout)
	s := startStream(t, v)
	s.awaitAnswers()
	sentinels.Sentinels[0].Kill() // whom the URL names first
	s.awaitAnswers()
	sentinels.Primary.Kill()
	s.awaitTrouble()
	s.awaitAnswers()
	s.end()
	remembers(t, v)
}
