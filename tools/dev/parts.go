package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/headwater/headwater/tools/dev/stack"
	"github.com/headwater/headwater/tools/dev/supervise"
)

// startClickHouse starts the embedded engine, or takes the server that CLICKHOUSE_DSN names.
func (s *station) startClickHouse(ctx context.Context) error {
	if dsn := os.Getenv("CLICKHOUSE_DSN"); dsn != "" {
		s.supervisor.Say("  ClickHouse: the server of CLICKHOUSE_DSN")
		s.stack.ClickHouseDSN = dsn
		return nil
	}
	port, err := s.ports.take("ClickHouse", 8123)
	if err != nil {
		return err
	}
	s.stack.ClickHouse = "http://" + address(port)
	s.stack.ClickHouseDSN = s.stack.ClickHouse + "/default"
	return s.supervisor.Start(ctx, supervise.Child{
		Name:    "clickhouse",
		Path:    filepath.Join(s.data, "bin", "clickhouse"),
		Args:    []string{"-listen", address(port), "-data", filepath.Join(s.data, "clickhouse"), "-exit-with-stdin"},
		Ready:   func(ctx context.Context) error { return stack.Answers(ctx, s.stack.ClickHouse+"/?query=SELECT+1") },
		Notable: func(line string) bool { return supervise.SpeaksOfTrouble(line) || isProgress(line) },
		Waiting: "the first start downloads the engine, 178 MB",
		Grace:   15 * time.Second,
	})
}

// isProgress tells whether a line of the engine is about its download.
func isProgress(line string) bool {
	lower := strings.ToLower(line)
	return strings.Contains(lower, "fetching") || strings.Contains(lower, "downloading") || strings.Contains(lower, "unpacking")
}

// startRedis starts redis-server where it is installed, else a small Redis within this process, or takes the server
// that REDIS_URL names.
func (s *station) startRedis(ctx context.Context) error {
	if url := os.Getenv("REDIS_URL"); url != "" {
		s.supervisor.Say("  Redis: the server of REDIS_URL")
		s.stack.Redis = url
		return nil
	}
	port, err := s.ports.take("Redis", 6379)
	if err != nil {
		return err
	}
	s.stack.Redis = "redis://" + address(port) + "/0"
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		s.supervisor.Say("  Redis: redis-server is not installed, a small one runs within this process")
		return s.startMiniredis(ctx, address(port))
	}
	folder := filepath.Join(s.data, "redis")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the folder of Redis: %w", err)
	}
	return s.supervisor.Start(ctx, supervise.Child{
		Name: "redis",
		Path: binary,
		Args: []string{"--bind", "127.0.0.1", "--port", address(port)[len("127.0.0.1:"):], "--dir", folder,
			"--appendonly", "yes", "--save", "60 1", "--daemonize", "no"},
		Ready:   func(ctx context.Context) error { return redisAnswers(ctx, address(port)) },
		Notable: redisTrouble,
		Grace:   10 * time.Second,
	})
}

// redisTrouble tells whether a line of Redis's log is a warning that means something to who runs a demo. Redis marks
// its start as a warning, and warns of settings of the machine.
func redisTrouble(line string) bool {
	if strings.Contains(line, "overcommit") || strings.Contains(line, "Transparent Huge Pages") || strings.Contains(line, "TCP backlog") {
		return false
	}
	return strings.Contains(line, " # ") && (supervise.SpeaksOfTrouble(line) || strings.Contains(line, "Can't") || strings.Contains(line, "ail"))
}

func redisAnswers(ctx context.Context, address string) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
		return err
	}
	reply := make([]byte, 5)
	if _, err := conn.Read(reply); err != nil {
		return err
	}
	if string(reply) != "+PONG" {
		return errors.New("not ready: " + string(reply))
	}
	return nil
}

// startMiniredis runs a Redis within this process. Its clock stands still by itself: it is moved on every second, or
// no key would ever expire.
func (s *station) startMiniredis(ctx context.Context, address string) error {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(address); err != nil {
		return fmt.Errorf("start the in-process Redis: %w", err)
	}
	s.miniredis = server.Close
	go func() {
		for second := time.NewTicker(time.Second); ; {
			select {
			case <-second.C:
				server.FastForward(time.Second)
			case <-ctx.Done():
				second.Stop()
				return
			}
		}
	}()
	return nil
}

// startCollector starts the collector on the configuration that was written.
func (s *station) startCollector(ctx context.Context) error {
	return s.supervisor.Start(ctx, supervise.Child{
		Name:  "collector",
		Path:  s.stack.Headwater,
		Args:  []string{"serve", "--config", s.stack.Config, "--spool-seal-ms", "250"},
		Env:   withoutOwnSettings(os.Environ()),
		Ready: func(ctx context.Context) error { return stack.Answers(ctx, s.stack.Collector+"/readyz") },
		Grace: 20 * time.Second,
	})
}

// withoutOwnSettings drops what would override the configuration file: this terminal may be set up for another
// installation.
func withoutOwnSettings(environment []string) []string {
	var kept []string
	for _, setting := range environment {
		if !strings.HasPrefix(setting, "HEADWATER_") {
			kept = append(kept, setting)
		}
	}
	return kept
}

// demoUser is the admin of the demo's console.
const demoUser = "demo@headwater.example"

// openConsole makes the demo's account where there is none yet, and a one-time link to it. The collector answers before it has
// made its tables; so this is tried until they are there.
func (s *station) openConsole(ctx context.Context) error {
	account := func(arguments ...string) (string, error) {
		command := exec.CommandContext(ctx, s.stack.Headwater, append(append([]string{"account"}, arguments...), "--email", demoUser, "--config", s.stack.Config)...)
		command.Env = withoutOwnSettings(os.Environ())
		out, err := command.Output()
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(failed.Stderr)))
		}
		return strings.TrimSpace(string(out)), err
	}
	for deadline := time.Now().Add(time.Minute); ; {
		link, err := account("link")
		if err != nil {
			link, err = account("add", "--name", "Demo", "--role", "admin")
		}
		if err == nil {
			s.stack.Console = link + "#enter"
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("make an account of the console: %w", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}
