package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/api"
	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/schema"
)

const payloadDir = "../schema/testdata/payloads"

// rig is the whole program on a real ClickHouse and a real Redis.
type rig struct {
	*program
	config  Config
	base    string // of the public endpoints
	key     string // API key of the first site
	betaKey string // of the second, where a test made one
	redis   string
	dsn     string
	client  *http.Client
}

// testConfig is a configuration for the sites of the corpus on free ports, with a key for the first site.
func testConfig(t testing.TB, dsn, redis string) (Config, string) {
	t.Helper()
	config := defaults()
	config.Listen, config.PrivateListen = "127.0.0.1:0", "127.0.0.1:0"
	config.ClickHouseDSN, config.RedisURL = dsn, redis
	config.SpoolDir = filepath.Join(t.TempDir(), "spool")
	config.Secret = corpus.Secret
	config.Sites = corpus.Sites(t, payloadDir)
	key, hash := api.NewKey()
	config.Sites[0].APIKeyHashes = []string{hash}
	return config, key
}

func startRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{dsn: collectortest.ClickHouse(t), redis: collectortest.Redis(t)}
	r.config, r.key = testConfig(t, r.dsn, r.redis)
	r.start(t)
	return r
}

// start starts the program; it ends with the test.
func (r *rig) start(t testing.TB) {
	t.Helper()
	r.startWith(t, slog.New(slog.NewTextHandler(testLog{t}, nil)))
}

// startWith is start with another log.
func (r *rig) startWith(t testing.TB, log *slog.Logger) {
	t.Helper()
	p, err := start(context.Background(), r.config, true, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if r.program != p {
			return // the test stopped it
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	r.program, r.base = p, "http://"+p.Addr().String()
	r.client = &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// testLog passes the program's log on to the test.
type testLog struct{ testing.TB }

func (l testLog) Write(line []byte) (int, error) {
	l.Logf("%s", bytes.TrimSpace(line))
	return len(line), nil
}

// send sends a request and returns the answer with its body read.
func (r *rig) send(t testing.TB, request *http.Request) (*http.Response, string) {
	t.Helper()
	answer, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.Header.Get("Content-Type") == eventStream { // the first event is its answer
		event, err := collectortest.ReadEvent(bufio.NewReader(answer.Body))
		if err != nil {
			t.Fatal(err)
		}
		return answer, event
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// call calls the API with the first site's key and wants a status.
func (r *rig) call(t testing.TB, method, path, contentType, body string, status int) string {
	t.Helper()
	request, err := http.NewRequest(method, r.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer, text := r.send(t, request)
	if answer.StatusCode != status {
		t.Fatalf("%s %s answers %s, not %d: %s", method, path, answer.Status, status, text)
	}
	return text
}

// waitFor waits until condition holds, and fails with what it says last after a deadline.
func waitFor(t testing.TB, within time.Duration, condition func() (string, bool)) time.Duration {
	t.Helper()
	started := time.Now()
	for tick := time.Tick(10 * time.Millisecond); ; <-tick {
		said, ok := condition()
		if ok {
			return time.Since(started)
		}
		if time.Since(started) > within {
			t.Fatalf("after %s: %s", within, said)
		}
	}
}

// forwarded waits until everything that was accepted is in ClickHouse.
func (r *rig) forwarded(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := r.spool.Seal(ctx); err != nil {
		t.Fatal(err)
	}
	waitFor(t, 60*time.Second, func() (string, bool) {
		return "the spool is not empty", r.spool.Stats().Bytes == 0
	})
}

// count runs a query that returns one number.
func (r *rig) count(t testing.TB, query string) uint64 {
	t.Helper()
	var n uint64
	if err := r.store.Conn().QueryRow(context.Background(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// configFile writes the rig's configuration as a file, for commands that read one.
func (r *rig) configFile(t testing.TB) string {
	t.Helper()
	sites, err := os.ReadFile(filepath.Join(payloadDir, "sites.toml"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "headwater.toml")
	text := "secret = \"" + corpus.Secret + "\"\n" + string(sites)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// command runs the program with arguments and returns what it prints.
func (r *rig) command(t testing.TB, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args = append(args, "--config", r.configFile(t), "--clickhouse-dsn", r.dsn, "--redis-url", r.redis)
	if err := run(context.Background(), args, &stdout, &stderr); err != nil {
		t.Fatalf("headwater %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String()
}

func contactID(site *schema.Site, address string) schema.ContactID {
	return schema.NewContactID(site.ContactKey([]byte(corpus.Secret)), address)
}
