package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/tools/dev/browser"
)

var idsOfFindings = regexp.MustCompile(`(?:finding\((Good|Hint|Warn|Bad), |refuse\(|add\((Good|Hint|Warn|Bad), |add\()"([a-z_]+)"( ?\+ ?kind)?`)

// Whatever the doctor can find is said: what, and, where it is not good, why it matters and what to do.
func TestEveryFindingIsSaid(t *testing.T) {
	known := messagesOf(t, languages[0])
	files, err := filepath.Glob("../doctor/*.go")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	said := 0
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, match := range idsOfFindings.FindAllStringSubmatch(string(code), -1) {
			ids := []string{match[3]}
			if strings.HasSuffix(match[3], "_") {
				ids = nil
				for _, kind := range []string{"slash", "https", "www", "host", "page"} {
					ids = append(ids, match[3]+kind)
				}
			}
			parts := []string{"what", "why", "do"}
			if match[1] == "Good" {
				parts = parts[:1]
			}
			for _, id := range ids {
				for _, part := range parts {
					said++
					if id := "doctor.finding." + id + "." + part; known[id] == nil {
						t.Errorf("%s: %s is missing", filepath.Base(file), id)
					}
				}
			}
		}
	}
	if said < 200 {
		t.Errorf("only %d texts were looked for", said)
	}
}

// demoSite is a website on loopback that belongs to acme, with a page that has most things wrong.
func (s *stand) demoSite(t *testing.T) string {
	t.Helper()
	pages := http.NewServeMux()
	pages.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "form-action 'self'")
		_, _ = w.Write([]byte(`<head><script src="` + s.URL + `/hw.js" data-site="acme"></script></head><body><form method=post action="` + s.URL + `/f/signup"><input name=email></form>` +
			`<form id="` + strings.ReplaceAll(polyglots[0], `"`, "&quot;") + `" method=post action="/x"><input name="hw_` + strings.ReplaceAll(polyglots[1], `"`, "&quot;") + `"></form>`))
	})
	pages.HandleFunc("/go", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.fetcher.Hosts = []string{u.Host}
	all := s.settings.All()
	for i := range all {
		if site := &all[i]; site.ID == "acme" {
			site.Origins = append(site.Origins, server.URL)
		}
	}
	return server.URL
}

// A marketer checks the site and a link in the browser and reads what is wrong; a viewer may not, others' sites stay out of reach, and
// nobody checks without end.
func TestDoctorPage(t *testing.T) {
	tab := browser.ForTest(t)
	s := newStand(t, noReports(t))
	site := s.demoSite(t)
	alarm := watch(t, tab)
	s.enter(t, tab)
	run(t, tab, chromedp.Navigate(s.URL+"/console/doctor"), chromedp.WaitReady(chromedp.CSS("#address")),
		chromedp.SendKeys(chromedp.CSS("#address"), site+"/go"), chromedp.Click(chromedp.CSS("button[value=site]")), chromedp.WaitReady(chromedp.CSS(".verdict")))
	text := evaluate[string](t, tab, `document.querySelector("main").innerText`)
	for _, want := range []string{"Something does not work.", "drops gclid, utm_campaign, utm_medium, utm_source", "$is_args$args", "neither async nor defer", "Add async.", "form-action of the Content Security Policy blocks forms", "The form goes to the collector, as signup.", "<img src=x"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	checkLooks(t, tab, browser.Axe(t, "../.."), "doctor-checked")
	run(t, tab, chromedp.Navigate(s.URL+"/console/doctor"), chromedp.WaitReady(chromedp.CSS("#address")),
		chromedp.SendKeys(chromedp.CSS("#address"), site+"/?utm_source=x"), chromedp.Click(chromedp.CSS("button[value=link]")), chromedp.WaitReady(chromedp.CSS(".verdict")))
	if got := evaluate[string](t, tab, `document.querySelector(".verdict").textContent`); got != "All is well." {
		t.Errorf("a link without redirects: %q", got)
	}
	if seen := alarm.take(); len(seen) > 0 {
		t.Errorf("alarms: %q", seen)
	}
	form := url.Values{"address": {site}, "which": {"site"}}
	if a := s.post(t, "/console/doctor", s.signIn(t, acmeViewer), form); a.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer: %s", a.Status)
	}
	if a := s.post(t, "/console/doctor", s.signIn(t, otherAdmin), form); !strings.Contains(a.body, "is not looked at") {
		t.Errorf("another site: %s", a.Status)
	}
	cookie, answer := s.signIn(t, acmeMarketer), answer{}
	for range checkBurst + 1 {
		answer = s.post(t, "/console/doctor", cookie, url.Values{"address": {"ftp://x"}})
	}
	if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "20" {
		t.Errorf("after %d checks: %s", checkBurst, answer.Status)
	}
}
