// Package browser starts a headless Chromium with an empty profile, for programs that play a visitor and for tests.
//
// Belongs here: finding and starting Chromium. Does not belong here: what is done in it.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"

	"github.com/chromedp/chromedp"
)

// ErrMissing says that no Chromium is installed.
var ErrMissing = errors.New("no Chromium found: install the package chromium (or Google Chrome), or name its binary in CHROME_BIN")

// Find returns the path of a Chromium.
func Find() (string, error) {
	if path := os.Getenv("CHROME_BIN"); path != "" {
		if _, err := exec.LookPath(path); err != nil {
			return "", fmt.Errorf("CHROME_BIN: %w", err)
		}
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrMissing
}

// Start starts a Chromium that ends with ctx or when the returned function is called. Each context made from the
// returned one with chromedp.NewContext is a tab of its own; the profile is new and removed at the end.
func Start(ctx context.Context) (context.Context, context.CancelFunc, error) {
	path, err := Find()
	if err != nil {
		return nil, nil, err
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.Flag("disable-component-update", true))
	if os.Geteuid() == 0 {
		// Chromium refuses to run its sandbox as root, as in most containers.
		options = append(options, chromedp.NoSandbox)
	}
	allocated, endProcess := chromedp.NewExecAllocator(ctx, options...)
	tab, endTab := chromedp.NewContext(allocated)
	end := func() {
		endTab()
		endProcess()
	}
	if err := chromedp.Do(tab); err != nil {
		end()
		return nil, nil, fmt.Errorf("start %s: %w", path, err)
	}
	return tab, end, nil
}
