// Load measures the collector and holds it to its word.
//
// With -bench it prints how many touches a second the collector takes and how many rows a second it forwards, each beside
// a bare baseline that is measured in the same run: absolute numbers say more about the machine than about the program.
// With -faults it starts a stack of its own, plays visitors, and lets everything around the collector fail meanwhile.
// Without either, it plays visitors against a running stack for a while. In both cases it then looks up every record that
// the collector said it had taken: each must be in ClickHouse exactly once.
//
// Belongs here: the command line, and measuring. Does not belong here: what is played (play) and what fails (faults,
// unreliable), and assertions about attribution (tools/story).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/headwater/headwater/tools/dev/stack"
	"github.com/headwater/headwater/tools/load/faults"
)

const usage = `Usage: go run ./tools/load -bench [-strict]    (or: make bench)
       go run ./tools/load -faults [-duration D] [-rate N] [-seed N] [-data FOLDER] [-soak]
       go run ./tools/load [-rate N] [-duration D] [-stack FILE]

-bench measures accepting, forwarding and memory, in about a minute, with processes of its own, and says which bounds are
held; with -strict one that is not returns 1.
-faults starts a stack of its own, plays visitors, and meanwhile kills, stops, fills and breaks what there is around the
collector and the collector itself, on a schedule that the seed decides; from 20 s on.
Without either, visitors are played against the stack that runs (make run); only targets on this machine are taken.
In both cases every record that was accepted is looked up afterwards: 1 is returned where one is lost or doubled.

`

func main() {
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	bench := flag.Bool("bench", false, "measure accepting and forwarding beside bare baselines")
	rounds := flag.Int("rounds", 5, "interleaved rounds of -bench")
	round := flag.Duration("round", 1500*time.Millisecond, "length of a round of -bench")
	only := flag.String("only", "", "-bench measures nothing but accept (which needs no ClickHouse), forward or backlog")
	profiles := flag.String("profiles", "", "folder to which -bench writes profiles of the collector")
	strict := flag.Bool("strict", false, "-bench returns 1 where a bound is not held")
	connections := flag.Int("connections", 64, "connections at a time")
	failing := flag.Bool("faults", false, "play against a stack of its own in which things go wrong")
	seed := flag.Uint64("seed", 1, "of the schedule of -faults and of what its visitors do")
	data := flag.String("data", "", "empty folder for everything that -faults makes, kept afterwards; none: a temporary one")
	soak := flag.Bool("soak", false, "with -faults: fail where the collector's memory or goroutines grow (from about 5 minutes on)")
	rate := flag.Float64("rate", 50, "visitors a second")
	duration := flag.Duration("duration", 10*time.Second, "for how long visitors come")
	file := flag.String("stack", stack.DefaultFile, "description of the stack to play against, written by tools/dev")
	flag.Parse()
	if address := os.Getenv(bareRole); address != "" {
		serveBare(address)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case *bench:
		err = runBench(ctx, benchConfig{rounds: *rounds, round: *round, connections: *connections, only: *only, profiles: *profiles, strict: *strict, out: os.Stdout})
	case *failing:
		err = faults.Run(ctx, faults.Config{Duration: *duration, Rate: *rate, Workers: *connections, Seed: *seed, Data: *data, Soak: *soak, Out: os.Stdout})
	default:
		err = runJourneys(ctx, *file, journeysConfig{rate: *rate, duration: *duration, workers: *connections, out: os.Stdout})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		stop()
		os.Exit(1)
	}
}

// onLoopback refuses a target on another machine: this program is no weapon.
func onLoopback(target string) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return errors.New("the target " + target + " is not on this machine: only localhost is taken")
}
