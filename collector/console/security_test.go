package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// routes are all pages that need a session and are for every role.
var routes = []string{
	"/console/", "/console/dashboard", "/console/dashboard.csv", "/console/sources", "/console/sources.csv", "/console/leads", "/console/leads.events", "/console/contact", "/console/contacts/ab",
	"/console/contacts", "/console/contacts.csv", "/console/contacts/criteria", "/console/companies", "/console/company?id=x", "/console/selections", "/console/selections/x/board",
	"/console/forms", "/console/forms.csv", "/console/referrers", "/console/referrers.csv", "/console/script", "/console/account",
}

func TestSecurityHeadersOnEveryAnswer(t *testing.T) {
	s := newStand(t, ReportsFunc(func(_ context.Context, name string, _ reports.Params) (*reports.Result, error) {
		return nil, fmt.Errorf("report %s: secret detail of the database", name)
	}))
	cookie := s.signIn(t, acmeAdmin)
	paths := []string{"/console/sign-in", "/console/nothing", "/console", "/console/link/x", "/console/assets/" + s.console.assets.version + "/console.css", "/console/assets/x/y"}
	for _, r := range s.console.routes() {
		if r.Method == http.MethodGet {
			paths = append(paths, "/console"+placeOf.Replace(r.Path))
		}
	}
	for _, path := range paths {
		for _, session := range []string{"", cookie} {
			a := s.get(t, path, session)
			want := map[string]string{
				"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
				"Access-Control-Allow-Origin": "", "Cache-Control": "no-store",
			}
			if strings.HasSuffix(path, "console.css") {
				want["Cache-Control"] = "public, max-age=31536000, immutable"
			}
			for name, value := range want {
				if got := a.Header.Get(name); got != value {
					t.Errorf("%s: %s is %q, want %q", path, name, got, value)
				}
			}
			if strings.Contains(a.body, "secret detail") {
				t.Errorf("%s shows the inside of an error", path)
			}
			if strings.Contains(a.body, "<style") || strings.Contains(a.body, " style=") || strings.Contains(a.body, " onclick=") || strings.Contains(a.body, "<script>") {
				t.Errorf("%s has inline script or style", path)
			}
		}
	}
}

func TestSecurityEveryPageNeedsASession(t *testing.T) {
	s := newStand(t, noReports(t))
	for _, path := range routes {
		a := s.get(t, path, "")
		if strings.HasSuffix(path, ".events") {
			if a.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: %s", path, a.Status)
			}
			continue
		}
		if location := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(location, "/console/sign-in") {
			t.Errorf("%s: %s to %q", path, a.Status, location)
		}
	}
	if a := s.post(t, "/console/contact", "", url.Values{"email": {adaEmail}}); a.StatusCode != http.StatusSeeOther {
		t.Errorf("POST contact: %s", a.Status)
	}
}

func TestSecurityCrossSitePosts(t *testing.T) {
	s := newStand(t, noReports(t))
	cookie := s.signIn(t, acmeAdmin)
	own := s.URL
	tests := []struct {
		name   string
		header []string
		ok     bool
	}{
		{"same-origin", []string{"Sec-Fetch-Site", "same-origin"}, true},
		{"typed by the person", []string{"Sec-Fetch-Site", "none"}, true},
		{"cross-site", []string{"Sec-Fetch-Site", "cross-site"}, false},
		{"same-site", []string{"Sec-Fetch-Site", "same-site"}, false},
		{"cross-site with the own origin", []string{"Sec-Fetch-Site", "cross-site", "Origin", own}, false},
		{"nonsense", []string{"Sec-Fetch-Site", "x"}, false},
		{"old browser, own origin", []string{"Origin", own}, true},
		{"old browser, other origin", []string{"Origin", "https://evil.example"}, false},
		{"old browser, origin null", []string{"Origin", "null"}, false},
		{"old browser, own origin as a prefix", []string{"Origin", own + ".evil.example"}, false},
		{"neither", []string{"X-None", "x"}, false},
	}
	for _, test := range tests {
		for _, path := range []string{"/console/contact", "/console/sign-in", "/console/sign-out", "/console/users", "/console/settings", "/console/settings/forms", "/console/settings/keys", "/console/account/name", "/console/link/x",
			"/console/contacts/ab/status", "/console/contacts/ab/erase", "/console/contacts/columns", "/console/selections", "/console/selections/x/remove", "/console/selections/x/board", "/console/statuses"} {
			session := cookie
			if path == "/console/sign-out" {
				session = s.signIn(t, acmeAdmin)
			}
			s.console.attempts = newLimiter()
			a := s.post(t, path, session, url.Values{"email": {"no address"}, "password": {"x"}}, test.header...)
			if refused := a.StatusCode == http.StatusForbidden; refused == test.ok {
				t.Errorf("%s to %s: %s", test.name, path, a.Status)
			}
		}
		for _, r := range s.console.routes() { // the others, too, refuse what comes from elsewhere before they look at it
			if path := "/console" + placeOf.Replace(r.Path); r.Method != http.MethodGet && !test.ok {
				if a := s.post(t, path, cookie, nil, test.header...); a.StatusCode != http.StatusForbidden {
					t.Errorf("%s to %s: %s", test.name, path, a.Status)
				}
			}
		}
	}
}

func TestSecurityPostsAreSmallForms(t *testing.T) {
	s := newStand(t, noReports(t))
	a := s.post(t, "/console/sign-in", "", url.Values{"password": {strings.Repeat("k", maxForm)}})
	if a.StatusCode != http.StatusBadRequest && a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a long body: %s", a.Status)
	}
	s.withPassword(t, acmeAdmin)
	right := url.Values{"email": {acmeAdmin}, "password": {goodPassword}}
	a = s.post(t, "/console/sign-in?"+right.Encode(), "", nil)
	if a.StatusCode != http.StatusUnauthorized {
		t.Errorf("a password in the address: %s", a.Status)
	}
	a = s.post(t, "/console/sign-in", "", right, "Sec-Fetch-Site", "same-origin", "Content-Type", "text/plain")
	if a.StatusCode != http.StatusBadRequest {
		t.Errorf("another content type: %s", a.Status)
	}
	a = s.post(t, "/console/sign-in", "", url.Values{"email": {acmeAdmin}, "password": {goodPassword + "!"}})
	if a.StatusCode != http.StatusUnauthorized || strings.Contains(a.body, goodPassword) || !strings.Contains(a.body, acmeAdmin) {
		t.Errorf("a wrong password: %s; the answer repeats it, or not the address", a.Status)
	}
}

func TestSecuritySignInAttemptsAreLimited(t *testing.T) {
	s := newStand(t, noReports(t))
	s.withPassword(t, acmeAdmin)
	right := url.Values{"email": {acmeAdmin}, "password": {goodPassword}}
	for i := range prefixBurst {
		if a := s.get(t, "/console/link/wrong", ""); a.StatusCode != http.StatusNotFound {
			t.Fatalf("attempt %d: %s", i, a.Status)
		}
	}
	a := s.post(t, "/console/sign-in", "", right)
	if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "6" || !strings.Contains(a.body, "Try again in 6 seconds") {
		t.Errorf("after %d attempts: %s, Retry-After %q", prefixBurst, a.Status, a.Header.Get("Retry-After"))
	}
	s.clock.Advance(prefixRefill)
	for range 3 { // right ones count for nothing
		if a := s.post(t, "/console/sign-in", "", right); cookieOf(a) == "" {
			t.Errorf("a right one: %s", a.Status)
		}
	}
}

func TestLimiter(t *testing.T) {
	l, now := newLimiter(), testNow
	for range prefixBurst {
		if wait := l.take("192.0.2.1", "", now); wait != 0 {
			t.Fatalf("within the burst: wait %s", wait)
		}
	}
	for _, neighbour := range []string{"192.0.2.200", "::ffff:192.0.2.3"} {
		if l.take(neighbour, "", now) == 0 {
			t.Errorf("%s is in the same /24 and may try", neighbour)
		}
	}
	for _, stranger := range []string{"192.0.3.1", "2001:db8:1::1", "not an address"} {
		if wait := l.take(stranger, "", now); wait != 0 {
			t.Errorf("%s waits %s", stranger, wait)
		}
	}
	for range 2 * prefixBurst {
		l.take("2001:db8:1:ffff::1", "", now)
	}
	if l.take("2001:db8:1::2", "", now) == 0 || l.take("2001:db8:2::2", "", now) != 0 {
		t.Error("a /48 shares attempts, and not with the next")
	}
	for i := range 10 * overallBurst {
		l.take(fmt.Sprintf("10.%d.%d.1", i/256, i%256), "", now)
	}
	if l.take("198.51.100.1", "", now) == 0 {
		t.Error("attempts from everywhere are not limited together")
	}
	if l.take("198.51.100.1", "", now.Add(time.Minute)) != 0 {
		t.Error("a minute later it is still closed")
	}
	for i := range maxBuckets + 500 {
		l.take(fmt.Sprintf("2001:db8:%x::1", i), "", now.Add(time.Hour))
	}
	if len(l.prefixes.of) > maxBuckets+1 {
		t.Errorf("%d prefixes are kept", len(l.prefixes.of))
	}
}

// Guessing one account's password from everywhere is slow, and keeps nobody else out.
func TestLimiterOfAnAccount(t *testing.T) {
	l, now := newLimiter(), testNow
	from := func(i int) string { return fmt.Sprintf("10.0.%d.1", i) }
	for i := range accountBurst {
		if wait := l.take(from(i), "ada@acme.example", now); wait != 0 {
			t.Fatalf("attempt %d waits %s", i, wait)
		}
	}
	if wait := l.take(from(100), "Ada@Acme.example", now); wait != accountRefill {
		t.Errorf("one more waits %s", wait)
	}
	if wait := l.take(from(100), "bob@acme.example", now); wait != 0 {
		t.Errorf("another account waits %s", wait)
	}
	if wait := l.take(from(101), "ada@acme.example", now.Add(accountRefill)); wait != 0 {
		t.Errorf("later it waits %s", wait)
	}
	l.giveBack(from(101), "ada@acme.example", now.Add(accountRefill))
	if wait := l.take(from(101), "ada@acme.example", now.Add(accountRefill)); wait != 0 {
		t.Errorf("after one that succeeded it waits %s", wait)
	}
}

func TestSecurityReturnAfterSignIn(t *testing.T) {
	s := newStand(t, noReports(t))
	s.withPassword(t, acmeAdmin)
	tests := map[string]string{
		"/console/users":                      "/console/users",
		"/console/account":                    "/console/account",
		"/console/leads":                      "/console/leads",
		"/console/sources?by=medium&range=7d": "/console/sources?by=medium&range=7d",
		"/console/contacts/0a1b":              "/console/contacts/0a1b",
		"https://evil.example/console/leads":  home + "?signed=in",
		"//evil.example/console/leads":        home + "?signed=in",
		`/\evil.example`:                      home + "?signed=in",
		"/console/leads/../../t":              home + "?signed=in",
		"/console/contacts/../../evil":        home + "?signed=in",
		"javascript:alert(1)":                 home + "?signed=in",
		"/console/sign-out":                   home + "?signed=in",
		"":                                    home + "?signed=in",
	}
	for next, want := range tests {
		if got := entered(localTarget(next)); got != want {
			t.Errorf("next %q leads to %q, want %q", next, got, want)
		}
	}
	a := s.post(t, "/console/sign-in", "", url.Values{"email": {acmeAdmin}, "password": {goodPassword}, "next": {"/console/leads"}})
	if got := a.Header.Get("Location"); got != "/console/leads" {
		t.Errorf("a right sign-in leads to %q", got)
	}
}

// Every report that a page asks is for the session's site, whatever the address says.
func TestSecurityTenantIsolation(t *testing.T) {
	s := newLiveStand(t)
	sites := testSites()
	acme, other := newSampler(t, sites[0]), newSampler(t, sites[1])
	acme.story()
	visitor := other.uuid()
	touch := other.touch(visitor, testNow.AddDate(0, 0, -2), schema.Touch{UTMSource: "only-theirs", UTMMedium: "paid", Referrer: "https://theirs.example/"})
	contact := other.submit(visitor, "bob@theirs.example", "their-form", testNow.AddDate(0, 0, -2).Add(time.Minute), touch, touch)
	s.fill(t, append(acme.records, other.records...))
	mine, theirs := s.signIn(t, acmeAdmin), s.signIn(t, otherAdmin)
	for _, path := range append(slices.Clone(routes), "/console/contacts/"+string(contact), "/console/spend", "/console/settings", "/console/settings/history") {
		for _, query := range []string{"", "?site=other", "?site_id=other&site=other"} {
			a := s.get(t, path+query, mine)
			for _, word := range []string{"only-theirs", "theirs.example", "their-form"} {
				if strings.Contains(a.body, word) {
					t.Errorf("acme sees %q of other at %s%s", word, path, query)
				}
			}
		}
	}
	for _, path := range []string{"/console/links", "/console/links.csv", "/console/builder", "/console/convention", "/console/audit", "/console/users", "/console/statuses"} {
		if a := s.get(t, path+"?site=other&site_id=other", mine); a.StatusCode != http.StatusOK || strings.Contains(a.body, "only-theirs") || strings.Contains(a.body, otherAdmin) {
			t.Errorf("%s: %s, or it shows what is of other", path, a.Status)
		}
	}
	a := s.post(t, "/console/contact", mine, url.Values{"email": {"bob@theirs.example"}, "site": {"other"}})
	if a.StatusCode != http.StatusNotFound || strings.Contains(a.body, "only-theirs") {
		t.Errorf("acme looks a contact of other up: %s", a.Status)
	}
	for _, path := range []string{"/console/sources", "/console/leads", "/console/leads.events", "/console/contacts/" + string(contact)} {
		if a := s.get(t, path, theirs); !strings.Contains(a.body, "only-theirs") {
			t.Errorf("other does not see its own at %s: %s", path, a.Status)
		}
	}
}
