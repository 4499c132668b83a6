package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// deadline bounds every wait. Chromium answers within milliseconds; a shared machine may not.
const deadline = 30 * time.Second

// chromium is the one browser of this test binary; each test gets a browser context (a fresh profile) of its own.
var chromium struct {
	once sync.Once
	ctx  context.Context
	stop context.CancelFunc
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(code)
}

// findChromium returns the browser's path, "" where there is none.
func findChromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func startChromium(t *testing.T) context.Context {
	t.Helper()
	path := findChromium()
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no chromium: install it, for example with apt-get install chromium")
		}
		t.Skip("no chromium: install it to run the browser tests")
	}
	chromium.once.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path),
			chromedp.DisableGPU,
			chromedp.Flag("disable-component-update", true),
			// Every host is this machine: pages get real domains, and nothing leaves.
			chromedp.Flag("host-resolver-rules", "MAP * 127.0.0.1"),
		)
		if os.Getuid() == 0 {
			options = append(options, chromedp.NoSandbox)
		}
		allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, stop := chromedp.NewContext(allocator)
		chromium.ctx = ctx
		chromium.stop = func() { stop(); stopAllocator() }
		chromium.err = chromedp.Do(ctx)
	})
	if chromium.err != nil {
		t.Fatalf("start chromium: %v", chromium.err)
	}
	return chromium.ctx
}

// tab is one tab of a fresh profile.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu    sync.Mutex
	posts []string // "path" of every POST that a page of this tab began, in order

}

func newTab(t *testing.T) *tab {
	t.Helper()
	b := &tab{t: t}
	ctx, cancel := chromedp.NewContext(startChromium(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(b.hear))
	t.Cleanup(cancel)
	b.ctx = ctx
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	return b
}

// beside opens another tab of the same profile.
func (b *tab) beside() *tab {
	b.t.Helper()
	other := &tab{t: b.t}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithListener(other.hear))
	b.t.Cleanup(cancel)
	other.ctx = ctx
	if err := chromedp.Do(ctx); err != nil {
		b.t.Fatalf("open a second tab: %v", err)
	}
	return other
}

// hear gets every event of the tab before the command that follows it is answered: what a page did before an eval
// returns has been heard by then.
func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		if event.Request.Method == "POST" {
			address, err := url.Parse(event.Request.URL)
			if err == nil && event.RedirectResponse == nil {
				b.posts = append(b.posts, address.Path)
			}
		}
	}
}

// sent returns the paths of the POSTs that pages of this tab began.
func (b *tab) sent() []string {
	b.t.Helper()
	eval[bool](b, `true`) // what began before this has been heard after it
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.posts...)
}

// wantSent fails unless exactly these POSTs began.
func (b *tab) wantSent(paths ...string) {
	b.t.Helper()
	if got := b.sent(); strings.Join(got, " ") != strings.Join(paths, " ") {
		b.t.Errorf("sent %q, want %q", got, paths)
	}
}

func (b *tab) timed() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, deadline)
}

func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := b.timed()
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// open types an address: there is no referrer.
func (b *tab) open(address string) {
	b.t.Helper()
	b.do("open "+address, chromedp.Navigate(address))
}

// openFrom comes from another page, whose whole address is the referrer.
func (b *tab) openFrom(referrer, address string) {
	b.t.Helper()
	loaded := chromedp.Events(b.ctx, page.LoadEventFired)
	ctx, cancel := b.timed()
	defer cancel()
	result, err := chromedp.Call(ctx, page.Navigate, page.NavigateParams{
		URL: address, Referrer: referrer, ReferrerPolicy: page.ReferrerPolicyUnsafeURL,
	})
	if err != nil || result.ErrorText != "" {
		b.t.Fatalf("open %s from %s: %v %s", address, referrer, err, result.ErrorText)
	}
	for _, err := range loaded {
		if err != nil {
			b.t.Fatalf("load %s: %v", address, err)
		}
		return
	}
}

// act runs JavaScript that leaves the page, and waits until the page at path (its query and fragment are not compared)
// has loaded. A click by script is no user gesture, but it is the same navigation.
func (b *tab) act(script, path string) {
	b.t.Helper()
	// A page that the browser keeps to come back to must not still look as if it were being left.
	eval[bool](b, `window.leaving = true,
		addEventListener("pagehide", () => { window.leaving = false; }, {once: true}),
		setTimeout(() => { `+script+` }), true`)
	b.await(`!window.leaving && document.readyState == "complete" && location.pathname == ` + quote(path))
}

// await waits until the expression holds, over navigations.
func (b *tab) await(expression string) {
	b.t.Helper()
	ctx, cancel := b.timed()
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		// During a navigation there may be no page to ask.
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!!(`+expression+`)`))
		if err == nil && holds {
			return
		}
		last = err
		select {
		case <-ctx.Done():
			b.t.Fatalf("waited in vain for %s (last error: %v)", expression, last)
		case <-tick.C:
		}
	}
}

// eval returns the value of a JavaScript expression; promises are awaited.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := b.timed()
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("evaluate %.200s: %v", expression, err)
	}
	return value
}

// before runs script in every page of the tab before the page's own scripts.
func (b *tab) before(script string) {
	b.t.Helper()
	ctx, cancel := b.timed()
	defer cancel()
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
		b.t.Fatalf("add a script: %v", err)
	}
}

// quote writes text as a JavaScript string.
func quote(text string) string { return fmt.Sprintf("%q", text) }
