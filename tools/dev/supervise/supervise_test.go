package supervise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests' children are this test binary again, in one of these roles.
func TestMain(m *testing.M) {
	switch os.Getenv("SUPERVISE_TEST_ROLE") {
	case "":
		os.Exit(m.Run())
	case "server":
		beServer(os.Getenv("SUPERVISE_TEST_ADDRESS"))
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		beServer(os.Getenv("SUPERVISE_TEST_ADDRESS"))
	case "broken":
		fmt.Println("cannot read my configuration: line 7 is odd")
		os.Exit(3)
	case "supervisor":
		beSupervisor()
	}
}

func beServer(address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Println("level=ERROR listen:", err)
		os.Exit(1)
	}
	fmt.Println("level=INFO listening")
	fmt.Println("level=WARN a warning of", os.Getpid())
	for {
		conn, err := listener.Accept()
		if err != nil {
			os.Exit(0)
		}
		fmt.Fprintln(conn, os.Getpid())
		conn.Close()
	}
}

// beSupervisor is a supervisor that starts one child and then waits to be killed.
func beSupervisor() {
	s, err := New(os.Stdout, os.Getenv("SUPERVISE_TEST_LOGS"), false)
	if err == nil {
		err = s.Start(context.Background(), child("orphan", "server", os.Getenv("SUPERVISE_TEST_ADDRESS")))
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("child", s.PIDs()["orphan"])
	select {}
}

func child(name, role, address string) Child {
	self, _ := os.Executable()
	return Child{
		Name: name, Path: self, Grace: 5 * time.Second,
		Env: append(os.Environ(), "SUPERVISE_TEST_ROLE="+role, "SUPERVISE_TEST_ADDRESS="+address),
		Ready: func(ctx context.Context) error {
			_, err := askPID(ctx, address)
			return err
		},
	}
}

func askPID(ctx context.Context, address string) (int, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	var pid int
	_, err = fmt.Fscan(conn, &pid)
	return pid, err
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// said collects what a supervisor prints.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func newSupervisor(t *testing.T, verbose bool) (*Supervisor, *said) {
	t.Helper()
	out := &said{}
	s, err := New(out, t.TempDir(), verbose)
	if err != nil {
		t.Fatal(err)
	}
	s.Backoff = 10 * time.Millisecond
	t.Cleanup(s.Stop)
	return s, out
}

func waitUntil(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func TestRestartsAKilledChild(t *testing.T) {
	s, out := newSupervisor(t, false)
	address := freeAddress(t)
	if err := s.Start(t.Context(), child("web", "server", address)); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		waitUntil(t, "it says that it is back", func() bool { return strings.Count(out.String(), "web is back") == round })
		before := s.PIDs()["web"]
		if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		waitUntil(t, "another process answers", func() bool {
			now, err := askPID(t.Context(), address)
			return err == nil && now != before
		})
	}
	if got := strings.Count(out.String(), "web ended (signal: killed); starting it again in"); got != 3 {
		t.Errorf("it spoke of %d restarts, want 3:\n%s", got, out)
	}
	pid := s.PIDs()["web"]
	s.Stop()
	if !gone(pid) {
		t.Errorf("process %d is still there after Stop", pid)
	}
}

func TestBackoffGrowsAndStopEndsIt(t *testing.T) {
	s, out := newSupervisor(t, false)
	s.Backoff = 20 * time.Millisecond
	address := freeAddress(t)
	web := child("web", "server", address)
	if err := s.Start(t.Context(), web); err != nil {
		t.Fatal(err)
	}
	// With its port taken the child cannot come back.
	pid := s.PIDs()["web"]
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	var squatter net.Listener
	waitUntil(t, "the port is ours", func() bool {
		var err error
		if squatter, err = net.Listen("tcp", address); err != nil {
			if now := s.PIDs()["web"]; now != pid {
				_ = syscall.Kill(now, syscall.SIGKILL)
			}
		}
		return err == nil
	})
	defer squatter.Close()
	go func() {
		for conn, err := squatter.Accept(); err == nil; conn, err = squatter.Accept() {
			conn.Close()
		}
	}()
	waitUntil(t, "the wait has grown", func() bool { return strings.Contains(out.String(), "starting it again in 640ms") })
	began := time.Now()
	s.Stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Stop took %s during a back-off", took)
	}
}

func TestStopEndsTheLastStartedFirst(t *testing.T) {
	s, _ := newSupervisor(t, false)
	first, second := freeAddress(t), freeAddress(t)
	if err := s.Start(t.Context(), child("first", "server", first)); err != nil {
		t.Fatal(err)
	}
	// The second takes its time: it ignores SIGTERM, and is killed after its grace. Until then the first must answer.
	slow := child("second", "stubborn", second)
	slow.Grace = time.Second
	if err := s.Start(t.Context(), slow); err != nil {
		t.Fatal(err)
	}
	pids := s.PIDs()
	stopped := make(chan struct{})
	go func() {
		s.Stop()
		close(stopped)
	}()
	for !gone(pids["second"]) {
		secondBefore := !gone(pids["second"])
		if _, err := askPID(t.Context(), first); err != nil && secondBefore && !gone(pids["second"]) {
			t.Fatalf("the first child was stopped before the second: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	<-stopped
	if !gone(pids["first"]) {
		t.Error("the first child is still there")
	}
}

func TestAChildThatNeverWasReady(t *testing.T) {
	s, _ := newSupervisor(t, false)
	err := s.Start(t.Context(), child("odd", "broken", freeAddress(t)))
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "line 7 is odd") {
		t.Fatalf("Start returned %v, want the exit status and the end of the log", err)
	}
	missing := child("nothing", "server", freeAddress(t))
	missing.Path = filepath.Join(t.TempDir(), "nothing")
	if err := s.Start(t.Context(), missing); err == nil || !strings.Contains(err.Error(), "start nothing") {
		t.Fatalf("Start of a missing program returned %v", err)
	}
}

func TestShowsOnlyWhatIsNotable(t *testing.T) {
	for _, verbose := range []bool{false, true} {
		t.Run(strconv.FormatBool(verbose), func(t *testing.T) {
			s, out := newSupervisor(t, verbose)
			if err := s.Start(t.Context(), child("web", "server", freeAddress(t))); err != nil {
				t.Fatal(err)
			}
			waitUntil(t, "the warning is shown", func() bool { return strings.Contains(out.String(), "web       | level=WARN a warning of") })
			if got := strings.Contains(out.String(), "level=INFO listening"); got != verbose {
				t.Errorf("information is shown: %v, want %v", got, verbose)
			}
			log, err := os.ReadFile(filepath.Join(s.logs, "web.log"))
			if err != nil || !strings.Contains(string(log), "level=INFO listening\nlevel=WARN") {
				t.Errorf("the log file holds %q (%v)", log, err)
			}
		})
	}
}

func TestSpeaksOfTrouble(t *testing.T) {
	for line, want := range map[string]bool{
		`time=2026-03-01T09:30:00Z level=INFO msg="no error at all"`:       false,
		`time=2026-03-01T09:30:00Z level=WARN msg="Redis does not answer"`: true,
		`{"time":"…","level":"ERROR","msg":"insert touches"}`:              true,
		`{"time":"…","level":"INFO","msg":"error rate 0"}`:                 false,
		`panic: runtime error: index out of range`:                         true,
		`ready http://127.0.0.1:8123`:                                      false,
	} {
		if got := SpeaksOfTrouble(line); got != want {
			t.Errorf("SpeaksOfTrouble(%q) = %v", line, got)
		}
	}
}

// TestNoOrphans kills a supervisor that cannot defend itself: its child must end too.
func TestNoOrphans(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "SUPERVISE_TEST_ROLE=supervisor", "SUPERVISE_TEST_LOGS="+t.TempDir(), "SUPERVISE_TEST_ADDRESS="+freeAddress(t))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var word string
	var pid int
	for word != "child" {
		if _, err := fmt.Fscan(out, &word); err != nil {
			t.Fatalf("the supervisor ended: %v", err)
		}
	}
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if gone(pid) {
		t.Fatalf("the child %d does not run", pid)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	waitUntil(t, "the child has ended", func() bool { return gone(pid) })
}
