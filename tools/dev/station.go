package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/headwater/headwater/tools/dev/demo"
	"github.com/headwater/headwater/tools/dev/stack"
	"github.com/headwater/headwater/tools/dev/supervise"
)

// station is the running stack.
type station struct {
	options
	root       string
	out        io.Writer
	supervisor *supervise.Supervisor
	ports      ports
	stack      stack.Stack
	servers    []*http.Server
	miniredis  func() // stops the in-process Redis, nil where a real one runs

	mu        sync.Mutex // guards described
	described bool       // stack.json is there
}

func newStation(root string, o options, out io.Writer) *station {
	return &station{options: o, root: root, out: out}
}

// run starts everything in order, prints where it is, and stops it in reverse order when ctx ends.
func (s *station) run(ctx context.Context) error {
	var err error
	s.supervisor, err = supervise.New(s.out, filepath.Join(s.data, "log"), s.verbose)
	if err != nil {
		return err
	}
	s.supervisor.Restarted = func() {
		if err := s.describe(false); err != nil {
			s.supervisor.Say("! %v", err)
		}
	}
	s.ports = ports{onlyFree: s.freePorts, given: map[int]bool{}, say: s.supervisor.Say}
	s.stack = stack.Stack{PID: os.Getpid(), Site: s.site, Data: s.data}
	defer s.stop()
	began := time.Now()
	for _, step := range []func(context.Context) error{
		s.build, s.startClickHouse, s.startRedis, s.choosePorts, s.writeConfig, s.startCollector, s.openConsole, s.startDemo, s.announce,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	s.supervisor.Say("Ready in %s. Ctrl-C stops everything.\n", time.Since(began).Round(100*time.Millisecond))
	<-ctx.Done()
	s.supervisor.Say("\nStopping …")
	return nil
}

// stop ends the website, then the collector, then what it writes to.
func (s *station) stop() {
	s.undescribe()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, server := range s.servers {
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	}
	s.supervisor.Stop()
	if s.miniredis != nil {
		s.miniredis()
	}
	s.supervisor.Say("Stopped.")
}

// describe writes stack.json for other tools; a later call brings it up to date, with the processes that run now.
func (s *station) describe(first bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !first && !s.described {
		return nil
	}
	s.described = true
	s.stack.Processes = s.supervisor.PIDs()
	return s.stack.Write()
}

func (s *station) undescribe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.described = false
	_ = os.Remove(filepath.Join(s.data, stack.FileName))
}

// build compiles the processes; the compiler's cache makes all but the first time quick.
func (s *station) build(ctx context.Context) error {
	programs := []string{"-o", filepath.Join(s.data, "bin", "headwater"), "./collector"}
	if err := s.compile(ctx, "the collector", programs); err != nil {
		return err
	}
	s.stack.Headwater = programs[1]
	if os.Getenv("CLICKHOUSE_DSN") != "" {
		return nil
	}
	return s.compile(ctx, "the embedded ClickHouse", []string{"-o", filepath.Join(s.data, "bin", "clickhouse"), "./tools/clickhouse"})
}

func (s *station) compile(ctx context.Context, what string, args []string) error {
	slow := time.AfterFunc(2*time.Second, func() { s.supervisor.Say("  … building %s (the first time takes a minute)", what) })
	defer slow.Stop()
	build := exec.CommandContext(ctx, "go", append([]string{"build"}, args...)...)
	build.Dir = s.root
	if out, err := build.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("build %s: %w\n%s", what, err, out)
	}
	return nil
}

// choosePorts takes the ports that the configuration names: the collector's and the websites'.
func (s *station) choosePorts(context.Context) error {
	for _, wanted := range []struct {
		what     string
		standard int
		url      *string
	}{
		{"the demo website", 8080, &s.stack.Demo},
		{"the outside world", 8081, &s.stack.Outside},
		{"the collector", 8090, &s.stack.Collector},
		{"the collector's metrics", 8091, &s.stack.Private},
	} {
		port, err := s.ports.take(wanted.what, wanted.standard)
		if err != nil {
			return err
		}
		*wanted.url = fmt.Sprintf("http://localhost:%d", port)
	}
	// Another host than the demo's, so that a click on it carries a foreign referrer.
	s.stack.Outside = strings.Replace(s.stack.Outside, "localhost", "127.0.0.1", 1)
	s.stack.Private = strings.Replace(s.stack.Private, "localhost", "127.0.0.1", 1)
	s.stack.Report = s.stack.Demo + "/leads"
	return nil
}

func (s *station) startDemo(ctx context.Context) error {
	site, err := demo.New(ctx, demo.Config{
		SiteID: s.site, Demo: s.stack.Demo, Outside: s.stack.Outside, Collector: s.stack.Collector,
		APIKey: s.stack.APIKey, ClickHouseDSN: s.stack.ClickHouseDSN,
		Say: s.supervisor.Say,
	})
	if err != nil {
		return err
	}
	if err := s.waitForTables(ctx, site); err != nil {
		return err
	}
	if err := s.serve(s.stack.Demo, site.Website()); err != nil {
		return err
	}
	if err := s.serve(s.stack.Outside, site.World()); err != nil {
		return err
	}
	go site.Watch(ctx)
	return nil
}

// waitForTables waits until the collector has made its tables: it takes forms before, but reports need them.
func (s *station) waitForTables(ctx context.Context, site *demo.Site) error {
	for deadline := time.Now().Add(time.Minute); ; {
		err := site.TablesExist(ctx)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("wait for the collector to make its tables in ClickHouse: %w; %s may say why", err, filepath.Join(s.data, "log", "collector.log"))
		}
		select {
		case <-ctx.Done():
		case <-time.After(25 * time.Millisecond):
		}
	}
}

func (s *station) serve(url string, handler http.Handler) error {
	port := url[strings.LastIndexByte(url, ':')+1:]
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return fmt.Errorf("serve %s: %w", url, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	s.servers = append(s.servers, server)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.supervisor.Say("! serve %s: %v", url, err)
		}
	}()
	return nil
}
