// Package faults starts a whole Headwater, plays visitors, lets everything around the collector fail on a schedule, and
// then holds ClickHouse and the reports to what the collector had said it has taken.
//
// Belongs here: the processes, the faults, their schedule, what is printed. Does not belong here: what visitors do and
// what must be stored (play), how ClickHouse fails (unreliable).
package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/headwater/headwater/tools/load/play"
)

// Config is a run.
type Config struct {
	Duration time.Duration
	Rate     float64 // visitors a second
	Workers  int     // visitors at a time
	Seed     uint64
	// Data is the folder for everything; "" is a temporary one, which is removed in the end.
	Data string
	// Soak watches the collector's memory and goroutines over the middle of the run, in which nothing ends its process.
	Soak bool
	Out  io.Writer
}

// Shortest is the shortest run.
const Shortest = 20 * time.Second

// Run does it all. Its error is what cannot be: an accepted record that is lost or doubled, a part that crashed, a report
// that says something else, a client's address in a file. It has printed the rest.
func Run(ctx context.Context, c Config) error {
	if c.Duration < Shortest || c.Rate <= 0 || c.Workers < 1 {
		return fmt.Errorf("-duration must be %s at least, -rate and -connections more than nothing", Shortest)
	}
	data, err := prepareData(c.Data)
	if err != nil {
		return err
	}
	if c.Data == "" {
		defer os.RemoveAll(data)
	}
	fmt.Fprintln(c.Out, "Starting ClickHouse, Redis and the collector …")
	p, err := startPlant(ctx, data)
	if err != nil {
		return err
	}
	r := &run{Config: c, plant: p, player: newPlayer(c, p)}
	r.introduce()
	err = r.test(ctx)
	p.stop()
	if ctx.Err() != nil {
		return errors.New("interrupted; everything is stopped")
	}
	return errors.Join(err, r.privacy())
}

func prepareData(data string) (string, error) {
	if data == "" {
		return os.MkdirTemp("", "headwater-faults-")
	}
	if entries, err := os.ReadDir(data); err == nil && len(entries) > 0 {
		return "", fmt.Errorf("%s is not empty: a run needs a fresh folder", data)
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	return filepath.Abs(data)
}

func newPlayer(c Config, p *plant) *play.Player {
	return play.New(play.Config{URL: p.url, Key: p.key, Site: site, Form: form, Origin: origin, Run: "load-" + uuid.NewString()[:8],
		Seed: c.Seed, Ledger: play.NewLedger(), Workers: c.Workers})
}

// run is one run.
type run struct {
	Config
	*plant
	player *play.Player

	began time.Time

	mu       sync.Mutex // guards Out and what follows
	met      []recovered
	problems []error
	growth   growth
}

// recovered is a fault that was got over.
type recovered struct {
	name string
	took time.Duration
}

// test plays and makes faults, then compares.
func (r *run) test(ctx context.Context) error {
	playing, stop := context.WithTimeout(ctx, r.Duration)
	defer stop()
	r.began = time.Now()
	var group sync.WaitGroup
	group.Go(func() { r.player.Play(playing, r.Rate) })
	group.Go(func() { r.progress(playing) })
	r.misfortunes(playing)
	group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := r.awaitEmptySpool(ctx); err != nil {
		r.problem(err)
	}
	return r.judge(ctx)
}

// steadyPart is the middle of a soak.
func (r *run) steadyPart() func(time.Duration) bool {
	if !r.Soak {
		return never
	}
	return func(at time.Duration) bool { return at > r.Duration/5 && at < r.Duration*9/10 }
}

// misfortunes makes the faults of the schedule, one after the other, until ctx ends, and returns when all are got over.
func (r *run) misfortunes(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	steady := r.steadyPart()
	steps := schedule(r.Seed, r.Duration, kinds(), steady)
	for i, s := range steps {
		pause(ctx, time.Until(r.began.Add(s.at)))
		if s.fault.endsCollector && steady(time.Since(r.began)) {
			continue // it comes late, since others took longer to be got over
		}
		if ctx.Err() != nil {
			r.say("%d faults found no time any more", len(steps)-i)
			return
		}
		over := make(chan struct{})
		healed, told, err := r.misfortune(ctx, s)
		if err != nil {
			continue
		}
		group.Go(func() {
			defer close(over)
			r.catchUp(ctx, s, healed, told)
		})
		r.breathe(over, steps[i+1:])
		if r.Soak && steady(time.Since(r.began)) {
			r.sample(ctx)
		}
	}
}

// hurry is the length of runs whose faults follow each other whether or not the one before has been got over: so a minute
// is enough for all kinds also on a slow machine. In longer runs each finds a collector that has caught up, or else the
// forwarder's waits, up to 30 s, would soon leave it no time to work between two faults.
const hurry = 2 * time.Minute

// breathe waits until the present fault is over, but in a short run no longer than until the next one is due.
func (r *run) breathe(over <-chan struct{}, next []step) {
	if r.Duration >= hurry {
		<-over
		return
	}
	due := r.Duration
	if len(next) > 0 {
		due = next[0].at
	}
	select {
	case <-over:
	case <-time.After(time.Until(r.began.Add(due))):
	}
}

// misfortune makes one fault and undoes it, also when the run ends meanwhile.
func (r *run) misfortune(ctx context.Context, s step) (healed time.Time, told string, err error) {
	r.say("%s, for %s", s.fault.name, s.hold)
	healing := context.WithoutCancel(ctx)
	told, err = s.fault.run(healing, r.plant, s.hold, rand.New(rand.NewPCG(s.seed, 0)))
	if err != nil {
		r.problem(fmt.Errorf("%s: %w", s.fault.name, err))
		r.revive(healing)
	}
	return time.Now(), told, err
}

// catchUp waits until what was accepted before healed is in ClickHouse.
func (r *run) catchUp(ctx context.Context, s step, healed time.Time, told string) {
	if err := r.awaitCaughtUp(context.WithoutCancel(ctx), healed); err != nil {
		r.problem(fmt.Errorf("%s: %w", s.fault.name, err))
		return
	}
	took := time.Since(healed)
	r.mu.Lock()
	r.met = append(r.met, recovered{s.fault.name, took})
	r.mu.Unlock()
	if told != "" {
		told = " (" + told + ")"
	}
	r.say("  caught up %s after %s%s", round(took), s.fault.name, told)
}

// revive starts what a fault has left dead, so that the run can go on.
func (r *run) revive(ctx context.Context) {
	for _, part := range []*process{r.database, r.cache, r.collector} {
		if part.ready(ctx) != nil {
			part.kill()
			if err := part.start(ctx); err != nil {
				r.problem(err)
			}
		}
	}
}

func (r *run) problem(err error) {
	r.say("! %v", err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, err)
}

// judge compares, prints, and returns what is wrong.
func (r *run) judge(ctx context.Context) error {
	options, err := clickhouse.ParseDSN(r.clickHouse + "/headwater")
	if err != nil {
		return err
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return err
	}
	defer conn.Close()
	verdict, err := r.player.Await(ctx, conn, 30*time.Second)
	if err != nil {
		return err
	}
	r.printVerdict(verdict)
	var wrong []error
	if text := verdict.Wrong(); text != "" {
		wrong = append(wrong, errors.New(text))
	}
	wrong = append(wrong, r.compareReport(ctx, verdict), r.searchTables(ctx, conn))
	for _, crash := range r.crashed() {
		wrong = append(wrong, fmt.Errorf("crashed by itself: %s", crash))
	}
	if r.Soak {
		wrong = append(wrong, r.judgeGrowth())
	}
	return errors.Join(append(wrong, r.problems...)...)
}
