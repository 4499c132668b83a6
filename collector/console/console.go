// Package console is the web console under /console/: where a marketer looks up which sources bring leads, and where a
// single lead's story is read. Everything is rendered on the server; the one script adds live rows and copy buttons.
//
// Belongs here: signing in, sessions, pages, their templates and assets, and turning a report's answer into what a
// person reads. Does not belong here: SQL or rules of attribution (reports asks, schema/attribution answers), keys and
// imports of programs (api), and anything that a visitor of the site may call (intake).
package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/doctor"
	"github.com/headwater/headwater/collector/links"
	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/sample"
	"github.com/headwater/headwater/collector/sites"
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

// Persons is what the law lets a person ask for.
type Persons interface {
	// Erase forgets a person; by and reason are kept with the erasure.
	Erase(ctx context.Context, person schema.Person, by, reason string) (schema.Erasure, error)
	// Export writes everything that is held of a person as JSON.
	Export(ctx context.Context, w io.Writer, person schema.Person) error
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
	// Settings are the decisions of admins over what Sites say; nil: there are none to make.
	Settings *sites.Sites
	// Secret is the installation's, at least 16 bytes; contact ids are derived from it.
	Secret []byte
	// PublicURL is where browsers reach the collector, such as https://t.example.com.
	PublicURL string
	Reports   Reports
	// LastChange tells quickly whether there may be new leads; nil: the report of them is asked each time.
	LastChange func(ctx context.Context, site schema.SiteID) (reports.Change, error)
	// Uploads takes files of costs; nil: they come by the API alone.
	Uploads Uploads
	// Samples makes sample data; nil: there are none.
	Samples  *sample.Samples
	Accounts *accounts.Accounts
	Sessions *accounts.Sessions
	People   *people.People
	Persons  Persons
	// Proxy is who signs people in in front of the console; its zero value is nobody.
	Proxy Proxy
	// Links are the saved campaign links.
	Links *links.Registry
	// Doctor is what checks of websites are made with.
	Doctor Doctor
	// Core is the script that every page has; Adapters is for the forms of other services.
	Core, Adapters Script
	Now            func() time.Time // nil: time.Now
	Log            *slog.Logger     // nil: slog.Default()
}

// Doctor is what checks of websites are made with.
type Doctor struct {
	Fetcher *doctor.Fetcher
	// Scripts are all builds that the collector serves, the latest of each name first.
	Scripts []doctor.Script
}

// Proxy is a reverse proxy that knows who somebody is, for example by OIDC, and says so in a header.
type Proxy struct {
	// Header holds the user's address, "" where no proxy is believed.
	Header string
	// Peers are the addresses that the header is believed from; it is the peer of the connection that counts.
	Peers []netip.Prefix
	// SignOutURL is where signing out leads to, so that the proxy forgets the person too; "" for the console's own page.
	SignOutURL string
}

// sites are the sites as they are now.
func (c *Console) sites() []schema.Site {
	if c.config.Settings != nil {
		return c.config.Settings.All()
	}
	return c.config.Sites
}

// Console answers the routes below /console/.
type Console struct {
	config    Config
	publicURL *url.URL
	words     *words
	pages     map[language.Tag]pages
	assets    assets
	attempts  *limiter
	leads     leadsCache
	checks    *checks
	streams   *streams
	closing   sync.Once
}

const minSecret = 16

// New prepares templates and assets. It starts nothing.
func New(config Config) (*Console, error) {
	switch {
	case len(config.Secret) < minSecret:
		return nil, fmt.Errorf("secret: has %d bytes: the console needs at least %d", len(config.Secret), minSecret)
	case config.Reports == nil:
		return nil, errors.New("console: no reports to ask")
	case config.People == nil || config.Persons == nil:
		return nil, errors.New("console: no people to show")
	case config.Accounts == nil || config.Sessions == nil:
		return nil, errors.New("console: no accounts to sign in with")
	case config.Links == nil || config.Doctor.Fetcher == nil:
		return nil, errors.New("console: no registry of links, or nothing to look at websites with")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.Default()
	}
	c := &Console{config: config, attempts: newLimiter(), checks: newChecks(), streams: newStreams()}
	var err error
	if c.publicURL, err = publicURL(config.PublicURL); err != nil {
		return nil, err
	}
	if c.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if c.words, err = loadWords(config.Log); err != nil {
		return nil, err
	}
	c.pages = map[language.Tag]pages{}
	for tag, speaker := range c.words.speakers {
		if c.pages[tag], err = loadPages(speaker, c.assets); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func publicURL(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("public_url: %.120q is not an address such as https://t.example.com", text)
	}
	return u, nil
}
