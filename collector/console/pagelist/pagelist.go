// Package pagelist names the pages of the console that somebody looks at: the test that holds how they look, and
// tools/screenshots. Whoever adds a page adds it here, in a function of its own file.
//
// Belongs here: paths, and how to know that a page is there. Does not belong here: browsers, data, or what is right.
package pagelist

import "slices"

// Reader is who looks at a page.
type Reader int

// The readers.
const (
	Admin  Reader = iota // an admin of a site that has data
	Empty                // an admin of a site without any
	Nobody               // somebody who is not signed in
)

// Page is one look at one page.
type Page struct {
	Name   string // of the picture
	Path   string // below /console
	Reader Reader
	Status int    // 0: 200
	Wait   string // a selector that is there once the page is; "" for main
	Open   bool   // opens all details
	// Invented marks what only invented data can show: pictures of a real installation leave it out.
	Invented bool
}

// All are all pages, in the order of the menu.
func All() []Page {
	return slices.Concat(doors(), overview(), people(), campaigns(), site())
}

func doors() []Page {
	return []Page{
		{Name: "sign-in", Path: "/sign-in", Reader: Nobody},
		{Name: "missing", Path: "/nothing-here", Status: 404},
	}
}

func overview() []Page {
	return []Page{
		{Name: "dashboard", Path: "/dashboard?range=90d", Wait: "footer.foot"},
		{Name: "dashboard-model", Path: "/dashboard?range=90d&credit=position&where=medium%3Apaid-social", Wait: "footer.foot", Open: true},
		{Name: "dashboard-empty", Path: "/dashboard", Reader: Empty},
		{Name: "sources", Path: "/sources"},
		{Name: "sources-wide", Path: "/sources?range=90d&by=source&by=medium&by=campaign&by=channel"},
		{Name: "sources-wrong", Path: "/sources?from=2026-03-09&to=2026-03-01", Status: 422},
		{Name: "sources-empty", Path: "/sources", Reader: Empty},
		{Name: "leads", Path: "/leads"},
		{Name: "leads-empty", Path: "/leads", Reader: Empty},
		{Name: "forms", Path: "/forms"},
		{Name: "referrers", Path: "/referrers"},
		{Name: "referrers-empty", Path: "/referrers", Reader: Empty},
	}
}

func people() []Page {
	return []Page{
		{Name: "contact", Path: "/contact"},
		{Name: "card-unknown", Path: "/contacts/0123456789abcdef", Status: 404},
		{Name: "contacts", Path: "/contacts?g1=first_touch.source:is:linkedin&g1=created:last_days:90&g2=lead_creation.campaign:contains:webinar", Wait: ".criteria"},
		{Name: "contacts-open", Path: "/contacts", Wait: ".criteria", Open: true},
		{Name: "contacts-wrong", Path: "/contacts?g1=created:since:yesterday", Status: 422},
		{Name: "contacts-empty", Path: "/contacts", Reader: Empty},
		{Name: "selections-empty", Path: "/selections", Reader: Empty},
		{Name: "statuses", Path: "/statuses"},
		{Name: "companies", Path: "/companies"},
	}
}

func site() []Page {
	return []Page{
		{Name: "script", Path: "/script"},
		{Name: "script-open", Path: "/script", Open: true},
		{Name: "spend", Path: "/spend"},
		{Name: "settings", Path: "/settings"},
		{Name: "history", Path: "/settings/history"},
		{Name: "users", Path: "/users"},
		{Name: "account", Path: "/account"},
	}
}
