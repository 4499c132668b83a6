package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/api"
	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/tools/dev/supervise"
	"github.com/headwater/headwater/tools/load/play"
	"github.com/headwater/headwater/tools/load/unreliable"
)

// asCollector is the environment variable that makes this test program the collector, with its arguments: so the tests
// kill the real thing, and nobody has to build it for them.
const asCollector = "HEADWATER_TEST_COLLECTOR"

func TestMain(m *testing.M) {
	if os.Getenv(asCollector) != "" {
		main()
	}
	os.Exit(m.Run())
}

// victim is a collector in a process of its own, between a real Redis and a real ClickHouse, with visitors that come all the
// time. Its tests maltreat one of these, and then hold what is stored to what was accepted.
type victim struct {
	tb      testing.TB
	args    []string
	private string
	log     string // file
	process *exec.Cmd
	ended   chan struct{}

	proxy  *unreliable.Proxy // in front of ClickHouse
	dsn    string            // of ClickHouse itself
	player *play.Player
	conn   driver.Conn
	stop   func() // ends the visitors
}

// startVictim starts it all; redisURL may be anything that redis_url takes. Further arguments go to headwater serve.
func startVictim(tb testing.TB, redisURL string, args ...string) *victim {
	tb.Helper()
	return startVictimOn(tb, collectortest.ClickHouse(tb), redisURL, args...)
}

func startVictimOn(tb testing.TB, dsn, redisURL string, args ...string) *victim {
	tb.Helper()
	v := &victim{tb: tb, dsn: dsn, log: filepath.Join(tb.TempDir(), "collector.log")}
	var err error
	if v.proxy, err = unreliable.Start(dsn); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = v.proxy.Close() })
	public, private := freeAddress(tb), freeAddress(tb)
	config, key := v.writeConfig()
	v.private = "http://" + private
	v.args = append([]string{"serve", "--config", config, "--listen", public, "--private-listen", private, "--clickhouse-dsn", v.proxy.DSN(dsn),
		"--redis-url", redisURL, "--spool-dir", filepath.Join(tb.TempDir(), "spool"), "--spool-seal-ms", "200", "--trusted-proxies", "127.0.0.1/32"}, args...)
	tb.Cleanup(v.kill)
	v.start()
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	if v.conn, err = clickhouse.Open(options); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = v.conn.Close() })
	v.player = play.New(play.Config{URL: "http://" + public, Key: key, Site: "acme", Form: "signup", Origin: "https://www.acme.example",
		Run: "t" + uuid.NewString()[:8], Seed: uint64(time.Now().UnixNano()), Ledger: play.NewLedger(), Workers: 16, Patience: 20 * time.Second})
	v.awaitTables()
	v.play(40)
	return v
}

// writeConfig writes the configuration of the corpus with an API key for its first site.
func (v *victim) writeConfig() (path, key string) {
	sites, err := os.ReadFile(filepath.Join(payloadDir, "sites.toml"))
	if err != nil {
		v.tb.Fatal(err)
	}
	key, hash := api.NewKey()
	text := fmt.Sprintf("secret = %q\n%s", corpus.Secret, strings.Replace(string(sites), "[[site]]\n", fmt.Sprintf("[[site]]\napi_key_hashes = [%q]\n", hash), 1))
	path = filepath.Join(v.tb.TempDir(), "headwater.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		v.tb.Fatal(err)
	}
	return path, key
}

// start starts the collector's process and waits until it listens.
func (v *victim) start() {
	v.tb.Helper()
	log, err := os.OpenFile(v.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		v.tb.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	process := exec.Command(os.Args[0], v.args...)
	process.Env = append(os.Environ(), asCollector+"=1")
	process.Stdout, process.Stderr, process.SysProcAttr = log, log, supervise.ChildAttributes()
	if err := supervise.StartHere(process); err != nil {
		v.tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = process.Wait(); close(ended) }()
	v.process, v.ended = process, ended
	waitFor(v.tb, 30*time.Second, func() (string, bool) {
		select {
		case <-ended:
			v.tb.Fatalf("the collector ended by itself: %s\n%s", process.ProcessState, v.lastLines())
		default:
		}
		_, err := v.metric("headwater_spool_bytes")
		return fmt.Sprint("the collector does not answer: ", err), err == nil
	})
}

// kill ends the process without a farewell.
func (v *victim) kill() {
	_ = v.process.Process.Kill()
	<-v.ended
}

// crashed tells whether the process has ended by itself.
func (v *victim) crashed() bool {
	select {
	case <-v.ended:
		return true
	default:
		return false
	}
}

// terminate ends the process with SIGTERM and wants it to end well.
func (v *victim) terminate(within time.Duration) {
	v.tb.Helper()
	if err := v.process.Process.Signal(syscall.SIGTERM); err != nil {
		v.tb.Fatal(err)
	}
	select {
	case <-v.ended:
	case <-time.After(within):
		v.tb.Fatalf("the collector does not end within %s of SIGTERM\n%s", within, v.lastLines())
	}
	if code := v.process.ProcessState.ExitCode(); code != 0 {
		v.tb.Errorf("the collector ends with %d after SIGTERM\n%s", code, v.lastLines())
	}
}

// spool is the folder that the process keeps its records in.
func (v *victim) spool() string {
	dir := ""
	for i, arg := range v.args {
		if arg == "--spool-dir" {
			dir = v.args[i+1] // the last one counts
		}
	}
	return dir
}

// lastLines are the end of the log of the present process.
func (v *victim) lastLines() string {
	text, _ := os.ReadFile(v.log)
	last := string(text[max(0, len(text)-4000):])
	if at := strings.LastIndex(last, "headwater accepts"); at >= 0 {
		last = last[at:]
	}
	return last
}

// play lets visitors come, a second, until settle or the end of the test.
func (v *victim) play(rate float64) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); v.player.Play(ctx, rate) }()
	v.stop = func() { cancel(); <-done }
	v.tb.Cleanup(func() { cancel() })
}

// accepted is how many records were accepted so far.
func (v *victim) accepted() int { return play.Sum(v.player.Ledger.Totals().Accepted) }

// accepts waits until so many records more than now are accepted.
func (v *victim) accepts(more int) {
	v.tb.Helper()
	want := v.accepted() + more
	waitFor(v.tb, 60*time.Second, func() (string, bool) {
		now := v.accepted()
		return fmt.Sprintf("%d records are accepted, not %d; refused: %v", now, want, v.player.Ledger.Totals().Refused), now >= want
	})
}

// forwards waits until this process brings something to ClickHouse.
func (v *victim) forwards() {
	v.tb.Helper()
	before, _ := v.metric("headwater_forwarded_rows_total")
	waitFor(v.tb, 60*time.Second, func() (string, bool) {
		rows, err := v.metric("headwater_forwarded_rows_total")
		return fmt.Sprintf("%v rows are forwarded (%v)\n%s", rows, err, v.lastLines()), err == nil && rows > before
	})
}

// misbehave has ClickHouse fail until some requests have failed, and work again until rows have come.
func (v *victim) misbehave(mode unreliable.Mode, failures int) {
	v.tb.Helper()
	v.proxy.Set(mode)
	waitFor(v.tb, 60*time.Second, func() (string, bool) {
		return fmt.Sprintf("ClickHouse %s, and %d requests of %d have met it", mode, v.proxy.Failed(), failures), v.proxy.Failed() >= failures
	})
	v.proxy.Set(unreliable.Forward())
	v.forwards()
}

// metric reads one figure of the private listener.
func (v *victim) metric(name string) (float64, error) {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(v.private + "/metrics")
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strconv.ParseFloat(text, 64)
		}
	}
	return 0, fmt.Errorf("no figure %s", name)
}

func (v *victim) awaitTables() {
	v.tb.Helper()
	waitFor(v.tb, 60*time.Second, func() (string, bool) {
		_, err := v.player.Compare(context.Background(), v.conn)
		return fmt.Sprint("the tables are not there: ", err), err == nil
	})
}

// settle ends the visitors, waits until everything is forwarded, and holds tables and report against what was accepted: each
// record exactly once. Nothing may have crashed, and nothing may be set aside.
func (v *victim) settle() play.Verdict {
	v.tb.Helper()
	v.stop()
	waitFor(v.tb, 90*time.Second, func() (string, bool) {
		if v.crashed() {
			v.tb.Fatalf("the collector ended by itself: %s\n%s", v.process.ProcessState, v.lastLines())
		}
		waiting, err := v.metric("headwater_spool_bytes")
		return fmt.Sprintf("%v bytes wait in the spool (%v)", waiting, err), err == nil && waiting == 0
	})
	ctx := context.Background()
	verdict, err := v.player.Compare(ctx, v.conn)
	if err != nil {
		v.tb.Fatal(err)
	}
	if wrong := verdict.Wrong(); wrong != "" {
		v.tb.Errorf("%s\n%s", wrong, v.lastLines())
	}
	reported, err := v.player.Reported(ctx)
	if err != nil {
		v.tb.Fatal(err)
	}
	expected := v.player.Expected(verdict)
	for _, column := range play.Columns(expected) {
		if reported[column] != expected[column] {
			v.tb.Errorf("the report says %s %s, not %s", column, reported[column], expected[column])
		}
	}
	if letters, err := v.metric("headwater_dead_letters_total"); err != nil || letters > 0 {
		v.tb.Errorf("%v dead letters (%v)", letters, err)
	}
	totals := v.player.Ledger.Totals()
	v.tb.Logf("accepted %d, again %d, stored %d, without an answer %d, lost %d, duplicated %d, copies %d; refused %v", verdict.Accepted, totals.Resent, verdict.Stored,
		verdict.Unanswered, verdict.Lost, verdict.Duplicated, verdict.Copies, totals.Refused)
	return verdict
}

func freeAddress(tb testing.TB) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
