package console

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/tools/dev/browser"
)

var linkOnPage = regexp.MustCompile(`http://[^<]+(/console/link/[A-Za-z0-9_-]{43})<`)

// A site's admin runs the site's users, and nobody else's.
func TestUsersOfASite(t *testing.T) {
	s := newStand(t, noReports(t))
	s.user(t, chief)
	s.user(t, otherAdmin)
	cookie := s.signIn(t, acmeAdmin)
	a := s.post(t, "/console/users", cookie, url.Values{"email": {"New@acme.example"}, "name": {"Neo <b>"}, "role": {"marketer"}})
	link := linkOnPage.FindStringSubmatch(a.body)
	if a.StatusCode != http.StatusOK || link == nil || !strings.Contains(a.body, "Neo &lt;b&gt;") {
		t.Fatalf("added: %s\n%s", a.Status, a.body)
	}
	if in := s.post(t, link[1], "", nil); cookieOf(in) == "" {
		t.Errorf("the link leads nowhere: %s", in.Status)
	}
	added := s.user(t, "new@acme.example")
	if s.Role(added.ID, "acme") != accounts.Marketer || s.Role(added.ID, "other") != "" {
		t.Errorf("roles %q and %q", s.Role(added.ID, "acme"), s.Role(added.ID, "other"))
	}
	// Somebody who has an account elsewhere gets a role, and no link is made to that account.
	a = s.post(t, "/console/users", cookie, url.Values{"email": {otherAdmin}, "role": {"viewer"}})
	if a.StatusCode != http.StatusSeeOther || s.Role(s.user(t, otherAdmin).ID, "acme") != accounts.Viewer {
		t.Errorf("a user of another site: %s", a.Status)
	}
	page := s.get(t, "/console/users?done=added", cookie)
	inOrder(t, page.body, "The user is added.", chief, "all sites", acmeAdmin, otherAdmin, "Neo &lt;b&gt;")
	for path, form := range map[string]url.Values{
		"": {"email": {"x@acme.example"}, "role": {"viewer"}, "scope": {"all"}},
		"/" + string(s.user(t, chief).ID) + "/role":   {"scope": {"all"}, "over": {"1"}, "role": {"viewer"}},
		"/" + string(s.user(t, chief).ID) + "/remove": {"scope": {"all"}, "over": {"1"}},
	} {
		if a := s.post(t, "/console/users"+path, cookie, form); a.StatusCode != http.StatusForbidden {
			t.Errorf("a site's admin reaches all sites by %s: %s", path, a.Status)
		}
	}
	for who, want := range map[string]string{chief: "no admin, so a link", otherAdmin: "no admin, so a link", "nobody": "no such user"} {
		id := accounts.UserID("nobody")
		if who != "nobody" {
			id = s.user(t, who).ID
		}
		if a := s.post(t, "/console/users/"+string(id)+"/link", cookie, nil); a.StatusCode != http.StatusUnprocessableEntity || linkOnPage.MatchString(a.body) || !strings.Contains(a.body, want) {
			t.Errorf("a link to %s: %s", who, a.Status)
		}
	}
	// What a site's admin takes from them is their role on this site.
	elsewhere := s.user(t, otherAdmin).ID
	if a := s.post(t, "/console/users/"+string(elsewhere)+"/remove", cookie, url.Values{"over": {"1"}, "site": {"other"}}); a.StatusCode != http.StatusSeeOther || s.Role(elsewhere, "acme") != "" || s.Role(elsewhere, "other") != accounts.Admin {
		t.Errorf("removed from acme: %s, now %q and %q", a.Status, s.Role(elsewhere, "acme"), s.Role(elsewhere, "other"))
	}
	wrong := map[string]url.Values{"Write it as in": {"email": {"x"}, "role": {"viewer"}}, "Choose a role": {"email": {"x@acme.example"}, "role": {"root"}}}
	for want, form := range wrong {
		if a := s.post(t, "/console/users", cookie, form); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, want) || !strings.Contains(a.body, `value="`+form.Get("email")+`"`) {
			t.Errorf("%v: %s", form, a.Status)
		}
	}
	if a := s.post(t, "/console/users/"+string(added.ID)+"/role", cookie, url.Values{"over": {"9"}, "role": {"viewer"}}); !strings.Contains(a.body, "Somebody else changed this meanwhile") {
		t.Errorf("over another version: %s", a.Status)
	}
	if a := s.post(t, "/console/users/"+string(s.user(t, chief).ID)+"/remove", s.signIn(t, chief), url.Values{"scope": {"all"}, "over": {"1"}}); !strings.Contains(a.body, "last admin of all sites") {
		t.Errorf("the last admin: %s", a.Status)
	}
}

// A person opens the set-up link, makes the first account, adds a colleague, and the colleague comes in by the link.
func TestFirstUseInTheBrowser(t *testing.T) {
	tab := browser.ForTest(t)
	s := newLiveStand(t)
	token, err := s.SetUpLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run(t, tab, chromedp.Navigate(s.URL+"/console/link/"+token), chromedp.WaitReady(chromedp.CSS("#name")),
		chromedp.SendKeys(chromedp.CSS("#email"), "ada@acme.example"), chromedp.SendKeys(chromedp.CSS("#name"), "Ada"),
		chromedp.SendKeys(chromedp.CSS("#password"), goodPassword+"\r"), chromedp.WaitReady(chromedp.CSS(".side")))
	if got := evaluate[string](t, tab, `location.pathname + " " + document.querySelector(".me").textContent.trim()`); got != home+" Ada" {
		t.Errorf("after the set-up: %s", got)
	}
	run(t, tab, chromedp.Navigate(s.URL+"/console/users"), chromedp.WaitReady(chromedp.CSS("#email")),
		chromedp.SendKeys(chromedp.CSS("#email"), "bob@acme.example\r"), chromedp.WaitReady(chromedp.CSS("#link")))
	link := evaluate[string](t, tab, `document.querySelector(".code code").textContent`)
	clearCookies(t, tab)
	run(t, tab, chromedp.Navigate(link+"#enter"))
	until(t, tab, `document.querySelector(".me") && document.querySelector(".me").textContent.trim() === "bob@acme.example"`)
	if evaluate[bool](t, tab, `!!document.querySelector("nav a[href='/console/users']")`) {
		t.Error("a viewer's menu leads to users")
	}
}
