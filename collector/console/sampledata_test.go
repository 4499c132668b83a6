package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/collector/sample"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/browser"
)

// rowsOf counts what is stored of a site, anywhere.
func (s *stand) rowsOf(t *testing.T, site schema.SiteID) map[string]uint64 {
	t.Helper()
	rows := map[string]uint64{}
	for _, table := range []string{"touches", "submissions", "deals", "spend", "changes", "settled_touches", "settled_journeys", "settled_paths", "settled_credits", "desk"} {
		var n uint64
		if err := s.store.Conn().QueryRow(t.Context(), "SELECT count() FROM "+table+" WHERE site_id = '"+string(site)+"'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			rows[table] = n
		}
	}
	return rows
}

// Sample data come on one click, look like a site of their own, are in no number of the real one, and go without a trace.
func TestSampleData(t *testing.T) {
	tab := browser.ForTest(t)
	s := newLiveStand(t)
	real := newSampler(t, testSites()[0])
	real.story()
	s.fill(t, real.records)
	before := s.rowsOf(t, "acme")
	marketer, viewer, other := s.signIn(t, acmeMarketer), s.signIn(t, acmeViewer), s.signIn(t, otherAdmin)
	a := s.get(t, "/console/sources?range=today", marketer)
	if !strings.Contains(a.body, "Show sample data") || strings.Contains(s.get(t, "/console/sources?range=today", viewer).body, "Show sample data") {
		t.Error("an empty page offers no sample data, or to somebody who may not add them")
	}
	if a := s.post(t, "/console/sample", marketer, nil); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s\n%s", a.Status, a.body)
	}
	page := s.get(t, "/console/sources?range=90d&by=campaign", marketer)
	inOrder(t, page.body, "acme, sample data", "are invented", "webinar-attribution")
	if strings.Contains(page.body, "monday-letter-38") {
		t.Error("real data stand among the sample data")
	}
	if a := s.get(t, "/console/script", marketer); !strings.Contains(a.body, `data-site=&#34;acme&#34;`) {
		t.Error("the script tag is one for sample data")
	}
	chiefOn := s.signIn(t, acmeAdmin)
	s.post(t, "/console/site", chiefOn, url.Values{"site": {"sample:acme"}})
	if a := s.get(t, "/console/settings", chiefOn); a.StatusCode != http.StatusForbidden {
		t.Errorf("sample data have settings: %s", a.Status)
	}
	if page := s.get(t, "/console/sources?range=90d&by=campaign", viewer); strings.Contains(page.body, "webinar-attribution") || !strings.Contains(page.body, "monday-letter-38") {
		t.Error("sample data stand among the real ones")
	}
	for site, cookie := range map[string]string{"sample:other": marketer, "sample:acme": other} {
		s.post(t, "/console/site", cookie, url.Values{"site": {site}})
		if page := s.get(t, "/console/sources?range=90d&by=campaign", cookie); (site == "sample:acme") == strings.Contains(page.body, "webinar-attribution") {
			t.Errorf("%s is shown to whom it is not for, or not to whom it is", site)
		}
	}
	again := s.rowsOf(t, sample.SiteOf("acme"))
	if s.post(t, "/console/sample", marketer, nil); s.rowsOf(t, sample.SiteOf("acme"))["touches"] != again["touches"] {
		t.Error("adding them twice makes other ones")
	}
	s.enter(t, tab)
	run(t, tab, chromedp.Navigate(s.URL+"/console/sources"), chromedp.Click(chromedp.CSS(".sites summary")), chromedp.Click(chromedp.CSS(".sites button")),
		chromedp.WaitReady(chromedp.CSS(".notice.sample button")))
	run(t, tab, chromedp.Click(chromedp.CSS(".notice.sample button")), chromedp.WaitReady(chromedp.CSS("main:not(:has(.notice.sample))")))
	if site := evaluate[string](t, tab, `document.querySelector(".who strong").textContent`); site != "acme" {
		t.Errorf("after they went the session looks at %s", site)
	}
	if left := s.rowsOf(t, sample.SiteOf("acme")); len(left) > 0 {
		t.Errorf("of the sample data there is left: %v", left)
	}
	after := s.rowsOf(t, "acme")
	delete(after, "desk") // who added and removed them is written down
	delete(before, "desk")
	for table, n := range before {
		if after[table] != n {
			t.Errorf("%s has %d real rows, and had %d", table, after[table], n)
		}
	}
	if page := s.get(t, "/console/sources?range=90d&by=campaign", marketer); strings.Contains(page.body, "webinar-attribution") || !strings.Contains(page.body, "monday-letter-38") {
		t.Error("who looked at the sample data does not see the real ones after they went")
	}
}
