package console

import (
	"fmt"
	"html"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/schema"
)

// scriptView is what the page of the script tag shows; the snippets are text to copy.
type scriptView struct {
	Latest, Pinned string
	CSP            string
	FormTag        string
	Forms          []string
	Integrity      string
	Version        string
	Hidden         []hiddenGroup
}

// hiddenGroup is a few hidden fields with a common meaning.
type hiddenGroup struct {
	Title string
	Names []string
}

func (c *Console) getScript(ctx echo.Context, s *session) error {
	base := c.publicURL.String()
	origin := schema.Origin(base)
	attribute := ""
	if len(c.config.Sites) > 1 { // with one site the collector knows
		attribute = fmt.Sprintf(` data-site="%s"`, html.EscapeString(string(s.site.ID)))
	}
	view := scriptView{
		Version: c.config.Script.Version, Integrity: c.config.Script.Integrity,
		Latest: fmt.Sprintf(`<script src="%s/hw.js"%s async></script>`, html.EscapeString(base), attribute),
		Pinned: fmt.Sprintf(`<script src="%s/hw.%s.js" integrity="%s" crossorigin="anonymous"%s async></script>`,
			html.EscapeString(base), c.config.Script.Hash, c.config.Script.Integrity, attribute),
		CSP:    fmt.Sprintf("script-src %s; connect-src %s; form-action 'self' %s", origin, origin, origin),
		Hidden: hiddenFields(),
	}
	form := "signup"
	for _, known := range s.site.Forms {
		view.Forms = append(view.Forms, string(known.ID))
	}
	if len(view.Forms) > 0 {
		form = view.Forms[0]
	}
	view.FormTag = fmt.Sprintf(`<form method="post" action="%s/f/%s">`, html.EscapeString(base), html.EscapeString(form))
	return c.render(ctx, http.StatusOK, "script", "Script tag", s, view)
}

// hiddenFields lists the names of what the script adds to a form, from the same struct tags that name the columns.
func hiddenFields() []hiddenGroup {
	groups := []hiddenGroup{{Title: "First touch"}, {Title: "Latest touch"}, {Title: "The submission itself"}}
	for _, field := range schema.Fields(schema.Submission{}) {
		at := 2
		switch {
		case field.By != "browser" && field.Name != "site_id":
			continue
		case strings.HasPrefix(field.Name, "first_touch_"):
			at = 0
		case strings.HasPrefix(field.Name, "latest_touch_"):
			at = 1
		case field.Name == "occurred_at": // a form has no such field: the time of receipt counts
			continue
		}
		groups[at].Names = append(groups[at].Names, "hw_"+field.Name)
	}
	return groups
}
