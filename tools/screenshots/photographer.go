package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/collector/console/pagelist"
	"github.com/headwater/headwater/tools/dev/browser"
	"github.com/headwater/headwater/tools/dev/stack"
)

// patience is how long one page may take, also on a busy machine.
const patience = 2 * time.Minute

// photographer goes through the pages in one tab.
type photographer struct {
	stack           *stack.Stack
	folder          string
	height          int
	out             io.Writer
	things          pagelist.Things
	pages, pictures int
	inside          bool
}

func (p *photographer) takeAll(tab context.Context, pages []pagelist.Page) error {
	for i, page := range pages {
		fmt.Fprintf(p.out, "\r%3d of %d  %-30s", i+1, len(pages), page.Name)
		if err := p.take(tab, page); err != nil {
			fmt.Fprintln(p.out)
			return fmt.Errorf("%s: %w", page.Name, err)
		}
		p.pages++
	}
	fmt.Fprintf(p.out, "\r%44s\r", "")
	return nil
}

// take opens a page once and takes its pictures.
func (p *photographer) take(tab context.Context, page pagelist.Page) error {
	ctx, cancel := context.WithTimeout(tab, patience)
	defer cancel()
	if err := p.be(ctx, page.Reader); err != nil {
		return err
	}
	if err := browser.Show(ctx, p.stack.Collector, page, p.things); err != nil {
		return err
	}
	for _, width := range browser.Widths {
		if err := browser.Resize(ctx, width); err != nil {
			return err
		}
		for _, theme := range browser.Themes {
			if err := browser.Prefer(ctx, theme); err != nil {
				return err
			}
			picture, err := browser.Shoot(ctx, p.height)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(p.folder, page.Name+"-"+width.Name+"-"+theme+".png"), picture, 0o644); err != nil {
				return fmt.Errorf("keep the picture: %w", err)
			}
			p.pictures++
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
	link, err := p.link(ctx)
	if err != nil {
		return err
	}
	p.inside = true
	return chromedp.Do(ctx, chromedp.Navigate(link+"#enter"), chromedp.WaitReady(chromedp.CSS(".side")))
}

// link makes a one-time link into the console.
func (p *photographer) link(ctx context.Context) (string, error) {
	command := exec.CommandContext(ctx, p.stack.Headwater, "account", "link", "--email", "demo@headwater.example", "--config", p.stack.Config)
	link, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("make a link into the console: %w", err)
	}
	return strings.TrimSpace(string(link)), nil
}
