// Story plays one person's way through the web in a headless Chromium, against a running stack, and checks that
// Headwater tells it right: a LinkedIn ad, days later a Facebook ad and the sign-up form, then a newsletter and a second
// form. It prints the person's four data points and the source breakdown, and fails where they say anything else.
//
// Belongs here: what a visitor does and what the reports must say then. Does not belong here: the pages (tools/dev/demo).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/headwater/headwater/tools/dev/browser"
	"github.com/headwater/headwater/tools/dev/client"
	"github.com/headwater/headwater/tools/dev/stack"
)

const usage = `Usage: go run ./tools/story [flags]

Plays the seed story against the stack that runs (make run), prints what Headwater knows of it, and exits with 1 where
that is not what happened. Every run is a new person.

`

func main() {
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	file := flag.String("stack", stack.DefaultFile, "description of the stack, written by tools/dev")
	start := flag.Bool("start", false, "start a stack of its own on free ports, with data that is thrown away")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *file, *start, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "story:", err)
		os.Exit(1)
	}
}

// run plays the story on the stack that file describes, or on one of its own.
func run(ctx context.Context, file string, start bool, out io.Writer) (err error) {
	var s *stack.Stack
	if start {
		data, remove, err := stack.TempData()
		if err != nil {
			return err
		}
		defer remove()
		fmt.Fprintln(out, "Starting a stack …")
		private, err := stack.Start(ctx, data, "demo", io.Discard)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, private.Stop()) }()
		s = private.Stack
	} else if s, err = stack.Read(ctx, file); err != nil {
		return err
	}
	chromium, end, err := browser.Start(ctx)
	if err != nil {
		return err
	}
	defer end()
	began := time.Now()
	told, err := playSeedStory(chromium, s, out)
	if err != nil {
		return err
	}
	if err := told.print(ctx, out); err != nil {
		return err
	}
	if wrong := told.wrong; len(wrong) > 0 {
		for _, line := range wrong {
			fmt.Fprintln(out, "WRONG:", line)
		}
		return fmt.Errorf("%d of the things that Headwater tells are not what happened", len(wrong))
	}
	fmt.Fprintf(out, "All of it is what happened. (%s)\n", time.Since(began).Round(100*time.Millisecond))
	return nil
}

func apiClient(s *stack.Stack) *client.Client { return &client.Client{URL: s.Collector, Key: s.APIKey} }
