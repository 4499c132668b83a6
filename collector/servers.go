package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/headwater/headwater/collector/api"
	"github.com/headwater/headwater/collector/console"
	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/intake"
	"github.com/headwater/headwater/collector/links"
	contacts "github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/sample"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/snippet"
)

// Limits of a connection. Bodies have their own, in intake and api.
const (
	maxHeaderBytes    = 16 << 10
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second // of a whole request; api gives more to who has a key
	writeTimeout      = 2 * time.Minute  // longer than the longest report may take
	idleTimeout       = 2 * time.Minute
)

// wallClock tells when something was received. Tests let it jump, as machines do.
var wallClock = time.Now

// newPublicServer puts the routes of intake, api and console together. There is no method override, no JSONP, no access
// log.
func newPublicServer(config Config, p *program, registry prometheus.Registerer, log *slog.Logger) (*http.Server, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = rejection.NewHandler(log, registry).Handle
	var err error
	if e.IPExtractor, err = clientAddress(config.TrustedProxies); err != nil {
		return nil, err
	}
	e.Use(neverSniff, rejection.Recover, p.latencies.measure(), newAdmission(registry).limit)
	if err := registerRoutes(e, config, p, registry, log); err != nil {
		return nil, err
	}
	return &http.Server{
		Handler:           hangUpAfterChunks(e),
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(quiet{log.Handler()}, slog.LevelDebug),
	}, nil
}

var nosniff = []string{"nosniff"}

// neverSniff keeps browsers from taking any answer for another kind of thing than it says: JSON for a script, or text for a page.
func neverSniff(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header()[echo.HeaderXContentTypeOptions] = nosniff
		return next(c)
	}
}

func registerRoutes(e *echo.Echo, config Config, p *program, registry prometheus.Registerer, log *slog.Logger) error {
	limits, err := config.limits(e.IPExtractor, log)
	if err != nil {
		return err
	}
	var spam schema.Hosts // nil: the built-in list
	if config.ReferrerSpamFile != "" {
		if spam, err = intake.ReadSpamHosts(config.ReferrerSpamFile); err != nil {
			return fmt.Errorf("referrer_spam_file: %w", err)
		}
	}
	sources, err := config.sources()
	if err != nil {
		return fmt.Errorf("sources_file: %w", err)
	}
	secret, answers := []byte(config.Secret), reporter{p.store, p.migrated}
	public, err := intake.New(intake.Config{
		Sites:   config.Sites,
		Secret:  secret,
		Scripts: scripts(),
		Keeper:  p.keeper,
		Links:   p.visitors,
		Limits:  limits, SpamHosts: spam, Sources: sources,
		Ready:   p.keeper.ready,
		Now:     wallClock,
		Metrics: registry,
	})
	if err != nil {
		return err
	}
	server, err := api.New(api.Config{Sites: config.Sites, Sources: sources, Secret: secret, Keeper: p.keeper, Reports: answers, Tables: answers, Now: wallClock, People: people{p.erasures}, Metrics: registry})
	if err != nil {
		return err
	}
	registered, err := links.NewRegistry(desk.New(p.store, wallClock), config.Sites, sources, wallClock)
	if err != nil {
		return err
	}
	pages, err := console.New(console.Config{
		Sites:     config.Sites,
		Secret:    secret,
		PublicURL: config.publicURL(),
		Reports:   console.ReportsFunc(answers.Run),
		LastChange: func(ctx context.Context, site schema.SiteID) (reports.Change, error) {
			return reports.LastChange(ctx, p.store.Conn(), site)
		},
		Settings: p.sites,
		Uploads:  uploads(server),
		Samples:  sample.New(p.store, secret, wallClock),
		Accounts: p.accounts,
		Sessions: p.sessions,
		People:   contacts.New(p.store.Conn(), p.desk, wallClock),
		Persons:  persons{p.erasures},
		Proxy:    console.Proxy{Header: config.UserHeader, Peers: limits.Proxies, SignOutURL: config.SignOutURL},
		Links:    registered,
		Doctor:   console.Doctor{Fetcher: config.fetcher(), Scripts: builds()},
		Core:     pinnable(snippet.Core),
		Adapters: pinnable(snippet.Adapters),
		Log:      log,
	})
	if err != nil {
		return err
	}
	for _, follow := range []func([]schema.Site) error{public.SetSites, server.SetSites} {
		p.sites.Tell(follow)
	}
	public.Register(e)
	server.Register(e)
	pages.Register(e)
	registerStreams(registry, pages.OpenStreams)
	p.pages = pages
	return nil
}

// uploads is how the console hands files on to the API.
func uploads(server *api.API) console.Uploads {
	return func(ctx context.Context, site schema.SiteID, kind string, csv io.Reader) (console.Uploaded, error) {
		taken, err := server.Upload(ctx, site, kind, csv)
		result := console.Uploaded{Accepted: taken.Rows, Rejected: len(taken.Faults), Ignored: taken.Ignored}
		for _, fault := range taken.Faults {
			result.Faults = append(result.Faults, console.Fault(fault))
		}
		return result, err
	}
}

// scripts are the present builds and all releases, for intake to serve.
func scripts() []intake.Script {
	var list []intake.Script
	for _, file := range snippet.Files() {
		list = append(list, intake.Script{Name: file.Name, Hash: file.Hash, Body: file.Script()})
	}
	return list
}

// pinnable is a script with its latest release, for the console to show.
func pinnable(present snippet.File) console.Script {
	script := console.Script{Name: present.Name}
	if file, ok := snippet.Released(present.Name); ok {
		script.Version, script.Pinned, script.Integrity = file.Version, file.Pinned(), file.Integrity
	}
	return script
}

// hangUpAfterChunks closes a connection after a body sent in chunks. Where it also had a Content-Length, net/http goes by
// the chunks and forgets the length, and a proxy before us may not have; RFC 9112 §6.1 asks to close then. No browser
// sends chunks.
func hangUpAfterChunks(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// clientAddress says whose word counts about a client's address: nobody's but the configured proxies'.
func clientAddress(trustedProxies []string) (echo.IPExtractor, error) {
	if len(trustedProxies) == 0 {
		return echo.ExtractIPDirect(), nil
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, text := range trustedProxies {
		network, err := parseProxy(text)
		if err != nil {
			return nil, fmt.Errorf("trusted_proxies: %w", err)
		}
		options = append(options, echo.TrustIPRange(network))
	}
	return echo.ExtractIPFromXFFHeader(options...), nil
}

// limits are how much intake takes, of clients as clientAddress tells them.
func (c *Config) limits(client echo.IPExtractor, log *slog.Logger) (intake.Limits, error) {
	limits := intake.Limits{
		Touches: c.LimitTouches, Submissions: c.LimitSubmissions, SiteTouches: c.LimitSiteTouches, SiteSubmissions: c.LimitSiteSubmissions,
		Client: client, Log: log,
	}
	var err error
	limits.Proxies, err = c.proxies()
	return limits, err
}

// proxies are the addresses of trusted_proxies.
func (c *Config) proxies() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range c.TrustedProxies {
		network, err := parseProxy(text)
		if err != nil {
			return nil, fmt.Errorf("trusted_proxies: %w", err)
		}
		prefix, err := netip.ParsePrefix(network.String())
		if err != nil {
			return nil, fmt.Errorf("trusted_proxies: %w", err)
		}
		list = append(list, prefix)
	}
	return list, nil
}

// newPrivateServer has what operators look at.
func newPrivateServer(p *program, registry *prometheus.Registry, operatorToken string) *http.Server {
	mux := http.NewServeMux()
	registerOperator(mux, p.spool, operatorToken)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := p.keeper.ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes}
}
