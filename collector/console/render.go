package console

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
)

//go:embed templates
var templateFiles embed.FS

// pages are the parsed templates of one language by name: the layout with one page each.
type pages map[string]*template.Template

func loadPages(s *speaker, assets assets) (pages, error) {
	shared, err := template.New("layout.html").Funcs(s.functions(assets)).
		ParseFS(templateFiles, "templates/layout.html", "templates/icons.html", "templates/parts.html", "templates/people.html")
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

// navItem is one entry of the menu; Page is also its path below /console/, Title the id of its text. Who is less than Needs does not see it.
type navItem struct {
	Page, Title string
	Needs       accounts.Role
}

var navigation = []navItem{
	{"dashboard", "frame.nav.dashboard", accounts.Viewer},
	{"sources", "frame.nav.sources", accounts.Viewer},
	{"leads", "frame.nav.leads", accounts.Viewer},
	{"contacts", "frame.nav.contacts", accounts.Viewer},
	{"companies", "frame.nav.companies", accounts.Viewer},
	{"selections", "frame.nav.selections", accounts.Viewer},
	{"forms", "frame.nav.forms", accounts.Viewer},
	{"referrers", "frame.nav.referrers", accounts.Viewer},
	{"links", "links.title", accounts.Viewer},
	{"builder", "links.new", accounts.Marketer},
	{"convention", "links.convention.short", accounts.Viewer},
	{"audit", "links.audit.title", accounts.Viewer},
	{"script", "frame.nav.script", accounts.Viewer},
	{"doctor", "doctor.title", accounts.Viewer},
	{"spend", "spend.title", accounts.Marketer},
	{"settings", "frame.nav.settings", accounts.Admin},
	{"users", "frame.nav.users", accounts.Admin},
}

// speakerOf is the session's, or for who is not signed in, one of the language that the browser asks for.
func (c *Console) speakerOf(ctx echo.Context, s *session) *speaker {
	if s != nil {
		return s.speaker
	}
	return c.words.match("", ctx.Request().Header.Get("Accept-Language"))
}

// sections are the entries of the menu to which pages belong that have none of their own.
var sections = map[string]string{"contact": "contacts", "erase": "contacts", "company": "companies", "board": "selections", "statuses": "selections",
	"campaign": "links", "import": "links", "history": "settings"}

// layoutView is what every page has around its own view.
type layoutView struct {
	Page     string
	Section  string // the page of the menu that it belongs to
	Title    string
	Menu     []navGroup
	User     string // "" for who is not signed in
	Site     string // "" for who is not, or has a role on none
	Sites    []choice
	Sample   bool   // the page shows sample data
	Offer    bool   // sample data can be had
	Zone     string // of the times on the page
	SiteZone string // of the days of reports, "" where it is the same
	Language string
	View     any
}

// render answers with a page, in the reader's language; s is nil for who is not signed in. title is said already.
func (c *Console) render(ctx echo.Context, status int, page, title string, s *session, view any) error {
	layout := c.layout(ctx, page, title, s, view)
	var body bytes.Buffer
	if err := c.pages[c.speakerOf(ctx, s).language][page].Execute(&body, layout); err != nil {
		return fmt.Errorf("render page %s: %w", page, err)
	}
	return ctx.HTMLBlob(status, body.Bytes())
}

// stream is render for a page whose view may have parts that are not there yet: what stands before them is sent while they are waited for.
func (c *Console) stream(ctx echo.Context, status int, page, title string, s *session, view any) error {
	layout := c.layout(ctx, page, title, s, view)
	ctx.Response().Header().Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	ctx.Response().WriteHeader(status)
	if err := c.pages[s.language][page].Execute(ctx.Response(), layout); err != nil {
		return fmt.Errorf("stream page %s: %w", page, err)
	}
	return nil
}

func (c *Console) layout(ctx echo.Context, page, title string, s *session, view any) layoutView {
	speaker := c.speakerOf(ctx, s)
	layout := layoutView{Page: page, Section: cmp.Or(sections[page], page), Title: title, Language: speaker.language.String(), View: view}
	if s != nil {
		layout.User = s.user.Called()
		for _, id := range s.others {
			layout.Sites = append(layout.Sites, choice{Value: string(id), Title: s.siteName(id)})
		}
	}
	if s != nil && s.site != nil {
		layout.Sample = s.sample
		layout.Offer = c.config.Samples != nil && c.config.Settings != nil && !s.sample && s.role.Allows(accounts.Marketer)
		layout.Site, layout.Zone = s.siteName(s.site.ID), speaker.zone.String()
		if own := zoneName(s.site); own != layout.Zone {
			layout.SiteZone = own
		}
		var items []navItem
		for _, item := range navigation {
			if s.role.Allows(item.Needs) {
				item.Title = speaker.say(item.Title)
				items = append(items, item)
			}
		}
		layout.Menu = speaker.menu(items)
	}
	return layout
}

// link is a place to go within the console.
type link struct {
	Title, Href string
	Current     bool
}

func hrefOf(page string, query url.Values) string {
	return (&url.URL{Path: "/console/" + page, RawQuery: query.Encode()}).String()
}
