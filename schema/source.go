package schema

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// The resolved values of a touch that came from nowhere that can be named.
const (
	SourceDirect = "(direct)"
	MediumNone   = "(none)"
)

// Resolver names the source, medium, campaign and channel of one site's touches. Safe for concurrent use.
type Resolver struct {
	sources *Sources
	own     map[string]bool // registrable domains of the site, or whole hosts where they have none
	ignored []string
	hosts   []*siteRule // SourceHosts: they name a source where the touch says none otherwise
	rules   []*siteRule // SourceRules: they overrule
}

// NewResolver prepares the rules of a site: its own domains, its ignored referrers, its own rules, and the built-in sources.
func NewResolver(site *Site) (*Resolver, error) { return NewResolverWith(site, BuiltInSources()) }

// NewResolverWith is NewResolver with a list of sources of the operator's own.
func NewResolverWith(site *Site, sources *Sources) (*Resolver, error) {
	r := &Resolver{sources: sources, own: map[string]bool{}}
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
	for _, named := range site.SourceHosts {
		if named.Host == "" || named.Source == "" {
			return nil, fmt.Errorf("site %s: source_host needs host and source", site.ID)
		}
		rule, err := newSiteRule(SourceRule{Host: named.Host, Source: named.Source, Medium: named.Medium}, sources)
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", site.ID, err)
		}
		r.hosts = append(r.hosts, rule)
	}
	for _, given := range site.SourceRules {
		rule, err := newSiteRule(given, sources)
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", site.ID, err)
		}
		r.rules = append(r.rules, rule)
	}
	return r, nil
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
	known, ok := r.sources.at(from)
	return ok && known.ignored
}

// ownPage tells whether the referrer is of the site itself: on one of its domains, or on that of the page which it led to.
func (r *Resolver) ownPage(host, landingPage string) bool {
	domain := registrable(host)
	if r.own[domain] {
		return true
	}
	return strings.Contains(landingPage, domain) && registrable(placeOf(landingPage).host) == domain
}

// Classification is what a touch is called, and why.
type Classification struct {
	Source, Medium, Campaign, Term, Content string
	Channel                                 Channel
	Rule                                    string // see rule.go
	Referrer                                string // as it was; "" where it is no source, save that of a tag: it says that the link is the site's own
	ReferrerDomain                          string
}

// Classify names a touch from its raw values: a pure function of them, of the app whose browser sent it (AppOf; "" for none or
// for a touch that was stored), and of the site's rules. Precedence: the site's source rules, utm_source, click id, referrer,
// app; what none of them names is direct. README.md has the whole table.
func (r *Resolver) Classify(t *Touch, app string) Classification {
	from, rule := r.foreign(t)
	c := Classification{
		Campaign: normalValue(t.UTMCampaign), Term: normalValue(t.UTMTerm), Content: normalValue(t.UTMContent),
		ReferrerDomain: CutText(from.host, 255),
	}
	if from.host == "" && !t.Tagged() {
		r.nameNothing(&c, rule, app)
		return c
	}
	c.Referrer = t.Referrer
	n := r.name(t, from)
	medium := normalValue(t.UTMMedium)
	said := tags{source: n.source, medium: cmp.Or(medium, n.medium), campaign: c.Campaign, kind: n.kind}
	said.adClick = n.click != clickNone && clickNetworks[n.click].onlySearchAds
	for _, own := range r.rules {
		if own.fits(from, normalValue(t.UTMSource), medium, c.Campaign, t) {
			own.overrule(&c, said)
			return c
		}
	}
	c.set(&said)
	chosen := said.channel()
	c.Channel = channelRules[chosen].channel
	if n.siteRule != nil {
		c.Rule = n.siteRule.texts[chosen]
	} else {
		c.Rule = ruleTexts()[n.rule][n.click][chosen]
	}
	return c
}

func (c *Classification) set(said *tags) { c.Source, c.Medium = said.source, said.medium }

// foreign returns where the touch came from, no place where that is no source, and what to say then.
func (r *Resolver) foreign(t *Touch) (place, sourceRule) {
	if t.Referrer == "" {
		return place{}, sourceNothing
	}
	from := placeOf(t.Referrer)
	switch {
	case from.host == "":
		return place{}, sourceUnreadable
	case !from.app && r.ownPage(from.host, t.LandingPage):
		return place{}, sourceOwnDomain
	case r.ignores(from):
		return place{}, sourceIgnored
	}
	return from, sourceNothing
}

// nameNothing names a touch that says nothing. The app counts only where there was not even a referrer that counts for nothing.
func (r *Resolver) nameNothing(c *Classification, rule sourceRule, app string) {
	if app == "" || rule != sourceNothing {
		c.Source, c.Medium, c.Channel = SourceDirect, MediumNone, ChannelDirect
		c.Rule = ruleTexts()[rule][clickNone][channelByDirect]
		return
	}
	said := tags{source: app, medium: MediumInApp, campaign: c.Campaign, kind: r.sources.kind(app)}
	chosen := said.channel()
	c.set(&said)
	c.Channel, c.Rule = channelRules[chosen].channel, ruleTexts()[sourceInApp][clickNone][chosen]
}

// overrule puts in what a site's rule says, and leaves the rest as it was found.
func (s *siteRule) overrule(c *Classification, said tags) {
	if s.Source != "" {
		said.source, said.kind = s.Source, s.kind
	}
	said.medium = cmp.Or(s.Medium, said.medium)
	chosen := said.channel()
	c.set(&said)
	c.Channel = channelRules[chosen].channel
	if s.Channel != "" {
		c.Channel, chosen = s.Channel, channelBySiteRule
	}
	c.Rule = s.texts[chosen]
}

// naming is where a touch came from, and the medium to assume where no utm_medium says.
type naming struct {
	source   string
	medium   string
	kind     category
	rule     sourceRule
	click    clickID   // that had a part in it
	siteRule *siteRule // likewise
}

func (r *Resolver) name(t *Touch, from place) naming {
	click := clickOf(t)
	if tagged := normalValue(t.UTMSource); tagged != "" {
		n := r.tagged(tagged)
		if click != clickNone && click != clickFbclid && click.sameOwner(n.source) {
			n.medium, n.click = clickNetworks[click].medium, click
		}
		return n
	}
	n := naming{rule: sourceUnnamed}
	if from.host != "" {
		n = r.referrer(from)
	}
	switch {
	case click == clickNone, click == clickFbclid && n.kind == categorySocial:
		// A click id says more than a referrer, save that fbclid is put on every outgoing link, from Instagram too.
		return n
	case n.source == "youtube" && click.sameOwner(n.source), n.source == "yahoo" && click == clickYclid:
		// Google's ads are on YouTube too, and Yahoo Japan calls its click id yclid.
		n.medium, n.click = clickNetworks[click].medium, click
		return n
	}
	network := &clickNetworks[click]
	named := naming{source: network.source, medium: network.medium, kind: r.sources.kind(network.source), rule: sourceClick, click: click}
	if n.kind == categoryDisplay && network.source == "google" {
		named.medium = "display" // an ad of Google's on somebody's page, in a frame of the ad server's
	}
	return named
}

// tagged names what utm_source says.
func (r *Resolver) tagged(name string) naming {
	host := strings.TrimPrefix(name, "www.")
	for _, rule := range r.hosts {
		if underHost(host, rule.Host) || name == rule.Source {
			return naming{source: rule.Source, medium: cmp.Or(rule.Medium, rule.kind.medium()), kind: rule.kind, siteRule: rule}
		}
	}
	if known, ok := r.sources.tagged(name); ok && !(known.ignored && known.category == "") {
		return naming{source: known.name, medium: known.medium(), kind: known.category, rule: sourceUTMAlias}
	}
	if kind := r.sources.kind(name); kind != "" {
		return naming{source: name, medium: kind.medium(), kind: kind, rule: sourceUTMAlias}
	}
	return naming{source: name, rule: sourceUTM}
}

// referrer names the place that a referrer points to.
func (r *Resolver) referrer(from place) naming {
	for _, rule := range r.hosts {
		if underHost(from.host, rule.Host) {
			return naming{source: rule.Source, medium: cmp.Or(rule.Medium, rule.kind.medium(), "referral"), kind: rule.kind, siteRule: rule}
		}
	}
	known, ok := r.sources.at(from)
	switch {
	case !ok && from.app:
		return naming{source: from.host, medium: "referral", rule: sourceReferrerApp}
	case !ok:
		return naming{source: from.host, medium: "referral", rule: sourceReferrerHost}
	case from.app:
		return naming{source: known.name, medium: cmp.Or(known.medium(), "referral"), kind: known.category, rule: sourceReferrerApp}
	}
	return naming{source: known.name, medium: cmp.Or(known.medium(), "referral"), kind: known.category, rule: sourceReferrerList}
}

// Resolve fills the resolved fields of a touch from its raw ones and clears a referrer that is no source.
func (r *Resolver) Resolve(t *Touch) { t.apply(r.Classify(t, "")) }

func (t *Touch) apply(c Classification) {
	t.Source, t.Medium, t.Campaign, t.Term, t.Content = c.Source, c.Medium, c.Campaign, c.Term, c.Content
	t.Channel, t.Rule, t.Referrer, t.ReferrerDomain = c.Channel, c.Rule, c.Referrer, c.ReferrerDomain
}

// Fingerprint tells sets of rules apart: of two resolvers with the same one every touch gets the same name.
func (r *Resolver) Fingerprint() string {
	sum := sha256.New()
	fmt.Fprintln(sum, rulesVersion, r.sources.fingerprint, slices.Sorted(maps.Keys(r.own)), r.ignored)
	for _, rule := range slices.Concat(r.hosts, r.rules) {
		fmt.Fprintf(sum, "%+v\n", rule.SourceRule)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// rulesVersion goes up with each change of what Classify does.
const rulesVersion = 1
