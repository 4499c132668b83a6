package intake

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/headwater/headwater/schema"
)

// CampaignOf returns what the parameters of a URL say about a touch, as intake reads them: the UTMs and click ids, and the
// custom parameters that extra names in lower case. It holds no blank values; values are decoded once, and not yet cut.
// Tests of the snippet hold its reading to this one.
func CampaignOf(rawURL string, extra ...string) map[string]string {
	found := map[string]string{}
	for _, p := range urlParams(rawURL) {
		name := lowerName(p.name)
		if slices.Contains(touchParams, name) || slices.Contains(extra, name) {
			if found[name] == "" && !blank(p.value) {
				found[name] = p.value
			}
		}
	}
	return found
}

// lowerName is how names of parameters are compared: as JavaScript's toLowerCase does. It differs from strings.ToLower in
// one letter, the dotted capital I, which there becomes two characters and so part of no name of ours.
func lowerName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '\u0130' {
			return r
		}
		return unicode.ToLower(r)
	}, name)
}

// fillTouch copies the UTMs and click ids among p into t, of each the first that is not blank, and tells whether there was
// any.
func fillTouch(t *schema.Touch, p params) bool {
	found := false
	for i := range p {
		name := lowerName(p[i].name)
		if !slices.Contains(touchParams, name) || blank(p[i].value) {
			continue
		}
		keepFirst(TouchText(t, name), p[i].value)
		found = true
	}
	return found
}

// fillParameters copies the custom parameters that the site allows among p into t, of each the first that is not blank,
// unless t has it already. It returns how many of p the site does not allow.
func fillParameters(t *schema.Touch, p params, allowed []string) (refused int) {
	for i := range p {
		name := lowerName(p[i].name)
		switch {
		case !slices.Contains(allowed, name):
			refused++
		case t.Parameters[name] == "" && !blank(p[i].value):
			if t.Parameters == nil {
				t.Parameters = map[string]string{}
			}
			t.Parameters[name] = p[i].value
		}
	}
	return refused
}

// takeParameters keeps of the members that no touch has those that the site allows as custom parameters. The others are
// dropped and counted: a page may name more than the collector's config, and is no worse for it.
func (a *arrival) takeParameters() error {
	for _, raw := range []*rawTouch{&a.raw.touch, &a.raw.first, &a.raw.latest} {
		if refused := fillParameters(&raw.Touch, raw.others, a.site.Parameters); refused > 0 {
			a.in.dropped.WithLabelValues("unknown_parameter").Add(float64(refused))
		}
	}
	return nil
}

// linkParameter carries a visitor to another domain of the site. It is used once and within two minutes, and names the
// visitor: no address is kept with it.
const linkParameter = "hw_link"

// withoutLink cuts the linker's parameter out of an address, wherever urlParams would find it, and leaves the rest as it is.
func withoutLink(address string) string {
	if !mayHaveLink(address) {
		return address
	}
	return cutLink(address)
}

func cutLink(address string) string {
	before, fragment, hasFragment := strings.Cut(address, "#")
	page, query, hasQuery := strings.Cut(before, "?")
	if hasQuery {
		page += cutParameter("?", query)
	}
	if !hasFragment {
		return page
	}
	route, query, hasQuery := strings.Cut(fragment, "?")
	if !hasQuery {
		return page + cutParameter("#", fragment)
	}
	route, query = cutParameter("", route), cutParameter("?", query)
	if query == "" && strings.Contains(route, "=") {
		query = "?" // without it the route would be read as parameters
	}
	return page + "#" + route + query
}

// mayHaveLink is false of nearly all addresses that have no link: no letter of it can hide without an escape or another script.
func mayHaveLink(address string) bool {
	for i := range len(address) {
		switch c := address[i]; {
		case c == '%', c >= utf8.RuneSelf:
			return true
		case c == '_' && i >= 2 && len(address) > i+4 && strings.EqualFold(address[i-2:i+5], linkParameter):
			return true
		}
	}
	return false
}

// cutParameter returns mark and query without the linker's parameter, nothing where only that was there.
func cutParameter(mark, query string) string {
	parts := strings.Split(query, "&")
	kept := slices.DeleteFunc(parts, func(part string) bool {
		name, _, _ := strings.Cut(part, "=")
		return lowerName(decodeParam(name)) == linkParameter
	})
	if len(kept) == 0 {
		return ""
	}
	return mark + strings.Join(kept, "&")
}
