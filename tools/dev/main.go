// Dev runs the whole of Headwater in one terminal, with no server installed: the embedded ClickHouse engine, Redis,
// the collector and a demo website whose links play campaigns. `make run` is this program.
//
// Belongs here: what the stack is made of, its ports, its folder. Does not belong here: keeping processes alive
// (supervise), the website (demo), how other tools find the stack (stack).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/headwater/headwater/tools/dev/stack"
)

const usage = `Usage: go run ./tools/dev [flags]        (or: make run)

Starts everything in this terminal: ClickHouse (embedded), Redis, the collector and a demo website. Ctrl-C stops it all.
Uses the ports 8080 (demo), 8081 (outside world), 8090 (collector), 8123 (ClickHouse) and 6379 (Redis) where they are
free, others where not. Set CLICKHOUSE_DSN or REDIS_URL to use servers of your own instead.

`

// options are the program's flags.
type options struct {
	data          string
	site          string
	open          bool
	verbose       bool
	freePorts     bool
	exitWithStdin bool
}

func main() {
	var o options
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	flag.StringVar(&o.data, "data", ".headwater", "folder for data, logs, binaries and the configuration; relative to the checkout")
	flag.StringVar(&o.site, "site", "demo", "site id of the demo website")
	flag.BoolVar(&o.open, "open", false, "open the demo website in the browser")
	flag.BoolVar(&o.verbose, "v", false, "show everything that the parts log, not only warnings and errors")
	flag.BoolVar(&o.freePorts, "free-ports", false, "use free ports everywhere, leave the standard ones alone")
	flag.BoolVar(&o.exitWithStdin, "exit-with-stdin", false, "stop when standard input ends; for programs that start this one")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "dev: unexpected argument %q (see -h)\n", flag.Arg(0))
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, stop, o, os.Stdout); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(1)
	}
}

// run starts the stack and keeps it until ctx ends. cancel ends ctx.
func run(ctx context.Context, cancel func(), o options, out io.Writer) error {
	root, err := stack.Root(ctx)
	if err != nil {
		return err
	}
	if !filepath.IsAbs(o.data) {
		o.data = filepath.Join(root, o.data)
	}
	if err := os.MkdirAll(o.data, 0o755); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	unlock, err := lock(o.data)
	if err != nil {
		return err
	}
	defer unlock()
	watchStarter(cancel, o.exitWithStdin)
	return newStation(root, o, out).run(ctx)
}

// lock takes the data folder for this process. The kernel releases it however the process ends.
func lock(data string) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(data, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(file)
		file.Close()
		return nil, fmt.Errorf("already running on %s%s: use that one, stop it with Ctrl-C in its terminal, or give this one another folder with -data",
			data, strings.TrimRight(" "+string(holder), " \n"))
	}
	_ = file.Truncate(0)
	fmt.Fprintf(file, "(process %d, since %s)\n", os.Getpid(), time.Now().Format("15:04"))
	return func() { file.Close() }, nil
}

// watchStarter ends the stack when who started it is gone. `go run` does not pass a SIGTERM on: killed, it would
// leave this program behind, so a program that `go run` built ends with its parent.
func watchStarter(cancel func(), exitWithStdin bool) {
	if exitWithStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	if self, err := os.Executable(); err == nil && strings.Contains(self, string(filepath.Separator)+"go-build") {
		parent := os.Getppid()
		go func() {
			for os.Getppid() == parent {
				time.Sleep(500 * time.Millisecond)
			}
			cancel()
		}()
	}
}
