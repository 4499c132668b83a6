package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/api"
	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// routes are all routes of the public listener as the program registers them, sorted.
func (r *rig) routes(t *testing.T) []string {
	t.Helper()
	e := echo.New()
	var err error
	if e.IPExtractor, err = clientAddress(nil); err != nil {
		t.Fatal(err)
	}
	if err := registerRoutes(e, r.config, r.program, prometheus.NewRegistry(), r.log); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, route := range e.Routes() {
		if !strings.HasPrefix(route.Method, "echo_route_") { // what a group answers where it has no route
			list = append(list, route.Method+" "+route.Path)
		}
	}
	slices.Sort(list)
	return list
}

// openRoutes need no key. They tell nothing of what is stored, whoever asks; the three that keep something keep it for the site
// that they are sent to, which is public.
var openRoutes = []string{
	"GET /.well-known/gpc.json", "GET /healthz", "GET /readyz", "GET /hw.js", "HEAD /hw.js", "GET /hw.:file", "HEAD /hw.:file",
	"GET /hw-adapters.js", "HEAD /hw-adapters.js", "GET /hw-adapters.:file", "HEAD /hw-adapters.:file",
	"OPTIONS /t", "OPTIONS /f/:form", "OPTIONS /link", "OPTIONS /link/redeem",
	"POST /t", "POST /f/:form", "GET /f/:form/token", "GET /f/:form/thanks", "POST /link", "POST /link/redeem",
	"GET /api", "GET /api/", "GET /console", "GET /console/assets/:version/:name", "GET /console/sign-in", "POST /console/sign-in", "POST /console/sign-out",
	"GET /console/link/:token", "POST /console/link/:token",
}

// ask is one request to a route.
type ask struct{ method, target, contentType, body string }

// asksOf are requests to a route for the person and the ids of acme: one that names no site, and one for each name by which somebody
// might look for it, in the address and in the body. One at a time, since a name that is refused would hide one that is believed.
func asksOf(route, contact, erasure string) []ask {
	method, path, _ := strings.Cut(route, " ")
	path = strings.NewReplacer(":contact", contact, ":id", erasure, ":form", "signup", ":name", "recent_leads").Replace(path)
	var asks []ask
	ways := [][]string{nil, {"site"}, {"site_id"}, {"hw_site_id"}}
	if strings.HasPrefix(path, "/console/") { // which refuses none, so that none hides another
		ways = [][]string{nil, {"site", "site_id", "hw_site_id"}}
	}
	for _, names := range ways {
		target, fields := path, map[string]string{"email": adaMail, "deal_id": "stolen", "name": "x", "status": "open"}
		form, query := url.Values{"email": {adaMail}}, url.Values{}
		for _, name := range names {
			query.Set(name, "acme")
			form.Set(name, "acme")
			fields[name] = "acme"
		}
		if len(query) > 0 {
			target += "?" + query.Encode()
		}
		json, _ := json.Marshal(fields) // strings always can be
		contentType, body := "application/json", string(json)
		switch {
		case method == http.MethodGet || method == http.MethodHead:
			contentType, body = "", ""
		case strings.HasPrefix(path, "/console/"), strings.HasPrefix(path, "/api/reports/"):
			contentType, body = "application/x-www-form-urlencoded", form.Encode()
		}
		asks = append(asks, ask{method, target, contentType, body})
		if body != "" && target != path { // in the body alone
			asks = append(asks, ask{method, path, contentType, body})
		}
	}
	return asks
}

// caller says who asks: "" for nobody, a key, a console's session.
type caller struct{ name, authorization, cookie string }

func (r *rig) asAsk(t *testing.T, a ask, by caller) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(a.method, r.base+a.target, strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": a.contentType, "Authorization": by.authorization, "Cookie": by.cookie,
		"Sec-Fetch-Site": "same-origin", "X-Site": "acme", "X-Headwater-Site": "acme"} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	return r.send(t, request)
}

// signIn returns the cookie of a new session of the console, of an admin of a site.
func (r *rig) signIn(t *testing.T, site schema.SiteID) string {
	t.Helper()
	user, _, err := r.accounts.Add(t.Context(), "test", "admin@"+string(site)+".example", "", site, accounts.Admin)
	if err != nil {
		t.Fatal(err)
	}
	token, _ := r.sessions.Open(t.Context(), &user, site, accounts.ByPassword)
	return "__Host-hw_console=" + token
}

// TestSecurityTenantIsolation plays every route of the running program as nobody, as a stranger, and as another site, with every way
// to name the site acme. A route that is new must be named above, or tells nothing to them.
func TestSecurityTenantIsolation(t *testing.T) {
	t.Parallel()
	r := &rig{dsn: collectortest.ClickHouse(t), redis: collectortest.Redis(t)}
	r.config, r.key = testConfig(t, r.dsn, r.redis)
	key, hash := api.NewKey()
	r.config.Sites[1].APIKeyHashes, r.betaKey = []string{hash}, key
	r.start(t)
	r.migratedUp(t)
	a := r.tell(t) // stores "newsletter-…" and Ada, and for beta "the other site"
	r.touch(t, a.visitor, "secret-of-acme")
	r.postForm(t, "/f/signup?site=acme&utm_source=secret-of-acme", "email="+url.QueryEscape(adaMail)+"&say=hello")
	r.forwarded(t)
	erasure := string(r.erase(t, `{"email":"nobody@example.com","reason":"request of acme"}`).ID)
	marks := []string{"secret-of-acme", "newsletter-", adaName, a.visitor, "Analytical", "request of acme", "crm-ada-7"}
	holds := func(body string) string {
		for _, mark := range marks {
			if strings.Contains(body, mark) {
				return mark
			}
		}
		return ""
	}
	strangers := []caller{{"nobody", "", ""}, {"wrong key", "Bearer hw_" + strings.Repeat("x", 43), "__Host-hw_console=x.y"},
		{"key cut short", "Bearer " + r.key[:len(r.key)-1], ""}, {"key in another case", "Bearer " + strings.ToUpper(r.key), ""}, {"basic", "Basic " + r.key, ""}}
	acme, beta := caller{"acme", "Bearer " + r.key, r.signIn(t, "acme")}, caller{"beta", "Bearer " + r.betaKey, r.signIn(t, "beta")}
	before := r.acmesRows(t)
	told := 0
	for _, route := range r.routes(t) {
		open := slices.Contains(openRoutes, route)
		for i, ask := range asksOf(route, a.contact, erasure) {
			for _, by := range append(strangers, beta) {
				if by.name == "beta" && strings.HasPrefix(route, "POST /console/account/sign-out") {
					continue // which ends beta's own session
				}
				answer, body := r.asAsk(t, ask, by)
				wantNoSniffing(t, ask, answer, body)
				if mark := holds(body + fmt.Sprint(answer.Header)); mark != "" {
					t.Errorf("%s is told %q of acme by %s %s", by.name, mark, ask.method, ask.target)
				}
				if !open && by.name != "beta" && answer.StatusCode != http.StatusUnauthorized && !toSignIn(answer) {
					t.Errorf("%s is let in at %s %s: %s", by.name, ask.method, ask.target, answer.Status)
				}
			}
			if i == 0 && (!open && strings.HasPrefix(route, "GET ") || strings.HasSuffix(route, "/export")) {
				ask = withCallback(ask)
				answer, body := r.asAsk(t, ask, acme)
				wantNoSniffing(t, ask, answer, body)
				if holds(body) != "" {
					told++
				}
			}
		}
	}
	if told < 5 {
		t.Errorf("acme itself is told something by %d routes only: the others show nothing", told)
	}
	r.forwarded(t)
	if after := r.acmesRows(t); after != before {
		t.Errorf("the others changed what acme has: %s, before %s", after, before)
	}
}

// toSignIn tells whether an answer sends to the console's door.
func toSignIn(answer *http.Response) bool {
	return answer.StatusCode == http.StatusSeeOther && strings.HasPrefix(answer.Header.Get("Location"), "/console/sign-in")
}

// acmesRows counts what of acme nobody else may add to or take away.
func (r *rig) acmesRows(t *testing.T) string {
	t.Helper()
	var counts []uint64
	for _, table := range []string{"touches", "contacts", "companies", "deals", "spend", "rates", "erasures"} {
		counts = append(counts, r.count(t, "SELECT count() FROM "+table+" FINAL WHERE site_id = 'acme'"))
	}
	return fmt.Sprint(counts)
}

// TestSecurityOtherSiteIsRefused: a key that is asked for another site's says so rather than answering for its own.
func TestSecurityOtherSiteIsRefused(t *testing.T) {
	r := startAlone(t)
	for _, route := range []string{"GET /api/reports/totals", "POST /api/contacts", "POST /api/companies", "POST /api/deals", "GET /api/reports"} {
		method, path, _ := strings.Cut(route, " ")
		r.call(t, method, path+"?site=beta", "application/json", "{}", http.StatusForbidden)
	}
	r.call(t, "POST", "/api/reports/totals", "application/x-www-form-urlencoded", "site=beta", http.StatusForbidden)
	if text := r.call(t, "POST", "/api/deals", "application/json", `{"deal_id":"1","status":"open","site_id":"beta","site":"beta"}`, http.StatusOK); !strings.Contains(text, `"ignored_columns":["site","site_id"]`) {
		t.Error(text)
	}
}

// TestSecuritySecretsInURLs: a key counts in its header only, so that none ends up in a log of somebody on the way.
func TestSecuritySecretsInURLs(t *testing.T) {
	r := startRig(t)
	r.migratedUp(t)
	r.signIn(t, "acme") // there are accounts, and they are known
	for _, route := range r.routes(t) {
		if slices.Contains(openRoutes, route) && route != "POST /console/sign-in" {
			continue
		}
		for _, name := range []string{"key", "api_key", "apikey", "token", "access_token", "authorization", "Authorization", "bearer", "session"} {
			for _, ask := range asksOf(route, "0a1b", "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e")[:1] {
				ask.target += "?" + name + "=" + r.key
				answer, body := r.asAsk(t, ask, caller{})
				limited := ask.target[:8] == "/console" && answer.StatusCode == http.StatusTooManyRequests
				if answer.StatusCode != http.StatusUnauthorized && !limited && !toSignIn(answer) || len(answer.Cookies()) > 0 || strings.Contains(body, r.key) {
					t.Errorf("%s %s: %s", ask.method, ask.target, answer.Status)
				}
				if reason := answer.Header.Get(rejection.Header); strings.HasPrefix(ask.target, "/api/") && reason != string(rejection.MissingKey) {
					t.Errorf("%s %s: %q", ask.method, ask.target, reason)
				}
			}
		}
	}
}

// TestSecuritySniffing: no answer of any route may be taken for another kind of thing, and none is a script of the caller's making.
// TestSecurityTenantIsolation holds the answers to people with a key or a session against the same.
func TestSecuritySniffing(t *testing.T) {
	r := startRig(t)
	r.migratedUp(t)
	r.signIn(t, "acme") // there are accounts, and they are known
	for _, route := range r.routes(t) {
		for _, ask := range asksOf(route, "0a1b", "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e") {
			ask = withCallback(ask)
			answer, body := r.asAsk(t, ask, caller{})
			wantNoSniffing(t, ask, answer, body)
		}
	}
}

// withCallback asks for the answer as a script.
func withCallback(a ask) ask {
	if !strings.Contains(a.target, "?") {
		a.target += "?"
	}
	a.target += "&callback=alert&jsonp=alert&cb=alert"
	return a
}

func wantNoSniffing(t *testing.T, a ask, answer *http.Response, body string) {
	t.Helper()
	if body != "" && answer.Header.Get("X-Content-Type-Options") != "nosniff" || strings.HasPrefix(strings.TrimSpace(body), "alert") {
		t.Errorf("%s %s: %s, %v, %.100s", a.method, a.target, answer.Status, answer.Header, body)
	}
	if body != "" && answer.Header.Get("Content-Type") == "" {
		t.Errorf("%s %s has no Content-Type", a.method, a.target)
	}
}
