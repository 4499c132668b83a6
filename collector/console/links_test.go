package console

import (
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/collector/links"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/browser"
)

// postList sends a list as the page's form does.
func (s *stand) postList(t *testing.T, cookie, list string) answer {
	t.Helper()
	return s.postFile(t, "/console/import", cookie, nil, "links.csv", list)
}

// A marketer makes a link in the browser, by the convention that an admin chose; a visitor comes by it; the list says so. Then the tasks
// around it: the QR code, the archive, lists of links, and what others may not do.
func TestLinksInTheBrowser(t *testing.T) {
	tab := browser.ForTest(t)
	alarm := watch(t, tab)
	s := newLiveStand(t)
	sample := newSampler(t, testSites()[0])
	sample.story()
	admin := s.signIn(t, acmeAdmin)
	if a := s.post(t, "/console/convention", admin, url.Values{"over": {"0"}, "lower_case": {"1"}, "separator": {"-"}, "ascii": {"1"}, "required": {"source", "campaign"}, "max_length": {"60"}, "mediums": {"paid-social\r\nemail"}}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("convention: %s\n%s", a.Status, a.body)
	}
	s.fill(t, sample.records)
	s.enter(t, tab)
	run(t, tab, chromedp.Navigate(s.URL+"/console/builder"), chromedp.WaitReady(chromedp.CSS("#target")),
		chromedp.SendKeys(chromedp.CSS("#target"), "www.acme.example/offer?a=1&utm_source=old#form"), chromedp.SendKeys(chromedp.CSS("#utm_source"), "LinkedIn"),
		chromedp.SendKeys(chromedp.CSS("#utm_campaign"), "spring-planing"), chromedp.SendKeys(chromedp.CSS("#utm_term"), "a b"))
	until(t, tab, `document.getElementById("preview").textContent === "https://www.acme.example/offer?a=1&utm_source=LinkedIn&utm_campaign=spring-planing&utm_term=a%20b#form"`)
	run(t, tab, chromedp.Click(chromedp.CSS("button[value=save]")), chromedp.WaitReady(chromedp.CSS("[aria-invalid=true]")))
	text := evaluate[string](t, tab, `document.querySelector("main").innerText`)
	for _, want := range []string{"wants lower case", "By your naming convention it would be linkedin", "wants no blanks", "Used before, and nearly the same", "These stood in the address and are replaced: utm_source=old"} {
		if !strings.Contains(text, want) {
			t.Errorf("the builder lacks %q:\n%s", want, text)
		}
	}
	checkLooks(t, tab, browser.Axe(t, "../.."), "builder-refused")
	run(t, tab, chromedp.Click(chromedp.CSS(`[data-pick=utm_source]`)), chromedp.Click(chromedp.CSS(`[data-pick=utm_campaign]`)), chromedp.Click(chromedp.CSS(`[data-pick=utm_term]`)))
	until(t, tab, `document.getElementById("preview").textContent === "https://www.acme.example/offer?a=1&utm_source=linkedin&utm_campaign=spring-planning&utm_term=a-b#form"`)
	run(t, tab, chromedp.Click(chromedp.CSS("button[value=save]")), chromedp.WaitReady(chromedp.CSS(".qr img")))
	until(t, tab, `document.querySelector(".qr img").naturalWidth > 0`)
	address := evaluate[string](t, tab, `document.querySelector(".code code").textContent`)
	path := evaluate[string](t, tab, `location.pathname`)
	if !strings.Contains(address, "&utm_term=a-b&utm_id=hw-") {
		t.Errorf("saved as %s", address)
	}
	checkLooks(t, tab, browser.Axe(t, "../.."), "campaign")
	s.visitBy(t, address)
	run(t, tab, chromedp.Navigate(s.URL+"/console/links"), chromedp.WaitReady(chromedp.CSS("tbody tr")))
	row := evaluate[string](t, tab, `document.querySelector("tbody tr").innerText.replace(/\s+/g, " ")`)
	if !strings.Contains(row, "linkedin · spring-planning · a-b") || !strings.Contains(row, " 1 1 0 ") {
		t.Errorf("the list says %q", row)
	}
	checkLooks(t, tab, browser.Axe(t, "../.."), "links-saved")
	if picture := s.get(t, path+"/qr.png?download=1", admin); picture.Header.Get("Content-Type") != "image/png" || !strings.Contains(picture.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("QR code: %s", picture.Status)
	} else if _, err := png.Decode(strings.NewReader(picture.body)); err != nil {
		t.Error(err)
	}
	s.othersLinks(t, path)
	run(t, tab, chromedp.Navigate(s.URL+path), chromedp.WaitReady(chromedp.CSS("#note")), chromedp.SendKeys(chromedp.CSS("#note"), "for Monday"), chromedp.Click(chromedp.CSS("form[action$=note] button")), chromedp.WaitReady(chromedp.CSS(".notice.good")))
	if said := evaluate[string](t, tab, `document.querySelector(".notice.good").textContent + document.querySelector("#note").value`); said != "The note is saved.for Monday" {
		t.Errorf("after the note: %q", said)
	}
	run(t, tab, chromedp.Click(chromedp.CSS("form[action$=archived] button")), chromedp.WaitReady(chromedp.CSS("#q")))
	if said := evaluate[string](t, tab, `document.querySelector(".notice.good").textContent`); !strings.HasPrefix(said, "The link is archived.") {
		t.Errorf("after archiving: %q", said)
	}
	if seen := alarm.take(); len(seen) > 0 {
		t.Errorf("alarms: %q", seen)
	}
}

// visitBy has somebody come by an address and send a form.
func (s *stand) visitBy(t *testing.T, address string) {
	t.Helper()
	_, tags, err := links.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	sample := newSampler(t, testSites()[0])
	sample.random.Uint64() // other ids than those of the story
	visitor := sample.uuid()
	touch := sample.touch(visitor, testNow.Add(-time.Hour), schema.Touch{UTMSource: tags.Source, UTMCampaign: tags.Campaign, UTMTerm: tags.Term, UTMID: tags.ID, LandingPage: address})
	sample.submit(visitor, "new@lead.example", "signup", testNow.Add(-50*time.Minute), touch, touch)
	s.fill(t, sample.records)
}

// othersLinks holds who may do what with a link.
func (s *stand) othersLinks(t *testing.T, path string) {
	t.Helper()
	viewer, other := s.signIn(t, acmeViewer), s.signIn(t, otherAdmin)
	for _, page := range []string{"/console/links", path} {
		if a := s.get(t, page, viewer); a.StatusCode != http.StatusOK || strings.Contains(a.body, "<textarea") || strings.Contains(a.body, `href="/console/builder"`) {
			t.Errorf("a viewer at %s: %s", page, a.Status)
		}
	}
	form := url.Values{"over": {"1"}, "archived": {"1"}, "note": {"x"}}
	for _, action := range []string{"/note", "/archived"} {
		if a := s.post(t, path+action, viewer, form); a.StatusCode != http.StatusForbidden {
			t.Errorf("a viewer's %s: %s", action, a.Status)
		}
		if a := s.post(t, path+action, other, form); a.StatusCode == http.StatusSeeOther {
			t.Errorf("another site's %s: %s", action, a.Status)
		}
		if a := s.post(t, path+action, s.signIn(t, acmeMarketer), form, "Sec-Fetch-Site", "cross-site"); a.StatusCode != http.StatusForbidden {
			t.Errorf("a forged %s: %s", action, a.Status)
		}
	}
	for _, page := range []string{path, path + "/qr.svg"} {
		if a := s.get(t, page, other); a.StatusCode != http.StatusNotFound {
			t.Errorf("another site at %s: %s", page, a.Status)
		}
	}
	if a := s.get(t, "/console/links.csv", other); strings.Contains(a.body, "spring") {
		t.Error("another site's list has it")
	}
	if a := s.post(t, "/console/convention", s.signIn(t, acmeMarketer), url.Values{"over": {"1"}}); a.StatusCode != http.StatusForbidden {
		t.Errorf("a marketer's convention: %s", a.Status)
	}
}

// Hostile text in every field of a link runs nowhere, and a list comes back as it went.
func TestHostileLinks(t *testing.T) {
	tab := browser.ForTest(t)
	s := newLiveStand(t)
	alarm := watch(t, tab)
	cookie := s.signIn(t, acmeAdmin)
	if a := s.post(t, "/console/convention", cookie, url.Values{"over": {"0"}}); a.StatusCode != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	saved := 0
	for _, text := range polyglots {
		if strings.ContainsRune(text, 0) {
			continue
		}
		form := url.Values{"target": {"https://www.acme.example/"}, "note": {text}, "do": {"save"}}
		for _, part := range links.Parts() {
			form.Set(part.Parameter(), text)
		}
		if a := s.post(t, "/console/builder", cookie, form); a.StatusCode != http.StatusSeeOther {
			t.Fatalf("%q: %s", text, a.Status)
		}
		saved++
		form.Set("target", text)
		if a := s.post(t, "/console/builder", cookie, form); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("a target of %q: %s", text, a.Status)
		}
	}
	s.enter(t, tab)
	for _, page := range []string{"/console/links", "/console/builder", "/console/builder?target=javascript:alert(1)&utm_source=" + url.QueryEscape(polyglots[0])} {
		run(t, tab, chromedp.Navigate(s.URL+page), chromedp.WaitReady(chromedp.CSS("main h1")))
		if over := evaluate[int](t, tab, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
			t.Errorf("%s is %d px too wide", page, over)
		}
		if bad := evaluate[int](t, tab, `[...document.querySelectorAll("main a[href]")].filter(a => !/^https?:$/.test(a.protocol)).length`); bad > 0 {
			t.Errorf("%s has %d links that are no web addresses", page, bad)
		}
	}
	for _, path := range evaluate[[]string](t, tab, `fetch("/console/links").then(a => a.text()).then(text => text.match(/\/console\/links\/[0-9a-f-]{36}/g))`)[:3] {
		run(t, tab, chromedp.Navigate(s.URL+path), chromedp.WaitReady(chromedp.CSS(".qr")))
	}
	if seen := alarm.take(); len(seen) > 0 {
		t.Errorf("alarms: %q", seen)
	}
	list := s.get(t, "/console/links.csv?range=all", cookie)
	if got := strings.Count(list.body, "https://www.acme.example/?utm_source"); got != saved {
		t.Errorf("%d links in the list, want %d", got, saved)
	}
	if a := s.postList(t, cookie, list.body); a.Header.Get("Location") != "/console/links?done=nothing" {
		t.Errorf("the list once more: %s %s", a.Status, a.Header.Get("Location"))
	}
	wrong := "target,utm_source\nhttps://www.acme.example/,new-one\njavascript:alert(1)," + `"<img src=x onerror=alert(1)>"` + "\n"
	if a := s.postList(t, cookie, wrong); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "Line 3:") || strings.Contains(a.body, "<img src=x") {
		t.Errorf("a wrong list: %s", a.Status)
	}
	if a := s.get(t, "/console/links?q=new-one&range=all", cookie); strings.Contains(a.body, "new-one · ") || strings.Contains(a.body, ">new-one<") {
		t.Error("half of a wrong list was saved")
	}
	if a := s.postList(t, cookie, "target,utm_source\nhttps://www.acme.example/,new-one\n"); a.Header.Get("Location") != "/console/links?done=imported" {
		t.Errorf("a right list: %s", a.Status)
	}
}

// The audit says what is wrong with tags in traffic; a marketer registers a campaign from it, and it is news no more.
func TestTagAuditPage(t *testing.T) {
	s := newLiveStand(t)
	sample := newSampler(t, testSites()[0])
	sample.story()
	s.fill(t, sample.records)
	marketer := s.signIn(t, acmeMarketer)
	if a := s.post(t, "/console/audit/register", marketer, url.Values{"campaign": {"free-survey"}, "range": {"30d"}}); a.Header.Get("Location") != "/console/audit?done=registered&range=30d" {
		t.Fatalf("registered: %s %s", a.Status, a.Header.Get("Location"))
	}
	page := s.get(t, "/console/audit?done=registered", marketer)
	for _, want := range []string{"The campaign is registered.", "Campaigns that nobody registered", "Register what is yours.", `value="spring-planning"`, "Visits without a tag"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the audit lacks %q", want)
		}
	}
	if strings.Contains(page.body, `value="free-survey"`) {
		t.Error("the registered campaign is still news")
	}
	if viewer := s.get(t, "/console/audit", s.signIn(t, acmeViewer)); viewer.StatusCode != http.StatusOK || strings.Contains(viewer.body, "/console/audit/register") {
		t.Errorf("a viewer: %s", viewer.Status)
	}
	if a := s.post(t, "/console/audit/register", s.signIn(t, acmeViewer), url.Values{"campaign": {"x"}}); a.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer registers: %s", a.Status)
	}
}
