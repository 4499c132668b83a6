package demo

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/headwater/headwater/snippet"
	"github.com/headwater/headwater/tools/dev/browser"
)

// look is a width at which every page is looked at.
var looks = []struct {
	name          string
	width, height int64
}{{"desktop", 1280, 900}, {"phone", 390, 844}}

// newPages serves the website and the outside world as tools/dev does, on free ports, with nothing behind them: what
// stands on the page of leads is given.
func newPages(t *testing.T, view leadsView) *Site {
	t.Helper()
	var website, world http.Handler
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { website.ServeHTTP(w, r) }))
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { world.ServeHTTP(w, r) }))
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		if r.URL.Path == "/hw.js" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(snippet.Script())
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(func() { web.Close(); outside.Close(); collector.Close() })
	site, err := New(t.Context(), Config{
		SiteID: "demo", Demo: strings.Replace(web.URL, "127.0.0.1", "localhost", 1), Outside: outside.URL,
		Collector: strings.Replace(collector.URL, "127.0.0.1", "localhost", 1), ClickHouseDSN: "http://127.0.0.1:1/default",
		Say: func(format string, args ...any) { t.Errorf(format, args...) },
	})
	if err != nil {
		t.Fatal(err)
	}
	site.leads.view = view
	website, world = site.Website(), site.World()
	return site
}

// TestPagesLook opens every page at two widths: nothing to scroll sideways, nothing that axe finds serious, no script
// or style refused by the page's own policy. With LOOK_DIR set it leaves pictures there.
func TestPagesLook(t *testing.T) {
	tab := browser.ForTest(t)
	axe := browser.Axe(t, "../../..")
	_, err := chromedp.Call(tab, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: `
		window.refused = [];
		addEventListener("securitypolicyviolation", (e) => window.refused.push(e.violatedDirective + " " + e.blockedURI));
		addEventListener("error", (e) => window.refused.push(e.message || "cannot load " + e.target.outerHTML), true);`})
	if err != nil {
		t.Fatal(err)
	}
	site := newPages(t, sampleView())
	pages := map[string]string{
		"home": site.Demo + "/", "pricing": site.Demo + "/pricing", "signup": site.Demo + "/signup", "webinar": site.Demo + "/webinar",
		"thanks": site.Demo + "/thank-you", "thanks-webinar": site.Demo + "/thank-you?webinar", "missing": site.Demo + "/nothing-here",
		"leads": site.Demo + "/leads", "clock": site.Demo + "/travel?days=4&to=%2Fpricing",
		"outside": site.Config.Outside + "/", "outside-past": site.Config.Outside + "/?days=4",
	}
	for _, link := range site.links(0) {
		pages["place-"+link.ID] = link.Page
	}
	for name, address := range pages {
		for _, look := range looks {
			t.Run(name+"/"+look.name, func(t *testing.T) {
				err := chromedp.Do(tab, chromedp.EmulateViewport(look.width, look.height), chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("body")))
				if err != nil {
					t.Fatal(err)
				}
				scroll := evaluate[int](t, tab, `document.documentElement.scrollWidth`)
				width := evaluate[int](t, tab, `document.documentElement.clientWidth`)
				evaluate[chromedp.Void](t, tab, axe)
				violations := evaluate[string](t, tab, browser.AxeRun)
				if scroll > width {
					t.Errorf("the page is %d px wide in a window of %d px", scroll, width)
				}
				browser.CheckAxe(t, violations)
				if refused := evaluate[string](t, tab, `window.refused.join("\n")`); refused != "" {
					t.Errorf("refused or failed: %s", refused)
				}
				if folder := os.Getenv("LOOK_DIR"); folder != "" {
					picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(folder, name+"-"+look.name+".png"), picture, 0o644); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}

func evaluate[T any](t *testing.T, tab context.Context, script string) T {
	t.Helper()
	value, err := chromedp.Run(tab, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("evaluate %.60q: %v", script, err)
	}
	return value
}

// TestKeyboard walks through the sign-up page with the Tab key alone.
func TestKeyboard(t *testing.T) {
	tab := browser.ForTest(t)
	site := newPages(t, leadsView{})
	if err := chromedp.Do(tab, chromedp.Navigate(site.Demo+"/signup"), chromedp.WaitReady(chromedp.CSS("#signup"))); err != nil {
		t.Fatal(err)
	}
	var way []string
	for range 40 {
		if err := chromedp.Do(tab, chromedp.KeyEvent(kb.Tab)); err != nil {
			t.Fatal(err)
		}
		stop := evaluate[string](t, tab, `(() => {
			const e = document.activeElement;
			if (e === document.body) return "";
			const outline = getComputedStyle(e).outlineStyle;
			return (e.id || e.textContent.trim() || e.tagName) + (outline === "none" ? " WITHOUT OUTLINE" : "");
		})()`)
		if stop == "" {
			break
		}
		way = append(way, stop)
	}
	want := []string{"Skip to the content", "Outside world", "Leads and sources", "Brook & Bale", "Controllers", "Prices", "Webinar", "Plan my field",
		"name", "email", "company", "hectares", "Book the free field survey", "letter-email", "Subscribe"}
	if !slices.Equal(way, want) {
		t.Errorf("the Tab key leads to\n%q\nwant\n%q", way, want)
	}
}

func sampleView() leadsView {
	at := time.Date(2026, 3, 12, 9, 41, 7, 0, time.UTC)
	linkedin := dataPoint{Label: "First touch", Known: true, Source: "linkedin", Medium: "paid-social", Campaign: "spring-planning", Referrer: "linkedin.localhost", When: at.AddDate(0, 0, -9)}
	facebook := dataPoint{Label: "Lead creation", Known: true, Source: "facebook", Medium: "paid-social", Campaign: "free-survey", Referrer: "facebook.localhost", When: at}
	letter := dataPoint{Label: "Latest conversion", Known: true, Source: "newsletter", Medium: "email", Campaign: "monday-letter-38", When: at}
	company := facebook
	company.Label = "Company source"
	return leadsView{
		Version: "1",
		Leads: []lead{
			{ContactID: "a1", Who: "ada@lovelace-orchards.example", Name: "Ada Lovelace", Company: "Lovelace Orchards", Form: "webinar", At: at, Sent: 2, Points: []dataPoint{linkedin, facebook, letter, company}},
			{ContactID: "b2", Who: "a.very.long.address.of.a.person@subdomain.agricultural-cooperative-of-the-north.example", Form: "newsletter", At: at.Add(-time.Hour), Sent: 1,
				Points: []dataPoint{{Label: "First touch", Status: "known to the CRM before"}, {Label: "Lead creation", Status: "known to the CRM before"}, letter, {Label: "Company source", Status: "no company"}}},
		},
		Breakdown: []breakdown{{
			Title: breakdowns[0].title, Hint: breakdowns[0].hint, Words: 2,
			Columns: []string{"source", "medium", "visitors", "leads", "conversions", "companies", "deals", "won deals", "won amount"},
			Rows: [][]string{
				{"facebook", "paid-social", "1 204", "3", "0", "2", "1", "1", "EUR 12 500.00 + NOK 1 250 000.00"},
				{"newsletter", "email", "30", "1", "1", "0", "0", "0", ""}, {"(unattributed)", "", "0", "1", "0", "0", "0", "0", ""},
			},
			Totals: []string{"Total", "", "1 234", "5", "1", "2", "1", "1", "EUR 12 500.00 + NOK 1 250 000.00"},
		}},
		Rows: []totals{{"touches", 42}, {"submissions", 6}},
	}
}
