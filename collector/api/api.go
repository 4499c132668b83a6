// Package api is the collector's server API: what a company's own systems send (contacts and companies that the CRM
// knew already, deals, what campaigns cost) and the reports they read. Every request carries a key, and the key decides the site.
//
// Belongs here: keys, decoding and validating imports, deals and spend, and asking for reports.
// Does not belong here: what a browser sends (intake), SQL (reports), Redis, the spool itself.
package api

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// Keeper keeps encoded records (schema.Encode), all of one call or none. Append returns after they are durable. A
// *rejection.Error from it is answered as it is.
type Keeper interface {
	Append(ctx context.Context, payloads ...[]byte) error
}

// Config is what the API needs.
type Config struct {
	Sites   []schema.Site
	Sources *schema.Sources // nil: the built-in list
	Secret  []byte          // of the installation; contact ids are derived from it
	Keeper  Keeper
	Reports Reporter
	Tables  Tabler           // nil: no tables
	People  People           // nil: no export, no erasure
	Now     func() time.Time // nil: time.Now
	Metrics prometheus.Registerer
}

// API answers the routes below /api/.
type API struct {
	config   Config
	known    atomic.Pointer[knownSites]
	accepted *prometheus.CounterVec
}

// New prepares the keys and registers the metrics. It starts nothing.
func New(config Config) (*API, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Sources == nil {
		config.Sources = schema.BuiltInSources()
	}
	a := &API{config: config, accepted: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "headwater_api_rows_total",
		Help: "Rows of imports and deals, by site, kind and result (accepted or rejected).",
	}, []string{"site", "kind", "result"})}
	if err := a.SetSites(config.Sites); err != nil {
		return nil, err
	}
	if config.Metrics != nil {
		config.Metrics.MustRegister(a.accepted)
	}
	return a, nil
}

// SetSites has requests that come from now on find the sites and their keys as they are now. It keeps sites, which nobody may
// change any more.
func (a *API) SetSites(sites []schema.Site) error {
	config := a.config
	config.Sites = sites
	known, err := sitesByKey(config)
	if err != nil {
		return err
	}
	a.known.Store(known)
	return nil
}

// Register adds the routes to e. There is no CORS: no browser of a stranger has business here.
func (a *API) Register(e *echo.Echo) {
	e.GET("/api", list)
	e.GET("/api/", list)
	// No group: a group's middleware would make a wrong method a wrong path.
	e.POST("/api/contacts", a.postContacts, a.authorise)
	e.POST("/api/companies", a.postCompanies, a.authorise)
	e.POST("/api/deals", a.postDeals, a.authorise)
	e.POST("/api/spend", a.postSpend, a.authorise)
	e.POST("/api/rates", a.postRates, a.authorise)
	e.GET("/api/reports", a.getReportNames, a.authorise)
	e.GET("/api/reports/:name", a.getReport, a.authorise)
	e.POST("/api/reports/:name", a.postReport, a.authorise)
	if a.config.Tables != nil {
		e.GET("/api/tables", a.getTableNames, a.authorise)
		e.GET("/api/tables/:name", a.getTable, a.authorise)
	}
	if a.config.People != nil {
		e.POST("/api/export", a.postExport, a.authorise)
		e.POST("/api/erase", a.postErase, a.authorise)
		e.GET("/api/erasures/:id", a.getErasure, a.authorise)
	}
}

type endpoint struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Does   string `json:"does"`
	Takes  string `json:"takes,omitempty"`
}

var endpoints = []endpoint{
	{"POST", "/api/contacts", "tells which people the CRM knew already", "JSON lines, a JSON array or CSV: email, crm_id, company_crm_id, company_domain, company_name, created_at"},
	{"POST", "/api/companies", "tells which companies the CRM knew already", "JSON lines, a JSON array or CSV: crm_id, domain, name, created_at"},
	{"POST", "/api/deals", "tells of deals and of their changes", "JSON, JSON lines, a JSON array or CSV: deal_id, status (open, won, lost), stage, amount, currency, contact_email, contact_crm_id, company_crm_id, company_domain, company_name, created_at, won_at, changed_at"},
	{"POST", "/api/spend", "tells what campaigns cost, in place of what was told of the same day, source, medium, campaign and currency", "JSON, JSON lines, a JSON array or CSV: date, source, medium, campaign, currency, amount, clicks, impressions"},
	{"POST", "/api/rates", "tells what a currency was worth in another on a day", "JSON, JSON lines, a JSON array or CSV: date, from_currency, to_currency, rate"},
	{"GET", "/api/reports", "lists the reports", ""},
	{"POST", "/api/export", "tells everything that is held of a person", "JSON: email or visitor_id, format (json, or csv in a zip)"},
	{"POST", "/api/erase", "forgets a person, everywhere", "JSON: email or visitor_id, reason (a reference without names)"},
	{"GET", "/api/erasures/{id}", "tells how far an erasure came", ""},
	{"GET", "/api/reports/{name}", "answers one report", "by, data_point, from, to, zone, format=json|csv|jsonl|parquet|table and what else the report takes"},
	{"GET", "/api/tables", "lists the tables", ""},
	{"GET", "/api/tables/{name}", "gives all rows of a table, each record once", "from, to, zone, format=csv|jsonl|parquet"},
}

func list(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{
		"authorization": "Bearer KEY; `headwater key` makes one",
		"endpoints":     endpoints,
	})
}

// keep encodes the records and returns once all of them are durable.
func (a *API) keep(ctx context.Context, records []schema.Record) error {
	payloads := make([][]byte, 0, len(records))
	for _, record := range records {
		payload, err := schema.Encode(record)
		if err != nil {
			return err
		}
		payloads = append(payloads, payload)
	}
	if err := a.config.Keeper.Append(ctx, payloads...); err != nil {
		if rejected, ok := err.(*rejection.Error); ok {
			return rejected
		}
		return rejection.Wrap(rejection.NotKept, err, "Nothing of this could be saved just now. Send it again in a few seconds: what is sent twice is stored once.")
	}
	return nil
}
