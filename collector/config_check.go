package main

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/headwater/headwater/collector/intake"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/collector/visitors"
	"github.com/headwater/headwater/schema"
)

// minSecret is how long the secret must be, in bytes: contact ids are only as safe as it is.
const minSecret = 32

// maxLimit bounds limit_touches and its like, a minute: ten times as many still fit into what is counted with.
const maxLimit = 1_000_000_000

var (
	siteIDText = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	formIDText = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`)
)

// check finds everything that is wrong, not only the first.
func (l *loaded) check() {
	l.checkListeners()
	l.checkServers()
	l.checkNumbers()
	if len(l.Secret) < minSecret {
		l.wrongKey("secret", "must be at least %d characters that nobody can guess; `headwater key` makes one. Keep it: contact ids depend on it", minSecret)
	}
	for i, text := range l.TrustedProxies {
		if _, err := parseProxy(text); err != nil {
			l.wrongKey("trusted_proxies", "%q (number %d) is neither an address nor a range such as 10.0.0.0/8", text, i+1)
		}
	}
	l.checkUserHeader()
	if l.ReferrerSpamFile != "" {
		if _, err := intake.ReadSpamHosts(l.ReferrerSpamFile); err != nil {
			l.wrongKey("referrer_spam_file", "%v", err)
		}
	}
	if _, err := l.sources(); err != nil {
		l.wrongKey("sources_file", "%v", err)
	}
	if _, err := logLevel(l.LogLevel); err != nil {
		l.wrongKey("log_level", "%q is none of debug, info, warn, error", l.LogLevel)
	}
	if l.LogFormat != "text" && l.LogFormat != "json" {
		l.wrongKey("log_format", "%q is neither text nor json", l.LogFormat)
	}
	l.checkSites()
}

var headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// checkUserHeader looks at what lets people into the console without a password.
func (l *loaded) checkUserHeader() {
	switch name := http.CanonicalHeaderKey(l.UserHeader); {
	case name == "":
	case !headerName.MatchString(name):
		l.wrongKey("user_header", "%q is no name of a header such as X-Auth-Request-Email", l.UserHeader)
	case slices.Contains([]string{"Cookie", "Host", "Origin", "Referer", "User-Agent", "Authorization", "From", "X-Forwarded-For"}, name):
		l.wrongKey("user_header", "%q is a header that any browser sends: take one that your proxy sets, and takes off what comes in", l.UserHeader)
	case len(l.TrustedProxies) == 0:
		l.wrongKey("user_header", "nobody is believed about it: name your proxy in trusted_proxies")
	}
	if u, err := url.Parse(l.SignOutURL); l.SignOutURL != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http") {
		l.wrongKey("sign_out_url", "%q is not a URL such as https://auth.example.com/sign_out", l.SignOutURL)
	}
}

func (l *loaded) checkListeners() {
	for _, listener := range [][2]string{{"listen", l.Listen}, {"private_listen", l.PrivateListen}} {
		if _, _, err := net.SplitHostPort(listener[1]); err != nil {
			l.wrongKey(listener[0], "%q is not an address such as :8080 or 127.0.0.1:8080", listener[1])
		}
	}
	if l.Listen == l.PrivateListen && !strings.HasSuffix(l.Listen, ":0") {
		l.wrongKey("private_listen", "is the same address as listen; metrics must not be public, so give it one of its own")
	}
	if l.PublicURL != "" && (schema.Origin(l.PublicURL) == "" || strings.ContainsAny(l.PublicURL, "?#")) {
		l.wrongKey("public_url", "%q is not a URL such as https://t.example.com", l.PublicURL)
	}
}

func (l *loaded) checkServers() {
	if err := store.CheckDSN(l.ClickHouseDSN); err != nil {
		l.wrongKey("clickhouse_dsn", "%v", err)
	}
	if err := visitors.Check(l.RedisURL); err != nil {
		l.wrongKey("redis_url", "%v", err)
	}
	if l.SpoolDir == "" {
		l.wrongKey("spool_dir", "must name a folder on a local disk")
	}
}

func (l *loaded) checkNumbers() {
	for _, number := range []struct {
		key             string
		value, min, max int64
		unit            string
	}{
		{"retention_months", int64(l.RetentionMonths), 1, 600, "months"},
		{"spool_max_bytes", l.SpoolMaxBytes, 64 << 20, 1 << 50, "bytes"},
		{"spool_seal_ms", int64(l.SpoolSealMS), 10, 10_000, "milliseconds"},
		{"spool_replay_hours", int64(l.SpoolReplayHours), 0, 24 * 30, "hours"},
		{"set_aside_days", int64(l.SetAsideDays), 0, 3660, "days"},
		{"limit_touches", int64(l.LimitTouches), 0, maxLimit, "a minute (0: no limit)"},
		{"limit_submissions", int64(l.LimitSubmissions), 0, maxLimit, "a minute (0: no limit)"},
		{"limit_site_touches", int64(l.LimitSiteTouches), 0, maxLimit, "a minute (0: no limit)"},
		{"limit_site_submissions", int64(l.LimitSiteSubmissions), 0, maxLimit, "a minute (0: no limit)"},
	} {
		if number.value < number.min || number.value > number.max {
			l.wrongKey(number.key, "%d is not between %d and %d %s", number.value, number.min, number.max, number.unit)
		}
	}
}

func (l *loaded) checkSites() {
	if len(l.Sites) == 0 {
		l.wrong(l.path, "there is no site: add [[site]] with id, origins and at least one [[site.form]]")
	}
	ids, hashes := map[schema.SiteID]bool{}, map[string]schema.SiteID{}
	for i := range l.Sites {
		site, at := &l.Sites[i], fmt.Sprintf("site[%d]", i)
		if !siteIDText.MatchString(string(site.ID)) {
			l.wrongKey(at+".id", "%q is not an id of lower-case letters, digits, - and _, at most 64", site.ID)
		} else if ids[site.ID] {
			l.wrongKey(at+".id", "%q is the id of another site too", site.ID)
		}
		ids[site.ID] = true
		l.checkHosts(site, at)
		l.checkSourceRules(site, at)
		l.checkParameters(site, at)
		l.checkCampaigns(site, at)
		l.checkForms(site, at)
		l.checkKeys(site, at, hashes)
		if site.LookbackDays < 1 || site.LookbackDays > 730 {
			l.wrongKey(at+".lookback_days", "%d is not between 1 and 730", site.LookbackDays)
		}
		if l.RetentionMonths >= 1 && (site.RetentionMonths < 1 || site.RetentionMonths > l.RetentionMonths) {
			l.wrongKey(at+".retention_months", "%d is not between 1 and the installation's %d", site.RetentionMonths, l.RetentionMonths)
		}
		if _, err := time.LoadLocation(site.TimeZone); err != nil || site.TimeZone == "Local" {
			l.wrongKey(at+".time_zone", "%q is not a zone such as Europe/Oslo", site.TimeZone)
		}
	}
}

func (l *loaded) checkHosts(site *schema.Site, at string) {
	if len(site.Origins) == 0 {
		l.wrongKey(at+".origins", "is empty: name the origins of the site's pages, such as https://www.example.com")
	}
	for _, origin := range site.Origins {
		if !isOrigin(origin) {
			l.wrongKey(at+".origins", "%q is not an origin as browsers send it: https://host or https://host:port in lower case ASCII, without a path and without the default port", origin)
		}
	}
	for _, host := range site.OwnDomains {
		if !isHost(host) {
			l.wrongKey(at+".own_domains", "%q is not a host name such as example.com", host)
		}
	}
	for _, host := range site.IgnoredReferrers {
		if !isHost(host) {
			l.wrongKey(at+".ignored_referrers", "%q is not a host name such as example.com", host)
		}
	}
	for i, rule := range site.SourceHosts {
		where := fmt.Sprintf("%s.source_host[%d]", at, i)
		if !isHost(rule.Host) {
			l.wrongKey(where+".host", "%q is not a host name such as example.com", rule.Host)
		}
		if strings.TrimSpace(rule.Source) == "" {
			l.wrongKey(where+".source", "is empty: say what the source is to be called")
		}
	}
}

func (l *loaded) checkSourceRules(site *schema.Site, at string) {
	for i := range site.SourceRules {
		if err := site.SourceRules[i].Check(); err != nil {
			l.wrongKey(fmt.Sprintf("%s.source_rule[%d]", at, i), "%v", err)
		}
	}
}

// maxCampaigns is how many registered campaigns go into a query.
const maxCampaigns = 1000

func (l *loaded) checkCampaigns(site *schema.Site, at string) {
	if len(site.Campaigns) > maxCampaigns {
		l.wrongKey(at+".campaigns", "names %d campaigns: at most %d are compared; a * at the end of one stands for many", len(site.Campaigns), maxCampaigns)
	}
	for i, name := range site.RegisteredCampaigns() {
		if known := strings.TrimSuffix(name, "*"); known == "" || len(name) > 256 || strings.Contains(known, "*") {
			l.wrongKey(at+".campaigns", "%.80q is no campaign: put the text of utm_campaign there, with a * at its end where more may follow", site.Campaigns[i])
		}
	}
}

func (l *loaded) checkParameters(site *schema.Site, at string) {
	if len(site.Parameters) > schema.MaxParameters {
		l.wrongKey(at+".parameters", "names %d parameters: a touch keeps at most %d", len(site.Parameters), schema.MaxParameters)
	}
	for i, name := range site.Parameters {
		if err := schema.CheckParameter(name); err != nil {
			l.wrongKey(at+".parameters", "%v", err)
		} else if slices.Contains(site.Parameters[:i], name) {
			l.wrongKey(at+".parameters", "%q stands there twice", name)
		}
	}
}

func (l *loaded) checkForms(site *schema.Site, at string) {
	if len(site.Forms) == 0 {
		l.wrongKey(at, "the site %q has no form: add [[site.form]] with an id", site.ID)
	}
	ids := map[schema.FormID]bool{}
	for i, form := range site.Forms {
		where := fmt.Sprintf("%s.form[%d]", at, i)
		if !formIDText.MatchString(string(form.ID)) {
			l.wrongKey(where+".id", "%q is not an id of letters, digits, - and _, at most 128", form.ID)
		} else if ids[form.ID] {
			l.wrongKey(where+".id", "%q is the id of another form of this site too", form.ID)
		}
		ids[form.ID] = true
		if _, ok := intake.RedirectTarget(form.ThankYou, site); form.ThankYou != "" && !ok {
			l.wrongKey(where+".thank_you", "%q is not a page on one of the site's origins (with https, or on localhost)", form.ThankYou)
		}
		l.checkDefence(form, where)
	}
}

// checkDefence looks at what tells people from programs.
func (l *loaded) checkDefence(form schema.Form, where string) {
	trap := strings.ToLower(form.Honeypot)
	switch {
	case trap == "":
	case strings.HasPrefix(trap, "hw_") || trap == "_next":
		l.wrongKey(where+".honeypot", "%q is a field of Headwater's own", form.Honeypot)
	case strings.EqualFold(trap, form.EmailField), strings.EqualFold(trap, form.CompanyField):
		l.wrongKey(where+".honeypot", "%q is a field that people fill in", form.Honeypot)
	}
	if !slices.Contains([]string{"", schema.TokenOff, schema.TokenWatch, schema.TokenRequire}, form.Token) {
		l.wrongKey(where+".token", "%q is none of off, watch, require", form.Token)
	}
	if form.TokenMinSeconds < 0 || form.TokenMinSeconds > 60 {
		l.wrongKey(where+".token_min_seconds", "%d is not between 0 (the default) and 60", form.TokenMinSeconds)
	}
	if form.TokenMaxMinutes < 0 || form.TokenMaxMinutes > 7*24*60 {
		l.wrongKey(where+".token_max_minutes", "%d is not between 0 (the default) and 10080, a week", form.TokenMaxMinutes)
	} else if form.TokenMaxAge() <= form.TokenMinAge() {
		l.wrongKey(where+".token_max_minutes", "no token can be older than %s and younger than %s", form.TokenMinAge(), form.TokenMaxAge())
	}
}

func (l *loaded) checkKeys(site *schema.Site, at string, owners map[string]schema.SiteID) {
	for _, hash := range site.APIKeyHashes {
		hash = strings.ToLower(strings.TrimSpace(hash))
		if decoded, err := hex.DecodeString(hash); err != nil || len(decoded) != 32 {
			// It may be the key itself: it is not repeated.
			l.wrongKey(at+".api_key_hashes", "one is not a SHA-256 in hex (64 digits): put the hash here that `headwater key` prints, never the key")
		} else if owner, taken := owners[hash]; taken && owner != site.ID {
			l.wrongKey(at+".api_key_hashes", "one is also a key of site %q: a key belongs to one site", owner)
		}
		owners[hash] = site.ID
	}
}

func isOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || text != schema.Origin(text) {
		return false
	}
	defaultPort := u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80"
	return !defaultPort && !strings.ContainsFunc(text, func(r rune) bool { return r > '~' })
}

func isHost(text string) bool {
	return text != "" && !strings.ContainsAny(text, "/:?#@ ") && strings.Trim(text, ".") == text
}

// parseProxy reads an address or a range of addresses.
func parseProxy(text string) (*net.IPNet, error) {
	text = strings.TrimSpace(text)
	if address, err := netip.ParseAddr(text); err == nil {
		text = netip.PrefixFrom(address, address.BitLen()).String()
	}
	_, network, err := net.ParseCIDR(text)
	return network, err
}
