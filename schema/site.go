package schema

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Site is one website (tenant) as the config file describes it.
type Site struct {
	ID SiteID `toml:"id"`
	// Origins are the exact origins of the site's pages, such as https://www.example.com.
	Origins []string `toml:"origins"`
	// OwnDomains are further registrable domains that belong to the site: a referrer there is no source.
	OwnDomains []string `toml:"own_domains"`
	// IgnoredReferrers are hosts that are no source although foreign: payment, single sign-on, web mail.
	IgnoredReferrers []string `toml:"ignored_referrers"`
	// Parameters are the custom URL parameters that the site's touches keep, in lower case: at most MaxParameters.
	Parameters []string `toml:"parameters"`
	// Campaigns are the registered ones; others are findings of the report tag_audit. A * at the end stands for anything. None: nobody
	// registers campaigns.
	Campaigns []string `toml:"campaigns"`
	Forms     []Form   `toml:"form"`
	// APIKeyHashes are SHA-256 in hex of the site's secret API keys.
	APIKeyHashes []string `toml:"api_key_hashes"`
	// LookbackDays bounds how old the latest known touch may be to get a lead's or a conversion's credit. 1 to 730.
	LookbackDays int `toml:"lookback_days"`
	// RetentionMonths is how long ClickHouse keeps the site's rows: whole months, at least 1, and no more than the installation's.
	RetentionMonths int `toml:"retention_months"`
	// TimeZone is the IANA zone of the site's reports.
	TimeZone string `toml:"time_zone"`
	// NoTransfer keeps submissions without visitor and touches: which source led to a form is not written down any more.
	NoTransfer bool `toml:"no_transfer"`
	// Consent has the script tag that the console shows wait for the visitor's consent.
	Consent bool `toml:"consent"`
	// DropFields switches the table of typed form fields off for this site.
	DropFields bool `toml:"drop_fields"`
	// SourceHosts names the source and medium of referrer hosts that sources.csv does not know.
	SourceHosts []SourceHost `toml:"source_host"`
	// SourceRules overrule how touches are named.
	SourceRules []SourceRule `toml:"source_rule"`
}

// OwnHosts are the registrable domains whose pages are the site's own, in lower case.
func (s *Site) OwnHosts() []string {
	var own []string
	for _, origin := range s.Origins {
		if u, err := url.Parse(origin); err == nil && u.Hostname() != "" {
			own = append(own, registrable(u.Hostname()))
		}
	}
	for _, domain := range s.OwnDomains {
		own = append(own, registrable(domain))
	}
	slices.Sort(own)
	return slices.Compact(own)
}

// RegisteredCampaigns are Campaigns in the form in which touches have them.
func (s *Site) RegisteredCampaigns() []string {
	campaigns := make([]string, len(s.Campaigns))
	for i, name := range s.Campaigns {
		campaigns[i] = normalValue(name)
	}
	return campaigns
}

// Form is one form of a site.
type Form struct {
	ID FormID `toml:"id"`
	// ThankYou is where a plain HTML form is sent on: a URL on one of the site's origins, "" for the built-in page.
	ThankYou string `toml:"thank_you"`
	// EmailField and CompanyField name the form's fields; where empty, the usual names are tried.
	EmailField   string `toml:"email_field"`
	CompanyField string `toml:"company_field"`
	// Honeypot is a field that people do not see; who fills it in is under suspicion. "" for none.
	Honeypot string `toml:"honeypot"`
	// Token says what a form without a good token (GET /f/{form}/token) is: TokenOff or "", TokenWatch, TokenRequire.
	Token string `toml:"token"`
	// TokenMinSeconds and TokenMaxMinutes bound a good token's age; 0 stands for the defaults.
	TokenMinSeconds int `toml:"token_min_seconds"`
	TokenMaxMinutes int `toml:"token_max_minutes"`
}

// What becomes of a form without a good token: nobody looks, it is kept under suspicion, it has to be sent again.
const (
	TokenOff     = "off"
	TokenWatch   = "watch"
	TokenRequire = "require"
)

// Ages of a token that a person may have: no sooner than a short form can be filled in, and a page may stay open for a day.
const (
	DefaultTokenMinSeconds = 2
	DefaultTokenMaxMinutes = 24 * 60
)

// TokenMinAge is how old a token must be.
func (f *Form) TokenMinAge() time.Duration {
	return time.Duration(cmp.Or(f.TokenMinSeconds, DefaultTokenMinSeconds)) * time.Second
}

// TokenMaxAge is how old it may be.
func (f *Form) TokenMaxAge() time.Duration {
	return time.Duration(cmp.Or(f.TokenMaxMinutes, DefaultTokenMaxMinutes)) * time.Minute
}

// SourceHost is an operator's rule: a referrer on Host (or a subdomain of it) is Source with Medium.
type SourceHost struct {
	Host   string `toml:"host"`
	Source string `toml:"source"`
	Medium string `toml:"medium"`
}

// Defaults for what a site's config leaves out.
const (
	DefaultLookbackDays = 30
	DefaultTimeZone     = "UTC"
	// DefaultRetentionMonths covers two years and the month that is running.
	DefaultRetentionMonths = 25
)

// ContactKey derives the site's key for contact ids from the installation's secret: HMAC-SHA256(secret, "contact:" id),
// so that one site's ids tell nothing about another's.
func (s *Site) ContactKey(secret []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("contact:" + string(s.ID)))
	return mac.Sum(nil)
}

// FormByID returns the site's form, false where it has none of that id.
func (s *Site) FormByID(id FormID) (Form, bool) {
	for _, form := range s.Forms {
		if form.ID == id {
			return form, true
		}
	}
	return Form{}, false
}

// HasOrigin tells whether origin is exactly one of the site's.
func (s *Site) HasOrigin(origin string) bool {
	for _, own := range s.Origins {
		if strings.EqualFold(own, origin) {
			return true
		}
	}
	return false
}

// Origin returns scheme://host[:port] of a URL, "" where it has none.
func Origin(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

// Lookback is LookbackDays as a duration.
func (s *Site) Lookback() time.Duration { return time.Duration(s.LookbackDays) * 24 * time.Hour }

var parameterName = regexp.MustCompile(`^[a-z0-9_.-]{1,64}$`)

// CheckParameter tells what is wrong with a name in Site.Parameters, nil where nothing is. Names of our own fields are
// taken: on the wire a custom parameter stands beside them.
func CheckParameter(name string) error {
	if !parameterName.MatchString(name) {
		return fmt.Errorf("%.80q is not a name of lower-case letters, digits, _, . and -, at most 64: URLs may spell it in any case", name)
	}
	taken := name == "site" || strings.HasPrefix(name, "hw_")
	for _, record := range []any{TouchRecord{}, Submission{}} {
		for _, field := range Fields(record) {
			taken = taken || field.Name == name
		}
	}
	if taken {
		return fmt.Errorf("%q is a name of Headwater's own: it is kept already, or means something else", name)
	}
	return nil
}
