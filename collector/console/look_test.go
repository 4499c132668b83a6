package console

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/tools/dev/browser"
)

// looks are the windows in which every page is looked at, each in both themes.
var looks = []struct {
	name          string
	width, height int64
}{{"desktop", 1280, 900}, {"phone", 390, 844}}

// TestPagesLook opens every page in every window: nothing scrolls sideways and axe finds nothing serious, in both
// themes. With LOOK_DIR set it leaves pictures there.
func TestPagesLook(t *testing.T) {
	tab := browser.ForTest(t)
	axe := browser.Axe(t, "../..")
	full, bare := newLiveStand(t), newLiveStand(t)
	sample := newSampler(t, testSites()[0])
	sample.sample()
	full.insert(t, sample.records)
	for _, email := range []string{chief, acmeMarketer, acmeViewer} {
		full.user(t, email)
	}
	pages := []struct {
		name, path string
		status     int
		on         *stand
	}{
		{"sign-in", "/console/sign-in", 200, full},
		{"dashboard", "/console/dashboard?range=90d", 200, full},
		{"dashboard-empty", "/console/dashboard", 200, bare},
		{"sources", "/console/sources", 200, full},
		{"sources-wide", "/console/sources?range=90d&by=source&by=medium&by=campaign&by=channel", 200, full},
		{"sources-wrong", "/console/sources?from=2026-03-09&to=2026-03-01", 422, full},
		{"sources-empty", "/console/sources", 200, bare},
		{"leads", "/console/leads", 200, full},
		{"leads-empty", "/console/leads", 200, bare},
		{"contact", "/console/contact", 200, full},
		{"card-unknown", "/console/contacts/0123456789abcdef", 404, full},
		{"forms", "/console/forms", 200, full},
		{"referrers", "/console/referrers", 200, full},
		{"referrers-empty", "/console/referrers", 200, bare},
		{"script", "/console/script", 200, full},
		{"account", "/console/account", 200, full},
		{"users", "/console/users", 200, full},
		{"missing", "/console/nothing-here", 404, full},
	}
	for _, page := range pages {
		t.Run(page.name, func(t *testing.T) {
			if page.name == "sign-in" {
				clearCookies(t, tab)
			} else {
				page.on.enter(t, tab)
			}
			response, err := chromedp.Run(tab, chromedp.NavigateResponse(page.on.URL+page.path))
			if err != nil {
				t.Fatal(err)
			}
			if int(response.Status) != page.status {
				t.Errorf("status %d, want %d", response.Status, page.status)
			}
			checkLooks(t, tab, axe, page.name)
		})
	}
	t.Run("script-open", func(t *testing.T) {
		full.enter(t, tab)
		run(t, tab, chromedp.Navigate(full.URL+"/console/script"), chromedp.WaitReady(chromedp.CSS(".steps")))
		run(t, tab, chromedp.Evaluate[chromedp.Void](`for (const part of document.querySelectorAll("details")) part.open = true`))
		checkLooks(t, tab, axe, "script-open")
	})
	t.Run("link", func(t *testing.T) {
		clearCookies(t, tab)
		token, err := full.NewLink(t.Context(), "test", full.user(t, acmeViewer).ID)
		if err != nil {
			t.Fatal(err)
		}
		run(t, tab, chromedp.Navigate(full.URL+"/console/link/"+token), chromedp.WaitReady(chromedp.CSS("#password")))
		checkLooks(t, tab, axe, "link")
	})
	t.Run("set-up", func(t *testing.T) {
		empty := newStand(t, noReports(t))
		token, err := empty.SetUpLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		run(t, tab, chromedp.Navigate(empty.URL+"/console/link/"+token), chromedp.WaitReady(chromedp.CSS("#name")))
		checkLooks(t, tab, axe, "set-up")
	})
	t.Run("card", func(t *testing.T) {
		full.enter(t, tab)
		run(t, tab, chromedp.Navigate(full.URL+"/console/contact"), chromedp.WaitReady(chromedp.CSS("#email")),
			chromedp.SendKeys(chromedp.CSS("#email"), adaEmail+"\r"), chromedp.WaitReady(chromedp.CSS(".points")))
		run(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelector(".points details").open = true`))
		checkLooks(t, tab, axe, "card")
	})
}

func checkLooks(t *testing.T, tab context.Context, axe, name string) {
	t.Helper()
	run(t, tab, chromedp.Evaluate[chromedp.Void](axe))
	for _, look := range looks {
		run(t, tab, chromedp.EmulateViewport(look.width, look.height))
		for _, scheme := range []string{"light", "dark"} {
			prefer(t, tab, scheme)
			checkLook(t, tab, strings.Join([]string{name, look.name, scheme}, "-"))
		}
	}
}

func checkLook(t *testing.T, tab context.Context, name string) {
	t.Helper()
	if folder := os.Getenv("LOOK_DIR"); folder != "" {
		shoot := chromedp.FullScreenshot(100)
		if evaluate[int](t, tab, `document.documentElement.scrollHeight`) > 3000 {
			shoot = chromedp.CaptureScreenshot() // the window alone: the rest is more of the same
		}
		picture, err := chromedp.Run(tab, shoot)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	scroll, width := evaluate[int](t, tab, `document.documentElement.scrollWidth`), evaluate[int](t, tab, `document.documentElement.clientWidth`)
	if scroll > width {
		t.Errorf("%s: the page is %d px wide in a window of %d px", name, scroll, width)
	}
	browser.CheckAxe(t, evaluate[string](t, tab, browser.AxeRun))
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
func prefer(t *testing.T, tab context.Context, scheme string) {
	t.Helper()
	_, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
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
