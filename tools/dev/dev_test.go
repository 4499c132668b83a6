package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/headwater/headwater/collector/visitors"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/client"
	"github.com/headwater/headwater/tools/dev/stack"
)

// output collects what tools/dev prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// site is a site id of this run's own: with CLICKHOUSE_DSN set, other runs may share the tables.
var site = fmt.Sprintf("dev-test-%d", time.Now().UnixNano())

func start(t *testing.T, data string) (*stack.Private, *output) {
	t.Helper()
	out := &output{}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("tools/dev printed:\n%s", out)
		}
	})
	return stack.ForTest(t, data, site, out), out
}

func waitUntil(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 60 s: %s", what)
		}
	}
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// TestStack plays the life of a stack: started, used, a part of it killed, started twice, itself killed, started again on the
// same data, stopped.
func TestStack(t *testing.T) {
	data := t.TempDir()
	first, out := start(t, data)
	checkPages(t, first)
	checkLead(t, first, out)
	checkRestart(t, first, out, "collector")
	for _, name := range []string{"redis", "clickhouse"} {
		if first.Processes[name] != 0 { // not with a server of REDIS_URL or CLICKHOUSE_DSN
			checkRestart(t, first, out, name)
		}
	}
	checkSecondRun(t, data)

	// Killed without a chance to tidy up: the children end by themselves.
	if err := syscall.Kill(first.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for name, pid := range first.Processes {
		waitUntil(t, name+" has ended", func() bool { return gone(pid) })
	}

	second, _ := start(t, data)
	if second.APIKey != first.APIKey {
		t.Error("the API key has changed between two runs")
	}
	if leads := countLeads(t, second); leads != "1" {
		t.Errorf("after a restart there are %s leads, want the 1 from before", leads)
	}
	processes := second.Processes
	if err := second.Stop(); err != nil {
		t.Fatal(err)
	}
	for name, pid := range processes {
		if !gone(pid) {
			t.Errorf("%s (process %d) is left behind", name, pid)
		}
	}
	for _, address := range []string{second.Demo, second.Outside, second.Collector} {
		if err := stack.Answers(t.Context(), address); err == nil {
			t.Errorf("%s still answers", address)
		}
	}
	if _, err := stack.Read(t.Context(), filepath.Join(data, stack.FileName)); err == nil || !strings.Contains(err.Error(), "make run") {
		t.Errorf("Read of a stopped stack returned %v, want what to do", err)
	}
}

func checkPages(t *testing.T, s *stack.Private) {
	t.Helper()
	for address, want := range map[string]string{
		s.Demo + "/":             `src="` + s.Collector + `/hw.js" data-site="` + s.Site + `"`,
		s.Demo + "/signup":       `action="` + s.Collector + `/f/signup"`,
		s.Report:                 "Latest leads",
		s.Outside + "/":          "The outside world",
		s.Collector + "/hw.js":   "localStorage",
		s.Private + "/metrics":   "headwater_",
		s.Demo + "/leads/latest": "Latest leads",
	} {
		response, err := http.Get(address)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(want)) {
			t.Errorf("GET %s: %s without %q", address, response.Status, want)
		}
	}
}

// checkLead sends a plain form, as a page without any script does, and looks for it on the page, in the terminal and in
// the command line's report.
func checkLead(t *testing.T, s *stack.Private, out *output) {
	t.Helper()
	keepLocation := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	began := time.Now()
	response, err := keepLocation.PostForm(s.Collector+"/f/signup", url.Values{
		"email": {"ada@orchards.example"}, "company": {"Orchards"}, "utm_source": {"partner-a"}, "utm_medium": {"email"}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != s.Demo+"/thank-you" {
		t.Fatalf("POST /f/signup: %s to %q, want 303 to the thank-you page", response.Status, response.Header.Get("Location"))
	}
	waitUntil(t, "the lead is on the page", func() bool {
		response, err := http.Get(s.Demo + "/leads/latest")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return bytes.Contains(body, []byte("ada@orchards.example"))
	})
	t.Logf("the lead was on the page after %s", time.Since(began).Round(time.Millisecond))
	waitUntil(t, "the lead is in the terminal", func() bool {
		return strings.Contains(out.String(), "form signup  First touch partner-a/email → Lead creation partner-a/email → Company source partner-a/email\n")
	})
	if strings.Contains(out.String(), "ada@") {
		t.Error("the terminal shows an address")
	}
	report := exec.CommandContext(t.Context(), s.Headwater, "report", "source_breakdown", "--config", s.Config, "--format", "csv")
	text, err := report.CombinedOutput()
	if err != nil || !strings.Contains(string(text), "partner-a,0,1,") {
		t.Errorf("headwater report: %v\n%s", err, text)
	}
}

func countLeads(t *testing.T, s *stack.Private) string {
	t.Helper()
	report, err := (&client.Client{URL: s.Collector, Key: s.APIKey}).Report(t.Context(), "source_breakdown", nil)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(report.Totals["leads"])
}

// checkRestart kills a child: the supervisor must say so and start it again.
func checkRestart(t *testing.T, s *stack.Private, out *output, name string) {
	t.Helper()
	if err := syscall.Kill(s.Processes[name], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, name+" is back", func() bool {
		return strings.Contains(out.String(), "! "+name+" ended (signal: killed); starting it again") && strings.Contains(out.String(), "  "+name+" is back")
	})
	if err := stack.Answers(t.Context(), s.Collector+"/readyz"); err != nil {
		t.Errorf("after the restart of %s: %v", name, err)
	}
	described, err := stack.Read(t.Context(), filepath.Join(s.Data, stack.FileName))
	if err != nil || described.Processes[name] == s.Processes[name] {
		t.Errorf("stack.json still names the killed %s (%v)", name, err)
	} else {
		s.Processes[name] = described.Processes[name]
	}
}

// checkSecondRun starts tools/dev a second time on the same data.
func checkSecondRun(t *testing.T, data string) {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), filepath.Join(data, "bin", "dev"), "-data", data, "-free-ports").CombinedOutput()
	if err == nil || !strings.Contains(string(text), "already running on "+data+" (process ") || !strings.Contains(string(text), "-data") {
		t.Errorf("a second run on the same data: %v\n%s", err, text)
	}
}

func TestPortsTakenAreReplacedAndSaid(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	var said []string
	p := ports{given: map[int]bool{}, say: func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }}
	got, err := p.take("the demo website", port)
	if err != nil || got == port {
		t.Fatalf("take of a taken port returned %d, %v", got, err)
	}
	if want := fmt.Sprintf("  port %d is taken, the demo website uses %d", port, got); len(said) != 1 || said[0] != want {
		t.Errorf("it said %q, want %q", said, want)
	}
	again, err := p.take("the collector", got)
	if err != nil || again == got {
		t.Errorf("take gave port %d twice (%v)", got, err)
	}
	taken.Close()
	if free, err := p.take("Redis", port); err != nil || free != port {
		t.Errorf("take of a free port returned %d, %v, want %d", free, err, port)
	}
}

func TestConfigKeepsWhatSomebodyChanged(t *testing.T) {
	s := newStation("", options{data: t.TempDir(), site: "demo"}, io.Discard)
	s.stack = stack.Stack{Demo: "http://localhost:8080", Collector: "http://localhost:8090", Private: "http://127.0.0.1:8091",
		ClickHouseDSN: "http://127.0.0.1:8123/default", Redis: "redis://127.0.0.1:6379/0"}
	if err := s.writeConfig(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(s.stack.Config)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(before), `time_zone = "UTC"`, `time_zone = "Europe/Oslo" # ours is at 127.0.0.1:8090`, 1)
	if err := os.WriteFile(s.stack.Config, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	key := s.stack.APIKey
	s.stack.Demo, s.stack.Collector = "http://localhost:18080", "http://localhost:18090"
	if err := s.writeConfig(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(s.stack.Config)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("http://localhost:8080", "http://localhost:18080", "http://localhost:8090", "http://localhost:18090",
		`listen = "127.0.0.1:8090"`, `listen = "127.0.0.1:18090"`).Replace(edited)
	if string(after) != want {
		t.Errorf("the second run wrote\n%s\nwant\n%s", after, want)
	}
	if s.stack.APIKey != key {
		t.Error("the API key has changed")
	}
	if info, err := os.Stat(s.stack.Config); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the configuration: %v, %v", info.Mode(), err)
	}
}

// TestMiniredisExpires: the clock of the Redis within the process moves.
func TestMiniredisExpires(t *testing.T) {
	s := newStation("", options{}, io.Discard)
	p := ports{onlyFree: true, given: map[int]bool{}}
	port, err := p.take("Redis", 6379)
	if err != nil {
		t.Fatal(err)
	}
	s.stack.Redis = "redis://" + address(port) + "/0"
	if err := s.startMiniredis(t.Context(), address(port)); err != nil {
		t.Fatal(err)
	}
	defer s.miniredis()
	if err := redisAnswers(t.Context(), address(port)); err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: address(port)})
	defer client.Close()
	if err := client.Set(t.Context(), "d:demo:1", "seg:1", 2*time.Second).Err(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the key has expired", func() bool { return errors.Is(client.Get(t.Context(), "d:demo:1").Err(), redis.Nil) })
	runsOurScripts(t, s.stack.Redis)
}

// runsOurScripts holds that the collector finds in this Redis what it needs of one.
func runsOurScripts(t *testing.T, redisURL string) {
	t.Helper()
	v, err := visitors.Open(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for identity, want := range map[string]bool{"seg:1": false, "seg:2": true} {
		records := []visitors.Seen{
			{Site: "demo", Kind: schema.KindTouch, ID: identity, Identity: identity},
			{Site: "demo", Kind: schema.KindTouch, ID: identity, Identity: "seg:1"},
		}
		if found, err := v.Duplicates(t.Context(), records); err != nil || found[0] || found[1] != want {
			t.Errorf("%s: %v, %v", identity, found, err)
		}
	}
	for _, at := range []int64{2000, 1000, 3000} {
		touch := schema.Touch{TouchID: "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e", OccurredAt: time.UnixMilli(at)}
		if err := v.ClaimFirstTouches(t.Context(), []visitors.Arrival{{Site: "demo", Visitor: "v", Touch: &touch}}); err != nil {
			t.Fatal(err)
		}
	}
	if touch, known, err := v.FirstTouch(t.Context(), "demo", "v"); err != nil || !known || touch.OccurredAt.UnixMilli() != 1000 {
		t.Errorf("first touch %+v, %v, %v", touch, known, err)
	}
}

func TestRedisTrouble(t *testing.T) {
	for line, want := range map[string]bool{
		"31346:C 24 Nov 2026 21:02:23.146 # Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=31346, just started": false,
		"31346:M 24 Nov 2026 21:02:23.147 # Server initialized":                                                                  false,
		"31346:M 24 Nov 2026 21:02:23.147 # WARNING Memory overcommit must be enabled! Without it, … may fail":                   false,
		"31346:M 24 Nov 2026 21:02:23.168 * Ready to accept connections":                                                         false,
		"31346:M 24 Nov 2026 21:02:23.147 # Write error saving DB on disk: No space left on device":                              true,
		"31346:M 24 Nov 2026 21:02:23.147 # Can't open the append-only file: Permission denied":                                  true,
	} {
		if got := redisTrouble(line); got != want {
			t.Errorf("redisTrouble(%q) = %v", line, got)
		}
	}
}
