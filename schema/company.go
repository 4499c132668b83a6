package schema

import (
	_ "embed"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"
)

// CompanyID keys a contact's organisation within a site: "crm:<id>", else "domain:<registrable e-mail domain>"
// (free-mail domains never), else "name:<normalised name>".
type CompanyID string

// Company is an organisation that the CRM knew already (an import): a row of table companies.
//
// Domain and NameKey say which submissions belong to it: a submission only knows an e-mail and a typed name.
type Company struct {
	SiteID    SiteID    `json:"site_id" ch:"site_id" by:"server"`
	ImportID  string    `json:"import_id" ch:"import_id" by:"server"`
	CompanyID CompanyID `json:"company_id" ch:"company_id" by:"server"`
	CRMID     string    `json:"crm_id,omitempty" ch:"crm_id" max:"128" by:"crm"`
	Name      string    `json:"name,omitempty" ch:"name" max:"256" by:"crm"`
	NameKey   string    `json:"name_key,omitempty" ch:"name_key" max:"256" by:"server"`
	Domain    string    `json:"domain,omitempty" ch:"domain" max:"255" by:"crm"`
	// CreatedAt is when the CRM created the company; where it does not say, when the import was received.
	CreatedAt  time.Time `json:"created_at" ch:"created_at" by:"crm"`
	ReceivedAt time.Time `json:"received_at" ch:"received_at" by:"server"`
}

//go:embed freemail.txt
var freeMailText string

var freeMail = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(freeMailText) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			set[line] = true
		}
	}
	return set
})

// CompanyDomain returns the registrable domain that an organisation would own, or "" for free-mail hosts and for
// what is no domain. The host may come from an e-mail address or from a website field of the CRM.
func CompanyDomain(host string) string {
	host = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(host)), ".")
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil || freeMail()[host] || freeMail()[domain] {
		return ""
	}
	return domain
}

// NormaliseCompanyName folds case, Unicode form, punctuation and repeated spaces, so that "ACME, Inc." and "Acme Inc"
// are one company. Legal forms stay: "Acme Ltd" and "Acme GmbH" may be two.
func NormaliseCompanyName(name string) string {
	var b strings.Builder
	space := false
	for _, r := range strings.ToLower(norm.NFKC.String(name)) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), unicode.IsSymbol(r) && r != '`':
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(r)
		case unicode.IsSpace(r), r == '-', r == '/', r == '_':
			space = true
		}
	}
	return b.String()
}

// NewCompanyID returns the key of the company that is known by any of these, "" where it is known by none.
func NewCompanyID(crmID, domain, name string) CompanyID {
	if crmID = strings.TrimSpace(crmID); crmID != "" {
		return CompanyID("crm:" + crmID)
	}
	if domain = CompanyDomain(domain); domain != "" {
		return CompanyID("domain:" + domain)
	}
	if key := NormaliseCompanyName(name); key != "" {
		return CompanyID("name:" + key)
	}
	return ""
}
