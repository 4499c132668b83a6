package doctor

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/headwater/headwater/schema"
)

// action is where a form posts to, nil where that is no address.
func (v *visit) action(form *formTag) *url.URL {
	text := strings.TrimSpace(form.attributes["action"])
	if text == "" {
		return v.page.url
	}
	u, err := v.page.base.Parse(text)
	if err != nil || u.Host == "" {
		return nil
	}
	return u
}

// collects tells whether an address is the collector's /f/{form}, also under a path of the site that leads there.
func (v *visit) collects(u *url.URL) bool {
	id := formID(u)
	if id == "" {
		return false
	}
	if u.Host == v.base.Host && strings.HasPrefix(u.Path, v.base.Path+"f/") {
		return true
	}
	_, known := v.Site.FormByID(schema.FormID(id))
	return known && u.Host == v.page.url.Host
}

// formID is the last part of a path that ends in /f/{form}.
func formID(u *url.URL) string {
	parts := strings.Split(strings.TrimSuffix(u.Path, "/"), "/")
	if len(parts) < 2 || parts[len(parts)-2] != "f" {
		return ""
	}
	return parts[len(parts)-1]
}

// maxForms bounds the forms that are told apart; the rest of a page with more is of the same kind.
const maxForms = 20

func (v *visit) judgeForms() []FormResult {
	var results []FormResult
	searches := 0
	for i := range v.page.forms {
		form := &v.page.forms[i]
		if isSearch(form) {
			searches++
			continue
		}
		if len(results) == maxForms {
			break
		}
		result := FormResult{Name: cmp.Or(form.attributes["data-hw-form"], form.id, form.name, strconv.Itoa(i+1))}
		if target := v.action(form); target != nil {
			result.Action = withoutQuery(target)
		}
		result.Findings = v.judgeForm(form)
		results = append(results, result)
	}
	results = append(results, v.judgeFrames()...)
	if builder := v.builder(); builder != "" && len(v.adapters) == 0 {
		results = append(results, FormResult{Name: builder, Findings: []Finding{finding(Warn, "builder", "Service", builder)}})
	}
	if len(results) == 0 {
		results = []FormResult{{Findings: []Finding{finding(Hint, "no_forms", "Searches", strconv.Itoa(searches))}}}
	}
	return results
}

// isSearch tells whether a form only searches the site.
func isSearch(form *formTag) bool {
	if method(form) != "get" {
		return false
	}
	return strings.EqualFold(form.attributes["role"], "search") || slices.ContainsFunc(form.fields, func(f field) bool {
		return f.kind == "search" || f.name == "q" || f.name == "s" || f.name == "query" || f.name == "search"
	})
}

func method(form *formTag) string {
	if m := strings.ToLower(strings.TrimSpace(form.attributes["method"])); m == "post" || m == "dialog" {
		return m
	}
	return "get"
}

func (v *visit) judgeForm(form *formTag) []Finding {
	target := v.action(form)
	copied, asks := form.attributes["data-hw-form"]
	var findings []Finding
	switch {
	case target != nil && v.collects(target):
		findings = v.judgeDirect(form, target)
	case asks && copied != "":
		findings = v.judgeCopied(copied)
	case method(form) == "post":
		findings = append(findings, finding(Hint, "form_elsewhere", "Host", hostOf(target)))
	case asks:
		findings = append(findings, finding(Hint, "form_fields_only"))
	case slices.ContainsFunc(form.fields, isEmail):
		findings = append(findings, finding(Warn, "form_by_script"))
	default:
		findings = append(findings, finding(Hint, "form_get"))
	}
	if v.page.url.Scheme == "https" && target != nil && target.Scheme == "http" {
		findings = append(findings, finding(Bad, "form_mixed", "Action", withoutQuery(target)))
	}
	return append(findings, v.judgeHidden(form)...)
}

func hostOf(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.Host
}

// judgeDirect is for a form that posts to the collector.
func (v *visit) judgeDirect(form *formTag, target *url.URL) []Finding {
	id := formID(target)
	known, found := v.Site.FormByID(schema.FormID(id))
	if !found {
		return []Finding{finding(Bad, "form_unknown", "Form", id)}
	}
	var findings []Finding
	if method(form) != "post" {
		findings = append(findings, finding(Bad, "form_method", "Form", id))
	}
	switch enctype := strings.ToLower(form.attributes["enctype"]); {
	case enctype == "text/plain":
		findings = append(findings, finding(Bad, "form_enctype", "Form", id))
	case enctype == "multipart/form-data" && slices.ContainsFunc(form.fields, func(f field) bool { return f.kind == "file" }):
		findings = append(findings, finding(Bad, "form_file", "Form", id))
	}
	named := func(f field) bool { return f.name == known.EmailField }
	if known.EmailField == "" {
		named = isEmail
	}
	if !slices.ContainsFunc(form.fields, named) {
		findings = append(findings, finding(Warn, "form_no_email", "Form", id, "Field", cmp.Or(known.EmailField, "email")))
	}
	if known.Honeypot != "" && !slices.ContainsFunc(form.fields, func(f field) bool { return f.name == known.Honeypot }) {
		findings = append(findings, finding(Hint, "form_no_honeypot", "Form", id, "Field", known.Honeypot))
	}
	if Worst(findings) < Bad {
		findings = append([]Finding{finding(Good, "form_caught", "Form", id)}, findings...)
	}
	return findings
}

func isEmail(f field) bool {
	name := strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "").Replace(f.name))
	return f.name != "" && f.kind != "hidden" && (f.kind == "email" || strings.Contains(name, "mail") || name == "epost" || name == "courriel")
}

// judgeCopied is for a form of which the adapters send a copy.
func (v *visit) judgeCopied(id string) []Finding {
	if _, found := v.Site.FormByID(schema.FormID(id)); !found {
		return []Finding{finding(Bad, "form_unknown", "Form", id)}
	}
	if len(v.adapters) == 0 {
		return []Finding{finding(Bad, "form_needs_adapters", "Form", id)}
	}
	return []Finding{finding(Good, "form_copied", "Form", id)}
}

// judgeHidden finds hidden fields that are nearly ours: nobody fills them.
func (v *visit) judgeHidden(form *formTag) []Finding {
	var unknown []string
	for _, f := range form.fields {
		rest, ours := strings.CutPrefix(strings.ToLower(f.name), "hw_")
		if ours && !v.knownField(rest, f.name) {
			unknown = append(unknown, f.name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	return []Finding{finding(Warn, "hidden_unknown", "Names", strings.Join(unknown, ", "))}
}

func (v *visit) knownField(name, typed string) bool {
	if typed != strings.ToLower(typed) {
		return false
	}
	for _, prefix := range []string{"first_touch_", "latest_touch_"} {
		if parameter, ok := strings.CutPrefix(name, prefix); ok && slices.Contains(v.Site.Parameters, parameter) {
			return true
		}
	}
	return name == "token" || slices.ContainsFunc(schema.Fields(schema.Submission{}), func(f schema.Field) bool { return f.Name == name })
}

// services are those whose forms and calendars come in frames or by their own scripts. adapted: the adapters know them.
var services = []struct {
	name, mark string
	adapted    bool
}{
	{"Typeform", "typeform.com", true}, {"HubSpot", "hsforms.com", true}, {"HubSpot", "hsforms.net", true}, {"HubSpot", "meetings.hubspot.com", true},
	{"HubSpot", "meetings-eu1.hubspot.com", true}, {"Calendly", "calendly.com", true}, {"Cal.com", "cal.com", true},
	{"Tally", "tally.so", true}, {"Jotform", "jotform.com", true}, {"Google Forms", "docs.google.com/forms", false},
	{"Microsoft Forms", "forms.office.com", false}, {"Microsoft Forms", "forms.cloud.microsoft", false}, {"Pipedrive", "webforms.pipedrive.com", false},
	{"Salesforce", "pardot.com", false}, {"Mailchimp", "list-manage.com", false}, {"SuperOffice", "superoffice.com", false}, {"Zoho", "forms.zoho", false},
}

// judgeFrames is for forms of other services, by frames and by the services' own scripts.
func (v *visit) judgeFrames() []FormResult {
	addresses := slices.Clone(v.page.frames)
	for _, tag := range v.page.scripts {
		addresses = append(addresses, tag.url.String())
	}
	var results []FormResult
	seen := map[string]bool{}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil {
			continue
		}
		for _, service := range services {
			host, path, _ := strings.Cut(service.mark, "/")
			underHost := u.Hostname() == host || strings.HasSuffix(u.Hostname(), "."+host) || strings.HasSuffix(host, ".zoho") && strings.HasPrefix(u.Hostname(), host)
			if !underHost || !strings.HasPrefix(u.Path, "/"+path) || seen[service.name] {
				continue
			}
			seen[service.name] = true
			results = append(results, FormResult{Name: service.name, Action: withoutQuery(u), Findings: []Finding{v.judgeService(service.name, service.adapted)}})
		}
	}
	return results
}

func (v *visit) judgeService(name string, adapted bool) Finding {
	switch {
	case !adapted:
		return finding(Warn, "service_unknown", "Service", name)
	case len(v.adapters) == 0:
		return finding(Warn, "service_needs_adapters", "Service", name)
	}
	return finding(Good, "service_adapted", "Service", name)
}

// builder names the form builder of the page, by the classes that it gives its forms.
func (v *visit) builder() string {
	for _, known := range []struct{ name, class string }{
		{"Gravity Forms", "gform_wrapper"}, {"WPForms", "wpforms-form"}, {"Contact Form 7", "wpcf7"},
	} {
		if slices.ContainsFunc(v.page.classes, func(class string) bool { return slices.Contains(strings.Fields(class), known.class) }) {
			return known.name
		}
	}
	return ""
}
