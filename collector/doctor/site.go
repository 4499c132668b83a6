package doctor

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/headwater/headwater/schema"
)

// judgeSite compares the page with the site's config, and gives hints about privacy.
func (v *visit) judgeSite() []Finding {
	var findings []Finding
	origin := v.page.url.Scheme + "://" + v.page.url.Host
	if !v.Site.HasOrigin(origin) {
		findings = append(findings, finding(Warn, "origin_missing", "Origin", origin))
	}
	if v.page.url.Scheme == "http" && v.base.Scheme == "https" {
		findings = append(findings, finding(Warn, "page_http"))
	}
	if v.page.url.Scheme == "https" && v.base.Scheme == "http" {
		findings = append(findings, finding(Bad, "collector_http", "URL", v.base.String()))
	}
	findings = append(findings, v.judgeDomains()...)
	if platform := v.consentPlatform(); platform != "" && len(v.core) > 0 && v.core[0].attributes["data-consent"] == "" {
		findings = append(findings, finding(Hint, "consent", "Platform", platform))
	}
	return findings
}

// maxDomains bounds the domains that one finding names.
const maxDomains = 5

// ways on which people leave a site for another of the same company: only then a domain is worth a word.
var ownWords = []string{"shop", "app", "login", "account", "book", "portal", "checkout", "order", "bestel", "winkel"}

// judgeDomains finds links to other domains that bear the company's name and are none of the site's: visitors who come back from
// there would seem to be referred by them.
func (v *visit) judgeDomains() []Finding {
	resolver, err := schema.NewResolver(v.Site)
	if err != nil {
		return nil
	}
	name := label(v.page.url.Hostname())
	var found []string
	for _, href := range v.page.links {
		u, err := v.page.base.Parse(href)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || resolver.Own(u.Hostname()) {
			continue
		}
		domain, err := publicsuffix.EffectiveTLDPlusOne(u.Hostname())
		if err != nil || slices.Contains(found, domain) || len(name) < 3 || !bears(label(domain), name) {
			continue
		}
		found = append(found, domain)
	}
	if len(found) == 0 {
		return nil
	}
	return []Finding{finding(Warn, "own_domain_missing", "Domains", strings.Join(found[:min(len(found), maxDomains)], ", "))}
}

// label is the part of a domain that is a name: acme of www.acme.co.uk.
func label(host string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(domain, ".")
	return name
}

// bears tells whether a domain's name is the company's, alone or with a word for what is there: acme, acme-shop, myacme.
func bears(other, name string) bool {
	if other == name {
		return true
	}
	rest := strings.Trim(strings.Replace(other, name, "", 1), "-")
	return strings.Contains(other, name) && (rest == "my" || rest == "get" || slices.Contains(ownWords, rest))
}

var platforms = []struct{ name, mark string }{
	{"Cookiebot", "cookiebot.com"}, {"OneTrust", "cookielaw.org"}, {"OneTrust", "onetrust.com"}, {"Usercentrics", "usercentrics.eu"}, {"Didomi", "didomi.io"},
	{"CookieYes", "cookieyes.com"}, {"iubenda", "iubenda.com"}, {"Cookie Information", "cookieinformation.com"}, {"Complianz", "complianz"}, {"Borlabs Cookie", "borlabs-cookie"},
}

// consentPlatform names the consent platform of the page.
func (v *visit) consentPlatform() string {
	for _, tag := range v.page.scripts {
		for _, platform := range platforms {
			if isUnder(tag.url, platform.mark) {
				return platform.name
			}
		}
	}
	return ""
}

func isUnder(u *url.URL, mark string) bool {
	if strings.Contains(mark, ".") {
		return u.Hostname() == mark || strings.HasSuffix(u.Hostname(), "."+mark)
	}
	return strings.Contains(u.Path, mark)
}
