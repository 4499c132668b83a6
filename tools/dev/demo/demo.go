// Package demo is the website of an invented company that uses Headwater, the outside world that leads to it, and a
// page that shows what Headwater knows.
//
// Belongs here: pages, their styles, and reading reports for them. Does not belong here: attribution; the pages show
// what the collector's API answers.
package demo

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
)

// Config says where the parts of the stack are.
type Config struct {
	SiteID        string
	Demo          string // address of the website, without a trailing slash
	Outside       string // address of the outside world
	Collector     string
	APIKey        string // of the demo site
	ClickHouseDSN string
	// Say prints a line in the terminal.
	Say func(format string, args ...any)
}

// Site serves the pages.
type Site struct {
	Config
	outsidePort string
	pages       map[string]*template.Template
	leads       *leads
}

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// New prepares the pages and the reader of reports. It does not connect to anything yet.
func New(ctx context.Context, c Config) (*Site, error) {
	outside, err := url.Parse(c.Outside)
	if err != nil {
		return nil, fmt.Errorf("demo: outside world: %w", err)
	}
	s := &Site{Config: c, outsidePort: outside.Port(), pages: map[string]*template.Template{}}
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		page, err := template.New("layout").Funcs(pageFunctions).ParseFS(pageFiles, "pages/layout.html", "pages/forms.html", name)
		if err != nil {
			return nil, fmt.Errorf("demo: page %s: %w", name, err)
		}
		s.pages[strings.TrimSuffix(strings.TrimPrefix(name, "pages/"), ".html")] = page
	}
	s.leads, err = newLeads(ctx, c)
	return s, err
}

// page is what every template gets.
type page struct {
	Title     string
	Path      string // of the page, to mark it in the navigation
	Demo      string
	Outside   string
	Collector string
	SiteID    string
	ClockDays int // how many days back the browser's clock is set
	Data      any
}

// Website returns the handler of the company's website.
func (s *Site) Website() http.Handler {
	mux := http.NewServeMux()
	for path, p := range map[string]struct{ name, title string }{
		"/{$}":     {"home", "Water the crop, not the calendar"},
		"/pricing": {"pricing", "Prices"},
		"/signup":  {"signup", "Plan my field"},
		"/webinar": {"webinar", "Webinar: irrigating on a night tariff"},
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			s.render(w, r, http.StatusOK, p.name, page{Title: p.title})
		})
	}
	mux.HandleFunc("GET /thank-you", s.thankYou)
	mux.HandleFunc("GET /travel", s.travel)
	mux.HandleFunc("GET /leads", s.leadsPage)
	mux.HandleFunc("GET /leads/latest", s.leadsLatest)
	mux.Handle("GET /assets/", assets())
	mux.HandleFunc("GET /favicon.ico", favicon)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.render(w, r, http.StatusNotFound, "missing", page{Title: "Page not found"})
	})
	return s.headers(s.clock(mux))
}

// render writes a page of the website.
func (s *Site) render(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	p.Path, p.Demo, p.Outside, p.Collector, p.SiteID, p.ClockDays = r.URL.Path, s.Demo, s.Outside, s.Collector, s.SiteID, clockDays(r)
	s.execute(w, status, name, "layout", p)
}

func (s *Site) execute(w http.ResponseWriter, status int, name, block string, data any) {
	var body bytes.Buffer
	if err := s.pages[name].ExecuteTemplate(&body, block, data); err != nil {
		s.Say("! demo: page %s: %v", name, err)
		http.Error(w, "This page cannot be shown; the terminal says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w)
}

func (s *Site) thankYou(w http.ResponseWriter, r *http.Request) {
	what := "signup"
	for _, form := range []string{"newsletter", "webinar"} {
		if r.URL.Query().Has(form) {
			what = form
		}
	}
	s.render(w, r, http.StatusOK, "thanks", page{Title: "Thank you", Data: what})
}

// headers sets what holds for all pages: a policy under which the only foreign script is Headwater's.
func (s *Site) headers(next http.Handler) http.Handler {
	policy := strings.Join([]string{
		"default-src 'none'", "style-src 'self'", "img-src 'self'", "base-uri 'none'", "frame-ancestors 'none'",
		"script-src 'self' " + s.Collector, "connect-src 'self' " + s.Collector, "form-action 'self' " + s.Collector,
	}, "; ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

func assets() http.Handler {
	return http.FileServerFS(assetFiles)
}

func favicon(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/assets/mark.svg", http.StatusMovedPermanently)
}
