// Package rejection names every reason why the collector turns a request away, and answers with it.
//
// Belongs here: the closed list of reasons, the one map from reason to HTTP status, and the error handler that
// turns an error into an answer, a header and a counter.
// Does not belong here: deciding that a request is wrong; intake and api do that.
package rejection

import (
	"fmt"
	"net/http"
	"time"
)

// Reason is why a request was turned away: the value of X-Headwater-Rejected and of the metric's label.
type Reason string

// The reasons. README.md of collector explains each to the person who meets it.
const (
	BodyTooLarge     Reason = "body_too_large"
	ContentEncoding  Reason = "content_encoding"
	ContentType      Reason = "content_type"
	FileUpload       Reason = "file_upload"
	InvalidJSON      Reason = "invalid_json"
	InvalidForm      Reason = "invalid_form"
	InvalidCSV       Reason = "invalid_csv"
	InvalidField     Reason = "invalid_field"
	MissingTouchID   Reason = "missing_touch_id"
	InvalidTouchID   Reason = "invalid_touch_id"
	InvalidVisitorID Reason = "invalid_visitor_id"
	// InvalidSubmissionID is for JSON only: a person's form is never lost for a broken hidden field.
	InvalidSubmissionID Reason = "invalid_submission_id"
	UnknownSite         Reason = "unknown_site"
	UnknownForm         Reason = "unknown_form"
	UnknownScript       Reason = "unknown_script"
	InvalidLink         Reason = "invalid_link"
	LinkExpired         Reason = "link_expired"
	LinkUsed            Reason = "link_used"
	LinkOtherSite       Reason = "link_other_site"
	PrivacySignal       Reason = "privacy_signal"
	UnknownReport       Reason = "unknown_report"
	UnknownErasure      Reason = "unknown_erasure"
	SeveralPeople       Reason = "several_people"
	UnknownPath         Reason = "unknown_path"
	Method              Reason = "method"
	MissingKey          Reason = "missing_key"
	WrongKey            Reason = "wrong_key"
	OtherSite           Reason = "other_site"
	TooManyRows         Reason = "too_many_rows"
	NoValidRow          Reason = "no_valid_row"
	InvalidParameter    Reason = "invalid_parameter"
	NotReady            Reason = "not_ready"
	NotKept             Reason = "not_kept"
	SpoolFull           Reason = "spool_full"
	Overloaded          Reason = "overloaded"
	ReportUnavailable   Reason = "report_unavailable"
	ReportTooSlow       Reason = "report_too_slow"
	RateLimited         Reason = "rate_limited"
	FormToken           Reason = "form_token"
	Incomplete          Reason = "incomplete"
	Internal            Reason = "internal"
)

// statuses is the one place where a reason gets its HTTP status.
var statuses = map[Reason]int{
	BodyTooLarge:        http.StatusRequestEntityTooLarge,
	ContentEncoding:     http.StatusUnsupportedMediaType,
	ContentType:         http.StatusUnsupportedMediaType,
	FileUpload:          http.StatusUnsupportedMediaType,
	InvalidJSON:         http.StatusBadRequest,
	InvalidForm:         http.StatusBadRequest,
	InvalidCSV:          http.StatusBadRequest,
	InvalidField:        http.StatusBadRequest,
	MissingTouchID:      http.StatusBadRequest,
	InvalidTouchID:      http.StatusBadRequest,
	InvalidVisitorID:    http.StatusBadRequest,
	InvalidSubmissionID: http.StatusBadRequest,
	UnknownSite:         http.StatusNotFound,
	UnknownForm:         http.StatusNotFound,
	UnknownScript:       http.StatusNotFound,
	InvalidLink:         http.StatusBadRequest,
	LinkExpired:         http.StatusGone,
	LinkUsed:            http.StatusConflict,
	LinkOtherSite:       http.StatusForbidden,
	PrivacySignal:       http.StatusForbidden,
	UnknownReport:       http.StatusNotFound,
	UnknownErasure:      http.StatusNotFound,
	SeveralPeople:       http.StatusConflict,
	UnknownPath:         http.StatusNotFound,
	Method:              http.StatusMethodNotAllowed,
	MissingKey:          http.StatusUnauthorized,
	WrongKey:            http.StatusUnauthorized,
	OtherSite:           http.StatusForbidden,
	TooManyRows:         http.StatusRequestEntityTooLarge,
	NoValidRow:          http.StatusUnprocessableEntity,
	InvalidParameter:    http.StatusUnprocessableEntity,
	NotReady:            http.StatusServiceUnavailable,
	NotKept:             http.StatusServiceUnavailable,
	SpoolFull:           http.StatusServiceUnavailable,
	Overloaded:          http.StatusServiceUnavailable,
	ReportUnavailable:   http.StatusServiceUnavailable,
	ReportTooSlow:       http.StatusGatewayTimeout,
	RateLimited:         http.StatusTooManyRequests,
	FormToken:           http.StatusUnprocessableEntity,
	Incomplete:          http.StatusBadRequest,
	Internal:            http.StatusInternalServerError,
}

// Status is the HTTP status that answers the reason.
func (r Reason) Status() int {
	if status, ok := statuses[r]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// Reasons lists all reasons, in no order.
func Reasons() []Reason {
	reasons := make([]Reason, 0, len(statuses))
	for reason := range statuses {
		reasons = append(reasons, reason)
	}
	return reasons
}

// Error is a request turned away. Message tells its sender what to do; Err, where there is one, is for the log only.
type Error struct {
	Reason  Reason
	Message string
	Err     error
	Details any // JSON that the answer carries as "details", nil for none
	// RetryAfter is when the sender may come again, in whole seconds; 0: by the status.
	RetryAfter time.Duration
	// Again are the fields of a form that a person may send again from the page that tells of the rejection, to the same address.
	Again []Field
}

// Field is a field of a form.
type Field struct{ Name, Value string }

// New makes an Error whose message tells the sender what to do.
func New(reason Reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error with a cause that the log shows and the answer does not.
func Wrap(reason Reason, err error, format string, args ...any) *Error {
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...), Err: err}
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Reason, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Reason, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
