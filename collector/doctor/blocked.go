package doctor

import (
	"net/url"
	"strconv"
	"strings"
)

func (r *Response) statusText() string { return strconv.Itoa(r.Status) }

// judgePolicies says what the page's Content Security Policies keep from working: all of them have to allow it.
func (v *visit) judgePolicies() []Finding {
	policies := append(parsePolicies(v.response.Header.Values("Content-Security-Policy")), v.page.metas...)
	var findings []Finding
	if len(policies) == 0 {
		return findings
	}
	origin := (&url.URL{Scheme: v.base.Scheme, Host: v.base.Host}).String()
	add := func(id, directive string) {
		for _, known := range findings {
			if known.ID == id {
				return
			}
		}
		findings = append(findings, finding(Bad, id, "Directive", directive, "Origin", origin))
	}
	for _, p := range policies {
		for i := range v.core[:min(1, len(v.core))] {
			v.judgeScriptPolicy(p, &v.core[i], add)
		}
		for i := range v.adapters[:min(1, len(v.adapters))] {
			v.judgeScriptPolicy(p, &v.adapters[i], add)
		}
		if ok, directive := p.allowsConnect(v.endpoint("t"), v.page.url); !ok {
			add("csp_connect", directive)
		}
		for i := range v.page.forms {
			target := v.action(&v.page.forms[i])
			if target == nil || !v.collects(target) {
				continue
			}
			if ok, directive := p.allowsForm(target, v.page.url); !ok {
				add("csp_form", directive)
			}
		}
		if p.sandboxed("allow-scripts") {
			add("csp_sandbox", "sandbox")
		}
	}
	if len(findings) == 0 && len(v.core) > 0 {
		findings = append(findings, finding(Good, "csp_allows"))
	}
	return findings
}

func (v *visit) judgeScriptPolicy(p policy, tag *scriptTag, add func(id, directive string)) {
	load := scriptLoad{url: tag.url, nonce: tag.attributes["nonce"], integrity: tag.attributes["integrity"]}
	ok, directive := p.allowsScript(load, v.page.url)
	list := p[directive]
	switch {
	case ok:
	case containsWord(list, "'strict-dynamic'") || strings.Contains(strings.Join(list, " "), "'nonce-"):
		add("csp_nonce", directive)
	default:
		add("csp_script", directive)
	}
}

// endpoint is where the script sends to: beside where it came from, so that a proxied one stays with the site.
func (v *visit) endpoint(name string) *url.URL {
	base := v.base
	if len(v.core) > 0 && v.core[0].url.Host == v.page.url.Host {
		base = v.core[0].url
	}
	return base.ResolveReference(&url.URL{Path: name})
}
