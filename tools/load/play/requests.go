package play

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/url"
	"strconv"
	"time"

	"github.com/headwater/headwater/schema"
)

// touch is the latest touch as the snippet sends it.
func (v *visitor) touch() *request {
	body := mustJSON(&schema.TouchRecord{SiteID: v.Site, VisitorID: v.id, Touch: v.latest, SnippetVersion: v.Run})
	return &request{path: "/t", contentType: "text/plain", body: body, from: v.from,
		records: []record{{Key: Key{Touch, string(v.latest.TouchID)}, visitor: string(v.id)}}}
}

// form is a submission in one of the ways in which they come: JSON of the snippet's API, a browser's form in either
// encoding with the snippet's hidden fields, or a form without any script.
func (v *visitor) form(email string) *request {
	r := &request{path: "/f/" + url.PathEscape(string(v.Form)), from: v.from}
	id := newID()
	r.records = []record{{Key: Key{Submission, id}, email: email}}
	switch v.rand.IntN(4) {
	case 0:
		r.contentType, r.accept = "application/json", "application/json"
		r.body = mustJSON(&schema.Submission{SiteID: v.Site, SubmissionID: schema.SubmissionID(id), VisitorID: v.id, Form: v.Form, OccurredAt: now(),
			FirstTouch: v.first, LatestTouch: v.latest, SnippetVersion: v.Run, Fields: map[string]string{"email": email, "message": "hello"}})
	case 1:
		r.contentType, r.accept = "application/x-www-form-urlencoded", "text/html"
		r.body = []byte(urlValues(v.hidden(id, email)).Encode())
	case 2:
		r.accept = "text/html"
		r.contentType, r.body = multipartOf(v.hidden(id, email))
	default:
		if nearMidnight() { // the id of such a form is of its UTC day
			return v.form(email)
		}
		// A message of its own, or the second form of a person would be the first one again.
		r.records[0].ID = "plain/" + id
		r.contentType = "application/x-www-form-urlencoded"
		r.path += "?" + url.Values{"site": {string(v.Site)}, "utm_source": {v.latest.UTMSource}, "utm_medium": {"load"}}.Encode()
		r.body = []byte(url.Values{"email": {email}, "message": {"plain/" + id}}.Encode())
	}
	return r
}

func nearMidnight() bool {
	at := time.Now().UTC()
	return at.Add(time.Minute).Day() != at.Day()
}

// hidden are the fields that the snippet puts into a form, and what the person typed.
func (v *visitor) hidden(id, email string) [][2]string {
	fields := [][2]string{
		{"email", email}, {"message", "hello"},
		{"hw_site_id", string(v.Site)}, {"hw_submission_id", id}, {"hw_visitor_id", string(v.id)},
		{"hw_occurred_at", milliseconds(now())}, {"hw_page", v.Origin + "/form"}, {"hw_snippet_version", v.Run},
	}
	for _, side := range []struct {
		prefix string
		touch  *schema.Touch
	}{{"hw_first_touch_", &v.first}, {"hw_latest_touch_", &v.latest}} {
		fields = append(fields, [2]string{side.prefix + "touch_id", string(side.touch.TouchID)},
			[2]string{side.prefix + "occurred_at", milliseconds(side.touch.OccurredAt)},
			[2]string{side.prefix + "utm_source", side.touch.UTMSource}, [2]string{side.prefix + "utm_medium", side.touch.UTMMedium},
			[2]string{side.prefix + "utm_campaign", side.touch.UTMCampaign}, [2]string{side.prefix + "landing_page", side.touch.LandingPage})
	}
	return fields
}

// importOf is a contact that the CRM knew long ago.
func (v *visitor) importOf(email string) *request {
	id := v.crmID()
	return v.apiRequest("contacts", []map[string]string{{"email": email, "crm_id": id, "created_at": "2020-01-01T00:00:00Z"}},
		record{Key: Key{Contact, id}, email: email})
}

// deal are the two changes of a deal: opened, and won; both a day ago, since times ahead of the collector's clock, which may
// be wrong, count as the time of receipt.
func (v *visitor) deal(email string) (opened, won *request) {
	id, at, cents := v.crmID(), now().Add(-26*time.Hour), 1000+v.rand.Int64N(900_000)
	row := func(status string, changed time.Time) map[string]string {
		return map[string]string{"deal_id": id, "status": status, "amount": fmt.Sprintf("%d.%02d", cents/100, cents%100), "currency": "EUR",
			"contact_email": email, "created_at": at.Format(time.RFC3339Nano), "changed_at": changed.Format(time.RFC3339Nano)}
	}
	opened = v.apiRequest("deals", []map[string]string{row("open", at)}, record{Key: Key{Deal, id + "/open"}, deal: id})
	won = v.apiRequest("deals", []map[string]string{row("won", at.Add(time.Hour))}, record{Key: Key{Deal, id + "/won"}, deal: id, cents: cents})
	return opened, won
}

// crmID is an id that says which run made it; the CRM of another run of the same seed has others.
func (v *visitor) crmID() string { return v.Run + "-" + newID()[9:] }

func (v *visitor) apiRequest(what string, rows []map[string]string, records ...record) *request {
	return &request{path: "/api/" + what, contentType: "application/json", body: mustJSON(rows), api: true, from: v.from, records: records}
}

func milliseconds(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

func urlValues(fields [][2]string) url.Values {
	values := url.Values{}
	for _, field := range fields {
		values.Set(field[0], field[1])
	}
	return values
}

func multipartOf(fields [][2]string) (contentType string, body []byte) {
	var text bytes.Buffer
	form := multipart.NewWriter(&text)
	for _, field := range fields {
		_ = form.WriteField(field[0], field[1]) // a buffer takes everything
	}
	_ = form.Close()
	return form.FormDataContentType(), text.Bytes()
}

// mustJSON encodes what is our own and always can be.
func mustJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}
