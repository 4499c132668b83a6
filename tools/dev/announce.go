package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/headwater/headwater/tools/dev/stack"
)

// announce describes the stack to people and, in stack.json, to other tools.
func (s *station) announce(context.Context) error {
	if err := s.describe(true); err != nil {
		return err
	}
	config, file := "", ""
	if s.stack.Config != filepath.Join(s.root, ".headwater", "headwater.toml") {
		config = " --config " + s.short(s.stack.Config)
		file = " -stack " + s.short(filepath.Join(s.data, stack.FileName))
	}
	lines := []string{
		"",
		"  Demo website        " + s.stack.Demo,
		"  The outside world   " + s.stack.Outside + "   ads, a newsletter, a search … that lead to it",
		"  Leads and sources   " + s.stack.Report,
		"  Console             " + s.stack.Console + "   signs you in, once",
		"  Once more into it   " + s.short(s.stack.Headwater) + " account link --email " + demoUser + config,
		"  Collector           " + s.stack.Collector,
		"",
		"  Ask the reports     " + s.short(s.stack.Headwater) + " report source_breakdown" + config,
	}
	if s.stack.ClickHouse != "" {
		lines = append(lines, "  Ask ClickHouse      curl '"+s.stack.ClickHouse+"/?query=SELECT+source,count()+FROM+touches+FINAL+GROUP+BY+source+FORMAT+PrettyCompact'")
	}
	lines = append(lines, "  Play a visitor      go run ./tools/story"+file, "  A year of data      go run ./tools/seed"+file, "  Logs                "+s.short(filepath.Join(s.data, "log")), "")
	s.supervisor.Say("%s", strings.Join(lines, "\n"))
	if s.open {
		s.openBrowser()
	}
	return nil
}

// short returns the path as it is typed from the checkout.
func (s *station) short(path string) string {
	if relative, err := filepath.Rel(s.root, path); err == nil && !strings.HasPrefix(relative, "..") {
		return relative
	}
	return path
}

func (s *station) openBrowser() {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "open"
	}
	browser := exec.Command(opener, s.stack.Demo)
	browser.Env = os.Environ()
	if err := browser.Start(); err != nil {
		s.supervisor.Say("  open %s in your browser (%v)", s.stack.Demo, err)
		return
	}
	go func() { _ = browser.Wait() }()
}
