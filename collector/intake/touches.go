package intake

import (
	"strings"

	"github.com/headwater/headwater/schema"
)

// attachTouches puts the visitor's first touch and latest touch on the submission: those the snippet attached, else
// one made from the UTMs that the form, its address or its page carries.
func (a *arrival) attachTouches() error {
	if a.site.NoTransfer {
		return nil
	}
	first, latest := &a.raw.first, &a.raw.latest
	hasFirst, hasLatest := !first.empty(), !latest.empty()
	for _, attached := range []struct {
		raw  *rawTouch
		has  bool
		name string
	}{{first, hasFirst, "first"}, {latest, hasLatest, "latest"}} {
		if !attached.has {
			continue
		}
		if err := a.attach(attached.raw, attached.name); err != nil {
			return err
		}
	}
	if !hasLatest {
		if bare, ok := a.bareTouch(); ok {
			latest.Touch, hasLatest, a.bare = bare, true, true
		}
	}
	// Whoever knows one touch only knows the visitor's first and latest.
	switch {
	case hasFirst && !hasLatest:
		latest.Touch = first.Touch
	case hasLatest && !hasFirst:
		first.Touch = latest.Touch
	}
	if hasFirst && hasLatest && first.OccurredAt.After(latest.OccurredAt) {
		// It came without a time, or the browser's clock was set back in between.
		first.OccurredAt = latest.OccurredAt
	}
	a.submission.FirstTouch, a.submission.LatestTouch = first.Touch, latest.Touch
	return nil
}

func (a *arrival) attach(raw *rawTouch, name string) error {
	if err := a.identifyAttached(raw, name); err != nil {
		return err
	}
	at, err := parseMoment(name+"_touch.occurred_at", raw.at)
	if err != nil && !a.raw.form {
		return err
	}
	if at.IsZero() {
		at = momentOf(raw.id)
	}
	raw.OccurredAt = a.clampAttached(at)
	a.readLandingPage(&raw.Touch)
	return nil
}

// bareTouch makes a touch, now, from UTMs and click ids among the form's own fields, else in the address that the form
// was sent to, else in the address of the site's page that it was sent from. Custom parameters come from these addresses
// only: a field of such a name is the person's own.
func (a *arrival) bareTouch() (schema.Touch, bool) {
	page := a.ownReferer()
	t := schema.Touch{
		TouchID:     derivedTouchID(a.submission.SubmissionID, "latest"),
		OccurredAt:  a.submission.OccurredAt,
		LandingPage: withoutLink(page),
	}
	ofPage := urlParams(page)
	found := fillTouch(&t, a.raw.fields) || fillTouch(&t, a.query) || fillTouch(&t, ofPage)
	fillParameters(&t, a.query, a.site.Parameters)
	fillParameters(&t, ofPage, a.site.Parameters)
	return t, found || len(t.Parameters) > 0
}

// readLandingPage fills a touch that names no UTM and no click id, or no custom parameter, from the address of its landing
// page, for senders that leave the reading to us.
func (a *arrival) readLandingPage(t *schema.Touch) {
	t.LandingPage, t.Referrer = withoutLink(t.LandingPage), withoutLink(t.Referrer)
	tagged, parameters := t.Tagged(), len(t.Parameters) > 0
	if tagged && (parameters || len(a.site.Parameters) == 0) {
		return
	}
	ofPage := urlParams(t.LandingPage)
	if !tagged {
		fillTouch(t, ofPage)
	}
	if !parameters {
		fillParameters(t, ofPage, a.site.Parameters)
	}
}

func (a *arrival) boundTouch() error {
	a.readLandingPage(&a.touch.Touch)
	schema.Bound(&a.touch)
	return nil
}

func (a *arrival) boundSubmission() error {
	s := &a.submission
	s.SiteID, s.Form = a.site.ID, a.form.ID
	s.SnippetVersion = a.raw.snippetVersion
	s.Page = a.raw.page
	if s.Page == "" {
		s.Page = a.ownReferer()
	}
	s.Page = withoutLink(s.Page)
	schema.Bound(s)
	return nil
}

func (a *arrival) resolveTouch() error {
	a.resolveHere(&a.touch.Touch)
	return nil
}

// resolveHere resolves a touch that happened in the very browser that sends it now.
func (a *arrival) resolveHere(t *schema.Touch) {
	app := ""
	if t.Direct() {
		app = schema.AppOf(a.c.Request().UserAgent())
	}
	a.site.resolver.ResolveInApp(t, app)
}

func (a *arrival) resolveSubmission() error {
	s := &a.submission
	for _, t := range []*schema.Touch{&s.FirstTouch, &s.LatestTouch} {
		switch {
		case !t.Present():
			continue
		case a.bare && t.TouchID == s.LatestTouch.TouchID:
			a.resolveHere(t)
		default:
			a.site.resolver.Resolve(t)
		}
		if a.private {
			t.ForgetClick()
			t.LandingPage, t.Referrer = withoutQuery(t.LandingPage), withoutQuery(t.Referrer)
		}
	}
	if a.private {
		s.Page = withoutQuery(s.Page)
	}
	return nil
}

func withoutQuery(address string) string {
	if at := strings.IndexAny(address, "?#"); at >= 0 {
		return address[:at]
	}
	return address
}
