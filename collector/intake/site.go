package intake

import (
	"strings"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// findSite takes the site that the sender names, else the one that owns the page, else the only one there is.
func (a *arrival) findSite() error {
	a.site = a.chooseSite()
	if a.site == nil {
		if id := a.namedSite(); id != "" {
			return rejection.New(rejection.UnknownSite, "There is no site %.64q here: use the id of a [[site]] in the collector's config.", id)
		}
		return rejection.New(rejection.UnknownSite, "It is not clear which site this is for: send site_id (a form: the hidden field hw_site_id), add ?site= to the address, or add the page's origin to the site's origins in the collector's config.")
	}
	a.in.allowOrigin(a.c, a.site)
	return nil
}

func (a *arrival) namedSite() string {
	if a.raw.siteID != "" {
		return strings.TrimSpace(a.raw.siteID)
	}
	return strings.TrimSpace(a.query.get("site"))
}

func (a *arrival) chooseSite() *tenant {
	if id := a.namedSite(); id != "" {
		for _, site := range a.in.tenants() {
			if string(site.ID) == id {
				return site
			}
		}
		return nil
	}
	form := a.formID()
	for _, origin := range a.pageOrigins() {
		if site := only(a.in.tenants(), func(t *tenant) bool { return t.HasOrigin(origin) }, form); site != nil {
			return site
		}
	}
	return only(a.in.tenants(), func(*tenant) bool { return true }, form)
}

// only returns the one site that fits, or of several the only one that has the form.
func only(sites []*tenant, fits func(*tenant) bool, form schema.FormID) *tenant {
	var fit, withForm []*tenant
	for _, site := range sites {
		if !fits(site) {
			continue
		}
		fit = append(fit, site)
		if _, ok := site.FormByID(form); ok && form != "" {
			withForm = append(withForm, site)
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0]
	case len(withForm) == 1:
		return withForm[0]
	}
	return nil
}

// pageOrigins are the origins that the browser says the page is on.
func (a *arrival) pageOrigins() []string {
	var origins []string
	for _, text := range []string{a.c.Request().Header.Get("Origin"), a.c.Request().Referer()} {
		if origin := schema.Origin(text); origin != "" {
			origins = append(origins, origin)
		}
	}
	return origins
}

func (a *arrival) formID() schema.FormID { return schema.FormID(a.c.Param("form")) }

func (a *arrival) findForm() error {
	form, ok := a.site.FormByID(a.formID())
	if !ok {
		return rejection.New(rejection.UnknownForm, "The site %s has no form %.64q: add it as [[site.form]] to the collector's config, or correct the form's address.", a.site.ID, a.formID())
	}
	a.form = form
	return nil
}

// ownReferer is the address of the page that sent this, if it is a page of the site; "" otherwise.
func (a *arrival) ownReferer() string {
	referer := a.c.Request().Referer()
	if origin := schema.Origin(referer); origin != "" && a.site.HasOrigin(origin) {
		return referer
	}
	return ""
}
