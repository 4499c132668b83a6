package console

import "slices"

// navGroups are the parts of the menu: which entries of navigation stand under which heading. A page that nobody put into one
// stands in the last.
var navGroups = []grouping{
	{"frame.group.overview", []string{"dashboard", "sources", "leads", "forms", "referrers"}},
	{"frame.group.people", []string{"contacts", "companies", "selections"}},
	{"frame.group.links", []string{"links", "builder", "convention", "audit"}},
	{"frame.group.site", []string{"script", "doctor", "spend", "settings", "history", "users"}},
}

type grouping struct {
	title string // an id
	pages []string
}

// navGroup is a part of the menu as one reader sees it.
type navGroup struct {
	Title string
	Items []navItem
}

// menu groups the entries that somebody may see; groups without any are left out.
func (s *speaker) menu(items []navItem) []navGroup {
	groups := make([]navGroup, len(navGroups))
	for _, item := range items {
		at := slices.IndexFunc(navGroups, func(g grouping) bool { return slices.Contains(g.pages, item.Page) })
		if at < 0 {
			at = len(navGroups) - 1
		}
		groups[at].Title = s.say(navGroups[at].title)
		groups[at].Items = append(groups[at].Items, item)
	}
	return slices.DeleteFunc(groups, func(g navGroup) bool { return len(g.Items) == 0 })
}
