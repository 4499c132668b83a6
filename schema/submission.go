package schema

import "time"

// SubmissionID is the UUIDv7 that the browser gave a sent form, and gives again on every resend. For a form sent
// without any script the collector derives it from the content and the UTC day, so that a reload is no second lead.
type SubmissionID string

// FormID names one form of a site, as in POST /f/{form}.
type FormID string

// Submission is one form sent, with a copy of the visitor's first touch and latest touch.
//
// What the person typed (Fields) goes to a table of its own, submission_fields, apart from attribution.
type Submission struct {
	SiteID         SiteID       `json:"site_id" ch:"site_id" by:"server"`
	SubmissionID   SubmissionID `json:"submission_id" ch:"submission_id" by:"browser"`
	VisitorID      VisitorID    `json:"visitor_id,omitempty" ch:"visitor_id" by:"browser"`
	Form           FormID       `json:"form" ch:"form" max:"128" by:"server"`
	Page           string       `json:"page,omitempty" ch:"page" max:"2048" by:"browser"`
	OccurredAt     time.Time    `json:"occurred_at" ch:"occurred_at" by:"browser"`
	ContactID      ContactID    `json:"contact_id,omitempty" ch:"contact_id" by:"server"`
	CompanyID      CompanyID    `json:"company_id,omitempty" ch:"company_id" by:"server"`
	CompanyName    string       `json:"company_name,omitempty" ch:"company_name" max:"256" by:"server"`
	FirstTouch     Touch        `json:"first_touch,omitzero" ch:"first_touch_" by:"browser"`
	LatestTouch    Touch        `json:"latest_touch,omitzero" ch:"latest_touch_" by:"browser"`
	SnippetVersion string       `json:"snippet_version,omitempty" ch:"snippet_version" max:"32" by:"browser"`
	Suspect        Suspicion    `json:"suspect,omitempty" ch:"suspect" by:"server"`
	ReceivedAt     time.Time    `json:"received_at" ch:"received_at" by:"server"`

	Fields map[string]string `json:"fields,omitempty" ch:"-" by:"browser"`
}

// SubmissionFields is what a person typed into one form: a row of table submission_fields.
type SubmissionFields struct {
	SiteID       SiteID            `json:"site_id" ch:"site_id" by:"server"`
	SubmissionID SubmissionID      `json:"submission_id" ch:"submission_id" by:"server"`
	ContactID    ContactID         `json:"contact_id" ch:"contact_id" by:"server"`
	OccurredAt   time.Time         `json:"occurred_at" ch:"occurred_at" by:"server"`
	Fields       map[string]string `json:"fields" ch:"fields" by:"browser"`
	ReceivedAt   time.Time         `json:"received_at" ch:"received_at" by:"server"`
}

// FieldsRow returns the row of submission_fields that belongs to s; false where nothing was typed or kept.
func (s *Submission) FieldsRow() (SubmissionFields, bool) {
	return SubmissionFields{
		SiteID: s.SiteID, SubmissionID: s.SubmissionID, ContactID: s.ContactID,
		OccurredAt: s.OccurredAt, Fields: s.Fields, ReceivedAt: s.ReceivedAt,
	}, len(s.Fields) > 0
}
