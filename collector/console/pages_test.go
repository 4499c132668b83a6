package console

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/text/language"

	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// Whatever is asked, the rows of the page sum to its totals, and what cannot be attributed is among them.
func TestSourcesRowsSumToTheTotal(t *testing.T) {
	s := newLiveStand(t)
	sample := newSampler(t, testSites()[0])
	sample.sample()
	s.fill(t, sample.records)
	english := s.speaker(language.English)
	for _, query := range []string{"", "range=90d&by=source&by=medium&by=campaign", "by=channel&data_point=first_touch&range=all",
		"by=referrer_domain&data_point=conversion&credit=last", "by=content&data_point=company_source&range=all", "from=2026-02-01&to=2026-02-28"} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		session := &session{site: &s.console.config.Sites[0]}
		q := s.console.readSources(values, session)
		params := q.params()
		params.From, params.To = q.days.bounds()
		result, err := s.console.run(t.Context(), session, "source_breakdown", params)
		if err != nil {
			t.Fatal(err)
		}
		got, want := english.cells(sums(result.Rows, textColumns(result)), -1, 0, 0), english.cells(result.Totals, -1, 0, 0)
		for i, column := range result.Columns {
			if !textColumns(result)[i] && !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("%q: %s sums to %v, the total is %v", query, column, got[i], want[i])
			}
		}
		if result.Totals[len(q.by)].(int64) == 0 {
			t.Errorf("%q: no visitor at all", query)
		}
	}
	page := s.get(t, "/console/sources", s.signIn(t, acmeAdmin))
	for _, want := range []string{"(unattributed)", ">Total<", "11 Feb 2026 – 12 Mar 2026", "last known source within 30 days", "EUR\u00a075,054.00"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// Who reads numbers learns how much is left out of them, also where nothing else is there; without suspects nothing is said.
func TestPagesSayWhatIsLeftOut(t *testing.T) {
	s := newLiveStand(t)
	cookie := s.signIn(t, acmeAdmin)
	pages := []string{"/console/sources", "/console/forms", "/console/referrers"}
	says := func(want string) {
		t.Helper()
		for _, path := range pages {
			a := s.get(t, path, cookie)
			if strings.Contains(a.body, "left out of all numbers") != (want != "") || !strings.Contains(a.body, want) || strings.Contains(a.body, "only-of-bots") {
				t.Errorf("%s does not say %q, or shows a suspect:\n%s", path, want, a.body)
			}
		}
	}
	sample := newSampler(t, testSites()[0])
	says("")
	sample.suspects(2, 1)
	s.insert(t, sample.records)
	says("<strong>2 visits and 1 form</strong>")
	sample.records = nil
	sample.story()
	s.insert(t, sample.records)
	says("<strong>2 visits and 1 form</strong>")
	a := s.get(t, "/console/sources?range=today", cookie)
	if b := s.get(t, "/console/sources?from=2026-01-01&to=2026-01-31", cookie); !strings.Contains(a.body, "2 visits and 1 form") || strings.Contains(b.body, "left out of all numbers") {
		t.Error("suspects of another time are told, or those of today are not")
	}
	if a := s.post(t, "/console/contact", cookie, url.Values{"email": {"spam@spam.example"}}); a.StatusCode != http.StatusNotFound || !strings.Contains(a.body, "looks like spam") {
		t.Errorf("the card of a suspect: %s", a.Status)
	}
}

func TestSourcesSaysWhichRuleItUses(t *testing.T) {
	s := newStand(t, noReports(t))
	texts := map[string]string{
		"data_point=first_touch":               "the earliest visit that is known",
		"data_point=conversion":                "Placed by conversion: the last known source within 30 days",
		"data_point=lead_creation&credit=last": "the last visit before the form gets the credit, also a direct one",
		"data_point=company_source&credit=":    "Placed by company source: the last known source",
	}
	for query, want := range texts {
		values, _ := url.ParseQuery(query)
		q := s.console.readSources(values, &session{site: &s.console.config.Sites[0]})
		if got := s.speaker(language.English).ruleText(q, 30); !strings.Contains(got, want) {
			t.Errorf("%s: %q lacks %q", query, got, want)
		}
	}
}

func TestSecurityCSVInjection(t *testing.T) {
	s := newLiveStand(t)
	sample := newSampler(t, testSites()[0])
	hostileRecords(sample)
	sample.story()
	s.fill(t, sample.records)
	cookie := s.signIn(t, acmeAdmin)
	for _, path := range []string{"/console/sources.csv?by=source&by=campaign", "/console/forms.csv", "/console/referrers.csv", "/console/contacts.csv"} {
		a := s.get(t, path, cookie)
		if a.StatusCode != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/csv") || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment; filename*=UTF-8''headwater-acme-") {
			t.Fatalf("%s: %s, %v", path, a.Status, a.Header)
		}
		rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
		if err != nil || len(rows) < 3 {
			t.Fatalf("%s: %d rows, %v", path, len(rows), err)
		}
		for _, row := range rows {
			for i, cell := range row {
				if rows[0][i] == "won_amount" {
					continue // begins with a currency, which the API takes only from ISO 4217's list
				}
				if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "@") {
					t.Errorf("%s: the cell %.40q is a formula", path, cell)
				}
			}
		}
	}
	if a := s.get(t, "/console/sources.csv?from=2026-03-02&to=2026-03-01", cookie); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "The first day is after the last") {
		t.Errorf("wrong days: %s", a.Status)
	}
}

// The seed story, read on the card: LinkedIn first, Facebook made the lead, the newsletter is a conversion.
func TestContactCardTellsTheStory(t *testing.T) {
	s := newLiveStand(t)
	sample := newSampler(t, testSites()[0])
	sample.story()
	known := schema.NewContactID(sample.site.ContactKey(testSecret), "grace@known.example")
	sample.records = append(sample.records, &schema.Contact{SiteID: "acme", ImportID: sample.uuid(), ContactID: known, CRMID: "7",
		CreatedAt: testNow.AddDate(-1, 0, 0), ReceivedAt: testNow.AddDate(0, -1, 0)})
	sample.submit(sample.uuid(), "grace@known.example", "webinar", testNow.Add(-time.Hour), schema.Touch{}, schema.Touch{})
	s.fill(t, sample.records)
	cookie := s.signIn(t, acmeAdmin)
	a := s.post(t, "/console/contact", cookie, url.Values{"email": {" Ada@Lovelace-Orchards.example "}})
	inOrder(t, a.body, `id="person">`+adaEmail, "First touch", `"source">linkedin`, "spring-planning", "linkedin.com", "28 Feb 2026, 10:41", "Show more", "<dt>Term</dt>", "empty",
		"Lead creation", `"source">facebook`, "video-b", "Show more", "Campaign id", "120211", "partner_id=7", "Company source", `"source">facebook`, "Conversions", `"source">newsletter`, "demo-request")
	id := string(schema.NewContactID(sample.site.ContactKey(testSecret), adaEmail))
	byID := s.get(t, "/console/contacts/"+id, cookie)
	inOrder(t, byID.body, "Contact "+id[:8], "linkedin", "facebook", "newsletter")
	if strings.Contains(byID.body, adaEmail) {
		t.Error("the card by id shows an address")
	}
	a = s.post(t, "/console/contact", cookie, url.Values{"email": {"grace@known.example"}})
	inOrder(t, a.body, "First touch", "the person was known already, since 12 Mar 2025", "Lead creation", "Forms since then are conversions", "Conversions", "No source is known")
	for email, want := range map[string]int{"nobody@known.example": http.StatusNotFound, "no address": http.StatusUnprocessableEntity, "": http.StatusUnprocessableEntity} {
		if a := s.post(t, "/console/contact", cookie, url.Values{"email": {email}}); a.StatusCode != want {
			t.Errorf("%q: %s, want %d", email, a.Status, want)
		}
	}
}

func inOrder(t *testing.T, body string, parts ...string) {
	t.Helper()
	rest := body
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Errorf("no %q there, or not in this order:\n%s", part, rest)
			return
		}
		rest = after
	}
}

func TestScriptTag(t *testing.T) {
	s := newStand(t, noReports(t))
	a := s.get(t, "/console/script", s.signIn(t, acmeAdmin))
	const tail = ` data-site=&#34;acme&#34; data-own-domains=&#34;acme.test acme.shop.example&#34; data-ignored-referrers=&#34;bank.example&#34; data-parameters=&#34;ref partner_id&#34; async&gt;`
	sources := "; connect-src " + s.URL + "; form-action &#39;self&#39; " + s.URL
	inOrder(t, a.body, `&lt;script src=&#34;`+s.URL+`/hw.js&#34;`+tail,
		`/hw.0123456789abcdef.js&#34; integrity=&#34;sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t&#43;eX6xO&#34; crossorigin=&#34;anonymous&#34;`+tail,
		`action=&#34;`+s.URL+`/f/signup&#34;`,
		`&lt;script src=&#34;`+s.URL+`/hw-adapters.js&#34; data-site=&#34;acme&#34; async&gt;`,
		`/hw-adapters.fedcba9876543210.js&#34; integrity=&#34;sha384-`, `crossorigin=&#34;anonymous&#34; data-site=&#34;acme&#34; async&gt;`,
		"script-src "+s.URL+sources,
		`&lt;script src=&#34;`+s.URL+`/hw.js&#34; nonce=&#34;RANDOM-FOR-EACH-RESPONSE&#34;`+tail,
		"script-src &#39;nonce-RANDOM-FOR-EACH-RESPONSE&#39; &#39;strict-dynamic&#39;"+sources,
		"hw_first_touch_touch_id", "hw_first_touch_utm_source", "hw_first_touch_partner_id", "hw_latest_touch_gclid", "hw_latest_touch_ref", "hw_site_id", "hw_submission_id", "hw_visitor_id", "hw_page", "hw_snippet_version")
	for _, wrong := range []string{"hw_contact_id", "hw_form", "hw_received_at", "hw_first_touch_channel", "hw_first_touch_source<", "hw_first_touch_parameters"} {
		if strings.Contains(a.body, wrong) {
			t.Errorf("%s is no hidden field", wrong)
		}
	}
}

// Only a release can be pinned: what lies between two releases is gone with the next collector.
func TestScriptTagWithoutRelease(t *testing.T) {
	s := newStand(t, noReports(t))
	s.console.config.Adapters = Script{Name: "hw-adapters.js"}
	a := s.get(t, "/console/script", s.signIn(t, acmeAdmin))
	inOrder(t, a.body, "/hw.0123456789abcdef.js", "/hw-adapters.js&#34; data-site")
	if pinned := strings.Count(a.body, "integrity="); pinned != 1 {
		t.Errorf("%d lines pin a file, not 1", pinned)
	}
}

// A report without an answer leaves the page usable, says so once in the log, and shows nothing of the inside.
func TestReportsAreDown(t *testing.T) {
	s := newStand(t, ReportsFunc(func(context.Context, string, reports.Params) (*reports.Result, error) {
		return nil, errors.New("dial tcp 10.1.2.3:9000: connection refused")
	}))
	cookie := s.signIn(t, acmeAdmin)
	for _, path := range []string{"/console/sources", "/console/leads", "/console/forms", "/console/referrers", "/console/contacts/ab", "/console/sources.csv"} {
		a := s.get(t, path, cookie)
		if a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(a.body, "cannot be read just now") || strings.Contains(a.body, "10.1.2.3") {
			t.Errorf("%s: %s\n%s", path, a.Status, a.body)
		}
	}
	if a := s.get(t, "/console/leads.events", cookie); a.StatusCode != http.StatusServiceUnavailable || strings.Contains(a.body, "10.1.2.3") {
		t.Errorf("leads.events: %s %s", a.Status, a.body)
	}
}

// A report that takes too long is the person's to make smaller.
func TestReportsThatTakeTooLong(t *testing.T) {
	s := newStand(t, ReportsFunc(func(context.Context, string, reports.Params) (*reports.Result, error) {
		return nil, fmt.Errorf("report: %w", reports.ErrTooSlow)
	}))
	if a := s.get(t, "/console/sources", s.signIn(t, acmeAdmin)); a.StatusCode != http.StatusGatewayTimeout || !strings.Contains(a.body, "Choose a shorter time") {
		t.Errorf("%s\n%s", a.Status, a.body)
	}
}

func TestAPanicOfAReportEndsNothing(t *testing.T) {
	s := newStand(t, ReportsFunc(func(context.Context, string, reports.Params) (*reports.Result, error) { panic("a bug") }))
	cookie := s.signIn(t, acmeAdmin)
	for range 2 {
		if a := s.get(t, "/console/leads.events", cookie); a.StatusCode != http.StatusServiceUnavailable || strings.Contains(a.body, "a bug") {
			t.Errorf("%s %s", a.Status, a.body)
		}
	}
}

// Many tabs on one site cost one query at a time.
func TestWatchersShareOneQuery(t *testing.T) {
	asked, release := make(chan struct{}, 100), make(chan struct{})
	s := newStand(t, ReportsFunc(func(context.Context, string, reports.Params) (*reports.Result, error) {
		asked <- struct{}{}
		<-release
		return &reports.Result{}, nil
	}))
	cookie := s.signIn(t, acmeAdmin)
	answers := make(chan answer, maxStreamsPerUser)
	for range cap(answers) {
		go func() { answers <- s.get(t, "/console/leads.events", cookie) }()
	}
	<-asked
	for {
		s.console.leads.mu.Lock()
		shared := s.console.leads.sites["acme"]
		s.console.leads.mu.Unlock()
		if shared != nil {
			break
		}
	}
	close(release)
	for range cap(answers) {
		a := <-answers
		if a.StatusCode != http.StatusOK || a.body != "retry: 1000\nevent: leads\ndata: {\"leads\":[]}\n\n" {
			t.Errorf("%s %s", a.Status, a.body)
		}
	}
	if more := len(asked); more > 3 {
		t.Errorf("%d watchers asked %d times", cap(answers), more+1)
	}
}

func TestRanges(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 31, 23, 30, 0, 0, time.UTC).In(oslo) // already the first of April there
	tests := []struct{ query, preset, from, to, until string }{
		{"", "30d", "2026-03-03", "2026-04-01", "2026-04-02"},
		{"range=today", "today", "2026-04-01", "2026-04-01", "2026-04-02"},
		{"range=7d", "7d", "2026-03-26", "2026-04-01", "2026-04-02"},
		{"range=month", "month", "2026-04-01", "2026-04-01", "2026-04-02"},
		{"range=last-month", "last-month", "2026-03-01", "2026-03-31", "2026-04-01"},
		{"range=year", "year", "2026-01-01", "2026-04-01", "2026-04-02"},
		{"range=all", "all", "", "", ""},
		{"range=30d&from=2026-03-03&to=2026-04-01", "30d", "2026-03-03", "2026-04-01", "2026-04-02"},
		{"range=30d&from=2026-03-04&to=2026-04-01", "custom", "2026-03-04", "2026-04-01", "2026-04-02"},
		{"range=all&from=&to=", "all", "", "", ""},
		{"from=2024-02-28&to=2024-02-28", "custom", "2024-02-28", "2024-02-28", "2024-02-29"},
		{"from=2024-02-28", "custom", "2024-02-28", "", ""},
		{"range=nonsense", "custom", "", "", ""},
	}
	for _, test := range tests {
		query, _ := url.ParseQuery(test.query)
		got := readRange(query, now)
		_, until := got.bounds()
		if got.Preset != test.preset || got.From != test.from || got.To != test.to || until != test.until {
			t.Errorf("%q: %+v until %q, want %+v", test.query, got, until, test)
		}
		if again := readRange(got.query(), now); again != got {
			t.Errorf("%q: its own address reads %+v, not %+v", test.query, again, got)
		}
	}
}

func TestTableFoldsWhatIsTooMuch(t *testing.T) {
	result := &reports.Result{Columns: []string{"source", "medium", "leads", "won_amount", "rate"}, Totals: []any{nil, nil, int64(0), reports.Amounts(nil), nil}}
	for i := range maxRows + 40 {
		currency := []string{"NOK", "EUR"}[i%2]
		result.Rows = append(result.Rows, []any{"s", "m", int64(1 + i%3), reports.Amounts{{Currency: currency, Value: decimal.New(25, -1)}}, 0.5})
	}
	table := speakers(t).match("", "").table(result, "x", "leads")
	if len(table.Rows) != maxRows {
		t.Fatalf("%d rows", len(table.Rows))
	}
	last := table.Rows[maxRows-1]
	want := []cellView{{}, {}, {Text: "83", Share: "17%", Width: 100}, {Lines: []string{"EUR\u00a052.50", "NOK\u00a050.00"}}, {Text: "–", Quiet: true}}
	if last.Folds != 41 || !reflect.DeepEqual(last.Cells, want) {
		t.Errorf("the last row is %+v", last)
	}
	if table.Columns[2].Bar != true || !table.Columns[1].Text || table.Totals[0].Text != "" {
		t.Errorf("columns %+v, totals %+v", table.Columns, table.Totals)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	s := newStand(t, noReports(t))
	good := Config{Sites: testSites(), Secret: testSecret, PublicURL: "https://t.example", Reports: noReports(t), Accounts: s.Accounts, Sessions: s.sessions,
		People: people.New(nil, s.desk, s.clock.Now), Persons: &s.persons, Links: s.console.config.Links, Doctor: s.console.config.Doctor}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*Config){
		"secret":     func(c *Config) { c.Secret = []byte("short") },
		"public_url": func(c *Config) { c.PublicURL = "t.example" },
		"reports":    func(c *Config) { c.Reports = nil },
		"accounts":   func(c *Config) { c.Accounts = nil },
		"people":     func(c *Config) { c.People = nil },
		"links":      func(c *Config) { c.Links = nil },
	}
	for want, change := range tests {
		config := good
		config.Sites = testSites()
		change(&config)
		if _, err := New(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
