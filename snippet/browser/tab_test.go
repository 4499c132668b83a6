package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/headwater/headwater/snippet/browser/engine"
)

// deadline bounds every wait. Browsers answer within milliseconds; a shared machine may not.
const deadline = 30 * time.Second

// tab is one tab of a fresh profile.
type tab struct {
	t    testing.TB
	page engine.Page
}

func newTab(t testing.TB, e engine.Engine) *tab {
	t.Helper()
	ctx, cancel := timed()
	defer cancel()
	page, err := e.Open(ctx)
	if err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	return keptTab(t, page)
}

// beside opens another tab of the same profile.
func (b *tab) beside() *tab {
	b.t.Helper()
	ctx, cancel := timed()
	defer cancel()
	page, err := b.page.Beside(ctx)
	if err != nil {
		b.t.Fatalf("open a second tab: %v", err)
	}
	return keptTab(b.t, page)
}

// keptTab closes the page when the test ends.
func keptTab(t testing.TB, page engine.Page) *tab {
	t.Cleanup(func() {
		if err := page.Close(); err != nil {
			t.Errorf("close a tab: %v", err)
		}
	})
	return &tab{t: t, page: page}
}

// wantSent fails unless exactly these POSTs began on pages of this profile, and no preflight.
func (b *tab) wantSent(paths ...string) {
	b.t.Helper()
	b.wantPosts(b.posts(), paths)
}

// wantSentInAnyOrder is wantSent where requests begin at the same time.
func (b *tab) wantSentInAnyOrder(paths ...string) {
	b.t.Helper()
	b.wantPosts(slices.Sorted(slices.Values(b.posts())), slices.Sorted(slices.Values(paths)))
}

func (b *tab) wantPosts(got, want []string) {
	b.t.Helper()
	if !slices.Equal(got, want) {
		b.t.Errorf("sent %q, want %q", got, want)
	}
}

// posts returns the paths that POSTs went to.
func (b *tab) posts() []string {
	b.t.Helper()
	ctx, cancel := timed()
	defer cancel()
	got, err := b.page.Posts(ctx)
	if err != nil {
		b.t.Fatalf("ask what was sent: %v", err)
	}
	return got
}

func timed() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), deadline)
}

// open types an address: there is no referrer.
func (b *tab) open(address string) {
	b.t.Helper()
	ctx, cancel := timed()
	defer cancel()
	if err := b.page.Navigate(ctx, address); err != nil {
		b.t.Fatalf("open %.200s: %v", address, err)
	}
}

// openFrom comes from another page, whose whole address is the referrer.
func (b *tab) openFrom(referrer, address string) {
	b.t.Helper()
	ctx, cancel := timed()
	defer cancel()
	if err := b.page.NavigateFrom(ctx, referrer, address); err != nil {
		b.t.Fatalf("open %.200s from %s: %v", address, referrer, err)
	}
}

// openFrame opens a page in a frame of the present one, without a referrer, as window.frame. A sandbox that is not empty
// is the list of what the frame may do.
func (b *tab) openFrame(target, sandbox string) {
	b.t.Helper()
	eval[bool](b, `new Promise((resolve) => {
		window.frame = document.createElement("iframe");
		frame.referrerPolicy = "no-referrer";
		if (`+quote(sandbox)+`) frame.sandbox = `+quote(sandbox)+`;
		frame.src = `+quote(target)+`;
		frame.onload = () => resolve(true);
		document.body.append(frame);
	})`)
}

// act runs JavaScript that leaves the page, and waits until the page at path (its query and fragment are not compared)
// has loaded. A click by script is no user gesture, but it is the same navigation.
func (b *tab) act(script, path string) {
	b.t.Helper()
	// A page that the browser keeps to come back to must not still look as if it were being left.
	eval[bool](b, `(window.leaving = true,
		addEventListener("pagehide", () => { window.leaving = false; }, {once: true}),
		setTimeout(() => { `+script+` }), true)`)
	b.await(`!window.leaving && document.readyState == "complete" && location.pathname == ` + quote(path))
}

// click and typeInto use mouse and keyboard, as a person does.
func (b *tab) click(selector string) {
	b.t.Helper()
	ctx, cancel := timed()
	defer cancel()
	if err := b.page.Click(ctx, selector); err != nil {
		b.t.Fatalf("click %s: %v", selector, err)
	}
}

func (b *tab) typeInto(selector, text string) {
	b.t.Helper()
	ctx, cancel := timed()
	defer cancel()
	if err := b.page.Type(ctx, selector, text); err != nil {
		b.t.Fatalf("type into %s: %v", selector, err)
	}
}

// await waits until the expression holds, over navigations.
func (b *tab) await(expression string) {
	b.t.Helper()
	ctx, cancel := timed()
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		// During a navigation there may be no page to ask.
		answer, err := b.page.Eval(ctx, `!!(`+expression+`)`)
		if err == nil && string(answer) == "true" {
			return
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("waited in vain for %s (last error: %v)", expression, err)
		case <-tick.C:
		}
	}
}

// eval returns the value of a JavaScript expression; promises are awaited.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := timed()
	defer cancel()
	var value T
	answer, err := b.page.Eval(ctx, expression)
	if err == nil {
		err = json.Unmarshal(answer, &value)
	}
	if err != nil {
		b.t.Fatalf("evaluate %.200s: %v", expression, err)
	}
	return value
}

// quote writes text as a JavaScript string.
func quote(text string) string { return fmt.Sprintf("%q", text) }
