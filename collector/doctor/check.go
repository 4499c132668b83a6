package doctor

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/headwater/headwater/schema"
)

// Examination is what the doctor found on a page.
type Examination struct {
	Trace   *Trace
	URL     string // of the page in the end, "" where there was none
	Script  []Finding
	Blocked []Finding // by policies
	Forms   []FormResult
	Site    []Finding // own domains, origins, privacy
}

// FormResult is what becomes of one form.
type FormResult struct {
	Name, Action string
	Findings     []Finding
}

// All are all findings, those of the trace too.
func (e *Examination) All() []Finding {
	all := slices.Concat(e.Trace.All(), e.Script, e.Blocked, e.Site)
	for _, form := range e.Forms {
		all = append(all, form.Findings...)
	}
	return all
}

// Worst is the severity of the worst finding.
func (e *Examination) Worst() Severity { return Worst(e.All()) }

// Check loads a page of the site and says whether Headwater works on it. No script runs: what a page makes by scripts is not seen.
func (d *Doctor) Check(ctx context.Context, address string) *Examination {
	e := &Examination{Trace: d.Trace(ctx, address)}
	response := e.Trace.last
	if response != nil && response.Status < 400 {
		d.examine(ctx, e, response)
	}
	return e
}

// examine looks at the page itself.
func (d *Doctor) examine(ctx context.Context, e *Examination, response *Response) {
	e.URL = response.URL.String()
	if !isHTML(response) {
		e.Site = append(e.Site, finding(Bad, "no_html", "Type", schema.CutText(response.Header.Get("Content-Type"), 100)))
		return
	}
	p, err := readPage(response)
	if err != nil {
		e.Site = append(e.Site, finding(Bad, "no_html", "Type", schema.CutText(response.Header.Get("Content-Type"), 100)))
		return
	}
	if response.Truncated {
		e.Site = append(e.Site, finding(Hint, "long_page"))
	}
	base, err := url.Parse(strings.TrimSuffix(d.PublicURL, "/") + "/")
	if err != nil {
		return
	}
	v := &visit{Doctor: d, page: p, response: response, base: base}
	v.findScripts()
	e.Script = v.judgeScripts(ctx)
	e.Blocked = v.judgePolicies()
	e.Forms = v.judgeForms()
	e.Site = append(e.Site, v.judgeSite()...)
}

// visit is one check of one page.
type visit struct {
	*Doctor
	page     *page
	response *Response
	base     *url.URL // of the collector, ending in /
	core     []scriptTag
	adapters []scriptTag
}

var scriptName = regexp.MustCompile(`(?:^|/)(hw(?:-adapters)?)(?:\.([0-9a-f]{16}))?\.js$`)

// findScripts finds the tags of our scripts: by their names, on the collector or under a path of the site itself.
func (v *visit) findScripts() {
	for _, tag := range v.page.scripts {
		match := scriptName.FindStringSubmatch(tag.url.Path)
		switch {
		case match == nil:
			if _, named := tag.attributes["data-site"]; named && tag.url.Hostname() == v.base.Hostname() {
				v.core = append(v.core, tag)
			}
		case match[1] == "hw":
			v.core = append(v.core, tag)
		default:
			v.adapters = append(v.adapters, tag)
		}
	}
}

// managers load scripts that the HTML does not name.
var managers = []struct{ name, mark string }{
	{"Google Tag Manager", "googletagmanager.com/gtm.js"}, {"Google Tag Manager", "GTM-"}, {"Matomo Tag Manager", "/container_"},
	{"Tealium", "tags.tiqcdn.com"}, {"Adobe Launch", "assets.adobedtm.com"}, {"Segment", "cdn.segment.com"}, {"Piwik PRO", ".piwik.pro"},
}

func (v *visit) manager() string {
	texts := slices.Clone(v.page.inline)
	for _, tag := range v.page.scripts {
		texts = append(texts, tag.url.String())
	}
	for _, manager := range managers {
		if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, manager.mark) }) {
			return manager.name
		}
	}
	return ""
}

func (v *visit) judgeScripts(ctx context.Context) []Finding {
	if len(v.core) == 0 {
		return []Finding{v.missing()}
	}
	var findings []Finding
	if len(v.core) > 1 {
		findings = append(findings, finding(Warn, "script_twice"))
	}
	for i := range v.core[:1] {
		findings = append(findings, v.judgeTag(ctx, &v.core[i], "hw.js")...)
	}
	for i := range v.adapters[:min(1, len(v.adapters))] {
		findings = append(findings, v.judgeTag(ctx, &v.adapters[i], "hw-adapters.js")...)
	}
	return findings
}

func (v *visit) missing() Finding {
	loader := func(text string) bool { return strings.Contains(text, "/hw.") && strings.Contains(text, v.base.Host) }
	switch {
	case slices.ContainsFunc(v.page.inline, loader):
		return finding(Hint, "script_by_script")
	case v.page.comment:
		return finding(Bad, "script_commented")
	case v.manager() != "":
		return finding(Warn, "script_by_manager", "Manager", v.manager())
	case len(v.adapters) > 0:
		return finding(Bad, "only_adapters")
	}
	return finding(Bad, "script_missing")
}

// judgeTag looks at one script tag.
func (v *visit) judgeTag(ctx context.Context, tag *scriptTag, name string) []Finding {
	var findings []Finding
	add := func(severity Severity, id string, pairs ...string) {
		findings = append(findings, finding(severity, id, append(pairs, "URL", tag.url.String(), "Script", name)...))
	}
	a := tag.attributes
	ours := tag.url.Host == v.base.Host && strings.HasPrefix(tag.url.Path, v.base.Path)
	foreign := !ours && tag.url.Host != v.page.url.Host
	switch {
	case foreign:
		add(Bad, "script_other_host", "Host", tag.url.Host, "Collector", v.base.Host)
	case !ours:
		add(Hint, "script_proxied")
	}
	if v.page.url.Scheme == "https" && tag.url.Scheme == "http" {
		add(Bad, "script_mixed")
	}
	kind := strings.ToLower(strings.TrimSpace(a["type"]))
	switch {
	case kind == "module":
		add(Bad, "script_module")
	case kind != "" && kind != "text/javascript" && kind != "application/javascript":
		add(Hint, "script_waits", "Type", a["type"])
	}
	_, async := a["async"]
	_, deferred := a["defer"]
	if !async && !deferred && kind != "module" {
		add(Warn, "script_blocks")
	}
	if !tag.inHead && name == "hw.js" {
		add(Hint, "script_late")
	}
	findings = append(findings, v.judgeRelease(tag, name)...)
	if name == "hw.js" {
		findings = append(findings, v.judgeAttributes(tag)...)
	}
	if !ours {
		findings = append(findings, v.judgeServed(ctx, tag, name)...)
	}
	if Worst(findings) < Bad {
		found := finding(Good, "script_found", "URL", tag.url.String(), "Script", name)
		findings = append([]Finding{found}, findings...)
	}
	return findings
}

// judgeRelease says which build the tag asks for, and whether its integrity value is the build's.
func (v *visit) judgeRelease(tag *scriptTag, name string) []Finding {
	integrity := strings.Fields(tag.attributes["integrity"])
	_, cors := tag.attributes["crossorigin"]
	pairs := []string{"Script", name, "URL", tag.url.String()}
	file := tag.url.Path[strings.LastIndexByte(tag.url.Path, '/')+1:]
	var findings []Finding
	if len(integrity) > 0 && !cors && tag.url.Host != v.page.url.Host {
		findings = append(findings, finding(Bad, "sri_no_cors", pairs...))
	}
	match := scriptName.FindStringSubmatch(tag.url.Path)
	if match == nil || match[2] == "" {
		if len(integrity) > 0 {
			findings = append(findings, finding(Bad, "sri_of_latest", pairs...))
		}
		return findings
	}
	at := slices.IndexFunc(v.Scripts, func(s Script) bool { return s.Pinned == file })
	if at < 0 {
		return append(findings, finding(Bad, "release_unknown", pairs...))
	}
	build := v.Scripts[at]
	pairs = append(pairs, "Version", build.Version, "Integrity", build.Integrity)
	switch {
	case len(integrity) == 0:
		findings = append(findings, finding(Hint, "sri_missing", pairs...))
	case !integrityFits(integrity, build.Integrity):
		findings = append(findings, finding(Bad, "sri_wrong", pairs...))
	}
	latest := slices.IndexFunc(v.Scripts, func(s Script) bool { return s.Name == build.Name })
	if newest := v.Scripts[latest]; newest.Pinned != build.Pinned {
		return append(findings, finding(Hint, "release_old", append(pairs, "Latest", newest.Version)...))
	}
	return append(findings, finding(Good, "release_pinned", pairs...))
}

// integrityFits tells whether the browser runs a build under these values: of several the strongest algorithm counts, and one value of
// it is enough. Ours is SHA-384; with any SHA-512 value beside it nobody can know here.
func integrityFits(values []string, want string) bool {
	if slices.ContainsFunc(values, func(value string) bool { return strings.HasPrefix(value, "sha512-") }) {
		return false
	}
	return slices.ContainsFunc(values, func(value string) bool { value, _, _ = strings.Cut(value, "?"); return value == want })
}

// judgeAttributes compares what the tag says with the site's config.
func (v *visit) judgeAttributes(tag *scriptTag) []Finding {
	var findings []Finding
	switch site, named := tag.attributes["data-site"]; {
	case named && site != string(v.Site.ID):
		findings = append(findings, finding(Bad, "other_site", "Site", site, "Want", string(v.Site.ID)))
	case !named:
		findings = append(findings, finding(Hint, "no_site", "Want", string(v.Site.ID)))
	}
	for _, list := range []struct {
		attribute string
		want      []string
	}{
		{"data-own-domains", v.Site.OwnDomains}, {"data-ignored-referrers", v.Site.IgnoredReferrers}, {"data-parameters", v.Site.Parameters},
	} {
		has := strings.FieldsFunc(strings.ToLower(tag.attributes[list.attribute]), func(r rune) bool { return r == ' ' || r == ',' || r == '\n' || r == '\t' })
		var missing []string
		for _, value := range list.want {
			if !slices.Contains(has, strings.ToLower(value)) {
				missing = append(missing, value)
			}
		}
		if len(missing) > 0 {
			findings = append(findings, finding(Warn, "attribute_behind", "Attribute", list.attribute, "Missing", strings.Join(missing, " ")))
		}
	}
	return findings
}

// judgeServed fetches a script that is not the collector's own address, such as one behind the site's proxy.
func (v *visit) judgeServed(ctx context.Context, tag *scriptTag, name string) []Finding {
	response, err := v.Fetcher.Get(ctx, tag.url.String(), v.Site.Origins)
	pairs := []string{"URL", tag.url.String(), "Script", name}
	if err != nil {
		return []Finding{finding(Bad, "script_unreachable", pairs...)}
	}
	if response.Status != 200 {
		return []Finding{finding(Bad, "script_not_served", append(pairs, "Status", response.statusText())...)}
	}
	if kind := response.Header.Get("Content-Type"); !strings.Contains(kind, "javascript") && strings.Contains(strings.ToLower(response.Header.Get("X-Content-Type-Options")), "nosniff") {
		return []Finding{finding(Bad, "script_type", append(pairs, "Type", schema.CutText(kind, 100))...)}
	}
	return nil
}
