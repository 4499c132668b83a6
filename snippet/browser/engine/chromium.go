package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// chromium is driven by its debugging protocol; each profile is a browser context.
type chromium struct {
	ctx  context.Context
	stop func()
}

func chromiumPath() string {
	return lookFor("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
}

func findChromium() string { return unlessFound(chromiumPath(), "chromium") }

func startChromium() (Engine, error) {
	world := newInternet()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromiumPath()),
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("proxy-server", world.address()),
		chromedp.Flag("proxy-bypass-list", "<-loopback>"),
		chromedp.Flag("ignore-certificate-errors", true),
	)
	if isRoot() {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	c := &chromium{ctx: ctx, stop: func() { stop(); stopAllocator(); world.close() }}
	if err := chromedp.Do(ctx); err != nil {
		c.stop()
		return nil, fmt.Errorf("start chromium: %w", err)
	}
	return c, nil
}

func (c *chromium) Name() string { return "chromium" }

func (c *chromium) Close() error {
	c.stop()
	return nil
}

func (c *chromium) Open(ctx context.Context) (Page, error) {
	return openTab(ctx, c.ctx, &posts{}, chromedp.WithNewBrowserContext())
}

// posts is what the pages of a profile sent.
type posts struct {
	mu   sync.Mutex
	list []post
}

// chromiumTab keeps its own context, which is how chromedp knows a tab.
type chromiumTab struct {
	tab    context.Context
	cancel context.CancelFunc
	posts  *posts
}

func openTab(ctx, parent context.Context, sent *posts, options ...chromedp.ContextOption) (Page, error) {
	t := &chromiumTab{posts: sent}
	t.tab, t.cancel = chromedp.NewContext(parent, append(options, chromedp.WithListener(t.hear))...)
	// The first call opens the tab and ties it to its context, so that one cannot be bounded by ctx.
	if err := chromedp.Do(t.tab); err != nil {
		t.cancel()
		return nil, fmt.Errorf("open a tab: %w", err)
	}
	return t, ctx.Err()
}

func (t *chromiumTab) Beside(ctx context.Context) (Page, error) { return openTab(ctx, t.tab, t.posts) }

func (t *chromiumTab) Close() error {
	t.cancel()
	return nil
}

// hear gets every event of the tab before the command that follows it is answered: what a page did before an Eval
// returns has been heard by then.
func (t *chromiumTab) hear(event any) {
	sent, ok := event.(*network.EventRequestWillBeSent)
	if !ok || sent.RedirectResponse != nil {
		return
	}
	address, err := url.Parse(sent.Request.URL)
	if err != nil {
		return
	}
	var body strings.Builder
	for _, entry := range sent.Request.PostDataEntries {
		body.WriteString(string(entry.Bytes))
	}
	t.posts.mu.Lock()
	defer t.posts.mu.Unlock()
	switch sent.Request.Method {
	case "POST":
		t.posts.list = append(t.posts.list, post{path: address.Path, body: body.String()})
	case "OPTIONS":
		t.posts.list = append(t.posts.list, post{path: "OPTIONS " + address.Path})
	}
}

func (t *chromiumTab) Posts(ctx context.Context) ([]string, error) {
	if _, err := t.Eval(ctx, `true`); err != nil { // what began before this has been heard after it
		return nil, err
	}
	t.posts.mu.Lock()
	defer t.posts.mu.Unlock()
	return distinct(t.posts.list), nil
}

// within gives the tab's context the end of ctx.
func (t *chromiumTab) within(ctx context.Context) (context.Context, context.CancelFunc) {
	bounded, cancel := context.WithCancel(t.tab)
	stop := context.AfterFunc(ctx, cancel)
	return bounded, func() { stop(); cancel() }
}

func (t *chromiumTab) Navigate(ctx context.Context, address string) error {
	ctx, cancel := t.within(ctx)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Navigate(address))
}

func (t *chromiumTab) NavigateFrom(ctx context.Context, referrer, address string) error {
	ctx, cancel := t.within(ctx)
	defer cancel()
	loaded := chromedp.Events(ctx, page.LoadEventFired)
	result, err := chromedp.Call(ctx, page.Navigate, page.NavigateParams{
		URL: address, Referrer: referrer, ReferrerPolicy: page.ReferrerPolicyUnsafeURL,
	})
	if err != nil {
		return err
	}
	if result.ErrorText != "" {
		return fmt.Errorf("chromium says %s", result.ErrorText)
	}
	for _, err := range loaded {
		return err
	}
	return nil
}

// Click and Type find their element by script: the debugger's own idea of the document is lost when a page comes back
// out of the page cache.
func (t *chromiumTab) Click(ctx context.Context, selector string) error {
	answer, err := t.Eval(ctx, `((element) => {
		element.scrollIntoView({block: "center", behavior: "instant"});
		const box = element.getBoundingClientRect();
		return [box.x + box.width / 2, box.y + box.height / 2];
	})(document.querySelector(`+strconv.Quote(selector)+`))`)
	if err != nil {
		return err
	}
	var at [2]float64
	if err := json.Unmarshal(answer, &at); err != nil {
		return fmt.Errorf("where is %s: %w", selector, err)
	}
	ctx, cancel := t.within(ctx)
	defer cancel()
	return chromedp.Do(ctx, chromedp.MouseClickXY(at[0], at[1]))
}

func (t *chromiumTab) Type(ctx context.Context, selector, text string) error {
	if _, err := t.Eval(ctx, `document.querySelector(`+strconv.Quote(selector)+`).focus()`); err != nil {
		return err
	}
	ctx, cancel := t.within(ctx)
	defer cancel()
	return chromedp.Do(ctx, chromedp.KeyEvent(text))
}

func (t *chromiumTab) Eval(ctx context.Context, expression string) (json.RawMessage, error) {
	ctx, cancel := t.within(ctx)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](asJSON(expression), chromedp.EvalAwaitPromise))
	if err != nil {
		return nil, err
	}
	return fromJSON(text)
}
