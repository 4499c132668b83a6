package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headwater/headwater/schema"
)

// maxHops bounds the redirects that are followed; browsers give up at 20.
const maxHops = 10

// maxTrace bounds a whole check.
const maxTrace = 30 * time.Second

// Step is one address on the way of a link.
type Step struct {
	URL    string
	Status int
	// How the address leads on: "http", "refresh" (a header), "meta" (http-equiv), or "" where it is the last.
	How      string
	Findings []Finding
}

// Trace is the way of a link.
type Trace struct {
	Steps []Step
	// Added says that the link had no parameters, so that some were added to see whether they survive.
	Added    bool
	Findings []Finding // about the whole way
	last     *Response // nil where it did not end at a page
}

// All are the findings of all steps and of the whole way.
func (t *Trace) All() []Finding {
	var all []Finding
	for _, step := range t.Steps {
		all = append(all, step.Findings...)
	}
	return append(all, t.Findings...)
}

// Worst is the worst of them.
func (t *Trace) Worst() Severity { return Worst(t.All()) }

// probe are the parameters that a link without any gets: one of each kind.
var probe = []string{"utm_source=headwater-check", "utm_medium=check", "utm_campaign=check", "gclid=headwater-check"}

// Doctor checks the site of one set of origins.
type Doctor struct {
	Fetcher *Fetcher
	Site    *schema.Site
	// PublicURL is where browsers reach the collector.
	PublicURL string
	// Scripts are the builds that the collector serves, the latest of each name first.
	Scripts []Script
}

// Script is one build of one of the browser scripts.
type Script struct {
	Name, Pinned, Version, Integrity string
}

// Trace follows a link step by step, and says where its parameters get lost or changed.
func (d *Doctor) Trace(ctx context.Context, address string) *Trace {
	ctx, cancel := context.WithTimeout(ctx, maxTrace)
	defer cancel()
	t := &Trace{}
	u, err := readURL(withScheme(address))
	if err != nil {
		t.Steps = append(t.Steps, Step{URL: schema.CutText(withoutUser(address), 200), Findings: []Finding{failed(err)}})
		return t
	}
	if len(d.tracked(u)) == 0 {
		t.Added = true
		u.RawQuery = strings.Join(append(nonEmpty(u.RawQuery), probe...), "&")
	}
	d.follow(ctx, t, u)
	return t
}

func nonEmpty(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// withScheme adds https:// to what a person types without it.
func withScheme(address string) string {
	address = strings.TrimSpace(address)
	if host, _, _ := strings.Cut(address, "/"); !strings.Contains(address, "://") && strings.Contains(host, ".") && !strings.Contains(host, ":") {
		return "https://" + address
	}
	return address
}

// withoutUser takes a name and password out of an address, which is shown on pages and terminals.
func withoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return address
	}
	u.User = nil
	return u.String()
}

func failed(err error) Finding {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return Finding{ID: refusal.ID, Severity: Bad, Data: refusal.Data}
	}
	return finding(Bad, "unreachable")
}

func (d *Doctor) follow(ctx context.Context, t *Trace, u *url.URL) {
	first, seen := u, map[string]bool{}
	for {
		if seen[u.String()] {
			t.Findings = append(t.Findings, finding(Bad, "loop", "URL", u.String()))
			return
		}
		seen[u.String()] = true
		step := Step{URL: u.String()}
		response, err := d.Fetcher.Get(ctx, u.String(), d.Site.Origins)
		if err != nil {
			step.Findings = append(step.Findings, failed(err))
			t.Steps = append(t.Steps, step)
			return
		}
		step.Status = response.Status
		next, how, err := leadsOn(response, u)
		if err != nil {
			step.Findings = append(step.Findings, finding(Bad, "bad_location", "Location", schema.CutText(response.Header.Get("Location"), 200)))
			t.Steps = append(t.Steps, step)
			return
		}
		step.How = how
		if next == nil {
			step.Findings = append(step.Findings, endOf(response)...)
			t.Steps = append(t.Steps, step)
			t.last = response
			d.whole(t, first, u)
			return
		}
		step.Findings = append(step.Findings, d.compare(u, next, how, response.Status)...)
		t.Steps = append(t.Steps, step)
		if len(t.Steps) > maxHops {
			t.Findings = append(t.Findings, finding(Bad, "too_many", "Most", strconv.Itoa(maxHops)))
			return
		}
		u = next
	}
}

func endOf(response *Response) []Finding {
	if response.Status >= http.StatusBadRequest {
		return []Finding{finding(Bad, "status", "Status", strconv.Itoa(response.Status))}
	}
	return nil
}

// leadsOn returns where a response sends the browser, nil where it stays.
func leadsOn(response *Response, from *url.URL) (next *url.URL, how string, err error) {
	location := ""
	switch response.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		location, how = response.Header.Get("Location"), "http"
	}
	if location == "" {
		how = "refresh"
		location = refreshTarget(response.Header.Get("Refresh"))
	}
	if location == "" && isHTML(response) {
		how = "meta"
		location = metaRefresh(response.Body)
	}
	if location == "" {
		return nil, "", nil
	}
	next, err = from.Parse(strings.TrimSpace(location))
	if err != nil {
		return nil, how, err
	}
	if next, err = readURL(next.String()); err != nil {
		return nil, how, err
	}
	// Browsers keep the fragment where an HTTP redirect names none (Fetch, "location URL").
	if how == "http" && next.Fragment == "" {
		next.Fragment, next.RawFragment = from.Fragment, from.RawFragment
	}
	if next.String() == from.String() && how != "http" { // a page that reloads itself
		return nil, "", nil
	}
	return next, how, nil
}

// refreshTarget reads the value of Refresh, of the header or of http-equiv: "0; url=/next". One that waits longer than a visitor
// would is none.
func refreshTarget(value string) string {
	seconds, rest, _ := strings.Cut(strings.ReplaceAll(value, ",", ";"), ";")
	if wait, err := strconv.ParseFloat(strings.TrimSpace(seconds), 64); err != nil || wait > 10 {
		return ""
	}
	if at := strings.IndexAny(value, ";,"); at >= 0 {
		rest = value[at+1:]
	}
	rest = strings.TrimSpace(rest)
	if len(rest) >= 3 && strings.EqualFold(rest[:3], "url") {
		if after, ok := strings.CutPrefix(strings.TrimSpace(rest[3:]), "="); ok {
			rest = strings.TrimSpace(after)
		}
	}
	return strings.Trim(rest, `"' `)
}

// tracked are the parameters of an address that say where a visitor comes from, by name in lower case, first value that is not blank:
// as the snippet reads them, from the query before the fragment.
func (d *Doctor) tracked(u *url.URL) map[string]string {
	names := append(schema.URLParameters(), d.Site.Parameters...)
	found := map[string]string{}
	fragment := u.Fragment
	if at := strings.IndexByte(fragment, '?'); at >= 0 {
		fragment = fragment[at+1:]
	}
	for _, text := range []string{u.RawQuery, fragment} {
		for _, pair := range strings.Split(text, "&") {
			name, value, _ := strings.Cut(pair, "=")
			name, value = strings.ToLower(decode(name)), decode(value)
			if slices.Contains(names, name) && found[name] == "" && strings.TrimSpace(value) != "" {
				found[name] = value
			}
		}
	}
	return found
}

func decode(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}

// compare says what one redirect does to the parameters, and why it is there where that is plain.
func (d *Doctor) compare(from, to *url.URL, how string, status int) []Finding {
	var lost, changed, list []string
	before, after := d.tracked(from), d.tracked(to)
	for name, value := range before {
		switch now, there := after[name]; {
		case !there:
			lost = append(lost, name)
		case now != value:
			changed = append(changed, name)
		}
	}
	slices.Sort(lost)
	slices.Sort(changed)
	var findings []Finding
	kind := kindOf(from, to)
	if len(lost) > 0 {
		list = lost
		findings = append(findings, finding(Bad, "lost_"+kind, "Names", strings.Join(list, ", "), "From", withoutQuery(from), "To", withoutQuery(to), "Status", strconv.Itoa(status)))
	}
	if len(changed) > 0 {
		findings = append(findings, finding(Warn, "changed", "Names", strings.Join(changed, ", "), "From", withoutQuery(from), "To", withoutQuery(to)))
	}
	if from.Fragment != "" && to.Fragment != from.Fragment && how != "http" {
		findings = append(findings, finding(Hint, "fragment_lost", "Fragment", from.Fragment))
	}
	if how != "http" {
		findings = append(findings, finding(Warn, "refresh", "To", withoutQuery(to)))
	}
	if from.Scheme == "https" && to.Scheme == "http" {
		findings = append(findings, finding(Warn, "downgrade", "To", withoutQuery(to)))
	}
	if len(lost)+len(changed) == 0 && how == "http" {
		findings = append(findings, finding(Good, "kept_"+kind))
	}
	return findings
}

// kindOf says what a redirect is for: "slash", "https", "www", "host" or "page".
func kindOf(from, to *url.URL) string {
	sameHost := from.Host == to.Host
	switch {
	case sameHost && from.Scheme == to.Scheme && strings.TrimSuffix(from.Path, "/") == strings.TrimSuffix(to.Path, "/"):
		return "slash"
	case from.Hostname() == to.Hostname() && from.Scheme != to.Scheme:
		return "https"
	case strings.TrimPrefix(from.Hostname(), "www.") == strings.TrimPrefix(to.Hostname(), "www.") && from.Hostname() != to.Hostname():
		return "www"
	case !sameHost:
		return "host"
	}
	return "page"
}

func withoutQuery(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// whole compares where the way began with where it ended.
func (d *Doctor) whole(t *Trace, first, last *url.URL) {
	before, after := d.tracked(first), d.tracked(last)
	missing := 0
	for name, value := range before {
		if after[name] != value {
			missing++
		}
	}
	switch {
	case missing == 0 && len(t.Steps) == 1:
		t.Findings = append(t.Findings, finding(Good, "no_redirect"))
	case missing == 0:
		t.Findings = append(t.Findings, finding(Good, "all_kept", "N", strconv.Itoa(len(t.Steps)-1)))
	case missing == len(before):
		t.Findings = append(t.Findings, finding(Bad, "none_arrives"))
	}
	if len(t.Steps) > 3 {
		t.Findings = append(t.Findings, finding(Hint, "many_steps", "N", strconv.Itoa(len(t.Steps)-1)))
	}
	if resolver, err := schema.NewResolver(d.Site); err == nil && !resolver.Own(last.Hostname()) {
		t.Findings = append(t.Findings, finding(Warn, "foreign_end", "Host", last.Hostname()))
	}
}
