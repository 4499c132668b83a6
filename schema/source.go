package schema

import (
	"cmp"
	_ "embed"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

// The resolved values of a touch that came from nowhere that can be named.
const (
	SourceDirect = "(direct)"
	MediumNone   = "(none)"
)

// category says what kind of place a source is; it decides the medium of a bare referrer and, with the medium, the channel.
type category string

const (
	categorySearch   category = "search"
	categorySocial   category = "social"
	categoryVideo    category = "video"
	categoryShopping category = "shopping"
	categoryEmail    category = "email"
	categoryAI       category = "ai"
	categoryDisplay  category = "display"
	categoryIgnored  category = "ignored"
)

// mediumOf is the medium of a touch that names none.
var mediumOf = map[category]string{
	categorySearch: "organic", categorySocial: "social", categoryVideo: "video",
	categoryEmail: "email", categoryAI: "ai", categoryDisplay: "display",
}

type knownSource struct {
	name     string
	category category
}

//go:embed sources.csv
var sourcesText string

var knownSources = sync.OnceValue(func() map[string]knownSource {
	sources := map[string]knownSource{}
	for line := range strings.Lines(sourcesText) {
		cells := strings.Split(strings.TrimSpace(line), ",")
		if len(cells) == 3 && !strings.HasPrefix(line, "#") {
			sources[cells[0]] = knownSource{cells[1], category(cells[2])}
		}
	}
	return sources
})

// categoryByName answers for a canonical source name, as utm_source mostly holds.
var categoryByName = sync.OnceValue(func() map[string]category {
	names := map[string]category{}
	for _, source := range knownSources() {
		// A name may stand for several places (yandex: search and mail): search is what people mean by it.
		if now, taken := names[source.name]; !taken || source.category == categorySearch || now == "" {
			names[source.name] = source.category
		}
	}
	return names
})

// Resolver names the source, medium, campaign and channel of one site's touches. Safe for concurrent use.
type Resolver struct {
	own     map[string]bool // registrable domains of the site, or whole hosts where they have none
	ignored []string
	rules   []SourceHost
}

// NewResolver prepares the rules of a site: its own domains, its ignored referrers, its source hosts.
func NewResolver(site *Site) (*Resolver, error) {
	r := &Resolver{own: map[string]bool{}}
	for _, origin := range site.Origins {
		u, err := url.Parse(origin)
		if err != nil || u.Hostname() == "" {
			return nil, fmt.Errorf("site %s: origin %q is not a URL such as https://www.example.com", site.ID, origin)
		}
		r.own[registrable(u.Hostname())] = true
	}
	for _, domain := range site.OwnDomains {
		r.own[registrable(domain)] = true
	}
	for _, host := range site.IgnoredReferrers {
		r.ignored = append(r.ignored, cleanHost(host))
	}
	for _, rule := range site.SourceHosts {
		if rule.Host == "" || rule.Source == "" {
			return nil, fmt.Errorf("site %s: source_host needs host and source", site.ID)
		}
		rule.Host, rule.Source, rule.Medium = cleanHost(rule.Host), normalValue(rule.Source), normalValue(rule.Medium)
		if known, ok := knownSources()[rule.Source]; ok {
			rule.Source = known.name
		}
		r.rules = append(r.rules, rule)
	}
	return r, nil
}

// cleanHost is how hosts are compared: lower case, IDNA ASCII form, no trailing point, no leading www.
func cleanHost(host string) string {
	if plainHost(host) {
		return strings.TrimPrefix(host, "www.")
	}
	return cleanAnyHost(host)
}

func cleanAnyHost(host string) string {
	host = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(host), "."))
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	return strings.TrimPrefix(host, "www.")
}

// plainHost tells whether host is in its IDNA ASCII form already, as nearly all are: nothing but a-z, 0-9, single - and points,
// none of them last. IDNA (xn--) and hosts that break its rules are looked at closer.
func plainHost(host string) bool {
	for i := range len(host) {
		switch c := host[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case (c == '-' || c == '.') && i > 0 && i < len(host)-1 && host[i-1] != '-' && host[i-1] != '.':
		default:
			return false
		}
	}
	return host != ""
}

func registrable(host string) string {
	host = cleanHost(host)
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}

// Own tells whether host belongs to the site, by registrable domain.
func (r *Resolver) Own(host string) bool { return host != "" && r.own[registrable(host)] }

// Ignored tells whether host is no source although foreign: the site's own list, else payment and sign-on services.
func (r *Resolver) Ignored(host string) bool { return r.ignores(place{host: cleanHost(host)}) }

func (r *Resolver) ignores(from place) bool {
	for _, ignored := range r.ignored {
		if underHost(from.host, ignored) {
			return true
		}
	}
	source, ok := from.lookup()
	return ok && source.category == categoryIgnored
}

func underHost(host, parent string) bool {
	return host == parent || strings.HasSuffix(host, "."+parent)
}

// Resolve fills the resolved fields of a touch from its raw ones and clears a referrer that is no source. It is a pure
// function of the touch and the site's rules. Precedence: utm_source, click id, referrer; what none of them names is
// direct. See schema/README.md for the whole table.
func (r *Resolver) Resolve(t *Touch) {
	from := placeOf(t.Referrer)
	if !from.app && r.Own(from.host) || r.ignores(from) {
		t.Referrer, from = "", place{}
	}
	t.ReferrerDomain = CutText(from.host, 255)
	t.Campaign, t.Term, t.Content = normalValue(t.UTMCampaign), normalValue(t.UTMTerm), normalValue(t.UTMContent)
	if t.Direct() {
		t.Source, t.Medium, t.Channel = SourceDirect, MediumNone, ChannelDirect
		return
	}
	name, kind, medium := r.name(t, from)
	if tagged := normalValue(t.UTMMedium); tagged != "" {
		medium = tagged
	}
	t.Source, t.Medium = name, medium
	t.Channel = channelOf(name, medium, t.Campaign, kind)
}

// name says where the touch came from, and the medium to assume where no utm_medium says.
func (r *Resolver) name(t *Touch, from place) (name string, kind category, medium string) {
	click, clickMedium := clickSource(t)
	if tagged := normalValue(t.UTMSource); tagged != "" {
		name, kind, medium = r.tagged(tagged)
		if click != "" && clickMedium != "social" && sameOwner(click, name) {
			medium = clickMedium
		}
		return name, kind, medium
	}
	if from.host != "" {
		name, kind, medium = r.referrer(from)
	}
	switch {
	case click == "", clickMedium == "social" && kind == categorySocial:
		// A click id says more than a referrer, save that fbclid is put on every outgoing link, from Instagram too.
		return name, kind, medium
	case click == "yandex" && name == "yahoo":
		// Yahoo Japan calls its click id yclid too.
		click = name
	}
	return click, categoryByName()[click], clickMedium
}

// sameOwner keeps a google click id from making a newsletter's link "cpc" when somebody shared an ad's URL.
func sameOwner(click, name string) bool {
	return click == name || click == "google" && name == "youtube" || click == "facebook" && name == "instagram" || (click == "bing" || click == "yandex") && name == "yahoo"
}

func (r *Resolver) tagged(name string) (string, category, string) {
	host := strings.TrimPrefix(name, "www.")
	for _, rule := range r.rules {
		if underHost(host, rule.Host) || name == rule.Source {
			kind := categoryByName()[rule.Source]
			return rule.Source, kind, cmp.Or(rule.Medium, mediumOf[kind])
		}
	}
	if source, ok := knownSources()[host]; ok && source.category != categoryIgnored {
		return source.name, source.category, mediumOf[source.category]
	}
	kind := categoryByName()[name]
	return name, kind, mediumOf[kind]
}

func (r *Resolver) referrer(from place) (string, category, string) {
	for _, rule := range r.rules {
		if underHost(from.host, rule.Host) {
			kind := categoryByName()[rule.Source]
			return rule.Source, kind, cmp.Or(rule.Medium, mediumOf[kind], "referral")
		}
	}
	source, ok := from.lookup()
	if !ok {
		return from.host, "", "referral"
	}
	return source.name, source.category, cmp.Or(mediumOf[source.category], "referral")
}

// clickSource names the network that put a click id on the link. Networks that mark only paid clicks give cpc; dclid is of
// Google's display advertising, and gclid beside it says more (Google: "if both are there, gclid counts").
func clickSource(t *Touch) (name, medium string) {
	switch {
	case t.Gclid != "", t.Gbraid != "", t.Wbraid != "":
		return "google", "cpc"
	case t.Msclkid != "":
		return "bing", "cpc"
	case t.Ttclid != "":
		return "tiktok", "cpc"
	case t.Twclid != "":
		return "twitter", "cpc"
	case t.LiFatID != "":
		return "linkedin", "cpc"
	case t.Epik != "":
		return "pinterest", "cpc"
	case t.RdtCid != "":
		return "reddit", "cpc"
	case t.ScCid != "":
		return "snapchat", "cpc"
	case t.Yclid != "":
		return "yandex", "cpc"
	case t.Dclid != "":
		return "google", "display"
	case t.Fbclid != "":
		return "facebook", "social"
	}
	return "", ""
}

// searchLabels are the subdomains under which a search engine still is one: docs.google.com is not.
var searchLabels = map[string]bool{"m": true, "search": true, "images": true, "image": true, "video": true, "lite": true,
	"html": true, "cn": true, "int": true, "global": true, "mobile": true, "web": true, "safe": true, "r": true, "results": true}

// lookupHost finds the longest listed parent of host.
func lookupHost(host string) (knownSource, bool) {
	sources := knownSources()
	for parent := host; parent != ""; {
		if source, ok := sources[parent]; ok && (strings.Contains(parent, ".") || parent == host) {
			label, _, _ := strings.Cut(host, ".")
			below := len(host) - len(parent)
			if source.category == categorySearch && below > 0 && !(below == len(label)+1 && (len(label) == 2 || searchLabels[label])) {
				return knownSource{}, false
			}
			return source, true
		}
		_, rest, found := strings.Cut(parent, ".")
		if !found || !strings.Contains(rest, ".") {
			break
		}
		parent = rest
	}
	return knownSource{}, false
}

// place is where a referrer points: the host of a web page, or an app, whose host is its package id.
type place struct {
	host string
	app  bool
}

// placeOf reads http(s):, android-app: and ios-app: referrers; anything else is no place.
func placeOf(referrer string) place {
	u, err := url.Parse(strings.TrimSpace(referrer))
	if err != nil || u.Host == "" {
		return place{}
	}
	switch u.Scheme {
	case "http", "https":
		return place{host: cleanHost(u.Hostname())}
	case "android-app", "ios-app":
		return place{host: strings.ToLower(u.Host), app: true}
	}
	return place{}
}

// lookup finds the place in sources.csv. A package id is no host: it is listed as a whole, or unknown (app.t.me.client is
// not Telegram).
func (p place) lookup() (knownSource, bool) {
	if p.app {
		source, ok := knownSources()[p.host]
		return source, ok
	}
	return lookupHost(p.host)
}

// normalValue is how UTM values are matched: one further percent-decoding where a tool encoded twice, Unicode NFC,
// white space trimmed and folded, lower case.
func normalValue(text string) string {
	if normal(text) {
		return text
	}
	return normaliseAny(text)
}

func normaliseAny(text string) string {
	text = decodeTwice(text)
	text = norm.NFC.String(text)
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	text = CutText(strings.ToLower(text), 1024)
	if strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") {
		// "(direct)", "(unattributed)" and their like are words of the reports: nobody can tag a link with them.
		text = strings.Trim(text, "()")
	}
	return text
}

// normal tells whether normalValue would change nothing, as with nearly all values: short and of lower-case ASCII without
// blanks, escapes and brackets.
func normal(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7F || c == '%' || c == '(' || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return len(text) <= 1024
}

// decodeTwice undoes a double encoding: "spring%20sale" that came decoded once already. Text with a bare % ("50% off")
// or with escapes that are no UTF-8 stays as it is.
func decodeTwice(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	decoded, err := url.PathUnescape(text)
	if err != nil || !utf8.ValidString(decoded) {
		return text
	}
	return decoded
}
