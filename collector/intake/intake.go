// Package intake is the collector's public face: it takes touches and submissions from any browser, serves the
// snippet, and answers only after what it took is on disk.
//
// Belongs here: decoding, bounding and validating what strangers send, naming the site, the contact and the source,
// CORS, the visitor cookie, where a sent form goes next, and a typed reason for everything turned away.
// Does not belong here: Redis, SQL, or the spool itself; intake hands encoded records to a Keeper.
package intake

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// Keeper keeps encoded records (schema.Encode). Append returns after they are durable, or with an error after which
// the sender must be told that nothing was kept. A *rejection.Error from it is answered as it is. It holds on to none of
// the payloads after it has returned.
type Keeper interface {
	Append(ctx context.Context, payloads ...[]byte) error
}

// Config is what intake needs.
type Config struct {
	Sites  []schema.Site
	Secret []byte // of the installation; contact ids are derived from it
	// Scripts are all builds of the browser scripts, of each name the latest first.
	Scripts []Script
	Keeper  Keeper
	// Links remembers redeemed links for all nodes; nil: this node remembers its own.
	Links  Links
	Limits Limits
	// SpamHosts are the hosts of referrer spam; nil: the built-in list.
	SpamHosts schema.Hosts
	// Sources is the list of known sources; nil: the built-in one.
	Sources *schema.Sources
	// Ready says why the collector cannot accept just now; nil means that it always can.
	Ready   func() error
	Now     func() time.Time // nil: time.Now
	Metrics prometheus.Registerer
}

// Intake answers the public endpoints.
type Intake struct {
	config    Config
	sites     atomic.Pointer[[]*tenant]
	scripts   []*scriptFiles
	links     *linker
	limiter   *limiter
	tokenKey  []byte
	spamHosts schema.Hosts
	accepted  *prometheus.CounterVec
	suspects  *prometheus.CounterVec
	dropped   *prometheus.CounterVec
}

// tenant is a site with what is derived from its config once.
type tenant struct {
	*schema.Site
	resolver      *schema.Resolver
	contactKey    []byte
	submissionKey []byte
	accepted      map[schema.Kind]prometheus.Counter
	*siteBuckets
}

// siteBuckets are how much came of late: touches, submissions before they are doubted, submissions before they are turned away. They
// outlive a change of the site's settings.
type siteBuckets struct {
	touches, submissions, allSubmissions siteBucket
}

// New prepares the sites and registers the metrics. It starts nothing.
func New(config Config) (*Intake, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Ready == nil {
		config.Ready = func() error { return nil }
	}
	if config.SpamHosts == nil {
		config.SpamHosts = schema.SpamHosts()
	}
	if config.Sources == nil {
		config.Sources = schema.BuiltInSources()
	}
	schema.Bot("") // its list is read now, not while somebody waits
	in := &Intake{
		config:    config,
		limiter:   newLimiter(config.Limits),
		tokenKey:  tokenKey(config.Secret),
		spamHosts: config.SpamHosts,
		suspects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "headwater_suspects_total",
			Help: "Records that reports leave out, by site and suspicion. They are accepted like others.",
		}, []string{"site", "suspicion"}),
		accepted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "headwater_accepted_total",
			Help: "Records accepted at the public endpoints and durable, by site and kind.",
		}, []string{"site", "kind"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "headwater_dropped_total",
			Help: "Parts of accepted requests that were not kept, by cause: secret_field, excess_field, unknown_parameter, gpc_touch.",
		}, []string{"cause"}),
	}
	err := in.SetSites(config.Sites)
	if err != nil {
		return nil, err
	}
	if in.scripts, err = newScriptFiles(config.Scripts); err != nil {
		return nil, err
	}
	in.links = newLinker(config)
	if config.Metrics != nil {
		config.Metrics.MustRegister(in.accepted, in.suspects, in.dropped)
	}
	return in, nil
}

// SetSites has requests that come from now on find the sites as they are now. It keeps sites, which nobody may change any more.
func (in *Intake) SetSites(sites []schema.Site) error {
	tenants := make([]*tenant, len(sites))
	for i := range sites {
		site := &sites[i]
		resolver, err := schema.NewResolverWith(site, in.config.Sources)
		if err != nil {
			return fmt.Errorf("prepare site %s: %w", site.ID, err)
		}
		tenants[i] = &tenant{
			Site:          site,
			resolver:      resolver,
			contactKey:    site.ContactKey(in.config.Secret),
			submissionKey: submissionKey(in.config.Secret, site.ID),
			accepted: map[schema.Kind]prometheus.Counter{
				schema.KindTouch:      in.accepted.WithLabelValues(string(site.ID), "touch"),
				schema.KindSubmission: in.accepted.WithLabelValues(string(site.ID), "submission"),
			},
			siteBuckets: new(siteBuckets),
		}
		for _, before := range in.tenants() {
			if before.ID == site.ID {
				tenants[i].siteBuckets = before.siteBuckets
			}
		}
	}
	in.sites.Store(&tenants)
	return nil
}

// tenants are the sites as they are now.
func (in *Intake) tenants() []*tenant {
	if known := in.sites.Load(); known != nil {
		return *known
	}
	return nil
}

// Register adds the public routes to e.
func (in *Intake) Register(e *echo.Echo) {
	for _, script := range in.scripts {
		script.register(e)
	}
	e.POST("/t", in.postTouch, in.cors)
	e.OPTIONS("/t", preflight, in.cors)
	e.POST("/f/:form", in.postSubmission, in.cors)
	e.OPTIONS("/f/:form", preflight, in.cors)
	e.GET("/f/:form/token", in.getToken, in.cors)
	in.registerLinks(e)
	e.GET("/f/:form/thanks", in.getThanks)
	e.GET("/.well-known/gpc.json", getGPC)
	e.GET("/healthz", getHealth)
	e.GET("/readyz", in.getReady)
}

// getHealth tells that the process runs.
func getHealth(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.String(http.StatusOK, "ok\n")
}

// getReady tells whether the collector can accept.
func (in *Intake) getReady(c echo.Context) error {
	if err := in.config.Ready(); err != nil {
		return rejection.Wrap(rejection.NotReady, err, "The collector cannot accept just now. Send again in a few seconds.")
	}
	return getHealth(c)
}

// getGPC states that Global Privacy Control is honoured (the support resource of the GPC specification).
func getGPC(c echo.Context) error {
	return c.JSONBlob(http.StatusOK, []byte(`{"gpc":true,"lastUpdate":"2026-11-24"}`))
}
