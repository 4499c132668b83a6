package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/headwater/headwater/tools/dev/stack"
)

// visitor is somebody with a browser of their own: no cookies, no storage, nothing cached.
type visitor struct {
	stack *stack.Stack
	tab   context.Context
	end   context.CancelFunc
	clock page.ScriptIdentifier // of the script that sets the browser's clock, "" in the present
}

// patience bounds one step of a visitor; a busy machine takes a while to paint a page.
const patience = 30 * time.Second

// newVisitor opens a browser window of its own within chromium.
func newVisitor(chromium context.Context, s *stack.Stack) (*visitor, error) {
	tab, end := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	if err := chromedp.Do(tab); err != nil {
		end()
		return nil, fmt.Errorf("open a window: %w", err)
	}
	return &visitor{stack: s, tab: tab, end: end}, nil
}

// do runs actions within patience.
func (v *visitor) do(what string, actions ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(v.tab, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		return fmt.Errorf("%s: %w; %s", what, err, v.sees())
	}
	return nil
}

// sees describes the present page, for error messages.
func (v *visitor) sees() string {
	ctx, cancel := context.WithTimeout(v.tab, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + ": " + document.body.innerText.replace(/\s+/g, " ").slice(0, 300)`))
	if err != nil {
		return "the page does not answer: " + err.Error()
	}
	return "the page is " + text
}

// travel sets the browser's clock that long back for every page from now on, before any of its scripts run.
func (v *visitor) travel(back time.Duration) error {
	if v.clock != "" {
		if _, err := chromedp.Call(v.tab, page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams{Identifier: v.clock}); err != nil {
			return fmt.Errorf("set the clock: %w", err)
		}
		v.clock = ""
	}
	if back == 0 {
		return nil
	}
	added, err := chromedp.Call(v.tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: fmt.Sprintf(`{
		const Present = Date, now = () => Present.now() - %d;
		window.Date = class extends Present {
			constructor(...parts) { parts.length ? super(...parts) : super(now()); }
			static now() { return now(); }
		};
	}`, back.Milliseconds())})
	if err != nil {
		return fmt.Errorf("set the clock: %w", err)
	}
	v.clock = added.Identifier
	return nil
}

// follow goes to a place of the outside world and follows its link to the website, as a person would. It returns when
// the collector has taken the touch of that arrival.
func (v *visitor) follow(place string) error {
	port := v.stack.Outside[strings.LastIndexByte(v.stack.Outside, ':'):]
	host := strings.TrimSuffix(place, "-ad")
	err := v.do("open "+place, chromedp.Navigate("http://"+host+".localhost"+port+"/"), chromedp.WaitVisible(chromedp.CSS(`[data-link="`+place+`"]`)))
	if err != nil {
		return err
	}
	return v.arrive("follow the link of "+place, chromedp.Click(chromedp.CSS(`[data-link="`+place+`"]`)))
}

// open types an address of the website, path and query.
func (v *visitor) open(path string) error {
	return v.arrive("open "+path, chromedp.Navigate(v.stack.Demo+path))
}

// arrive does what leads to an arrival and waits until its touch is taken.
func (v *visitor) arrive(what string, act chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(v.tab, patience)
	defer cancel()
	taken, err := chromedp.Run(ctx, chromedp.WaitEvent(network.ResponseReceived, func(e network.EventResponseReceived) bool {
		return e.Response.URL == v.stack.Collector+"/t"
	}, act))
	if err != nil {
		return fmt.Errorf("%s: wait for the collector to take the touch: %w; %s", what, err, v.sees())
	}
	if taken.Response.Status != 204 {
		return fmt.Errorf("%s: the collector answered %d to the touch", what, taken.Response.Status)
	}
	return nil
}

// click follows a link within the website.
func (v *visitor) click(path string) error {
	return v.do("go to "+path,
		chromedp.Click(chromedp.CSS(`main a[href="`+path+`"], nav a[href="`+path+`"]`)),
		chromedp.WaitReady(chromedp.CSS(`nav a[href="`+path+`"][aria-current="page"]`)))
}

// leave closes the website.
func (v *visitor) leave() error { return v.do("leave", chromedp.Navigate("about:blank")) }

// send fills in a form of the present page and sends it; an empty company leaves that field alone.
func (v *visitor) send(form string, who person) error {
	at := func(field string) chromedp.CSS { return chromedp.CSS("#" + form + ` [name="` + field + `"]`) }
	steps := []chromedp.Action[chromedp.Void]{
		chromedp.WaitReady(at("hw_submission_id")), // the snippet has prepared the form
		chromedp.SendKeys(at("email"), who.email),
	}
	if form != "newsletter" {
		steps = append(steps, chromedp.SendKeys(at("name"), who.name))
		if who.company != "" {
			steps = append(steps, chromedp.SendKeys(at("company"), who.company))
		}
	}
	steps = append(steps,
		chromedp.Click(chromedp.CSS("#"+form+" button")),
		chromedp.WaitVisible(chromedp.CSS(`main a[href="/leads"]`))) // of the thank-you page
	return v.do("send the form "+form, steps...)
}

// person is who a visitor is in a form.
type person struct{ name, email, company string }
