package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/console"
	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/doctor"
	"github.com/headwater/headwater/collector/links"
	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/visitors"
	"github.com/headwater/headwater/schema"
)

// maxDashboard bounds how many times as long the dashboard takes as its queries one after another.
const maxDashboard = 1.5

// dashboard measures the console's dashboard as somebody sees it first, over HTTP and signed in, beside the reports that it asks, one after another.
func (c config) dashboard(ctx context.Context, all datasets) (bool, error) {
	page, err := all.large.openConsole(ctx)
	if err != nil {
		return false, fmt.Errorf("open a console: %w", err)
	}
	defer page.close()
	if err := page.view(ctx); err != nil { // which also says what it asks
		return false, fmt.Errorf("dashboard: %w", err)
	}
	asked := page.takeAsked()
	got, err := comparison{name: "dashboard", quantile: 0.5, rounds: c.rounds, bare: all.large.inTurn(asked), ours: page.view}.measure(ctx)
	if err != nil {
		return false, err
	}
	held := got.ratio() <= maxDashboard
	fmt.Fprintf(c.out, "%-64s %8s / %8s = %6.2f   %s\n", fmt.Sprintf("dashboard, first view, to its %d reports in turn", len(asked)),
		shortTime(got.ours), shortTime(got.bare), got.ratio(), verdict(held, fmt.Sprintf("at most %g", maxDashboard)))
	return held, nil
}

// question is a report that a page asks.
type question struct {
	name   string
	params reports.Params
}

// inTurn asks them one after another, what they have in common once.
func (d *dataset) inTurn(asked []question) work {
	return func(ctx context.Context) error {
		ctx = reports.Together(ctx)
		for _, one := range asked {
			if _, err := reports.Run(ctx, d.conn(), one.name, one.params); err != nil {
				return err
			}
		}
		return nil
	}
}

// consolePage is a console on a database, and somebody who is signed in.
type consolePage struct {
	console *console.Console
	server  *http.Server
	redis   *miniredis.Miniredis
	shelf   *visitors.Visitors
	address string
	cookies []*http.Cookie

	mu     sync.Mutex
	asked  []question
	failed error
}

// openConsole serves a console in which today is the day after the data.
func (d *dataset) openConsole(ctx context.Context) (*consolePage, error) {
	now := func() time.Time { return d.until }
	log := slog.New(slog.DiscardHandler)
	p := &consolePage{redis: miniredis.NewMiniRedis()}
	if err := p.redis.Start(); err != nil {
		return nil, err
	}
	var err error
	if p.shelf, err = visitors.Open("redis://" + p.redis.Addr()); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.address = "http://" + listener.Addr().String()
	served := []schema.Site{{ID: site, Origins: []string{"https://seed.example"}, TimeZone: "UTC"}}
	decisions := desk.New(d.db, now)
	registry, err := links.NewRegistry(decisions, served, schema.BuiltInSources(), now)
	if err != nil {
		return nil, err
	}
	users := accounts.New(decisions, now, log)
	p.console, err = console.New(console.Config{
		Sites: served, Secret: []byte("only for a measurement"), PublicURL: p.address, Now: now, Log: log,
		Reports: console.ReportsFunc(func(ctx context.Context, name string, q reports.Params) (*reports.Result, error) {
			return p.ask(ctx, d, name, q)
		}),
		Accounts: users, Sessions: accounts.NewSessions(p.shelf, now, log),
		People: people.New(d.conn(), decisions, now), Persons: struct{ console.Persons }{}, // nobody is erased here
		Links: registry, Doctor: console.Doctor{Fetcher: &doctor.Fetcher{}},
	})
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	p.console.Register(e)
	p.server = &http.Server{Handler: e, ReadHeaderTimeout: time.Minute}
	go func() { _ = p.server.Serve(listener) }() // ends with close
	return p, p.signIn(ctx, users)
}

func (p *consolePage) close() {
	p.console.Close()
	_ = p.server.Close()
	p.shelf.Close()
	p.redis.Close()
}

// ask answers a report and writes down that it was asked.
func (p *consolePage) ask(ctx context.Context, d *dataset, name string, q reports.Params) (*reports.Result, error) {
	result, err := reports.Run(ctx, d.conn(), name, q)
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := (question{name, q}); !slices.ContainsFunc(p.asked, func(other question) bool { return reflect.DeepEqual(one, other) }) {
		p.asked = append(p.asked, one)
	}
	p.failed = errors.Join(p.failed, err)
	return result, err
}

// takeAsked returns what was asked since it was called last.
func (p *consolePage) takeAsked() []question {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := p.asked
	p.asked = nil
	return asked
}

const viewerAddress, viewerPassword = "viewer@seed.example", "a measurement looks at this page"

// signIn makes the account where an earlier run did not, and signs in with its password.
func (p *consolePage) signIn(ctx context.Context, users *accounts.Accounts) error {
	if err := users.Refresh(ctx); err != nil {
		return err
	}
	user, there := users.ByEmail(viewerAddress)
	if !there {
		var err error
		if user, _, err = users.Add(ctx, "benchsql", viewerAddress, "", site, accounts.Viewer); err != nil {
			return err
		}
		if err := users.SetPassword(ctx, user.ID, viewerPassword); err != nil {
			return err
		}
	}
	form := url.Values{"email": {viewerAddress}, "password": {viewerPassword}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.address+"/console/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set(echo.HeaderContentType, echo.MIMEApplicationForm)
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if p.cookies = answer.Cookies(); len(p.cookies) == 0 {
		return fmt.Errorf("sign in: %s", answer.Status)
	}
	return nil
}

// view reads the whole dashboard. A report that fails is an error, since a page without it is quick.
func (p *consolePage) view(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address+"/console/dashboard", nil)
	if err != nil {
		return err
	}
	for _, cookie := range p.cookies {
		request.AddCookie(cookie)
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "</html>")) {
		err = fmt.Errorf("%s, %d bytes", answer.Status, len(body))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(err, p.failed)
}
