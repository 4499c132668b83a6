package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

const (
	acmeKey  = "hwk_acme-0000000000000000000000000000000000000"
	otherKey = "hwk_other-000000000000000000000000000000000000"
)

var testSecret = []byte("a secret of an installation, 32 b")

// testNow is the time of all tests: the samples lie before it.
var testNow = time.Date(2026, 3, 12, 9, 41, 7, 0, time.UTC)

func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func testSites() []schema.Site {
	return []schema.Site{
		{ID: "acme", Origins: []string{"https://www.acme.example"}, TimeZone: "Europe/Oslo", APIKeyHashes: []string{hashOf(acmeKey)},
			Forms: []schema.Form{{ID: "signup"}, {ID: "webinar"}, {ID: "demo-request"}}, LookbackDays: 30,
			OwnDomains: []string{"acme.test", "acme.shop.example"}, IgnoredReferrers: []string{"bank.example"}, Parameters: []string{"ref", "partner_id"}},
		{ID: "other", Origins: []string{"https://other.example"}, APIKeyHashes: []string{hashOf(otherKey)}},
	}
}

// stand is a console that answers HTTP, with a clock that stands still.
type stand struct {
	*httptest.Server
	console *Console
	clock   *collectortest.Clock
	store   *store.Store
	client  *http.Client // follows no redirect and keeps no cookie
}

// newStand serves a console that asks reports.
func newStand(tb testing.TB, ask Reports) *stand {
	tb.Helper()
	s := &stand{clock: collectortest.FixedClock(testNow)}
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	s.Server = httptest.NewServer(e)
	tb.Cleanup(s.Close)
	var err error
	s.console, err = New(Config{
		Sites: testSites(), Secret: testSecret, PublicURL: s.URL, Reports: ask, Now: s.clock.Now, Log: slog.New(slog.DiscardHandler),
		Core: Script{Name: "hw.js", Version: "1.0.0", Pinned: "hw.0123456789abcdef.js",
			Integrity: "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"},
		Adapters: Script{Name: "hw-adapters.js", Version: "1.0.0", Pinned: "hw-adapters.fedcba9876543210.js",
			Integrity: "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC"},
	})
	if err != nil {
		tb.Fatal(err)
	}
	s.console.Register(e)
	s.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s
}

// newLiveStand serves a console over an empty database of the real engine.
func newLiveStand(tb testing.TB) *stand {
	tb.Helper()
	opened, err := store.Open(tb.Context(), collectortest.ClickHouse(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { opened.Close() })
	if err := opened.Migrate(tb.Context(), store.MigrateConfig{RetentionMonths: 600}); err != nil {
		tb.Fatal(err)
	}
	s := newStand(tb, ReportsFunc(func(ctx context.Context, name string, p reports.Params) (*reports.Result, error) {
		return reports.Run(ctx, opened.Conn(), name, p)
	}))
	s.store = opened
	return s
}

// noReports is for pages that need none: asking fails the test.
func noReports(tb testing.TB) Reports {
	return ReportsFunc(func(_ context.Context, name string, _ reports.Params) (*reports.Result, error) {
		tb.Errorf("report %s was asked", name)
		return nil, context.Canceled
	})
}

// answer is a response that was read.
type answer struct {
	*http.Response
	body string
}

func (s *stand) do(tb testing.TB, r *http.Request) answer {
	tb.Helper()
	response, err := s.client.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return answer{response, string(body)}
}

// get asks for a path with a session's cookie, "" for none.
func (s *stand) get(tb testing.TB, path, cookie string) answer {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	addCookie(r, cookie)
	return s.do(tb, r)
}

// post sends a form as a browser on the console's own page does.
func (s *stand) post(tb testing.TB, path, cookie string, form url.Values, header ...string) answer {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, s.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if len(header) == 0 {
		header = []string{"Sec-Fetch-Site", "same-origin"}
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	addCookie(r, cookie)
	return s.do(tb, r)
}

func addCookie(r *http.Request, value string) {
	if value != "" {
		r.Header.Add("Cookie", cookieName+"="+value)
	}
}

// signIn returns the cookie of a new session.
func (s *stand) signIn(tb testing.TB, key string) string {
	tb.Helper()
	a := s.post(tb, "/console/sign-in", "", url.Values{"key": {key}})
	for _, cookie := range a.Cookies() {
		if cookie.Name == cookieName && a.StatusCode == http.StatusSeeOther {
			return cookie.Value
		}
	}
	tb.Fatalf("sign in: %s, cookies %v", a.Status, a.Cookies())
	return ""
}
