package intake

import (
	"github.com/headwater/headwater/schema"
)

// payload is what any of the formats said, decoded but not believed: ids and times are still text.
type payload struct {
	siteID         string
	visitorID      string
	submissionID   string
	occurredAt     string
	page           string
	snippetVersion string
	redirect       string
	token          string
	touch          rawTouch // of POST /t
	first, latest  rawTouch // of a submission
	fields         params   // what the person typed, and what else the form holds
	// form says that a browser's form sent this, not a program: a person waits for the answer, so broken ids and times
	// are put right where JSON is turned away.
	form bool
}

// member returns the text that an object or a hidden field (without its hw_) sets under name, nil where there is none.
func (p *payload) member(name string) *string {
	switch name {
	case "site_id":
		return &p.siteID
	case "visitor_id":
		return &p.visitorID
	case "submission_id":
		return &p.submissionID
	case "occurred_at":
		return &p.occurredAt
	case "page":
		return &p.page
	case "snippet_version":
		return &p.snippetVersion
	case "token":
		return &p.token
	}
	return nil
}

// rawTouch is a touch whose id and time are still text.
type rawTouch struct {
	schema.Touch
	id, at string
	// others are the members that no touch has: custom parameters of the site, once it is known which site that is.
	others params
}

// maxOthers bounds rawTouch.others; a site allows far fewer.
const maxOthers = 200

// empty tells whether nothing of a touch was sent. A direct touch is not empty: it has an id, a time, a landing page.
func (t *rawTouch) empty() bool {
	return t.id == "" && t.at == "" && t.LandingPage == "" && t.Direct() && len(t.Parameters) == 0
}

// member returns the text that an object or a hidden field sets under name, nil where a touch has no such member.
func (t *rawTouch) member(name string) *string {
	switch name {
	case "touch_id":
		return &t.id
	case "occurred_at":
		return &t.at
	}
	return TouchText(&t.Touch, name)
}

// set stores what was sent under name; the first value that is not blank stays.
func (t *rawTouch) set(name, value string) {
	if member := t.member(name); member != nil {
		keepFirst(member, value)
	} else if len(t.others) < maxOthers && !blank(value) {
		t.others = append(t.others, pair{name, value})
	}
}

// keepFirst sets target unless it holds something already or value is blank.
func keepFirst(target *string, value string) {
	if *target == "" && !blank(value) {
		*target = value
	}
}
