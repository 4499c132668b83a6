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
	Core, Adapters tags
	// CSP is for a policy that lists hosts, NonceCSP for one that trusts what carries this response's nonce.
	CSP, NonceCSP string
	FormTag       string
	Forms         []string
	Hidden        []hiddenGroup
}

// tags are the ways to put one script on a page.
type tags struct {
	Latest string
	Nonce  string // the latest, under a policy with a nonce
	Pinned string // the latest release by its content, "" where there is none
	Script
}

// nonce stands for what the website's server makes up for each response.
const nonce = "RANDOM-FOR-EACH-RESPONSE"

// hiddenGroup is a few hidden fields with a common meaning.
type hiddenGroup struct {
	Title string
	Names []string
}

func (c *Console) getScript(ctx echo.Context, s *session) error {
	base, site := c.publicURL.String(), s.site
	if s.sample { // nothing is collected for sample data
		real, _, _, _ := c.config.Settings.Site(s.realSite())
		site = &real
	}
	origin := schema.Origin(base)
	connect := fmt.Sprintf("connect-src %s; form-action 'self' %s", origin, origin)
	view := scriptView{
		Core:     c.tags(c.config.Core, site),
		Adapters: c.tags(c.config.Adapters, &schema.Site{ID: site.ID}), // the core tells them the rest
		CSP:      fmt.Sprintf("script-src %s; %s", origin, connect),
		NonceCSP: fmt.Sprintf("script-src 'nonce-%s' 'strict-dynamic'; %s", nonce, connect),
		Hidden:   s.hiddenFields(site),
	}
	form := "signup"
	for _, known := range site.Forms {
		view.Forms = append(view.Forms, string(known.ID))
	}
	if len(view.Forms) > 0 {
		form = view.Forms[0]
	}
	view.FormTag = fmt.Sprintf(`<form method="post" action="%s/f/%s">`, html.EscapeString(base), html.EscapeString(form))
	return c.render(ctx, http.StatusOK, "script", s.say("script.title"), s, view)
}

func (c *Console) tags(script Script, site *schema.Site) tags {
	tag := func(file, more string) string {
		return fmt.Sprintf(`<script src="%s/%s"%s%s async></script>`, html.EscapeString(c.publicURL.String()), file, more, ScriptAttributes(site))
	}
	t := tags{Script: script, Latest: tag(script.Name, ""), Nonce: tag(script.Name, ` nonce="`+nonce+`"`)}
	if script.Pinned != "" {
		t.Pinned = tag(script.Pinned, fmt.Sprintf(` integrity="%s" crossorigin="anonymous"`, script.Integrity))
	}
	return t
}

// ScriptAttributes are the attributes of a script tag that tell the snippet what the config says about a site, so that both
// call the same pages own and keep the same parameters. They begin with a space.
func ScriptAttributes(site *schema.Site) string {
	attributes := ""
	var consent []string
	if site.Consent {
		consent = []string{"required"}
	}
	for _, attribute := range []struct {
		name   string
		values []string
	}{
		{"data-site", []string{string(site.ID)}},
		{"data-own-domains", site.OwnDomains},
		{"data-ignored-referrers", site.IgnoredReferrers},
		{"data-parameters", site.Parameters},
		{"data-consent", consent},
	} {
		if len(attribute.values) > 0 {
			attributes += fmt.Sprintf(` %s="%s"`, attribute.name, html.EscapeString(strings.Join(attribute.values, " ")))
		}
	}
	return attributes
}

// hiddenFields lists the names of what the script adds to a form, from the same struct tags that name the columns. Each of
// the site's custom parameters, which share one column, has a field of its own.
func (s *speaker) hiddenFields(site *schema.Site) []hiddenGroup {
	groups := []hiddenGroup{{Title: s.say("words.point.first_touch")}, {Title: s.say("script.hidden.latest")}, {Title: s.say("script.hidden.submission")}}
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
		names := []string{field.Name}
		if prefix, ok := strings.CutSuffix(field.Name, "_parameters"); ok {
			names = nil
			for _, parameter := range site.Parameters {
				names = append(names, prefix+"_"+parameter)
			}
		}
		for _, name := range names {
			groups[at].Names = append(groups[at].Names, "hw_"+name)
		}
	}
	return groups
}
