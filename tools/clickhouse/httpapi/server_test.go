//go:build linux || darwin

package httpapi

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headwater/headwater/tools/clickhouse/chdb"
	"github.com/headwater/headwater/tools/clickhouse/engine"
	"github.com/headwater/headwater/tools/clickhouse/library"
)

// canary is the content of files that no statement may reach: one beside the data folder, some inside it.
const canary = "canary-5e1f0a77c2"

// testEngine is the engine of this test binary: a process can start only one. It runs without the sandbox, so
// that the tests show what guard and grants are worth on their own.
var testEngine struct {
	once   sync.Once
	dir    string // temporary; data in dir/data
	engine *engine.Engine
	err    error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if testEngine.engine != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := testEngine.engine.Close(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.RemoveAll(testEngine.dir)
	os.Exit(status)
}

func startTestEngine() error {
	pin, err := library.ForPlatform()
	if err != nil {
		return err
	}
	cache, err := library.Default(os.Stderr)
	if err != nil {
		return err
	}
	path, err := cache.Ensure(context.Background(), pin)
	if err != nil {
		return err
	}
	if err := chdb.Load(path); err != nil {
		return err
	}
	if testEngine.dir, err = os.MkdirTemp("", "headwater-httpapi-"); err != nil {
		return err
	}
	data := filepath.Join(testEngine.dir, "data")
	testEngine.engine, err = engine.Open(engine.Config{Dir: data})
	if err != nil {
		return err
	}
	return placeCanaries(testEngine.dir, data)
}

// placeCanaries puts the forbidden content wherever an attack may look for it: outside, inside, behind a
// symbolic link, and in the folders that the engine's configuration names.
func placeCanaries(outside, data string) error {
	for _, path := range []string{
		filepath.Join(outside, "canary.txt"), filepath.Join(data, "canary.txt"), filepath.Join(data, "engine", "canary.txt"),
		filepath.Join(data, "engine", "user_files", "canary.txt"), filepath.Join(data, "config", "empty", "canary.txt"),
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(canary+"\n"), 0o600); err != nil {
			return err
		}
	}
	return os.Symlink(filepath.Join(outside, "canary.txt"), filepath.Join(data, "engine", "link.txt"))
}

// serve returns the address of a server on the test engine. Without an engine the test is skipped, or fails
// where CI=true says that everything must be there.
func serve(tb testing.TB, change ...func(*Handler)) string {
	tb.Helper()
	testEngine.once.Do(func() { testEngine.err = startTestEngine() })
	if testEngine.err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("no ClickHouse engine: %v", testEngine.err)
		}
		tb.Skipf("no ClickHouse engine: %v", testEngine.err)
	}
	handler := &Handler{Engine: testEngine.engine}
	for _, f := range change {
		f(handler)
	}
	server := httptest.NewServer(handler)
	tb.Cleanup(server.Close)
	return server.URL
}

// An answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // of reading the body
}

// ask posts the statement with parameters for the URL, given as name, value, name, value.
func ask(tb testing.TB, base, statement string, parameters ...string) answer {
	tb.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		values.Set(parameters[i], parameters[i+1])
	}
	request, err := http.NewRequest(http.MethodPost, base+"/?"+values.Encode(), strings.NewReader(statement))
	if err != nil {
		tb.Fatal(err)
	}
	return do(tb, request)
}

// do sends a request as curl does, without transparent decompression.
func do(tb testing.TB, request *http.Request) answer {
	tb.Helper()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}, Timeout: 20 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, body: string(body), err: err}
}

// must asks and fails the test unless the statement succeeds.
func must(tb testing.TB, base, statement string, parameters ...string) string {
	tb.Helper()
	got := ask(tb, base, statement, parameters...)
	if got.status != http.StatusOK || got.err != nil {
		tb.Fatalf("%s\n  answered %d %s %v", statement, got.status, got.body, got.err)
	}
	return got.body
}

// newDatabase makes a database for one test.
func newDatabase(tb testing.TB, base string) string {
	tb.Helper()
	name := fmt.Sprintf("db_%d", time.Now().UnixNano())
	must(tb, base, "CREATE DATABASE "+name)
	tb.Cleanup(func() { must(tb, base, "DROP DATABASE "+name+" SYNC") })
	return name
}
