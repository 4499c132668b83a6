// Package console is the web console under /console/: where a marketer looks up which sources bring leads, and where a
// single lead's story is read. Everything is rendered on the server; the one script adds live rows and copy buttons.
//
// Belongs here: signing in, sessions, pages, their templates and assets, and turning a report's answer into what a
// person reads. Does not belong here: SQL or rules of attribution (reports asks, schema/attribution answers), keys and
// imports of programs (api), and anything that a visitor of the site may call (intake).
package console

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// Reports answers a report by its name. Params name the site, always that of the session.
type Reports interface {
	Run(ctx context.Context, name string, p reports.Params) (*reports.Result, error)
}

// ReportsFunc is a function as Reports, such as one that binds reports.Run to a connection.
type ReportsFunc func(ctx context.Context, name string, p reports.Params) (*reports.Result, error)

// Run calls the function.
func (f ReportsFunc) Run(ctx context.Context, name string, p reports.Params) (*reports.Result, error) {
	return f(ctx, name, p)
}

// Script is one of the browser scripts, from package snippet, with what pages need to pin its latest release.
type Script struct {
	Name      string // of its latest build: "hw.js"
	Version   string // of the release, "" where there was none yet, as all that follows
	Pinned    string // immutable name: hw.<hash>.js
	Integrity string // value of the attribute integrity
}

// Config is what the console needs.
type Config struct {
	Sites []schema.Site
	// Secret is the installation's, at least 16 bytes; the key of the sessions is derived from it.
	Secret []byte
	// PublicURL is where browsers reach the collector, such as https://t.example.com.
	PublicURL string
	Reports   Reports
	// Core is the script that every page has; Adapters is for the forms of other services.
	Core, Adapters Script
	Now            func() time.Time // nil: time.Now
	Log            *slog.Logger     // nil: slog.Default()
}

// Console answers the routes below /console/.
type Console struct {
	config     Config
	publicURL  *url.URL
	keys       []siteKey
	sessionKey []byte
	pages      pages
	assets     assets
	attempts   *limiter
	leads      leadsCache

	mu    sync.Mutex
	ended map[string]time.Time // nonce of a session that was signed out, and when it would have expired
}

const minSecret = 16

// New prepares keys, templates and assets. It starts nothing.
func New(config Config) (*Console, error) {
	if len(config.Secret) < minSecret {
		return nil, fmt.Errorf("secret: has %d bytes: the console needs at least %d", len(config.Secret), minSecret)
	}
	if config.Reports == nil {
		return nil, errors.New("console: no reports to ask")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.Default()
	}
	c := &Console{config: config, attempts: newLimiter(), ended: map[string]time.Time{}}
	var err error
	if c.publicURL, err = publicURL(config.PublicURL); err != nil {
		return nil, err
	}
	if c.keys, err = siteKeys(config.Sites); err != nil {
		return nil, err
	}
	if c.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if c.pages, err = loadPages(c.assets); err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, config.Secret)
	mac.Write([]byte("console session"))
	c.sessionKey = mac.Sum(nil)
	return c, nil
}

func publicURL(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("public_url: %.120q is not an address such as https://t.example.com", text)
	}
	return u, nil
}

// Register adds the routes to e. There is no CORS, and no route answers for a site other than the session's.
func (c *Console) Register(e *echo.Echo) {
	group := e.Group("/console", c.protect, c.explain)
	group.GET("", func(ctx echo.Context) error { return ctx.Redirect(http.StatusSeeOther, "/console/") })
	group.GET("/assets/:version/:name", c.getAsset)
	group.GET("/sign-in", c.getSignIn)
	group.POST("/sign-in", c.postSignIn, c.sameOrigin)
	group.POST("/sign-out", c.postSignOut, c.sameOrigin)
	group.GET("/", c.signedIn(func(ctx echo.Context, _ *session) error {
		return ctx.Redirect(http.StatusSeeOther, "/console/sources")
	}))
	group.GET("/sources", c.signedIn(c.getSources))
	group.GET("/sources.csv", c.signedIn(c.getSourcesCSV))
	group.GET("/leads", c.signedIn(c.getLeads))
	group.GET("/leads.json", c.signedIn(c.getLeadsJSON))
	group.GET("/contact", c.signedIn(c.getContact))
	group.POST("/contact", c.signedIn(c.postContact), c.sameOrigin)
	group.GET("/contacts/:contact", c.signedIn(c.getCard))
	for _, list := range lists {
		group.GET("/"+list.Page, c.signedIn(c.getList(list)))
		group.GET("/"+list.Page+".csv", c.signedIn(c.getListCSV(list)))
	}
	group.GET("/script", c.signedIn(c.getScript))
	group.RouteNotFound("/*", func(echo.Context) error { return echo.ErrNotFound })
}
