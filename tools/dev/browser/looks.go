package browser

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
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

// tallest is how high a picture may be: what lies below in a longer page is more of the same.
const tallest = 3000

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

// Shoot takes a PNG of the whole page, or of its window where it is longer than tallest.
func Shoot(tab context.Context) ([]byte, error) {
	height, err := chromedp.Run(tab, chromedp.Evaluate[int](`document.documentElement.scrollHeight`))
	if err != nil {
		return nil, fmt.Errorf("measure the page: %w", err)
	}
	if height > tallest {
		return chromedp.Run(tab, chromedp.CaptureScreenshot())
	}
	return chromedp.Run(tab, chromedp.FullScreenshot(100))
}

// Overlaps is an expression that gives what lies over something else in the page, or is cut off without saying so: a list of
// sentences, empty where all is well.
//
//go:embed overlaps.js
var Overlaps string
