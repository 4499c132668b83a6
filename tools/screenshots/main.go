// Screenshots writes a picture of every page of the console: in both themes, at 390, 768 and 1280 pixels. It starts a stack of
// its own with the demo year (tools/dev, tools/seed), signs in, and stops it again.
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

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/collector/console/pagelist"
	"github.com/headwater/headwater/tools/dev/browser"
	"github.com/headwater/headwater/tools/dev/stack"
)

const usage = `Usage: go run ./tools/screenshots [flags] DIR

Writes NAME-WIDTH-THEME.png of every page of the console into DIR. It starts a stack of its own with a year of demo data, or with
-stack takes one that runs (make run).

`

// patience is how long one page may take, also on a busy machine.
const patience = 2 * time.Minute

func main() {
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	file := flag.String("stack", "", "description of a stack that runs, such as "+stack.DefaultFile+"; none: start one")
	only := flag.String("only", "", "only pages whose name begins with this")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *file, *only, flag.Arg(0), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, file, only, folder string, out io.Writer) (err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	s, end, err := open(ctx, file, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	tab, close, err := browser.Start(ctx)
	if err != nil {
		return err
	}
	defer close()
	p := photographer{tab: tab, stack: s, folder: folder}
	var pages []pagelist.Page
	for _, page := range pagelist.All() {
		if page.Reader != pagelist.Empty && !page.Invented && strings.HasPrefix(page.Name, only) {
			pages = append(pages, page)
		}
	}
	begun := time.Now()
	for i, page := range pages {
		fmt.Fprintf(out, "\r%3d of %d  %-30s", i+1, len(pages), page.Name)
		if err := p.take(page); err != nil {
			return fmt.Errorf("\n%s: %w", page.Name, err)
		}
	}
	fmt.Fprintf(out, "\r%d pages, %d pictures in %s, in %s.\n", len(pages), p.taken, folder, time.Since(begun).Round(time.Second))
	return nil
}

// open returns the stack that runs, or one of its own, with the function that ends it.
func open(ctx context.Context, file string, out io.Writer) (*stack.Stack, func() error, error) {
	if file != "" {
		s, err := stack.Read(ctx, file)
		return s, func() error { return nil }, err
	}
	data, remove, err := stack.TempData()
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintln(out, "Starting a stack …")
	private, err := stack.Start(ctx, data, "demo", io.Discard)
	if err != nil {
		remove()
		return nil, nil, err
	}
	end := func() error {
		defer remove()
		return private.Stop()
	}
	root, err := stack.Root(ctx)
	if err == nil {
		seed := exec.CommandContext(ctx, "go", "run", "./tools/seed", "-stack", filepath.Join(data, stack.FileName))
		seed.Dir, seed.Stdout, seed.Stderr = root, out, os.Stderr
		err = seed.Run()
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("fill the stack: %w", err), end())
	}
	return private.Stack, end, nil
}

// photographer goes through the pages in one tab.
type photographer struct {
	tab    context.Context
	stack  *stack.Stack
	folder string
	taken  int
	inside bool
}

// take opens a page once and takes its pictures.
func (p *photographer) take(page pagelist.Page) error {
	ctx, cancel := context.WithTimeout(p.tab, patience)
	defer cancel()
	if err := p.be(ctx, page.Reader); err != nil {
		return err
	}
	wait := page.Wait
	if wait == "" {
		wait = "main"
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(p.stack.Collector+"/console"+page.Path), chromedp.WaitReady(chromedp.CSS(wait))); err != nil {
		return err
	}
	if page.Open {
		if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](`for (const part of document.querySelectorAll("main details")) part.open = true`)); err != nil {
			return err
		}
	}
	for _, width := range browser.Widths {
		if err := browser.Resize(ctx, width); err != nil {
			return err
		}
		for _, theme := range browser.Themes {
			if err := browser.Prefer(ctx, theme); err != nil {
				return err
			}
			picture, err := browser.Shoot(ctx)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(p.folder, page.Name+"-"+width.Name+"-"+theme+".png"), picture, 0o644); err != nil {
				return fmt.Errorf("keep the picture: %w", err)
			}
			p.taken++
		}
	}
	return nil
}

// be signs in or out, as the page needs it.
func (p *photographer) be(ctx context.Context, reader pagelist.Reader) error {
	if reader == pagelist.Nobody {
		p.inside = false
		_, err := chromedp.Call(ctx, network.ClearBrowserCookies, cdp.Empty{})
		return err
	}
	if p.inside {
		return nil
	}
	command := exec.CommandContext(ctx, p.stack.Headwater, "account", "link", "--email", "demo@headwater.example", "--config", p.stack.Config)
	link, err := command.Output()
	if err != nil {
		return fmt.Errorf("make a link into the console: %w", err)
	}
	p.inside = true
	return chromedp.Do(ctx, chromedp.Navigate(strings.TrimSpace(string(link))+"#enter"), chromedp.WaitReady(chromedp.CSS(".side")))
}
