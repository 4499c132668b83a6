//go:build linux || darwin

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/headwater/headwater/tools/clickhouse/library"
)

// program builds this command once per test binary, after making sure that the engine is there.
var program = sync.OnceValues(func() (string, error) {
	pin, err := library.ForPlatform()
	if err != nil {
		return "", err
	}
	cache, err := library.Default(os.Stderr)
	if err != nil {
		return "", err
	}
	if _, err := cache.Ensure(context.Background(), pin); err != nil {
		return "", err
	}
	path := filepath.Join(programDir, "clickhouse")
	if output, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, output)
	}
	return path, nil
})

var programDir string

func TestMain(m *testing.M) {
	var err error
	if programDir, err = os.MkdirTemp("", "headwater-clickhouse-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(programDir)
	os.Exit(status)
}

// A process is this command, running.
type process struct {
	t       *testing.T
	command *exec.Cmd
	stdin   io.WriteCloser
	stderr  *bytes.Buffer
	base    string     // address, empty when it never was ready
	exit    chan error // gets the exit status
}

// start runs the command on a free port and waits until it is ready or has ended.
func start(t *testing.T, environment []string, arguments ...string) *process {
	t.Helper()
	path, err := program()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no ClickHouse engine: %v", err)
		}
		t.Skipf("no ClickHouse engine: %v", err)
	}
	p := &process{t: t, command: exec.Command(path, append([]string{"-listen", "127.0.0.1:0"}, arguments...)...), stderr: &bytes.Buffer{}, exit: make(chan error, 1)}
	p.command.Env = append(append(os.Environ(), "TMPDIR="+t.TempDir()), environment...)
	p.command.Stderr = p.stderr
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	output, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() {
		p.command.Process.Kill()
		<-ended
	})
	lines := bufio.NewScanner(output)
	if lines.Scan() {
		p.base = strings.TrimPrefix(lines.Text(), "ready ")
	}
	go func() {
		defer close(ended)
		io.Copy(io.Discard, output)
		p.exit <- p.command.Wait()
	}()
	return p
}

func (p *process) signal(signal os.Signal) {
	p.t.Helper()
	if err := p.command.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
}

// wait returns the exit status as soon as the process ends.
func (p *process) wait() error {
	p.t.Helper()
	select {
	case err := <-p.exit:
		return err
	case <-time.After(20 * time.Second):
		p.t.Fatalf("the process did not end: %s", p.stderr)
		return nil
	}
}

func (p *process) ask(statement string) (string, error) {
	response, err := http.Post(p.base+"/", "text/plain", strings.NewReader(statement))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", response.StatusCode, body)
	}
	return string(body), err
}

func (p *process) must(statement string) string {
	p.t.Helper()
	body, err := p.ask(statement)
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", statement, err, p.stderr)
	}
	return body
}

func TestServesAndStops(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on the way & <odd>")
	p := start(t, nil, "-data", dir)
	if got := p.must("SELECT 1"); got != "1\n" {
		t.Errorf("SELECT 1 gives %q", got)
	}
	p.must("CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n")
	p.must("INSERT INTO kept SELECT number FROM numbers(10)")
	p.signal(syscall.SIGTERM)
	if err := p.wait(); err != nil {
		t.Errorf("SIGTERM: %v\n%s", err, p.stderr)
	}
	p = start(t, nil, "-data", dir)
	if got := p.must("SELECT count() FROM kept"); got != "10\n" {
		t.Errorf("after a restart the table has %q rows", got)
	}
}

func TestEndsWithStdinAndLeavesNothing(t *testing.T) {
	temporary := t.TempDir()
	p := start(t, []string{"TMPDIR=" + temporary}, "-ephemeral", "-exit-with-stdin")
	p.must("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
	if folders, err := os.ReadDir(temporary); err != nil || len(folders) != 1 {
		t.Errorf("temporary folders while it runs: %v (%v)", folders, err)
	}
	p.stdin.Close()
	if err := p.wait(); err != nil {
		t.Errorf("closing standard input: %v\n%s", err, p.stderr)
	}
	if folders, err := os.ReadDir(temporary); err != nil || len(folders) != 0 {
		t.Errorf("left behind: %v (%v)", folders, err)
	}
}

func TestSecondProcessOnTheSameFolder(t *testing.T) {
	dir := t.TempDir()
	first := start(t, nil, "-data", dir)
	second := start(t, nil, "-data", dir)
	if err := second.wait(); err == nil || !strings.Contains(second.stderr.String(), "in use by another process") || !strings.Contains(second.stderr.String(), fmt.Sprint(first.command.Process.Pid)) {
		t.Errorf("the second process: %v, %s", err, second.stderr)
	}
	if got := first.must("SELECT 1"); got != "1\n" {
		t.Errorf("the first process answers %q", got)
	}
	first.signal(syscall.SIGKILL)
	first.wait()
	third := start(t, nil, "-data", dir)
	third.must("SELECT 1")
}

func TestTakenPort(t *testing.T) {
	first := start(t, nil, "-ephemeral")
	second := start(t, nil, "-ephemeral", "-listen", strings.TrimPrefix(first.base, "http://"))
	if err := second.wait(); err == nil || !strings.Contains(second.stderr.String(), "-listen") {
		t.Errorf("a taken port: %v, %s", err, second.stderr)
	}
}

// TestDrain holds that SIGTERM lets a running statement finish, and that one which doesn't is cancelled.
func TestDrain(t *testing.T) {
	for _, check := range []struct {
		name, statement, drain string
		finishes               bool
	}{
		{"finishes", "SELECT sum(sleepEachRow(0.1)) FROM numbers(10) SETTINGS max_block_size = 1", "10s", true},
		{"cancelled", "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1", "200ms", false},
	} {
		t.Run(check.name, func(t *testing.T) {
			p := start(t, nil, "-ephemeral", "-drain", check.drain)
			type result struct {
				body string
				err  error
			}
			done := make(chan result, 1)
			go func() {
				body, err := p.ask(check.statement)
				done <- result{body, err}
			}()
			deadline := time.Now().Add(10 * time.Second)
			for !strings.HasPrefix(p.must("SELECT count() > 1 FROM system.processes"), "1") {
				if time.Now().After(deadline) {
					t.Fatal("the statement does not start")
				}
			}
			p.signal(syscall.SIGTERM)
			got := <-done
			if (got.err == nil) != check.finishes {
				t.Errorf("the running statement got %q, %v", got.body, got.err)
			}
			if err := p.wait(); err != nil {
				t.Errorf("exit: %v\n%s", err, p.stderr)
			}
		})
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	p := start(t, nil, "-ephemeral", "-drain", "10m")
	done := make(chan error, 1)
	go func() {
		_, err := p.ask("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1")
		done <- err
	}()
	for !strings.HasPrefix(p.must("SELECT count() > 1 FROM system.processes"), "1") {
		select {
		case err := <-done:
			t.Fatalf("the statement ended: %v", err)
		default:
		}
	}
	p.signal(syscall.SIGTERM)
	for { // until it takes no new connection, which tells that the first signal has arrived
		if _, err := p.ask("SELECT 1"); err != nil {
			break
		}
	}
	p.signal(syscall.SIGTERM)
	p.wait()
	<-done
}

// TestMaxStatements holds that statements beyond the limit wait, and that KILL gets through.
func TestMaxStatements(t *testing.T) {
	p := start(t, nil, "-ephemeral", "-max-statements", "1")
	done := make(chan error, 1)
	go func() {
		response, err := http.Post(p.base+"/?query_id=busy", "text/plain", strings.NewReader("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"))
		if err == nil {
			response.Body.Close()
		}
		done <- err
	}()
	deadline := time.Now().Add(10 * time.Second)
	for killed := false; !killed; {
		p.must("KILL QUERY WHERE query_id = 'busy'")
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
			killed = true
		default:
			if time.Now().After(deadline) {
				t.Fatal("KILL does not get through")
			}
		}
	}
	p.must("SELECT 1")
}

// TestKilledEngineKeepsAcknowledgedBatches kills the process at random moments while batches come in.
func TestKilledEngineKeepsAcknowledgedBatches(t *testing.T) {
	dir := t.TempDir()
	const rows = 100
	acknowledged := map[int]bool{}
	next := 0
	for round := range 3 {
		p := start(t, nil, "-data", dir)
		p.must("CREATE TABLE IF NOT EXISTS t (batch UInt64, n UInt64) ENGINE = MergeTree ORDER BY (batch, n)")
		killAt := time.Now().Add(time.Duration(150+100*round) * time.Millisecond)
		var once sync.Once
		for {
			if time.Now().After(killAt) {
				once.Do(func() { go p.command.Process.Kill() }) // while the next batch is under way
			}
			query := url.QueryEscape("INSERT INTO t FORMAT CSV")
			var body strings.Builder
			for n := range rows {
				fmt.Fprintf(&body, "%d,%d\n", next, n)
			}
			response, err := http.Post(p.base+"/?query="+query, "text/csv", strings.NewReader(body.String()))
			if err != nil {
				break
			}
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				acknowledged[next] = true
			}
			next++
		}
		next++
		p.wait()
	}
	p := start(t, nil, "-data", dir)
	stored := map[int]bool{}
	for _, line := range strings.Fields(strings.ReplaceAll(p.must("SELECT batch, count() FROM t GROUP BY batch FORMAT CSV"), "\r", "")) {
		var batch, count int
		if _, err := fmt.Sscanf(line, "%d,%d", &batch, &count); err != nil {
			t.Fatal(err)
		}
		if count != rows {
			t.Errorf("batch %d has %d rows: stored in part or twice", batch, count)
		}
		stored[batch] = true
	}
	for batch := range acknowledged {
		if !stored[batch] {
			t.Errorf("batch %d was acknowledged and is lost", batch)
		}
	}
	if len(acknowledged) < 10 {
		t.Errorf("only %d batches were acknowledged: the test proves little", len(acknowledged))
	}
}

func TestSandboxHidesSecrets(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Landlock is Linux's")
	}
	p := start(t, []string{"AWS_SECRET_ACCESS_KEY=sesame"}, "-ephemeral", "-sandbox", "auto")
	p.must("SELECT 1")
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(environment), confinedVariable) && strings.Contains(string(environment), "sesame") {
		t.Error("the engine's environment holds the user's secrets")
	}
}

func TestMemoryLimit(t *testing.T) {
	p := start(t, nil, "-ephemeral", "-memory", "400000000")
	if body, err := p.ask("SELECT length(groupArray(toString(number))) FROM numbers(100000000)"); err == nil || !strings.Contains(body, "Code: 241") {
		t.Errorf("beyond -memory: %q, %v", body, err)
	}
	p.must("SELECT 1")
}

func TestFetchPrintsThePath(t *testing.T) {
	p := start(t, nil, "-fetch")
	if err := p.wait(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(p.base); err != nil || info.Size() < 1<<20 {
		t.Errorf("-fetch printed %q (%v)", p.base, err)
	}
}
