package sites

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/headwater/headwater/collector/intake"
	"github.com/headwater/headwater/schema"
)

// Bounds of what may be decided.
const (
	MaxForms    = 100
	MaxHosts    = 200
	MinLookback = 1
	MaxLookback = 730
	MinMonths   = 1   // of retention
	maxField    = 128 // bytes of the name of a form's field
)

// Problem says which decision cannot be made. Setting is own_domains, ignored_referrers, lookback_days, retention_months, form_id, form_twice, no_form,
// thank_you, field, too_many or site.
type Problem struct{ Setting, Value string }

func (p *Problem) Error() string { return fmt.Sprintf("%s: %.120q cannot be", p.Setting, p.Value) }

var formID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`)

// Check tells what is wrong with the parts of a site that can be decided; nil for nothing.
func Check(site *schema.Site) error {
	for _, hosts := range []struct {
		setting string
		list    []string
	}{{"own_domains", site.OwnDomains}, {"ignored_referrers", site.IgnoredReferrers}} {
		if len(hosts.list) > MaxHosts {
			return &Problem{"too_many", hosts.setting}
		}
		for _, host := range hosts.list {
			if !isHost(host) {
				return &Problem{hosts.setting, host}
			}
		}
	}
	if site.LookbackDays < MinLookback || site.LookbackDays > MaxLookback {
		return &Problem{"lookback_days", fmt.Sprint(site.LookbackDays)}
	}
	if site.RetentionMonths < MinMonths && site.RetentionMonths != 0 { // which is the default
		return &Problem{"retention_months", fmt.Sprint(site.RetentionMonths)}
	}
	return checkForms(site)
}

// isHost tells whether text is a host name, or an address, as a URL has it.
func isHost(text string) bool {
	return text != "" && len(text) <= 253 && !strings.ContainsAny(text, "/:?#@ \"'<>\\") && strings.Trim(text, ".") == text
}

func checkForms(site *schema.Site) error {
	switch {
	case len(site.Forms) == 0:
		return &Problem{"no_form", ""}
	case len(site.Forms) > MaxForms:
		return &Problem{"too_many", "forms"}
	}
	for i, form := range site.Forms {
		switch {
		case !formID.MatchString(string(form.ID)):
			return &Problem{"form_id", string(form.ID)}
		case slices.ContainsFunc(site.Forms[:i], func(other schema.Form) bool { return other.ID == form.ID }):
			return &Problem{"form_twice", string(form.ID)}
		}
		if _, ok := intake.RedirectTarget(form.ThankYou, site); form.ThankYou != "" && !ok {
			return &Problem{"thank_you", form.ThankYou}
		}
		for _, field := range []string{form.EmailField, form.CompanyField} {
			if len(field) > maxField || strings.HasPrefix(strings.ToLower(field), "hw_") {
				return &Problem{"field", field}
			}
		}
	}
	return nil
}
