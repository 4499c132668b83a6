package console

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/console/pagelist"
	"github.com/headwater/headwater/collector/sample"
	"github.com/headwater/headwater/collector/sites"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/browser"
)

// TestPagesLook opens every page of pagelist once: in every window nothing scrolls sideways and nothing lies over anything else,
// and in both themes axe finds nothing serious. With LOOK_DIR set it leaves pictures there.
func TestPagesLook(t *testing.T) {
	tab := browser.ForTest(t)
	axe := browser.Axe(t, "../..")
	full, bare := newLiveStand(t), newLiveStand(t)
	sample := newSampler(t, testSites()[0])
	sample.sample()
	full.fill(t, sample.records)
	bare.settleSites(t)
	for _, email := range []string{chief, acmeMarketer, acmeViewer} {
		full.user(t, email)
	}
	things := full.things(t)
	var inside *stand
	for _, page := range pagelist.All() {
		t.Run(page.Name, func(t *testing.T) {
			on := full
			if page.Reader == pagelist.Empty {
				on = bare
			}
			if page.Reader == pagelist.Nobody {
				clearCookies(t, tab)
				inside = nil
			} else if on != inside {
				on.enter(t, tab)
				inside = on
			}
			ctx, cancel := context.WithTimeout(tab, patience)
			defer cancel()
			if err := browser.Show(ctx, on.URL, page, things); err != nil {
				t.Fatalf("%v\n%s", err, evaluate[string](t, tab, `location.href + "\n" + document.body.innerText`))
			}
			checkLooks(t, tab, axe, page.Name)
		})
	}
	t.Run("set-up", func(t *testing.T) {
		empty := newStand(t, noReports(t))
		token, err := empty.SetUpLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		run(t, tab, chromedp.Navigate(empty.URL+"/console/link/"+token), chromedp.WaitReady(chromedp.CSS("#name")))
		checkLooks(t, tab, axe, "set-up")
	})
}

// things makes what the pages of one thing are about.
func (s *stand) things(t *testing.T) pagelist.Things {
	t.Helper()
	admin := s.signIn(t, acmeAdmin)
	last := func(a answer) string {
		at, err := url.Parse(a.Header.Get("Location"))
		if err != nil || a.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %s\n%s", a.Request.URL, a.Status, a.body)
		}
		return cmp.Or(at.Query().Get("selection"), path.Base(at.Path))
	}
	token, err := s.NewLink(t.Context(), "test", s.user(t, acmeViewer).ID)
	if err != nil {
		t.Fatal(err)
	}
	return pagelist.Things{
		Contact: string(schema.NewContactID(testSites()[0].ContactKey(testSecret), adaEmail)), Company: "domain:" + schema.EmailDomain(adaEmail), Email: adaEmail,
		Selection: last(s.post(t, "/console/selections", admin, url.Values{"name": {"LinkedIn or webinar"}, "kind": {"dynamic"}, "here": {linkedInOrWebinar}})),
		Campaign: last(s.post(t, "/console/builder", admin, url.Values{"do": {"save"}, "target": {"https://www.acme.example/pricing"}, "utm_source": {"linkedin"},
			"utm_medium": {"paid-social"}, "utm_campaign": {"spring-planning"}, "utm_content": {"a-link-with-a-longer-name-than-most-of-them-have"}})),
		Token: token, Website: s.demoSite(t),
	}
}

// linkedInOrWebinar are the criteria of the selection that is looked at.
const linkedInOrWebinar = "g1=first_touch.source:is:linkedin&g2=lead_creation.campaign:contains:webinar"

// TestEveryPageIsLookedAt holds that pagelist has every page of the console: whatever route answers a GET, but for those that give no page.
func TestEveryPageIsLookedAt(t *testing.T) {
	noPage := map[string]string{
		"": "leads home", "/": "leads home", "/leads.events": "a stream", "/assets/:version/:name": "files", "/contacts/criteria": "leads to the list",
		"/contacts/:contact/export": "a file", "/links/:campaign/qr.svg": "a file", "/links/:campaign/qr.png": "a file",
	}
	looked := map[string]bool{}
	for _, page := range pagelist.All() {
		looked[page.Route()] = true
	}
	e := echo.New()
	c := &Console{config: Config{Settings: new(sites.Sites), Samples: new(sample.Samples), Uploads: func(context.Context, schema.SiteID, string, io.Reader) (Uploaded, error) { return Uploaded{}, nil }}}
	c.Register(e)
	routes := map[string]bool{}
	for _, r := range e.Routes() {
		if route := strings.TrimPrefix(r.Path, "/console"); r.Method == http.MethodGet && !strings.HasSuffix(route, ".csv") {
			routes[route] = true
		}
	}
	for route := range routes {
		if noPage[route] == "" && !looked[route] {
			t.Errorf("%s is not looked at, and tools/screenshots takes no picture of it: add it to pagelist, or say above why it is no page", route)
		}
	}
	for route := range noPage {
		if !routes[route] {
			t.Errorf("%s is no route any more", route)
		}
	}
}

// hidesColumns names the tables that have to be scrolled sideways, as on a narrow window, or with many columns chosen.
const hidesColumns = `[...document.querySelectorAll(".scroll")]
	.filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth)
	.map(e => e.scrollWidth + " in " + e.clientWidth + " px: " + e.textContent.trim().slice(0, 80) + [...e.querySelectorAll("tbody tr:first-child > *")].map(e => " " + e.offsetWidth))`

// checkLooks looks at a page in all windows and themes. Axe looks once, and at the colours in each theme, at the width that shows most.
func checkLooks(t *testing.T, tab context.Context, axe, name string) {
	t.Helper()
	run(t, tab, chromedp.Evaluate[chromedp.Void](axe))
	for _, width := range browser.Widths {
		if err := browser.Resize(tab, width); err != nil {
			t.Fatal(err)
		}
		if over := evaluate[int](t, tab, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
			t.Errorf("%s: the page is %d px wider than its window of %s px", name, over, width.Name)
		}
		if width.Name == "1280" && name != "sources-wide" {
			if cut := evaluate[[]string](t, tab, hidesColumns); len(cut) > 0 {
				t.Errorf("%s at %s px, tables that hide columns:\n%s", name, width.Name, strings.Join(cut, "\n"))
			}
		}
		if found := evaluate[[]string](t, tab, browser.Overlaps); len(found) > 0 {
			t.Errorf("%s at %s px:\n%s", name, width.Name, strings.Join(found, "\n"))
		}
		if folder := os.Getenv("LOOK_DIR"); folder != "" {
			shoot(t, tab, folder, name+"-"+width.Name)
		}
	}
	for i, theme := range browser.Themes {
		prefer(t, tab, theme)
		look := browser.AxeRun
		if i > 0 {
			look = browser.AxeRunColors
		}
		browser.CheckAxe(t, evaluate[string](t, tab, look))
	}
}

func shoot(t *testing.T, tab context.Context, folder, name string) {
	t.Helper()
	for _, theme := range browser.Themes {
		prefer(t, tab, theme)
		picture, err := browser.Shoot(tab, browser.Tallest)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+"-"+theme+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOverlapsAreFound holds that the look at overlaps sees some.
func TestOverlapsAreFound(t *testing.T) {
	tab := browser.ForTest(t)
	const page = `data:text/html,<body><p style="margin:0">above<p style="margin:-12px 0 0">below` +
		`<p style="width:40px;overflow:hidden;white-space:nowrap">longer than its box<p style="width:40px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap">says that it goes on` +
		`<p style="width:12px;overflow-wrap:anywhere">squeezed<p><input value=x><button style="margin-left:-30px">over</button><p>well <b>within</b> a line<p style="position:relative"><span style="position:absolute;top:-9px">on purpose</span>`
	run(t, tab, chromedp.Navigate(page), chromedp.WaitReady(chromedp.CSS("span")))
	found := strings.Join(evaluate[[]string](t, tab, browser.Overlaps), "\n")
	for _, want := range []string{`<p> "above" lies over <p> "below"`, `cut off: <p> "longer than its box"`, `<input> "x" lies over <button> "over"`, `squeezed: <p> "squeezed" has 8 lines`} {
		if !strings.Contains(found, want) {
			t.Errorf("not found: %s, but\n%s", want, found)
		}
	}
	if n := strings.Count(found, "\n") + 1; n != 4 {
		t.Errorf("%d findings, not 4:\n%s", n, found)
	}
}

// enter gives the browser a session of an admin of acme.
func (s *stand) enter(t *testing.T, tab context.Context) {
	t.Helper()
	yes := true
	_, err := chromedp.Call(tab, network.SetCookie, network.SetCookieParams{
		Name: cookieName, Value: s.signIn(t, acmeAdmin), URL: s.URL + "/", Path: "/", Secure: &yes, HTTPOnly: &yes, SameSite: network.CookieSameSiteLax,
	})
	if err != nil {
		t.Fatal(err)
	}
	run(t, tab, chromedp.Navigate(s.URL+"/console/account"), chromedp.WaitReady(chromedp.CSS(".side")))
}

// prefer sets prefers-color-scheme.
func prefer(t *testing.T, tab context.Context, theme string) {
	t.Helper()
	if err := browser.Prefer(tab, theme); err != nil {
		t.Fatal(err)
	}
}

func clearCookies(t *testing.T, tab context.Context) {
	t.Helper()
	if _, err := chromedp.Call(tab, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
}

// patience is how long the browser may take for one step, also on a busy machine.
const patience = 45 * time.Second

func run(t *testing.T, tab context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tab, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatalf("%v\nat %s", err, evaluate[string](t, tab, `location.href + "\n" + document.activeElement.outerHTML + "\n" + document.body.innerText`))
	}
}

func evaluate[T any](t *testing.T, tab context.Context, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(tab, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("evaluate %.60q: %v", script, err)
	}
	return value
}
