package intake

import (
	"strings"

	"github.com/headwater/headwater/schema"
)

// attachTouches puts the visitor's first touch and latest touch on the submission: those the snippet attached, else
// one made from the UTMs that the form, its address or its page carries.
func (a *arrival) attachTouches() error {
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
			latest.Touch, hasLatest = bare, true
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
	readLandingPage(&raw.Touch)
	return nil
}

// bareTouch makes a touch, now, from UTMs and click ids among the form's own fields, else in the address that the form
// was sent to, else in the address of the site's page that it was sent from.
func (a *arrival) bareTouch() (schema.Touch, bool) {
	page := a.ownReferer()
	t := schema.Touch{
		TouchID:     derivedTouchID(a.submission.SubmissionID, "latest"),
		OccurredAt:  a.submission.OccurredAt,
		LandingPage: page,
	}
	found := fillTouch(&t, a.raw.fields) || fillTouch(&t, a.query) || fillTouch(&t, urlParams(page))
	return t, found
}

// readLandingPage fills a touch that names no UTM and no click id from the address of its landing page, for senders
// that leave the reading to us.
func readLandingPage(t *schema.Touch) {
	unreferred := *t
	unreferred.Referrer = ""
	if unreferred.Direct() {
		fillTouch(t, urlParams(t.LandingPage))
	}
}

func (a *arrival) boundTouch() error {
	readLandingPage(&a.touch.Touch)
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
	schema.Bound(s)
	return nil
}

func (a *arrival) resolveTouch() error {
	a.site.resolver.Resolve(&a.touch.Touch)
	return nil
}

func (a *arrival) resolveSubmission() error {
	for _, t := range []*schema.Touch{&a.submission.FirstTouch, &a.submission.LatestTouch} {
		if !t.Present() {
			continue
		}
		a.site.resolver.Resolve(t)
		if a.private {
			forgetClick(t)
		}
	}
	if a.private {
		a.submission.Page = withoutQuery(a.submission.Page)
	}
	return nil
}

// forgetClick leaves of a touch what names the campaign and drops what names the click, and so the person.
func forgetClick(t *schema.Touch) {
	t.Gclid, t.Gbraid, t.Wbraid, t.Msclkid, t.Fbclid, t.Ttclid, t.Twclid, t.LiFatID = "", "", "", "", "", "", "", ""
	t.LandingPage, t.Referrer = withoutQuery(t.LandingPage), withoutQuery(t.Referrer)
}

func withoutQuery(address string) string {
	if at := strings.IndexAny(address, "?#"); at >= 0 {
		return address[:at]
	}
	return address
}
