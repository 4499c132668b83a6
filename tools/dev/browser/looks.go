package browser

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/collector/console/pagelist"
)

// Width is a window that pages are looked at in.
type Width struct {
	Name          string
	Width, Height int64
}

// Widths are a telephone, a tablet held upright, and a desk.
var Widths = []Width{{"390", 390, 844}, {"768", 768, 1024}, {"1280", 1280, 900}}

// Themes are the values of prefers-color-scheme.
var Themes = []string{"light", "dark"}

// Tallest is how high a picture may be: Chromium draws none of more than 16,384 pixels.
const Tallest = 12000

// Prefer sets the theme.
func Prefer(tab context.Context, theme string) error {
	_, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
	})
	if err != nil {
		return fmt.Errorf("prefer %s: %w", theme, err)
	}
	return nil
}

// Resize makes the window so wide.
func Resize(tab context.Context, w Width) error {
	return chromedp.Do(tab, chromedp.EmulateViewport(w.Width, w.Height))
}

// Show opens a page of the console at origin, with what is typed into it, and returns when it is there. A page that answers with another status
// than its own is an error.
func Show(tab context.Context, origin string, show pagelist.Page, things pagelist.Things) error {
	response, err := chromedp.Run(tab, chromedp.NavigateResponse(origin+"/console"+show.Address(things)))
	if err != nil {
		return fmt.Errorf("open %s: %w", show.Path, err)
	}
	if want := cmp.Or(show.Status, http.StatusOK); int(response.Status) != want {
		return fmt.Errorf("open %s: status %d, want %d", show.Path, response.Status, want)
	}
	there := cmp.Or(show.Wait, "main")
	if show.Typed != nil {
		typed, err := json.Marshal(show.Answers(things))
		if err == nil {
			err = chromedp.Do(tab, chromedp.WaitReady(chromedp.CSS("main form")), chromedp.Evaluate[chromedp.Void](fmt.Sprintf(send, typed)))
		}
		if err != nil {
			return fmt.Errorf("fill in %s: %w", show.Path, err)
		}
		there = "html:not([data-sent]) " + there
	}
	if err := chromedp.Do(tab, chromedp.WaitReady(chromedp.CSS(there))); err != nil {
		return fmt.Errorf("wait for %s in %s: %w", there, show.Path, err)
	}
	if !show.Open {
		return nil
	}
	return chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](`for (const part of document.querySelectorAll("main details")) part.open = true`))
}

// send fills a form in and sends it; the page that does so is marked, so that the answer can be told from it.
const send = `(typed => {
	const names = Object.keys(typed);
	const form = [...document.querySelectorAll("main form")].find(form => names.every(name => form.elements[name]));
	let button;
	for (const name of names) {
		const field = [...form.querySelectorAll("[name=" + name + "]")].find(field => field.type !== "submit" || field.value === typed[name]);
		if (field.type === "submit") button = field;
		else field.value = typed[name];
	}
	document.documentElement.dataset.sent = "";
	form.requestSubmit(button);
})(%s)`

// Shoot takes a PNG of the page, from its top: so much of it as most says, in pixels, or Tallest where that is less.
func Shoot(tab context.Context, most int) ([]byte, error) {
	size, err := chromedp.Run(tab, chromedp.Evaluate[[]float64](`[document.documentElement.clientWidth, Math.max(document.documentElement.scrollHeight, innerHeight)]`))
	if err != nil {
		return nil, fmt.Errorf("measure the page: %w", err)
	}
	beyond := true
	shot, err := chromedp.Call(tab, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: &beyond,
		Clip: &page.Viewport{Width: size[0], Height: min(size[1], float64(most), Tallest), Scale: 1},
	})
	if err != nil {
		return nil, fmt.Errorf("take a picture: %w", err)
	}
	return shot.Data, nil
}

// Overlaps is an expression that gives what lies over something else in the page, is cut off without saying so, or is squeezed to
// letters: a list of sentences, empty where all is well.
//
//go:embed overlaps.js
var Overlaps string
