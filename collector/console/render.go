package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/schema"
)

//go:embed templates
var templateFiles embed.FS

// pages are the parsed templates by name: the layout with one page each.
type pages map[string]*template.Template

func loadPages(assets assets) (pages, error) {
	functions := template.FuncMap{"asset": assets.path, "number": func(n int) string { return number(int64(n)) },
		"next": func(i int) int { return i + 1 }}
	shared, err := template.New("layout.html").Funcs(functions).
		ParseFS(templateFiles, "templates/layout.html", "templates/icons.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("parse console templates: %w", err)
	}
	entries, err := templateFiles.ReadDir("templates/pages")
	if err != nil {
		return nil, fmt.Errorf("read console templates: %w", err)
	}
	loaded := pages{}
	for _, entry := range entries {
		page, err := shared.Clone()
		if err == nil {
			page, err = page.ParseFS(templateFiles, path.Join("templates/pages", entry.Name()))
		}
		if err != nil {
			return nil, fmt.Errorf("parse console template %s: %w", entry.Name(), err)
		}
		loaded[strings.TrimSuffix(entry.Name(), ".html")] = page
	}
	return loaded, nil
}

// navItem is one entry of the menu; Page is also its path below /console/. Who is less than Needs does not see it.
type navItem struct {
	Page, Title string
	Needs       accounts.Role
}

var navigation = []navItem{
	{"dashboard", "Dashboard", accounts.Viewer},
	{"sources", "Sources", accounts.Viewer},
	{"leads", "Leads", accounts.Viewer},
	{"contact", "Contact", accounts.Viewer},
	{"forms", "Forms", accounts.Viewer},
	{"referrers", "Referrers", accounts.Viewer},
	{"script", "Script tag", accounts.Viewer},
	{"users", "Users", accounts.Admin},
}

// layoutView is what every page has around its own view.
type layoutView struct {
	Page       string
	Title      string
	Navigation []navItem
	User       string // "" for who is not signed in
	Site       string // "" for who is not, or has a role on none
	Sites      []schema.SiteID
	Zone       string
	View       any
}

// render answers with a page; s is nil for who is not signed in.
func (c *Console) render(ctx echo.Context, status int, page, title string, s *session, view any) error {
	layout := layoutView{Page: page, Title: title, View: view}
	if s != nil {
		layout.User, layout.Sites = s.user.Called(), s.others
	}
	if s != nil && s.site != nil {
		layout.Site, layout.Zone = string(s.site.ID), zoneName(s.site)
		for _, item := range navigation {
			if s.role.Allows(item.Needs) {
				layout.Navigation = append(layout.Navigation, item)
			}
		}
	}
	var body bytes.Buffer
	if err := c.pages[page].Execute(&body, layout); err != nil {
		return fmt.Errorf("render page %s: %w", page, err)
	}
	return ctx.HTMLBlob(status, body.Bytes())
}

func zoneName(site *schema.Site) string {
	if site.TimeZone == "" {
		return schema.DefaultTimeZone
	}
	return site.TimeZone
}

// zoneOf returns the site's zone; the config file has been checked before, so a bad one can only be a test's.
func zoneOf(site *schema.Site) *time.Location {
	zone, err := time.LoadLocation(zoneName(site))
	if err != nil {
		return time.UTC
	}
	return zone
}

// link is a place to go within the console.
type link struct {
	Title, Href string
	Current     bool
}

func hrefOf(page string, query url.Values) string {
	return (&url.URL{Path: "/console/" + page, RawQuery: query.Encode()}).String()
}
