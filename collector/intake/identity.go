package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// touchSpace is the name space of the ids of touches that came inside a submission without one.
var touchSpace = uuid.MustParse("0f0e4a6c-6d0b-5d53-9a0e-1c1d6e8b7f21")

func (a *arrival) identifyTouch() error {
	if a.raw.touch.id == "" {
		return rejection.New(rejection.MissingTouchID, "A touch needs touch_id: a UUIDv7 made once per arrival and sent again on every resend, so that a resend is not counted twice.")
	}
	id, err := schema.ParseUUID("touch_id", a.raw.touch.id)
	if err != nil {
		return rejection.New(rejection.InvalidTouchID, "%v", err)
	}
	a.touch.Touch = a.raw.touch.Touch
	a.touch.TouchID = schema.TouchID(id)
	a.touch.SiteID = a.site.ID
	a.touch.SnippetVersion = a.raw.snippetVersion
	a.touch.ReceivedAt = a.receivedAt
	return nil
}

// identifySubmission takes the browser's id. A form sent without any gets one from what it says and the UTC day, so
// that sending it again the same day, by a reload or a double click, is no second lead.
func (a *arrival) identifySubmission() error {
	if a.raw.submissionID != "" {
		id, err := schema.ParseUUID("submission_id", a.raw.submissionID)
		if err == nil {
			a.submission.SubmissionID = schema.SubmissionID(id)
			return nil
		}
		if !a.raw.form {
			return rejection.New(rejection.InvalidSubmissionID, "%v", err)
		}
	}
	a.submission.SubmissionID = contentID(a.site, a.form.ID, a.raw.fields, a.receivedAt)
	return nil
}

// submissionKey keys the derived ids: the plain hash of a form that holds only an e-mail would give the e-mail away.
func submissionKey(secret []byte, site schema.SiteID) []byte {
	return derivedKey(secret, "submission:"+string(site))
}

// derivedKey is a key for one purpose, from which neither the secret nor another key can be told.
func derivedKey(secret []byte, purpose string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

// contentID derives an id from the form, its fields in any order, and the UTC day: UUID version 8, which RFC 9562
// leaves to the maker.
func contentID(site *tenant, form schema.FormID, fields params, at time.Time) schema.SubmissionID {
	sorted := slices.Clone(fields)
	slices.SortFunc(sorted, func(a, b pair) int {
		if order := strings.Compare(a.name, b.name); order != 0 {
			return order
		}
		return strings.Compare(a.value, b.value)
	})
	mac := hmac.New(sha256.New, site.submissionKey)
	write := func(text string) {
		// The length before each text keeps "ab","c" and "a","bc" apart.
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
		mac.Write([]byte(text))
	}
	write(string(form))
	write(at.UTC().Format(time.DateOnly))
	for _, f := range sorted {
		write(f.name)
		write(f.value)
	}
	id := uuid.UUID(mac.Sum(nil)[:16])
	id[6] = id[6]&0x0F | 0x80
	id[8] = id[8]&0x3F | 0x80
	return schema.SubmissionID(id.String())
}

// identifyAttached gives an attached touch its id: the browser's, else one derived from the submission's.
func (a *arrival) identifyAttached(raw *rawTouch, which string) error {
	raw.TouchID = derivedTouchID(a.submission.SubmissionID, which)
	if raw.id == "" {
		return nil
	}
	id, err := schema.ParseUUID(which+"_touch.touch_id", raw.id)
	if err == nil {
		raw.TouchID = schema.TouchID(id)
	} else if !a.raw.form {
		return rejection.New(rejection.InvalidTouchID, "%v", err)
	}
	return nil
}

func derivedTouchID(submission schema.SubmissionID, which string) schema.TouchID {
	return schema.TouchID(uuid.NewSHA1(touchSpace, []byte(string(submission)+which)).String())
}

// nameTouchVisitor takes the visitor from the body, else from the cookie, else makes one.
func (a *arrival) nameTouchVisitor() error {
	if err := a.takeVisitor(); err != nil {
		return err
	}
	if a.visitor == "" && !a.private {
		a.makeVisitor()
	}
	a.touch.VisitorID = a.visitor
	return nil
}

// nameSubmissionVisitor does the same, but makes a visitor only for a form that a browser sent by itself: a program's JSON
// may not come from a browser. Where the snippet ran and names no visitor there must be none, whatever cookie an earlier
// consent left.
func (a *arrival) nameSubmissionVisitor() error {
	if a.raw.snippetVersion != "" && a.raw.visitorID == "" || a.site.NoTransfer {
		return nil
	}
	if err := a.takeVisitor(); err != nil {
		return err
	}
	if a.visitor == "" && !a.private && a.raw.form && a.raw.snippetVersion == "" {
		a.makeVisitor()
	}
	// The snippet sees to the cookie by itself: the site may want none.
	a.setCookie = a.setCookie && a.raw.snippetVersion == ""
	a.submission.VisitorID = a.visitor
	return nil
}

func (a *arrival) takeVisitor() error {
	if a.raw.visitorID != "" {
		id, err := schema.ParseUUID("visitor_id", a.raw.visitorID)
		if err == nil {
			a.visitor = schema.VisitorID(id)
		} else if !a.raw.form {
			return rejection.New(rejection.InvalidVisitorID, "%v", err)
		}
	}
	if a.private {
		a.visitor = ""
		return nil
	}
	cookie := a.cookieVisitor()
	if a.visitor == "" {
		a.visitor = cookie
	}
	a.setCookie = cookie == "" && a.visitor != ""
	return nil
}

func (a *arrival) makeVisitor() {
	a.visitor = schema.VisitorID(uuid.Must(uuid.NewV7()).String())
	a.setCookie = true
}
