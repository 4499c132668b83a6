package collectortest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// ClickHouse returns the DSN, for [clickhouse.ParseDSN], of a fresh empty database that is dropped when the
// test ends. It is on the server that the environment variable CLICKHOUSE_DSN names, else on the embedded
// engine (tools/clickhouse), which is started once per test binary, shared by its tests, and ends with it.
// Where the engine can't run, the test is skipped; with CI=true it fails.
func ClickHouse(tb testing.TB) string {
	tb.Helper()
	server := clickHouseServer(tb)
	name := databaseName(tb)
	execute(tb, server, "CREATE DATABASE "+name)
	tb.Cleanup(func() { drop(tb, server, name) })
	return withDatabase(tb, server, name)
}

// ClickHouseHTTP is [ClickHouse] for a test that speaks HTTP itself: the address to add "/?query=…" to and the
// name of the database. CLICKHOUSE_DSN, where it is set, must then begin with http:// or https://.
func ClickHouseHTTP(tb testing.TB) (baseURL, database string) {
	tb.Helper()
	dsn, err := url.Parse(ClickHouse(tb))
	if err != nil {
		tb.Fatalf("parse the DSN of ClickHouse: %v", err)
	}
	if dsn.Scheme != "http" && dsn.Scheme != "https" {
		unavailable(tb, "CLICKHOUSE_DSN is no HTTP address")
	}
	server := url.URL{Scheme: dsn.Scheme, User: dsn.User, Host: dsn.Host}
	return server.String(), strings.TrimPrefix(dsn.Path, "/")
}

func clickHouseServer(tb testing.TB) string {
	tb.Helper()
	if dsn := os.Getenv("CLICKHOUSE_DSN"); dsn != "" {
		return dsn
	}
	shared.once.Do(func() { shared.engine, shared.err = startEngine("-ephemeral") })
	if shared.err != nil {
		unavailable(tb, shared.err.Error())
	}
	return shared.engine.DSN()
}

// shared is the engine of this test binary. Nobody stops it: it ends when its standard input closes, which the
// kernel sees to when this process ends, however it ends.
var shared struct {
	once   sync.Once
	engine *Engine
	err    error
}

// unavailable skips the test on a laptop and fails it where every service must be there.
func unavailable(tb testing.TB, reason string) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf("no ClickHouse: %s", reason)
	}
	tb.Skipf("no ClickHouse: %s", reason)
}

// databaseName makes a new name that tells which test it belongs to.
func databaseName(tb testing.TB) string {
	var random [6]byte
	rand.Read(random[:])
	test := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, tb.Name())
	return "test_" + test[:min(len(test), 40)] + "_" + hex.EncodeToString(random[:])
}

func withDatabase(tb testing.TB, dsn, database string) string {
	tb.Helper()
	parsed, err := url.Parse(dsn)
	if err != nil {
		tb.Fatalf("CLICKHOUSE_DSN must be a URL such as http://user:password@host:8123: %v", err)
	}
	parsed.Path = "/" + database
	return parsed.String()
}

func execute(tb testing.TB, dsn, statement string) {
	tb.Helper()
	if err := tryExecute(tb, dsn, statement); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}

// notEmpty is ClickHouse's DATABASE_NOT_EMPTY.
const notEmpty = 219

// drop removes a database. A collector that was stopped while it made its tables leaves a statement behind that is ended
// in a moment; a table that it still makes keeps the database from going, so that is waited for.
func drop(tb testing.TB, dsn, database string) {
	tb.Helper()
	statement := "DROP DATABASE IF EXISTS " + database + " SYNC"
	for deadline := time.Now().Add(20 * time.Second); ; {
		err := tryExecute(tb, dsn, statement)
		exception, refused := errors.AsType[*clickhouse.Exception](err)
		if err == nil {
			return
		}
		if !refused || exception.Code != notEmpty || time.Now().After(deadline) {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
}

func tryExecute(tb testing.TB, dsn, statement string) error {
	tb.Helper()
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		tb.Fatalf("parse the DSN of ClickHouse: %v", err)
	}
	connection, err := clickhouse.Open(options)
	if err != nil {
		tb.Fatalf("connect to ClickHouse: %v", err)
	}
	defer func() { _ = connection.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return connection.Exec(ctx, statement)
}

// An Engine is an embedded ClickHouse process that a test may kill.
type Engine struct {
	address string // http://127.0.0.1:port
	command *exec.Cmd
	input   io.WriteCloser // closing it ends the process
	log     *logBuffer
	ended   chan struct{}
}

// StartClickHouse starts an embedded engine of the test's own on the folder, which may hold the data of an
// earlier one. It is stopped when the test ends. CLICKHOUSE_DSN does not matter here.
func StartClickHouse(tb testing.TB, dataDir string) *Engine {
	tb.Helper()
	engine, err := startEngine("-data", dataDir)
	if err != nil {
		unavailable(tb, err.Error())
	}
	tb.Cleanup(engine.Stop)
	return engine
}

// DSN returns the address for [clickhouse.ParseDSN], with the database default.
func (e *Engine) DSN() string { return e.address + "/default" }

// Kill ends the process as a crash would (SIGKILL) and waits until it is gone.
func (e *Engine) Kill() {
	e.command.Process.Kill()
	<-e.ended
}

// Stop lets running statements finish, ends the process and waits until it is gone. Stopping twice does no harm.
func (e *Engine) Stop() {
	e.input.Close()
	<-e.ended
}

// startEngine runs tools/clickhouse on a free port and waits until it serves. The first start on a machine
// downloads the engine.
func startEngine(flags ...string) (*Engine, error) {
	program, err := buildEngine()
	if err != nil {
		return nil, err
	}
	command := exec.Command(program, append([]string{"-listen", "127.0.0.1:0", "-exit-with-stdin", "-drain", "2s"}, flags...)...)
	e := &Engine{command: command, log: &logBuffer{}, ended: make(chan struct{})}
	command.Stderr = e.log
	if e.input, err = command.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the embedded engine: %w", err)
	}
	ready := make(chan string, 1)
	go func() {
		defer close(e.ended)
		defer close(ready)
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			if address, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
				ready <- address
			}
		}
		command.Wait() // its status doesn't matter: a failed start shows in the log
	}()
	const downloading = 8 * time.Minute
	select {
	case address, ok := <-ready:
		if !ok {
			return nil, fmt.Errorf("the embedded engine did not start: %s", e.log)
		}
		e.address = address
		return e, nil
	case <-time.After(downloading):
		e.Kill()
		return nil, fmt.Errorf("the embedded engine was not ready after %s: %s", downloading, e.log)
	}
}

// buildEngine builds tools/clickhouse once per test binary and returns the program's path. The file is named
// after its content, so that test binaries of several checkouts don't take it from each other.
var buildEngine = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for the embedded engine's program (set HOME): %w", err)
	}
	folder := filepath.Join(cache, "headwater", "bin")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	removeOldPrograms(folder)
	temporary := filepath.Join(folder, fmt.Sprintf("building-%d", os.Getpid()))
	defer os.Remove(temporary)
	build := exec.Command("go", "build", "-o", temporary, "github.com/headwater/headwater/tools/clickhouse")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the embedded engine's program: %w\n%s", err, bytes.TrimSpace(output))
	}
	content, err := os.ReadFile(temporary)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	program := filepath.Join(folder, "clickhouse-"+hex.EncodeToString(sum[:8]))
	if err := os.Rename(temporary, program); err != nil {
		return "", err
	}
	return program, nil
})

// removeOldPrograms deletes what earlier versions of tools/clickhouse left behind.
func removeOldPrograms(folder string) {
	const old = 7 * 24 * time.Hour
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // nothing to tidy
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > old {
			os.Remove(filepath.Join(folder, entry.Name()))
		}
	}
}

// A logBuffer keeps the last part of what a process wrote.
type logBuffer struct {
	mutex sync.Mutex
	text  []byte
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.text = append(l.text, p...)
	const limit = 16 << 10
	if len(l.text) > limit {
		l.text = append([]byte(nil), l.text[len(l.text)-limit:]...)
	}
	return len(p), nil
}

func (l *logBuffer) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.text) == 0 {
		return "no message"
	}
	return strings.TrimSpace(string(l.text))
}
