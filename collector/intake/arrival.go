package intake

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// arrival is one request on its way through the steps.
type arrival struct {
	in         *Intake
	c          echo.Context
	receivedAt time.Time // UTC, milliseconds, frozen when the request came in
	// private is Global Privacy Control or Do Not Track: no cookie, no visitor id, no touch is kept.
	private   bool
	media     media
	body      []byte
	query     params // of the request's own URL
	raw       payload
	site      *tenant
	form      schema.Form
	visitor   schema.VisitorID
	setCookie bool // the answer brings the visitor cookie
	bare      bool // the latest touch was read from the form and the addresses, not sent
	suspect   schema.Suspicion

	touch      schema.TouchRecord
	submission schema.Submission
	encoded    []byte
}

// arrivals are used again, with the buffers of body and encoded: nothing else that a request needs is as large.
var arrivals = sync.Pool{New: func() any { return new(arrival) }}

// maxReused is how large a buffer may be, in bytes, to be used again.
const maxReused = 4 << 10

// step is one thing that happens to every request; the order of the lists below is the whole of intake.
type step struct {
	name string
	run  func(*arrival) error
}

var touchSteps = []step{
	{"count it for its network", (*arrival).limitTouch},
	{"read the body", (*arrival).read},
	{"decode the touch", (*arrival).decodeTouch},
	{"find the site", (*arrival).findSite},
	{"count it for its site", (*arrival).limitSiteTouches},
	{"weigh who sends it", (*arrival).weighSender},
	{"take the custom parameters", (*arrival).takeParameters},
	{"identify the touch", (*arrival).identifyTouch},
	{"name the visitor", (*arrival).nameTouchVisitor},
	{"date the touch", (*arrival).dateTouch},
	{"bound the touch", (*arrival).boundTouch},
	{"resolve the source", (*arrival).resolveTouch},
	{"weigh where it came from", (*arrival).weighTouch},
	{"keep the touch", (*arrival).keepTouch},
}

var submissionSteps = []step{
	{"count it for its network", (*arrival).limitSubmission},
	{"read the body", (*arrival).read},
	{"decode the submission", (*arrival).decodeSubmission},
	{"find the site", (*arrival).findSite},
	{"count it for its site", (*arrival).limitSiteSubmissions},
	{"weigh who sends it", (*arrival).weighSender},
	{"take the custom parameters", (*arrival).takeParameters},
	{"find the form", (*arrival).findForm},
	{"check the token", (*arrival).checkToken},
	{"take the typed fields", (*arrival).takeFields},
	{"weigh the fields", (*arrival).weighFields},
	{"find the contact and the company", (*arrival).findContact},
	{"identify the submission", (*arrival).identifySubmission},
	{"name the visitor", (*arrival).nameSubmissionVisitor},
	{"date the submission", (*arrival).dateSubmission},
	{"attach the touches", (*arrival).attachTouches},
	{"bound the submission", (*arrival).boundSubmission},
	{"resolve the sources", (*arrival).resolveSubmission},
	{"weigh where it came from", (*arrival).weighSubmission},
	{"keep the submission", (*arrival).keepSubmission},
}

func (in *Intake) arrive(c echo.Context) *arrival {
	request := c.Request()
	a := arrivals.Get().(*arrival)
	a.in, a.c = in, c
	a.receivedAt = in.config.Now().UTC().Truncate(time.Millisecond)
	a.private = privacySignal(request) != ""
	a.query = parseParams(request.URL.RawQuery)
	return a
}

// leave gives a free, when the request is answered.
func (a *arrival) leave() {
	body, encoded := a.body[:0], a.encoded[:0]
	if cap(body) > maxReused {
		body = nil
	}
	if cap(encoded) > maxReused {
		encoded = nil
	}
	*a = arrival{body: body, encoded: encoded}
	arrivals.Put(a)
}

// privacySignal is the header by which the browser asks not to be followed, Global Privacy Control or Do Not Track; "" where
// it does not ask.
func privacySignal(request *http.Request) string {
	switch "1" {
	case request.Header.Get("Sec-Gpc"):
		return "Sec-GPC"
	case request.Header.Get("Dnt"):
		return "DNT"
	}
	return ""
}

func (a *arrival) walk(steps []step) error {
	for _, s := range steps {
		if err := s.run(a); err != nil {
			if _, ok := err.(*rejection.Error); ok {
				return err
			}
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// keep encodes the record and returns once it is durable.
func (a *arrival) keep(record schema.Record) error {
	var err error
	if a.encoded, err = schema.AppendRecord(a.encoded[:0], record); err != nil {
		return err
	}
	if err := a.in.config.Keeper.Append(a.c.Request().Context(), a.encoded); err != nil {
		if rejected, ok := err.(*rejection.Error); ok {
			return rejected
		}
		return rejection.Wrap(rejection.NotKept, err, "This could not be saved just now and was not kept. Send it again in a few seconds.")
	}
	a.site.accepted[record.Kind()].Inc()
	return nil
}
