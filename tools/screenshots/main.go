// Screenshots writes a picture of every page of the console: in both themes, at 390, 768 and 1280 pixels. It starts a stack of
// its own (tools/dev), signs in, looks at the pages that are empty, fills it with the demo year (tools/seed), and stops it again.
//
// Belongs here: going through the pages. Does not belong here: which pages there are (collector/console/pagelist), browsers and
// windows (tools/dev/browser).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/headwater/headwater/collector/console/pagelist"
	"github.com/headwater/headwater/tools/dev/browser"
	"github.com/headwater/headwater/tools/dev/stack"
)

const usage = `Usage: go run ./tools/screenshots [flags] DIR

Writes NAME-WIDTH-THEME.png of every page of the console into DIR. It starts a stack of its own with a year of demo data, or with
-stack takes one that runs (make run): then it leaves out what only a site without data shows, and saves a selection and a link.

`

func main() {
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	file := flag.String("stack", "", "description of a stack that runs, such as "+stack.DefaultFile+"; none: start one")
	only := flag.String("only", "", "only pages whose name begins with this")
	height := flag.Int("height", browser.Tallest, "how much of a page a picture shows at most, in pixels from its top")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, options{*file, *only, flag.Arg(0), *height}, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

type options struct {
	stack, only, folder string
	height              int
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	if err := os.MkdirAll(o.folder, 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	s, fill, end, err := open(ctx, o.stack, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	tab, stop, err := browser.Start(ctx)
	if err != nil {
		return err
	}
	defer stop()
	p := photographer{stack: s, folder: o.folder, height: o.height, out: out}
	var empty, full []pagelist.Page
	for _, page := range pagelist.All() {
		switch {
		case !strings.HasPrefix(page.Name, o.only):
		case page.Reader == pagelist.Empty:
			empty = append(empty, page)
		default:
			full = append(full, page)
		}
	}
	begun := time.Now()
	if fill != nil {
		if err := p.takeAll(tab, empty); err != nil {
			return err
		}
		if err := fill(); err != nil {
			return err
		}
	}
	if err := p.prepare(tab); err != nil {
		return err
	}
	if err := p.takeAll(tab, full); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d pages, %d pictures in %s, in %s.\n", p.pages, p.pictures, o.folder, time.Since(begun).Round(time.Second))
	return nil
}

// open returns the stack that runs; or an empty one of its own, with the function that fills it. The last function ends it.
func open(ctx context.Context, file string, out io.Writer) (_ *stack.Stack, fill, end func() error, _ error) {
	if file != "" {
		s, err := stack.Read(ctx, file)
		return s, nil, func() error { return nil }, err
	}
	data, remove, err := stack.TempData()
	if err != nil {
		return nil, nil, nil, err
	}
	fmt.Fprintln(out, "Starting a stack …")
	private, err := stack.Start(ctx, data, "demo", io.Discard)
	if err != nil {
		remove()
		return nil, nil, nil, err
	}
	end = func() error {
		defer remove()
		return private.Stop()
	}
	fill = func() error {
		root, err := stack.Root(ctx)
		if err == nil {
			seed := exec.CommandContext(ctx, "go", "run", "./tools/seed", "-stack", filepath.Join(data, stack.FileName))
			seed.Dir, seed.Stdout, seed.Stderr = root, out, os.Stderr
			err = seed.Run()
		}
		if err != nil {
			return fmt.Errorf("fill the stack: %w", err)
		}
		return nil
	}
	return private.Stack, fill, end, nil
}
