package console

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/api"
	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/doctor"
	"github.com/headwater/headwater/collector/links"
	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/sample"
	"github.com/headwater/headwater/collector/sites"
	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/collector/visitors"
	"github.com/headwater/headwater/schema"
)

// The users of the tests. A password costs time: only who signs in by one has one.
const (
	acmeAdmin    = "admin@acme.example"
	acmeMarketer = "marketer@acme.example"
	acmeViewer   = "viewer@acme.example"
	otherAdmin   = "admin@other.example"
	chief        = "chief@headwater.example" // admin of all sites
	goodPassword = "an otter reads maps"
)

// roles are what the users of the tests may do, and where.
var roles = map[string]struct {
	site schema.SiteID
	role accounts.Role
}{
	acmeAdmin: {"acme", accounts.Admin}, acmeMarketer: {"acme", accounts.Marketer}, acmeViewer: {"acme", accounts.Viewer},
	otherAdmin: {"other", accounts.Admin}, chief: {accounts.AllSites, accounts.Admin},
}

var testSecret = []byte("a secret of an installation, 32 b")

// testNow is the time of all tests: the samples lie before it.
var testNow = time.Date(2026, 3, 12, 9, 41, 7, 0, time.UTC)

func testSites() []schema.Site {
	return []schema.Site{
		{ID: "acme", Origins: []string{"https://www.acme.example"}, TimeZone: "Europe/Oslo",
			Forms: []schema.Form{{ID: "signup"}, {ID: "webinar"}, {ID: "demo-request"}}, LookbackDays: 30, RetentionMonths: 25,
			OwnDomains: []string{"acme.test", "acme.shop.example"}, IgnoredReferrers: []string{"bank.example"}, Parameters: []string{"ref", "partner_id"}},
		{ID: "other", Origins: []string{"https://other.example"}},
	}
}

// stand is a console that answers HTTP, with a clock that stands still.
type stand struct {
	*httptest.Server
	console *Console
	clock   *collectortest.Clock
	store   *store.Store
	desk    *desk.Desk
	persons persons
	*accounts.Accounts
	sessions *accounts.Sessions
	settings *sites.Sites
	spool    *spool.Spool    // of uploads
	fetcher  *doctor.Fetcher // of the doctor
	client   *http.Client    // follows no redirect and keeps no cookie
}

// newStand serves a console that asks reports, with accounts in a database that has nothing else.
func newStand(tb testing.TB, ask Reports) *stand {
	tb.Helper()
	db := openStore(tb)
	table, err := fs.ReadFile(schema.Tables, "tables/0050_desk.sql")
	if err == nil {
		err = db.Conn().Exec(tb.Context(), string(table))
	}
	if err != nil {
		tb.Fatal(err)
	}
	return serveStand(tb, db, ask)
}

// noMissingTexts is a log that fails the test where a text is missing.
type noMissingTexts struct {
	slog.Handler
	tb testing.TB
}

func (noMissingTexts) Enabled(context.Context, slog.Level) bool { return true }

func (h noMissingTexts) Handle(_ context.Context, record slog.Record) error {
	if record.Message == missingText {
		record.Attrs(func(a slog.Attr) bool { h.tb.Errorf("%s: %v", record.Message, a); return true })
	}
	return nil
}

func openStore(tb testing.TB) *store.Store {
	tb.Helper()
	db, err := store.Open(tb.Context(), collectortest.ClickHouse(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

func serveStand(tb testing.TB, db *store.Store, ask Reports) *stand {
	tb.Helper()
	s := &stand{store: db, clock: collectortest.FixedClock(testNow)}
	log := slog.New(noMissingTexts{slog.DiscardHandler, tb})
	redis, err := visitors.Open(collectortest.Redis(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { redis.Close() })
	s.desk = desk.New(db, s.clock.Now)
	s.Accounts, s.sessions = accounts.New(s.desk, s.clock.Now, log), accounts.NewSessions(redis, s.clock.Now, log)
	s.settings = sites.New(testSites(), s.desk, log)
	if err := errors.Join(s.Refresh(tb.Context()), s.settings.Refresh(tb.Context())); err != nil {
		tb.Fatal(err)
	}
	registry, err := links.NewRegistry(desk.New(db, s.clock.Now), testSites(), schema.BuiltInSources(), s.clock.Now)
	if err != nil {
		tb.Fatal(err)
	}
	s.fetcher = &doctor.Fetcher{Agent: "test"}
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	s.Server = httptest.NewServer(e)
	tb.Cleanup(s.Close)
	files, err := spool.Open(spool.Config{Dir: tb.TempDir(), SealAfter: time.Hour, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = files.Close(context.Background()) })
	server, err := api.New(api.Config{Sites: testSites(), Secret: testSecret, Keeper: files, Now: s.clock.Now})
	if err != nil {
		tb.Fatal(err)
	}
	s.spool = files
	s.console, err = New(Config{
		Sites: testSites(), Settings: s.settings, Uploads: func(ctx context.Context, site schema.SiteID, kind string, csv io.Reader) (Uploaded, error) {
			taken, err := server.Upload(ctx, site, kind, csv)
			result := Uploaded{Accepted: taken.Rows, Rejected: len(taken.Faults), Ignored: taken.Ignored}
			for _, fault := range taken.Faults {
				result.Faults = append(result.Faults, Fault(fault))
			}
			return result, err
		}, Samples: sample.New(db, testSecret, s.clock.Now), Secret: testSecret, PublicURL: s.URL, Reports: ask, Now: s.clock.Now, Log: log,
		LastChange: func(ctx context.Context, site schema.SiteID) (reports.Change, error) {
			return reports.LastChange(ctx, db.Conn(), site)
		}, Accounts: s.Accounts, Sessions: s.sessions,
		People: people.New(db.Conn(), s.desk, s.clock.Now), Persons: &s.persons,
		Links: registry, Doctor: Doctor{Fetcher: s.fetcher},
		Core: Script{Name: "hw.js", Version: "1.0.0", Pinned: "hw.0123456789abcdef.js",
			Integrity: "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"},
		Adapters: Script{Name: "hw-adapters.js", Version: "1.0.0", Pinned: "hw-adapters.fedcba9876543210.js",
			Integrity: "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC"},
	})
	if err != nil {
		tb.Fatal(err)
	}
	s.console.Register(e)
	tb.Cleanup(s.console.Close)
	s.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s
}

// newLiveStand serves a console over an empty database of the real engine.
func newLiveStand(tb testing.TB) *stand {
	tb.Helper()
	opened := openStore(tb)
	if err := opened.Migrate(tb.Context(), store.MigrateConfig{RetentionMonths: 600}); err != nil {
		tb.Fatal(err)
	}
	return serveStand(tb, opened, ReportsFunc(func(ctx context.Context, name string, p reports.Params) (*reports.Result, error) {
		return reports.Run(ctx, opened.Conn(), name, p)
	}))
}

// speaker is who writes for somebody in UTC.
func (s *stand) speaker(tag language.Tag) *speaker { return s.console.words.speakers[tag] }

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
	if response.Header.Get("Content-Type") == "text/event-stream" { // which has no end: the first event is its answer
		event, err := collectortest.ReadEvent(bufio.NewReader(response.Body))
		if err != nil {
			tb.Fatal(err)
		}
		return answer{response, event}
	}
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

// postFile sends a file, and other fields, as a form of the console's own page does.
func (s *stand) postFile(tb testing.TB, path, cookie string, fields map[string]string, name, contents string) answer {
	tb.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for field, value := range fields {
		if err := form.WriteField(field, value); err != nil {
			tb.Fatal(err)
		}
	}
	file, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = io.WriteString(file, contents)
	}
	if err != nil || form.Close() != nil {
		tb.Fatal(err)
	}
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, s.URL+path, &body)
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	addCookie(r, cookie)
	return s.do(tb, r)
}

func addCookie(r *http.Request, value string) {
	if value != "" {
		r.Header.Add("Cookie", cookieName+"="+value)
	}
}

// user returns one of the users of the tests, or somebody else without any role.
func (s *stand) user(tb testing.TB, email string) accounts.User {
	tb.Helper()
	if user, found := s.ByEmail(email); found {
		return user
	}
	is := roles[email]
	user, _, err := s.Add(tb.Context(), "test", email, "", is.site, is.role)
	if err != nil {
		tb.Fatal(err)
	}
	return user
}

// signIn returns the cookie of a new session of one of the users of the tests.
func (s *stand) signIn(tb testing.TB, email string) string {
	tb.Helper()
	user := s.user(tb, email)
	token, _ := s.sessions.Open(tb.Context(), &user, "", accounts.ByPassword)
	return token
}

// withPassword gives one of the users of the tests the good password.
func (s *stand) withPassword(tb testing.TB, email string) {
	tb.Helper()
	if err := s.SetPassword(tb.Context(), s.user(tb, email).ID, goodPassword); err != nil {
		tb.Fatal(err)
	}
}

// cookieOf is the session that an answer gives, "" for none.
func cookieOf(a answer) string {
	for _, cookie := range a.Cookies() {
		if cookie.Name == cookieName && cookie.MaxAge > 0 {
			return cookie.Value
		}
	}
	return ""
}

// persons writes down who was to be erased or exported: erasure has tests of its own, and one with the program (collector).
type persons struct{ erased, exported []schema.Person }

func (p *persons) Erase(_ context.Context, person schema.Person, _, _ string) (schema.Erasure, error) {
	p.erased = append(p.erased, person)
	return schema.Erasure{}, nil
}

func (p *persons) Export(_ context.Context, w io.Writer, person schema.Person) error {
	p.exported = append(p.exported, person)
	_, err := io.WriteString(w, "{}")
	return err
}
