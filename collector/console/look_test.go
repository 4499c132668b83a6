package console

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/tools/dev/browser"
)

// looks are the windows in which every page is looked at.
var looks = []struct {
	name          string
	width, height int64
	dark          bool
}{{"desktop", 1280, 900, false}, {"phone", 390, 844, false}, {"desktop-dark", 1280, 900, true}, {"phone-dark", 390, 844, true}}

// TestPagesLook opens every page in every window: nothing scrolls sideways, axe finds nothing serious, and the page's
// own policy refuses nothing of it. With LOOK_DIR set it leaves pictures there.
func TestPagesLook(t *testing.T) {
	tab := browser.ForTest(t)
	axe := axeSource(t)
	full, bare := newLiveStand(t), newLiveStand(t)
	sample := newSampler(t, testSites()[0])
	sample.sample()
	full.insert(t, sample.records)
	pages := []struct {
		name, path string
		on         *stand
	}{
		{name: "sign-in", path: "/console/sign-in", on: full},
		{name: "sources", path: "/console/sources", on: full},
		{name: "sources-wide", path: "/console/sources?range=90d&by=source&by=medium&by=campaign&by=channel", on: full},
		{name: "sources-wrong", path: "/console/sources?from=2026-03-09&to=2026-03-01", on: full},
		{name: "sources-empty", path: "/console/sources", on: bare},
		{name: "leads", path: "/console/leads", on: full},
		{name: "leads-empty", path: "/console/leads", on: bare},
		{name: "contact", path: "/console/contact", on: full},
		{name: "forms", path: "/console/forms", on: full},
		{name: "referrers", path: "/console/referrers", on: full},
		{name: "referrers-empty", path: "/console/referrers", on: bare},
		{name: "script", path: "/console/script", on: full},
		{name: "missing", path: "/console/nothing-here", on: full},
	}
	for _, look := range looks {
		scheme := "light"
		if look.dark {
			scheme = "dark"
		}
		run(t, tab, chromedp.EmulateViewport(look.width, look.height))
		prefer(t, tab, scheme)
		for _, page := range pages {
			t.Run(page.name+"/"+look.name, func(t *testing.T) {
				if page.name == "sign-in" {
					clearCookies(t, tab)
				} else {
					page.on.enter(t, tab)
				}
				run(t, tab, chromedp.Navigate(page.on.URL+page.path), chromedp.WaitReady(chromedp.CSS("main")))
				checkLook(t, tab, axe, page.name+"-"+look.name)
			})
		}
		t.Run("card/"+look.name, func(t *testing.T) {
			full.enter(t, tab)
			run(t, tab, chromedp.Navigate(full.URL+"/console/contact"), chromedp.WaitReady(chromedp.CSS("#email")),
				chromedp.SendKeys(chromedp.CSS("#email"), adaEmail+"\r"), chromedp.WaitReady(chromedp.CSS(".points")))
			checkLook(t, tab, axe, "card-"+look.name)
		})
	}
}

func checkLook(t *testing.T, tab context.Context, axe, name string) {
	t.Helper()
	if folder := os.Getenv("LOOK_DIR"); folder != "" {
		picture, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	scroll, width := evaluate[int](t, tab, `document.documentElement.scrollWidth`), evaluate[int](t, tab, `document.documentElement.clientWidth`)
	if scroll > width {
		t.Errorf("the page is %d px wide in a window of %d px", scroll, width)
	}
	run(t, tab, chromedp.Evaluate[chromedp.Void](axe))
	reportViolations(t, evaluate[string](t, tab, axeRun))
}

// enter gives the browser a session of acme.
func (s *stand) enter(t *testing.T, tab context.Context) {
	t.Helper()
	run(t, tab, chromedp.Navigate(s.URL+"/console/sign-in?signed=out"))
	if evaluate[bool](t, tab, `location.pathname !== "/console/sign-in"`) {
		return // signed in already
	}
	run(t, tab, chromedp.SendKeys(chromedp.CSS("#key"), acmeKey+"\r"), chromedp.WaitReady(chromedp.CSS(".side")))
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

func run(t *testing.T, tab context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(tab, actions...); err != nil {
		t.Fatal(err)
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

const axeRun = `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map(v =>
	({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.map(n => n.html)}))))`

// reportViolations fails for what axe calls serious or critical.
func reportViolations(t *testing.T, text string) {
	t.Helper()
	var violations []struct {
		ID, Impact, Help string
		Nodes            []string
	}
	if err := json.Unmarshal([]byte(text), &violations); err != nil {
		t.Fatalf("axe answered %.200q: %v", text, err)
	}
	for _, v := range violations {
		report := t.Logf
		if v.Impact == "serious" || v.Impact == "critical" {
			report = t.Errorf
		}
		report("axe: %s (%s): %s\n%s", v.Help, v.ID, v.Impact, strings.Join(v.Nodes, "\n"))
	}
}

// axeSource returns axe-core from the folder of tools/dev, installed from its lock file where it is not yet.
func axeSource(t *testing.T) string {
	t.Helper()
	folder := filepath.Join("..", "..", "tools", "dev", "axe")
	path := filepath.Join(folder, "node_modules", "axe-core", "axe.min.js")
	if _, err := os.Stat(path); err != nil {
		install := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund")
		install.Dir = folder
		if out, err := install.CombinedOutput(); err != nil {
			if os.Getenv("CI") != "true" {
				t.Skipf("axe-core is not installed and npm cannot: %v\n%s", err, out)
			}
			t.Fatalf("install axe-core: %v\n%s", err, out)
		}
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}
