package collectortest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Redis returns the URL of a real, empty Redis for one test. It is a redis-server of its own that ends with the test;
// where the environment names one in REDIS_URL it is that one, behind a key_prefix of its own, so the URL is for
// visitors.Open, which knows that parameter. Without a redis-server the test is skipped, with CI=true it fails.
func Redis(tb testing.TB) string {
	tb.Helper()
	if given := os.Getenv("REDIS_URL"); given != "" {
		u, err := url.Parse(given)
		if err != nil {
			tb.Fatalf("REDIS_URL: %v", err)
		}
		query := u.Query()
		query.Set("key_prefix", "test-"+rand.Text()+":")
		u.RawQuery = query.Encode()
		return u.String()
	}
	return StartRedis(tb).URL()
}

// RedisServer is a redis-server that a test may maltreat. It keeps its address over a Restart and nothing else: it
// writes no data to disk unless it is told to SAVE.
type RedisServer struct {
	tb      testing.TB
	program string
	dir     string
	port    int
	options []string // beyond those that every server gets; one that begins with a file name has these alone

	mu      sync.Mutex
	process *exec.Cmd
	ended   chan struct{}
	output  bytes.Buffer
}

// StartRedis starts a redis-server on a free port of the loopback, with more options where some are given ("--requirepass",
// "x"); it ends with the test, or with the process.
func StartRedis(tb testing.TB, options ...string) *RedisServer {
	tb.Helper()
	return startRedis(tb, func(*RedisServer) []string { return options })
}

// startRedis starts a server with more options, which may depend on its folder and port.
func startRedis(tb testing.TB, options func(*RedisServer) []string) *RedisServer {
	tb.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal("no redis-server: install the package redis-server, or set REDIS_URL")
		}
		tb.Skip("no redis-server: install the package redis-server, or set REDIS_URL")
	}
	server := &RedisServer{tb: tb, program: program, dir: tb.TempDir()}
	tb.Cleanup(server.Kill)
	for range 5 { // another process may take the port between our look and the server's
		server.port = freePort(tb)
		server.options = options(server)
		if err = server.start(); err == nil {
			return server
		}
	}
	tb.Fatalf("start redis-server: %v", err)
	return nil
}

// URL is the address, for visitors.Open or any client.
func (s *RedisServer) URL() string { return "redis://" + s.address() + "/0" }

// Dir is the folder of its files; there are none but those that a test has it write.
func (s *RedisServer) Dir() string { return s.dir }

// Kill ends the server as kill -9 does. Killing it twice does no harm.
func (s *RedisServer) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	<-s.ended
	s.process = nil
}

// PID is the number of the server's process, 0 where it does not run.
func (s *RedisServer) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.Process.Pid
}

// Pause stops the server from running (SIGSTOP): connections stay open and nothing answers, until Resume.
func (s *RedisServer) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *RedisServer) Resume() { s.signal(syscall.SIGCONT) }

// Restart kills the server if it runs and starts an empty one at the same address.
func (s *RedisServer) Restart() {
	s.tb.Helper()
	s.Kill()
	if err := s.start(); err != nil {
		s.tb.Fatalf("restart redis-server: %v", err)
	}
}

// Do sends a command of words without spaces and returns the first line of the answer, for FLUSHALL and the like.
func (s *RedisServer) Do(command string) string {
	s.tb.Helper()
	answer, err := ask(s.address(), command)
	if err != nil {
		s.tb.Fatalf("redis %s: %v", command, err)
	}
	return answer
}

// ProcessorTime is what the server has used so far, as it says itself.
func (s *RedisServer) ProcessorTime() time.Duration {
	s.tb.Helper()
	client := s.client()
	defer func() { _ = client.Close() }()
	info, err := client.Info(context.Background(), "cpu").Result()
	if err != nil {
		s.tb.Fatalf("redis INFO cpu: %v", err)
	}
	used := 0.0
	for line := range strings.Lines(info) {
		for _, name := range []string{"used_cpu_sys:", "used_cpu_user:"} {
			if text, ok := strings.CutPrefix(line, name); ok {
				seconds, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
				if err != nil {
					s.tb.Fatalf("redis INFO cpu: %v", err)
				}
				used += seconds
			}
		}
	}
	return time.Duration(used * float64(time.Second))
}

// client is one for a few commands of collectortest; the caller closes it.
func (s *RedisServer) client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.address(), Protocol: 2, DisableIdentity: true, MaxRetries: -1,
		DialerRetries: 1, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
}

func (s *RedisServer) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

func (s *RedisServer) signal(signal os.Signal) {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		s.tb.Fatal("redis-server is not running")
	}
	if err := s.process.Process.Signal(signal); err != nil {
		s.tb.Fatalf("signal redis-server: %v", err)
	}
}

// up is what a server answers to PING that listens, though perhaps not to us or not yet.
var up = regexp.MustCompile(`^(\+PONG|-NOAUTH|-LOADING)`)

func (s *RedisServer) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.output.Reset()
	process := exec.Command(s.program, s.arguments()...)
	process.Stdout, process.Stderr = &s.output, &s.output
	process.SysProcAttr = dieWithParent()
	if err := process.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = process.Wait()
	}()
	deadline := time.After(20 * time.Second)
	for {
		if answer, err := ask(s.address(), "PING"); err == nil && up.MatchString(answer) {
			s.process, s.ended = process, ended
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("it ended at once: %s", s.output.String())
		case <-deadline:
			_ = process.Process.Kill()
			<-ended
			return fmt.Errorf("it does not answer: %s", s.output.String())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (s *RedisServer) arguments() []string {
	if len(s.options) > 0 && !strings.HasPrefix(s.options[0], "--") {
		return s.options
	}
	return append([]string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--dir", s.dir, "--pidfile", filepath.Join(s.dir, "pid"), "--maxmemory-policy", "noeviction"}, s.options...)
}

// ask sends one inline command.
func ask(address, command string) (string, error) {
	connection, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if _, err := connection.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	answer := make([]byte, 4096)
	n, err := connection.Read(answer)
	line, _, _ := bytes.Cut(answer[:n], []byte("\r\n"))
	return string(line), err
}

func freePort(tb testing.TB) int {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
