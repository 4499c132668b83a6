package console

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/reports"
)

func signInForm(email, password string) url.Values {
	return url.Values{"email": {email}, "password": {password}}
}

// wantSession holds that a cookie is a session, or is none.
func (s *stand) wantSession(t *testing.T, cookie string, want bool, when string) {
	t.Helper()
	a := s.get(t, "/console/script", cookie)
	if got := a.StatusCode == http.StatusOK; got != want {
		t.Errorf("%s: %s", when, a.Status)
	}
}

func TestSecuritySessionCookie(t *testing.T) {
	s := newStand(t, noReports(t))
	s.withPassword(t, acmeAdmin)
	a := s.post(t, "/console/sign-in", "", signInForm(" "+strings.ToUpper(acmeAdmin)+" ", goodPassword))
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != home+"?signed=in" {
		t.Fatalf("sign in: %s to %q", a.Status, a.Header.Get("Location"))
	}
	header := a.Header.Get("Set-Cookie")
	for _, part := range []string{"__Host-hw_console=", "; Path=/", "; Max-Age=43200", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if !strings.Contains(header, part) {
			t.Errorf("Set-Cookie %q lacks %q", header, part)
		}
	}
	if strings.Contains(header, "Domain") {
		t.Errorf("Set-Cookie %q names a domain", header)
	}
	first := cookieOf(a)
	again := s.post(t, "/console/sign-in", first, signInForm(acmeAdmin, goodPassword))
	if second := cookieOf(again); second == "" || second == first {
		t.Error("signing in again gave the same session")
	}
	s.wantSession(t, cookieOf(again), true, "the new session")
	s.wantSession(t, first, false, "the one before it")
}

func TestSecuritySessionForgery(t *testing.T) {
	s, other := newStand(t, noReports(t)), newStand(t, noReports(t))
	good := s.signIn(t, acmeAdmin)
	s.wantSession(t, good, true, "the real one")
	for name, forged := range map[string]string{
		"empty": "x", "a part": good[:20], "longer": good + "A", "padding": good + "=", "very long": strings.Repeat("A", 5000),
		"another installation's": other.signIn(t, acmeAdmin), "an address": acmeAdmin, "a key of Redis": "s:" + good,
	} {
		s.wantSession(t, forged, false, name)
	}
	r, err := http.NewRequest(http.MethodGet, s.URL+"/console/script", nil)
	if err != nil {
		t.Fatal(err)
	}
	addCookie(r, good)
	addCookie(r, good)
	if a := s.do(t, r); a.StatusCode != http.StatusSeeOther {
		t.Errorf("two cookies of the name got %s", a.Status)
	}
}

func TestSecuritySessionExpires(t *testing.T) {
	s := newStand(t, noReports(t))
	cookie := s.signIn(t, acmeAdmin)
	s.clock.Advance(accounts.SessionLife - time.Second)
	s.wantSession(t, cookie, true, "a second before its end")
	s.clock.Advance(time.Second)
	a := s.get(t, "/console/script", cookie)
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/console/sign-in?next=%2Fconsole%2Fscript" {
		t.Errorf("at its end: %s to %q", a.Status, a.Header.Get("Location"))
	}
	if a := s.get(t, "/console/leads.events", cookie); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("leads.events at its end: %s", a.Status)
	}
}

func TestSecuritySignOutEndsTheSession(t *testing.T) {
	s := newStand(t, noReports(t))
	cookie, kept := s.signIn(t, acmeAdmin), s.signIn(t, acmeAdmin)
	a := s.post(t, "/console/sign-out", cookie, nil)
	if a.StatusCode != http.StatusSeeOther || !strings.Contains(a.Header.Get("Set-Cookie"), cookieName+"=; Path=/; Max-Age=0") {
		t.Errorf("sign out: %s, Set-Cookie %q", a.Status, a.Header.Get("Set-Cookie"))
	}
	s.wantSession(t, cookie, false, "a kept copy of the cookie")
	s.wantSession(t, kept, true, "another session")
	s.clock.Advance(time.Second)
	a = s.post(t, "/console/account/sign-out-everywhere", kept, nil)
	s.wantSession(t, kept, false, "signed out everywhere")
	s.wantSession(t, cookieOf(a), true, "but here")
}

// What an admin changes counts for sessions that are open.
func TestSecurityRemovedUserEndsTheirSessions(t *testing.T) {
	s := newStand(t, noReports(t))
	admin, cookie := s.signIn(t, acmeAdmin), s.signIn(t, acmeViewer)
	if a := s.get(t, "/console/users", cookie); a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "On this site you are viewer") {
		t.Errorf("a viewer at users: %s", a.Status)
	}
	id := string(s.user(t, acmeViewer).ID)
	change := func(path string, form url.Values) {
		t.Helper()
		if a := s.post(t, "/console/users/"+id+path, admin, form); a.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %s\n%s", path, a.Status, a.body)
		}
	}
	change("/role", url.Values{"scope": {"site"}, "over": {"1"}, "role": {"admin"}})
	if a := s.get(t, "/console/users", cookie); a.StatusCode != http.StatusOK {
		t.Errorf("made an admin: %s", a.Status)
	}
	change("/remove", url.Values{"scope": {"site"}, "over": {"2"}})
	s.wantSession(t, cookie, false, "removed")
}

// placeOf fills the parameters of routes in.
var placeOf = strings.NewReplacer(":user", "0", ":key", "0", ":contact", "ab", ":selection", "none")

// Every route is played by everybody: it answers those whose role it is for, and no other.
func TestSecurityRolesOnEveryRoute(t *testing.T) {
	s := newStand(t, ReportsFunc(func(context.Context, string, reports.Params) (*reports.Result, error) {
		return nil, errors.New("no numbers here")
	}))
	nowhere, _, err := s.Add(t.Context(), "test", "nowhere@acme.example", "", "a site that is gone", accounts.Admin)
	if err != nil {
		t.Fatal(err)
	}
	needs := map[string]accounts.Role{}
	for _, r := range s.console.routes() {
		needs[r.Method+" "+r.Path] = r.Needs
	}
	for _, admins := range []string{"GET /users", "POST /users", "POST /users/:user/role", "POST /users/:user/remove", "POST /users/:user/link",
		"GET /settings", "POST /settings", "POST /settings/forms", "POST /settings/reset", "POST /settings/keys", "POST /settings/keys/:key/revoke", "GET /settings/history",
		"POST /contacts/:contact/erase", "GET /contacts/:contact/erase", "GET /contacts/:contact/export", "POST /statuses"} {
		if needs[admins] != accounts.Admin {
			t.Errorf("%s is for %q", admins, needs[admins])
		}
	}
	for _, marketers := range []string{"POST /contacts/:contact/status", "POST /selections", "POST /selections/:selection/name", "POST /selections/:selection/copy",
		"POST /selections/:selection/remove", "POST /selections/:selection/board"} {
		if needs[marketers] != accounts.Marketer {
			t.Errorf("%s is for %q", marketers, needs[marketers])
		}
	}
	table, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.console.routes() {
		if !strings.Contains(string(table), "`"+r.Path+"`") {
			t.Errorf("%s stands in no row of SECURITY.md: say what defends it, and which test shows it", r.Path)
		}
		if !r.Needs.Valid() {
			t.Errorf("%s %s is for %q", r.Method, r.Path, r.Needs)
		}
		path := "/console" + placeOf.Replace(r.Path)
		ask := func(cookie string) answer {
			if r.Method == http.MethodGet {
				return s.get(t, path, cookie)
			}
			return s.post(t, path, cookie, nil)
		}
		for email, role := range map[string]accounts.Role{"": "", nowhere.Email: "", acmeViewer: accounts.Viewer, acmeMarketer: accounts.Marketer, acmeAdmin: accounts.Admin, chief: accounts.Admin} {
			cookie := ""
			if email != "" {
				cookie = s.signIn(t, email) // a route may end the session
			}
			a := ask(cookie)
			signIn := a.StatusCode == http.StatusUnauthorized || strings.HasPrefix(a.Header.Get("Location"), "/console/sign-in")
			switch {
			case email == "" && !signIn:
				t.Errorf("%s %s answers nobody with %s", r.Method, path, a.Status)
			case email != "" && (a.StatusCode == http.StatusForbidden) == role.Allows(r.Needs):
				t.Errorf("%s %s answers %s, who is %q, with %s", r.Method, path, email, role, a.Status)
			case signIn && email != "":
				t.Errorf("%s %s sends %s to sign in", r.Method, path, email)
			}
		}
	}
}

// A session looks at one of its user's sites, and at no other whatever is asked.
func TestSecuritySitesOfAUser(t *testing.T) {
	s := newStand(t, noReports(t))
	user := s.user(t, acmeMarketer)
	if _, _, err := s.Add(t.Context(), "test", user.Email, "", "other", accounts.Viewer); err != nil {
		t.Fatal(err)
	}
	cookie := s.signIn(t, acmeMarketer)
	looks := func(want string) {
		t.Helper()
		if a := s.get(t, "/console/script", cookie); !strings.Contains(a.body, `data-site=&#34;`+want+`&#34;`) {
			t.Errorf("the session does not look at %s: %s", want, a.Status)
		}
	}
	looks("acme")
	for _, step := range [][2]string{{"other", "other"}, {"nothing", "other"}, {"", "other"}, {"acme", "acme"}} {
		if a := s.post(t, "/console/site", cookie, url.Values{"site": {step[0]}}); a.StatusCode != http.StatusSeeOther {
			t.Errorf("to %q: %s", step[0], a.Status)
		}
		looks(step[1])
	}
	single := s.signIn(t, acmeViewer)
	s.post(t, "/console/site", single, url.Values{"site": {"other"}})
	if a := s.get(t, "/console/script", single); !strings.Contains(a.body, `data-site=&#34;acme&#34;`) {
		t.Error("a user of acme looks at other")
	}
}

func TestSecuritySetUpAndLinks(t *testing.T) {
	s := newStand(t, noReports(t))
	if a := s.get(t, "/console/sign-in", ""); !strings.Contains(a.body, "Nobody has an account yet") {
		t.Error("the first sign-in page does not say what to do")
	}
	token, err := s.SetUpLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := "/console/link/" + token
	for range 2 { // looking uses nothing up
		if a := s.get(t, path, ""); a.StatusCode != http.StatusOK || !strings.Contains(a.body, "Make the first account") {
			t.Fatalf("the set-up link: %s", a.Status)
		}
	}
	for name, form := range map[string]url.Values{
		"no address": {"password": {goodPassword}}, "no password": {"email": {"first@acme.example"}},
		"a weak one": {"email": {"first@acme.example"}, "password": {"password1234"}},
	} {
		if a := s.post(t, path, "", form); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, `role="alert"`) || cookieOf(a) != "" {
			t.Errorf("%s: %s", name, a.Status)
		}
	}
	a := s.post(t, path, "", url.Values{"email": {"First@acme.example"}, "name": {"Ada"}, "password": {goodPassword}})
	s.wantSession(t, cookieOf(a), true, "the first admin")
	if role := s.Role(s.user(t, "first@acme.example").ID, "other"); role != accounts.Admin {
		t.Errorf("the first admin is %q on other", role)
	}
	if a := s.post(t, path, "", url.Values{"email": {"second@acme.example"}, "password": {goodPassword}}); a.StatusCode != http.StatusNotFound || cookieOf(a) != "" {
		t.Errorf("the link once more: %s", a.Status)
	}
	// Somebody added gets a link, and comes in with or without a password.
	token, err = s.NewLink(t.Context(), "test", s.user(t, acmeViewer).ID)
	if err != nil {
		t.Fatal(err)
	}
	in := s.post(t, "/console/link/"+token, "", nil)
	s.wantSession(t, cookieOf(in), true, "by a link, without a password")
	if a := s.post(t, "/console/link/"+token, "", nil); a.StatusCode != http.StatusNotFound {
		t.Errorf("the link once more: %s", a.Status)
	}
	a = s.post(t, "/console/account/password", cookieOf(in), url.Values{"password": {goodPassword}})
	if a.StatusCode != http.StatusSeeOther || cookieOf(s.post(t, "/console/sign-in", "", signInForm(acmeViewer, goodPassword))) == "" {
		t.Errorf("a password after coming in by a link: %s", a.Status)
	}
}

func TestSecurityChangeOfPassword(t *testing.T) {
	s := newStand(t, noReports(t))
	s.withPassword(t, acmeViewer)
	s.clock.Advance(time.Second)
	cookie, elsewhere := s.signIn(t, acmeViewer), s.signIn(t, acmeViewer)
	const next = "a heron counts trains"
	for name, form := range map[string]url.Values{
		"without the present one": {"password": {next}}, "with a wrong one": {"current": {"wrong"}, "password": {next}}, "a weak one": {"current": {goodPassword}, "password": {"short"}},
	} {
		if a := s.post(t, "/console/account/password", cookie, form); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, `role="alert"`) {
			t.Errorf("%s: %s", name, a.Status)
		}
	}
	s.clock.Advance(time.Second)
	a := s.post(t, "/console/account/password", cookie, url.Values{"current": {goodPassword}, "password": {next}})
	s.wantSession(t, cookieOf(a), true, "who changed it")
	s.wantSession(t, cookie, false, "the session of before")
	s.wantSession(t, elsewhere, false, "a session elsewhere")
	if a := s.post(t, "/console/sign-in", "", signInForm(acmeViewer, goodPassword)); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("the old password: %s", a.Status)
	}
}

// A proxy's word counts only from the proxy itself, and then before any session.
func TestSecurityProxyHeader(t *testing.T) {
	s := newStand(t, noReports(t))
	s.user(t, acmeViewer)
	s.user(t, acmeAdmin)
	ask := func(cookie string, values ...string) answer {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, s.URL+"/console/account", nil)
		if err != nil {
			t.Fatal(err)
		}
		addCookie(r, cookie)
		for _, value := range values {
			r.Header.Add("X-Auth-Email", value)
		}
		return s.do(t, r)
	}
	if a := ask("", acmeAdmin); a.StatusCode != http.StatusSeeOther {
		t.Errorf("a header that nobody asked for lets in: %s", a.Status)
	}
	s.console.config.Proxy = Proxy{Header: "X-Auth-Email", Peers: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, SignOutURL: "https://auth.example/out"}
	if a := ask("", acmeAdmin); a.StatusCode != http.StatusSeeOther || cookieOf(a) != "" {
		t.Errorf("a header from anybody lets in: %s", a.Status)
	}
	s.console.config.Proxy.Peers = append(s.console.config.Proxy.Peers, netip.MustParsePrefix("127.0.0.0/8"))
	a := ask("", strings.ToUpper(acmeViewer))
	cookie := cookieOf(a)
	if a.StatusCode != http.StatusOK || cookie == "" || !strings.Contains(a.body, acmeViewer) {
		t.Fatalf("from the proxy: %s", a.Status)
	}
	if a := ask(cookie, acmeViewer); a.StatusCode != http.StatusOK || cookieOf(a) != "" {
		t.Errorf("once more: %s, new session %v", a.Status, cookieOf(a) != "")
	}
	if a := ask(cookie); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the proxy has forgotten the person, and the session goes on: %s", a.Status)
	}
	if a := ask(s.signIn(t, acmeAdmin), acmeViewer); !strings.Contains(a.body, acmeViewer) || strings.Contains(a.body, acmeAdmin) {
		t.Error("under the session of somebody else")
	}
	for name, values := range map[string][]string{"two headers": {acmeViewer, acmeAdmin}, "an empty one": {""}} {
		if a := ask("", values...); a.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %s", name, a.Status)
		}
	}
	if a := ask("", "stranger@acme.example"); a.StatusCode != http.StatusForbidden || !strings.Contains(a.body, "no account") || cookieOf(a) != "" {
		t.Errorf("a stranger: %s", a.Status)
	}
	if a := s.post(t, "/console/sign-out", cookie, nil, "Sec-Fetch-Site", "same-origin", "X-Auth-Email", acmeViewer); a.Header.Get("Location") != "https://auth.example/out" {
		t.Errorf("signing out leads to %q", a.Header.Get("Location"))
	}
}

func FuzzLocalTarget(f *testing.F) {
	for _, text := range []string{"/console/leads", "//evil.example", "/console/leads/../../x", "https://evil.example/console/leads", `/\evil.example`, "/console/leads\r\nX: y", "/console/contacts/ab?x=//evil", `/console/contact?\`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		target := localTarget(text)
		u, err := url.Parse(target)
		if err != nil || !strings.HasPrefix(target, "/console/") || u.Host != "" || strings.ContainsAny(target, "\\\r\n\t") || strings.Contains(u.Path, "..") {
			t.Errorf("%q leads to %q", text, target)
		}
	})
}
