package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
)

// breakdown is a source_breakdown as JSON.
type breakdown struct {
	Rows   []map[string]any
	Totals map[string]any
}

func (r *rig) breakdown(t testing.TB, site string, args ...string) breakdown {
	t.Helper()
	text := r.command(t, append([]string{"report", "source_breakdown", "--site", site, "--format", "json"}, args...)...)
	var b breakdown
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return b
}

// leads returns the leads of a source, 0 where it has no row.
func (b breakdown) leads(source string) int {
	for _, row := range b.Rows {
		if row["source"] == source {
			n, _ := row["leads"].(float64)
			return int(n)
		}
	}
	return 0
}

func (r *rig) postForm(t testing.TB, path, form string) *http.Response {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, r.base+path, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, body := r.send(t, request)
	if answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s answers %s: %s", path, answer.Status, body)
	}
	return answer
}

// TestPlainFormIsInTheReport is Show 3: a form sent without any script gets a 303, and the lead is in the report
// within two seconds, as (unattributed) or with the UTMs that its fields carried.
func TestPlainFormIsInTheReport(t *testing.T) {
	r := startRig(t)
	waitFor(t, 60*time.Second, func() (string, bool) {
		select {
		case <-r.migrated:
			return "", true
		default:
			return "the tables are not made", false
		}
	})
	best := time.Hour
	for i, c := range []struct{ form, source string }{
		{"name=Ada", "(unattributed)"},
		{"utm_source=LinkedIn&utm_medium=paid_social", "linkedin"},
	} {
		address := fmt.Sprintf("ada%d@example.com", i)
		answer := r.postForm(t, "/f/signup?site=acme", "email="+address+"&"+c.form)
		if location := answer.Header.Get("Location"); location != "https://www.acme.example/thank-you" {
			t.Errorf("sent on to %q", location)
		}
		query := fmt.Sprintf("SELECT count() FROM submissions WHERE contact_id = '%s'", contactID(&r.config.Sites[0], address))
		took := waitFor(t, 60*time.Second, func() (string, bool) { return "no row of " + address, r.count(t, query) == 1 })
		t.Logf("a lead from %s is in the tables after %s", c.source, took.Round(time.Millisecond))
		best = min(best, took)
		if b := r.breakdown(t, "acme"); b.leads(c.source) != 1 {
			t.Errorf("%s has %d leads, not 1: %v", c.source, b.leads(c.source), b.Rows)
		}
	}
	if best > 2*time.Second && !overloaded() {
		t.Errorf("a lead takes %s to the report", best)
	}
}

// overloaded tells whether this machine has far more to do than it can: then times say nothing.
func overloaded() bool {
	text, err := os.ReadFile("/proc/loadavg")
	var load float64
	if err == nil {
		_, err = fmt.Sscan(string(text), &load)
	}
	return err == nil && load > 2*float64(runtime.NumCPU())
}

// TestCRMStory plays what the API is for: who was there before, and what came of the leads.
func TestCRMStory(t *testing.T) {
	r := startRig(t)
	r.call(t, "POST", "/api/contacts", "application/x-ndjson", `{"email":"old@known.example","crm_id":"c1","company_crm_id":"k1","company_name":"Known Ltd","created_at":"2020-01-01"}
{"email":"Free@gmail.com","created_at":"2020-01-01"}
`, http.StatusOK)
	r.call(t, "POST", "/api/companies", "text/csv", "CRM ID,Name,Website\nk2,Second Ltd,https://www.second.example/about\n", http.StatusOK)
	for _, form := range []string{"email=old@known.example", "email=new@known.example", "email=new@second.example", "email=new@fresh.example", "email=free@gmail.com"} {
		r.postForm(t, "/f/signup?site=acme&utm_source=linkedin&utm_medium=paid_social", form)
	}
	deal := `[{"deal_id":"d1","status":"open","amount":1250.10,"currency":"EUR","contact_email":"new@fresh.example","created_at":"2026-01-05","changed_at":"2026-01-05"},
{"deal_id":"d1","status":"won","amount":"1250.10","currency":"eur","changed_at":"2026-02-01T00:00:00Z"},
{"deal_id":"d2","status":"open","contact_crm_id":"c1"}]`
	for range 3 {
		r.call(t, "POST", "/api/deals", "application/json", deal, http.StatusOK)
	}
	r.forwarded(t)
	if n := r.count(t, "SELECT count() FROM deals FINAL"); n != 3 {
		t.Errorf("%d changes of deals, not 3", n)
	}
	var b breakdown
	text := r.call(t, "GET", "/api/reports/source_breakdown?by=source", "", "", http.StatusOK)
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	// old@known and free@gmail were there before; the other three are new, and only fresh.example is a new company.
	if b.leads("linkedin") != 3 || fmt.Sprint(b.Totals["companies"], b.Totals["conversions"], b.Totals["deals"], b.Totals["won_deals"]) != "1 2 2 1" {
		t.Errorf("the report says %s", text)
	}
	card := r.call(t, "POST", "/api/reports/contact_card", "application/x-www-form-urlencoded", "email=NEW@fresh.example&format=table", http.StatusOK)
	if !strings.Contains(card, "linkedin") {
		t.Errorf("the card says %s", card)
	}
	if other := r.breakdown(t, "beta"); len(other.Rows) > 0 {
		t.Errorf("another site knows of it: %v", other.Rows)
	}
}

// TestAcceptsWithoutClickHouseAndRedis: what came in meanwhile is there after the next start.
func TestAcceptsWithoutClickHouseAndRedis(t *testing.T) {
	r := &rig{dsn: collectortest.ClickHouse(t), redis: collectortest.Redis(t)}
	r.config, r.key = testConfig(t, "http://127.0.0.1:1/default", "redis://127.0.0.1:1/0")
	var log lockedBuffer
	p, err := start(context.Background(), r.config, true, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	r.program, r.base, r.client = p, "http://"+p.Addr().String(), &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r.postForm(t, "/f/signup?site=acme&utm_source=linkedin", "email=ada@example.com")
	report := r.call(t, "GET", "/api/reports/source_breakdown", "", "", http.StatusServiceUnavailable)
	if !strings.Contains(report, "report_unavailable") {
		t.Errorf("a report without ClickHouse: %s", report)
	}
	began := time.Now()
	if err := p.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("shutting down took %s", took)
	}
	if !strings.Contains(log.String(), "stays in the spool") {
		t.Errorf("the log does not say that records wait: %s", log.String())
	}
	r.config.ClickHouseDSN, r.config.RedisURL = r.dsn, r.redis
	r.start(t)
	waitFor(t, 60*time.Second, func() (string, bool) { return "the spool is not empty", r.spool.Stats().Bytes == 0 })
	if n := r.breakdown(t, "acme").leads("linkedin"); n != 1 {
		t.Errorf("%d leads, not 1", n)
	}
}

// TestServeUntilSignalled starts the program by its command line and ends it as a signal does.
func TestServeUntilSignalled(t *testing.T) {
	r := &rig{dsn: collectortest.ClickHouse(t), redis: collectortest.Redis(t)}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var log lockedBuffer
	ended := make(chan error, 1)
	args := []string{"serve", "--config", r.configFile(t), "--clickhouse-dsn", r.dsn, "--redis-url", r.redis, "--listen", "127.0.0.1:0",
		"--private-listen", "127.0.0.1:0", "--spool-dir", t.TempDir(), "--log-format", "json"}
	go func() { ended <- run(ctx, args, &bytes.Buffer{}, &log) }()
	var addresses struct{ Public, Private string }
	waitFor(t, 30*time.Second, func() (string, bool) {
		select {
		case err := <-ended:
			t.Fatalf("serve ended: %v\n%s", err, log.String())
		default:
		}
		line, _, _ := strings.Cut(log.String(), "\n")
		return log.String(), json.Unmarshal([]byte(line), &addresses) == nil && addresses.Public != ""
	})
	for _, address := range []string{addresses.Public + "/readyz", addresses.Public + "/hw.js", addresses.Private + "/metrics", addresses.Private + "/readyz", addresses.Public + "/console/"} {
		answer, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		want := http.StatusOK
		if strings.HasSuffix(address, "/console/") {
			want = http.StatusServiceUnavailable // there is no ClickHouse, so nobody's account can be read
		}
		if answer.StatusCode != want {
			t.Errorf("%s: %s, want %d", address, answer.Status, want)
		}
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("serve ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("serve does not end")
	}
}
