// Package pagelist names the pages of the console that somebody looks at: the test that holds how they look, and
// tools/screenshots. Whoever adds a page adds it here, in a function of its own file.
//
// Belongs here: paths, and how to know that a page is there. Does not belong here: browsers, data, or what is right.
package pagelist

import (
	"net/url"
	"slices"
	"strings"
)

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
	Name string // of the picture
	// Path is below /console. What stands in braces is of Things; in the path itself it has the name that the route gives it.
	Path   string
	Reader Reader
	Status int    // 0: 200
	Wait   string // a selector that is there once the page is; "" for main
	Open   bool   // opens all details
	// Typed is what is typed into the page's form before it is sent, by the names of fields and of the button: what is looked at is
	// the answer. The values may name Things, too.
	Typed map[string]string
}

// Things are what the pages of one thing are about. Contact is a person with a story, Selection one of contacts with criteria.
type Things struct {
	Contact, Company, Selection, Campaign string // ids
	Email                                 string // of a contact
	Token                                 string // of a one-time link that nobody has used
	Website                               string // the site's own address
}

// Address is where a page is, below /console.
func (p Page) Address(things Things) string { return things.fill(p.Path, url.QueryEscape) }

// Answers is Typed with the things in it.
func (p Page) Answers(things Things) map[string]string {
	typed := map[string]string{}
	for name, value := range p.Typed {
		typed[name] = things.fill(value, func(text string) string { return text })
	}
	return typed
}

// Route is the route that answers, as the console writes it.
func (p Page) Route() string {
	path, _, _ := strings.Cut(p.Path, "?")
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

func (t Things) fill(text string, escape func(string) string) string {
	return strings.NewReplacer("{contact}", escape(t.Contact), "{company}", escape(t.Company), "{selection}", escape(t.Selection),
		"{campaign}", escape(t.Campaign), "{email}", escape(t.Email), "{token}", escape(t.Token), "{website}", escape(t.Website)).Replace(text)
}

// All are all pages, in the order of the menu.
func All() []Page {
	return slices.Concat(doors(), overview(), people(), campaigns(), site())
}

func doors() []Page {
	return []Page{
		{Name: "sign-in", Path: "/sign-in", Reader: Nobody},
		{Name: "link", Path: "/link/{token}", Reader: Nobody, Wait: "#password"},
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
		{Name: "forms-empty", Path: "/forms", Reader: Empty},
		{Name: "referrers", Path: "/referrers"},
		{Name: "referrers-empty", Path: "/referrers", Reader: Empty},
	}
}

func people() []Page {
	return []Page{
		{Name: "contact", Path: "/contact"},
		{Name: "contact-found", Path: "/contact", Typed: map[string]string{"email": "{email}"}, Wait: ".points"},
		{Name: "card", Path: "/contacts/{contact}", Wait: ".points"},
		{Name: "card-open", Path: "/contacts/{contact}", Wait: ".points", Open: true},
		{Name: "erase", Path: "/contacts/{contact}/erase"},
		{Name: "card-unknown", Path: "/contacts/0123456789abcdef", Status: 404},
		{Name: "contacts", Path: "/contacts?g1=first_touch.source:is:linkedin&g1=created:last_days:90&g2=lead_creation.campaign:contains:webinar", Wait: ".criteria"},
		{Name: "contacts-open", Path: "/contacts", Wait: ".criteria", Open: true},
		{Name: "contacts-wrong", Path: "/contacts?g1=created:since:yesterday", Status: 422},
		{Name: "contacts-empty", Path: "/contacts", Reader: Empty},
		{Name: "selections", Path: "/selections", Wait: ".selections"},
		{Name: "selection", Path: "/contacts?selection={selection}&g1=first_touch.source:is:linkedin&g2=lead_creation.campaign:contains:webinar", Wait: ".contacts"},
		{Name: "board", Path: "/selections/{selection}/board", Wait: ".kanban"},
		{Name: "selections-empty", Path: "/selections", Reader: Empty},
		{Name: "statuses", Path: "/statuses"},
		{Name: "companies", Path: "/companies", Wait: ".contacts"},
		{Name: "companies-empty", Path: "/companies", Reader: Empty},
		{Name: "company", Path: "/company?id={company}", Wait: ".points"},
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
