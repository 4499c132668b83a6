package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"github.com/headwater/headwater/collector/rejection"
)

// tightAdmission takes two requests and 100 bytes at a time.
func tightAdmission(wait time.Duration) *admission {
	a := newAdmission(prometheus.NewRegistry())
	a.requests, a.bytes, a.maxBytes, a.wait = semaphore.NewWeighted(2), semaphore.NewWeighted(100), 100, wait
	return a
}

func contextOf(path string, body string) echo.Context {
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	c := echo.New().NewContext(request, httptest.NewRecorder())
	c.SetPath(path)
	return c
}

func TestAdmissionBoundsRequestsAndBytes(t *testing.T) {
	for name, body := range map[string]string{"requests": "x", "bytes": strings.Repeat("x", 50), "one body larger than all": strings.Repeat("x", 1000)} {
		a := tightAdmission(time.Millisecond)
		inside, leave, ended := make(chan struct{}), make(chan struct{}), make(chan error)
		hold := a.limit(func(echo.Context) error { inside <- struct{}{}; <-leave; return nil })
		holders := 2
		if len(body) > 100 {
			holders = 1
		}
		for range holders {
			go func() { ended <- hold(contextOf("/t", body)) }()
			<-inside
		}
		quick := a.limit(func(echo.Context) error { return nil })
		var rejected *rejection.Error
		if err := quick(contextOf("/t", body)); !errors.As(err, &rejected) || rejected.Reason != rejection.Overloaded {
			t.Errorf("%s: one too many is answered %v", name, err)
		}
		if err := quick(contextOf("/readyz", "")); err != nil {
			t.Errorf("%s: a probe is turned away: %v", name, err)
		}
		for range holders {
			leave <- struct{}{}
			if err := <-ended; err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := quick(contextOf("/t", body)); err != nil {
			t.Errorf("%s: turned away with nobody inside: %v", name, err)
		}
	}
}

func TestAdmissionWaitsForRoom(t *testing.T) {
	a := tightAdmission(time.Minute)
	inside, leave, ended := make(chan struct{}), make(chan struct{}), make(chan error, 3)
	hold := a.limit(func(echo.Context) error { inside <- struct{}{}; <-leave; return nil })
	for range 3 {
		go func() { ended <- hold(contextOf("/t", "x")) }()
	}
	<-inside
	<-inside
	close(leave)
	<-inside // the third came in once there was room
	for range 3 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// Labels come from a closed list, whatever strangers ask for.
func TestRoutesAreAClosedList(t *testing.T) {
	for _, c := range [][3]string{
		{"POST", "/t", "POST /t"}, {"GET", "", "other"}, {"BREW", "/t", "other"}, {"GET", "/*", "other"}, {"HEAD", "/hw.js", "HEAD /hw.js"},
	} {
		if got := routeOf(c[0], c[1]); got != c[2] {
			t.Errorf("%s %s is labelled %q, not %q", c[0], c[1], got, c[2])
		}
	}
}

// TestMetricsOfAStoredTouch: what happened shows, in the classic form that everybody reads.
func TestMetricsOfAStoredTouch(t *testing.T) {
	r := startRig(t)
	r.tellAll(t, "POST", "/t", "text/plain", touchBody)
	r.tellAll(t, "GET", "/"+strangers["page"]+"/"+strangers["form"], "", "")
	r.forwarded(t)
	answer, err := http.Get("http://" + r.PrivateAddr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for what, secret := range strangers {
		if strings.Contains(string(text), secret) {
			t.Errorf("/metrics holds the %s", what)
		}
	}
	for _, want := range []string{
		`headwater_request_seconds_count{route="other"} 1`,
		`headwater_accepted_total{kind="touch",site="acme"} 1`,
		`headwater_request_seconds_count{route="POST /t"} 1`,
		`headwater_spool_records_total 1`,
		`headwater_spool_commit_seconds_count 1`,
		`headwater_insert_seconds_count{table="touches"} 1`,
		`headwater_forward_lag_seconds_count 1`,
		`headwater_forwarded_rows_total 1`,
		`headwater_clickhouse_up 1`, `headwater_redis_up 1`, `headwater_clickhouse_failing{class="schema"} 0`,
		`headwater_spool_oldest_seconds 0`, `headwater_replay_window_segments 1`, `headwater_dead_letters 0`,
		`headwater_rejected_total{reason="spool_full"} 0`,
		`headwater_build_info{`, `headwater_open_streams 0`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("/metrics does not say %s", want)
		}
	}
	if strings.Contains(string(text), "headwater_redis_seconds_count 0") {
		t.Error("Redis was asked and not timed")
	}
}

// TestHealthIsNotReadiness: a process that cannot accept runs all the same, and says why not.
func TestHealthIsNotReadiness(t *testing.T) {
	r := startAlone(t)
	probe := func(path string) (int, string) {
		answer, err := http.Get("http://" + r.PrivateAddr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	want := func(when string, ready int, why string) {
		t.Helper()
		if status, _ := probe("/healthz"); status != http.StatusOK {
			t.Errorf("%s: /healthz answers %d", when, status)
		}
		if status, text := probe("/readyz"); status != ready || !strings.Contains(text, why) {
			t.Errorf("%s: /readyz answers %d %s", when, status, text)
		}
	}
	want("at rest", http.StatusOK, "ok")
	r.keeper.leaving.Store(true)
	want("leaving", http.StatusServiceUnavailable, "shutting down")
	r.keeper.leaving.Store(false)
	if err := r.spool.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	want("stopped", http.StatusServiceUnavailable, "closed")

	small := &rig{}
	small.config, small.key = testConfig(t, "http://127.0.0.1:1/default", "redis://127.0.0.1:1/0")
	small.config.SpoolMaxBytes = 300
	small.start(t)
	r = small
	for {
		request, err := http.NewRequest(http.MethodPost, r.base+"/t", strings.NewReader(touchBody))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "text/plain")
		answer, body := r.send(t, request)
		if answer.StatusCode == http.StatusNoContent {
			continue
		}
		if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" || answer.Header.Get(rejection.Header) != string(rejection.SpoolFull) {
			t.Errorf("a full spool answers %s %v %s", answer.Status, answer.Header, body)
		}
		break
	}
	want("full", http.StatusServiceUnavailable, "full")
}

// A stream is no long request: it is not timed at all, and what is not a stream is, on the same route too.
func TestStreamsAreNotTimed(t *testing.T) {
	registry := prometheus.NewRegistry()
	l := newLatencies(registry)
	for _, kind := range []string{"text/event-stream", "application/json"} {
		c := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/console/leads.events", nil), httptest.NewRecorder())
		c.SetPath("/console/leads.events")
		err := l.measure()(func(c echo.Context) error { return c.Blob(http.StatusOK, kind, nil) })(c)
		if err != nil {
			t.Fatal(err)
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "headwater_request_seconds" && len(family.GetMetric()) == len(hotRoutes)+1 {
			for _, metric := range family.GetMetric() {
				if route := metric.GetLabel()[0].GetValue(); strings.HasPrefix(route, "GET") && metric.GetHistogram().GetSampleCount() != 1 {
					t.Errorf("%s was timed %d times, want once", route, metric.GetHistogram().GetSampleCount())
				}
			}
			return
		}
	}
	t.Error("the route was not timed")
}

// BenchmarkMiddleware is what measuring and bounding cost a request.
func BenchmarkMiddleware(b *testing.B) {
	registry := prometheus.NewRegistry()
	handler := newLatencies(registry).measure()(newAdmission(registry).limit(func(echo.Context) error { return nil }))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		c := contextOf("/t", "x")
		for pb.Next() {
			if err := handler(c); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
