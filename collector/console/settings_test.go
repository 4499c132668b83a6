package console

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/collector/sites"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/browser"
)

var keyOnPage = regexp.MustCompile(`<code>(hwk_[A-Za-z0-9_-]{43})</code>`)

func settingsForm(over, own, lookback string) url.Values {
	return url.Values{"over": {over}, "transfer": {"on"}, "own_domains": {own}, "ignored_referrers": {""}, "lookback": {lookback}}
}

// An admin changes settings, what is wrong is said beside what was typed, and the history tells before and after.
func TestSettings(t *testing.T) {
	s := newStand(t, noReports(t))
	cookie := s.signIn(t, acmeAdmin)
	s.clock.Advance(time.Second)
	now := func() schema.Site { site, _, _, _ := s.settings.Site("acme"); return site }
	a := s.post(t, "/console/settings", cookie, settingsForm("0", " Acme.test,shop.acme.example\r\nacme.test", "45"))
	if site := now(); a.StatusCode != http.StatusSeeOther || site.LookbackDays != 45 || strings.Join(site.OwnDomains, " ") != "acme.test shop.acme.example" || len(site.IgnoredReferrers) != 0 || site.NoTransfer {
		t.Fatalf("%s: %+v", a.Status, site)
	}
	if a := s.get(t, "/console/script", cookie); !strings.Contains(a.body, "data-own-domains=&#34;acme.test shop.acme.example&#34;") || strings.Contains(a.body, "data-ignored-referrers") {
		t.Error("the script tag does not follow")
	}
	for want, form := range map[string]url.Values{
		"is no host name":               settingsForm("1", "https://acme.test/", "45"),
		"&lt;b&gt;”":                    settingsForm("1", "<b>", "45"),
		"no whole number from 1 to 730": settingsForm("1", "", "9999"),
		"“soon”":                        settingsForm("1", "", "soon"),
		"Somebody else changed this":    settingsForm("0", "", "30"),
	} {
		if a := s.post(t, "/console/settings", cookie, form); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, want) || now().LookbackDays != 45 {
			t.Errorf("%v: %s lacks %q", form, a.Status, want)
		}
	}
	for name, form := range map[string]url.Values{"no version": settingsForm("", "", "30"), "too long": settingsForm("1", strings.Repeat("x.example ", maxSettings/10), "30")} {
		if a := s.post(t, "/console/settings", cookie, form); a.StatusCode != http.StatusBadRequest && a.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %s", name, a.Status)
		}
	}
	page := s.get(t, "/console/settings/history", cookie)
	inOrder(t, page.body, acmeAdmin, "Settings", "Own domains", "as in the configuration file", "acme.test, shop.acme.example", "Look-back", "45 days", "Role of "+acmeAdmin, "none", "Admin")
	if strings.Contains(page.body, otherAdmin) {
		t.Error("the history has another site's users")
	}
	s.changesRetention(t, cookie)
	// Another site's admin changed nothing of this, and sees nothing of it.
	if a := s.get(t, "/console/settings", s.signIn(t, otherAdmin)); strings.Contains(a.body, "shop.acme.example") {
		t.Error("other sees the settings of acme")
	}
	if a := s.post(t, "/console/settings/reset", cookie, url.Values{"over": {"2"}}); a.StatusCode != http.StatusSeeOther || now().LookbackDays != 30 || now().RetentionMonths != 25 || len(now().IgnoredReferrers) != 1 {
		t.Errorf("back to the file: %s %+v", a.Status, now())
	}
}

// changesRetention: fewer months need a tick, more than the file says cannot be, and the history tells.
func (s *stand) changesRetention(t *testing.T, cookie string) {
	t.Helper()
	form := func(months, sure string) url.Values {
		values := settingsForm("1", "acme.test", "45")
		values.Set("retention", months)
		values.Set("retention_sure", sure)
		return values
	}
	inOrder(t, s.get(t, "/console/settings", cookie).body, `max="25" required value="25"`, "1 to 25 months", "delete everything older")
	for want, values := range map[string]url.Values{
		"Tick that you want this": form("6", ""), "from 1 to 25": form("26", "on"), "“0” is not a whole number": form("0", "on"), "“&lt;b&gt;”": form("<b>", "on"),
	} {
		if a := s.post(t, "/console/settings", cookie, values); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, want) {
			t.Errorf("%v: %s lacks %q", values, a.Status, want)
		}
	}
	if site, _, _, _ := s.settings.Site("acme"); site.RetentionMonths != 25 {
		t.Errorf("what was refused counts: %d months", site.RetentionMonths)
	}
	a := s.post(t, "/console/settings", cookie, form("6", "on"))
	if site, _, _, _ := s.settings.Site("acme"); a.StatusCode != http.StatusSeeOther || site.RetentionMonths != 6 {
		t.Errorf("%s: %d months", a.Status, site.RetentionMonths)
	}
	inOrder(t, s.get(t, "/console/settings/history", cookie).body, "Retention, in months", "as in the configuration file", "6 months")
}

// Older changes are on further pages, each with what was before it, also where that is on the next page.
func TestHistoryByPages(t *testing.T) {
	s := newStand(t, noReports(t))
	cookie := s.signIn(t, acmeAdmin)
	const changes = changesOnPage + 7
	for i := range changes {
		s.clock.Advance(time.Second)
		days := 100 + i
		if err := s.settings.Change(t.Context(), "command", "acme", uint64(i), sites.Settings{LookbackDays: &days}, "changed"); err != nil {
			t.Fatal(err)
		}
	}
	shown := regexp.MustCompile(`<del>(\d+) days</del> <span aria-hidden="true">→</span> <ins>(\d+) days</ins>`)
	next := regexp.MustCompile(`href="(/console/settings/history\?before=[^"]+)" rel="next"`)
	want, path, pages := 100+changes-1, "/console/settings/history", 0
	for path != "" {
		a := s.get(t, path, cookie)
		pages++
		for _, line := range shown.FindAllStringSubmatch(a.body, -1) {
			if line[1] != strconv.Itoa(want-1) || line[2] != strconv.Itoa(want) {
				t.Fatalf("page %d: from %s to %s, want from %d to %d", pages, line[1], line[2], want-1, want)
			}
			want--
		}
		if path = ""; next.MatchString(a.body) {
			path = html.UnescapeString(next.FindStringSubmatch(a.body)[1])
		} else {
			inOrder(t, a.body, "as in the configuration file", "100 days", "Latest changes")
		}
	}
	if want != 100 || pages != 2 {
		t.Errorf("%d pages end with %d", pages, want)
	}
	for _, wrong := range []string{"x", "0.x", "1773306000000", "1773306000000.x", "1773306000000.' OR 1", "-1.0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e"} {
		if a := s.get(t, "/console/settings/history?before="+url.QueryEscape(wrong), cookie); a.StatusCode != http.StatusBadRequest {
			t.Errorf("before %q: %s", wrong, a.Status)
		}
	}
	if a := s.get(t, "/console/settings/history?before=1000.0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e", cookie); !strings.Contains(a.body, "Nothing was changed before that") {
		t.Errorf("before everything: %s", a.Status)
	}
}

func TestSettingsOfForms(t *testing.T) {
	s := newStand(t, noReports(t))
	cookie := s.signIn(t, acmeAdmin)
	form := func(over string, rows ...[]string) url.Values {
		values := url.Values{"over": {over}}
		for _, row := range rows {
			for i, name := range []string{"was", "id", "thank_you", "email_field", "company_field"} {
				values.Add(name, row[i])
			}
		}
		return values
	}
	a := s.post(t, "/console/settings/forms", cookie, form("0",
		[]string{"signup", "signup", "https://www.acme.example/welcome", "mail", ""}, []string{"webinar", "", "", "", ""}, []string{"", "", "", "", ""}, []string{"", "demo", "", "", "org"}))
	site, _, _, _ := s.settings.Site("acme")
	if a.StatusCode != http.StatusSeeOther || len(site.Forms) != 2 || site.Forms[0].ThankYou != "https://www.acme.example/welcome" || site.Forms[1].ID != "demo" || site.Forms[1].CompanyField != "org" {
		t.Fatalf("%s: %+v", a.Status, site.Forms)
	}
	for want, rows := range map[string][][]string{
		"Keep at least one form":         {{"signup", "", "", "", ""}},
		"own origins":                    {{"signup", "signup", "https://evil.example/", "", ""}},
		"is no id of letters":            {{"", `"><script>alert(1)</script>`, "", "", ""}},
		"stands there twice":             {{"", "a", "", "", ""}, {"", "a", "", "", ""}},
		"cannot be the name of a form’s": {{"", "a", "", "hw_page", ""}},
	} {
		a := s.post(t, "/console/settings/forms", cookie, form("1", rows...))
		if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, want) || strings.Contains(a.body, "<script>alert") {
			t.Errorf("%v: %s lacks %q", rows, a.Status, want)
		}
	}
	inOrder(t, s.get(t, "/console/settings/history", cookie).body, "Forms", "as in the configuration file", "demo (&#34;org&#34;)")
}

// A key is shown once, kept by hash, and gone when it is revoked.
func TestSettingsKeys(t *testing.T) {
	s := newStand(t, noReports(t))
	cookie := s.signIn(t, acmeAdmin)
	a := s.post(t, "/console/settings/keys", cookie, url.Values{"name": {"CRM <b>"}})
	key := keyOnPage.FindStringSubmatch(a.body)
	if a.StatusCode != http.StatusOK || key == nil || !strings.Contains(a.body, "CRM &lt;b&gt;") {
		t.Fatalf("%s\n%s", a.Status, a.body)
	}
	if a := s.get(t, "/console/settings", cookie); strings.Contains(a.body, key[1]) || !strings.Contains(a.body, "…"+key[1][len(key[1])-4:]) {
		t.Error("the key is shown again, or not by its end")
	}
	made := s.settings.Keys("acme")[0]
	path := "/console/settings/keys/" + made.ID + "/revoke"
	if s.post(t, path, s.signIn(t, otherAdmin), url.Values{"over": {"1"}}); len(s.settings.Keys("acme")) != 1 {
		t.Fatal("another site's admin revokes the key")
	}
	if a := s.post(t, path, cookie, url.Values{"over": {"1"}}); a.StatusCode != http.StatusSeeOther || len(s.settings.Keys("acme")) != 0 {
		t.Errorf("revoked: %s", a.Status)
	}
	page := s.get(t, "/console/settings/history", cookie)
	inOrder(t, page.body, "API key revoked: CRM &lt;b&gt;", "API key made: CRM &lt;b&gt;")
	if strings.Contains(page.body, key[1]) {
		t.Error("the history has the key")
	}
}

// A person switches the transfer off, reads in the history that it is off, and goes back to the file.
func TestSettingsInTheBrowser(t *testing.T) {
	tab := browser.ForTest(t)
	s := newStand(t, noReports(t))
	s.enter(t, tab)
	run(t, tab, chromedp.Navigate(s.URL+"/console/settings"), chromedp.WaitReady(chromedp.CSS("[name=transfer]")),
		chromedp.Click(chromedp.CSS("[name=transfer]")), chromedp.Click(chromedp.CSS(".settings button")), chromedp.WaitReady(chromedp.CSS(".notice.good")))
	if site, decided, _, _ := s.settings.Site("acme"); !site.NoTransfer || !decided.Any() || evaluate[bool](t, tab, `document.querySelector("[name=transfer]").checked`) {
		t.Errorf("the transfer is not off: %+v", site)
	}
	run(t, tab, chromedp.Click(chromedp.CSS(".head .button")), chromedp.WaitReady(chromedp.CSS(".changes")))
	if text := evaluate[string](t, tab, `document.querySelector(".changes").innerText`); !strings.Contains(text, "UTM data transfer on form submissions") || !strings.Contains(text, "→ off") {
		t.Errorf("the history says %s", text)
	}
	run(t, tab, chromedp.Navigate(s.URL+"/console/settings"), chromedp.Click(chromedp.CSS("form[action$=reset] button")), chromedp.WaitReady(chromedp.CSS(".notice.good")))
	if site, _, _, _ := s.settings.Site("acme"); site.NoTransfer {
		t.Error("going back to the file changes nothing")
	}
}
