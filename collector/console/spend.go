package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// maxUpload bounds a file, in bytes, as the API does.
const maxUpload = 16 << 20

// shownFaults is how many rows that could not be taken a page names.
const shownFaults = 20

// Uploaded is what became of a file of costs.
type Uploaded struct {
	Accepted, Rejected int
	Faults             []Fault
	Ignored            []string // columns that mean nothing
}

// Fault says what is wrong with one line of a file: in English, and for this console's languages as a word with the values of the text
// spend.fault that belongs to it.
type Fault struct {
	Line    int
	Message string
	Code    string
	Values  []any
}

// Uploads takes a CSV file of spend or rates for a site.
type Uploads func(ctx context.Context, site schema.SiteID, kind string, csv io.Reader) (Uploaded, error)

// spendView is what the page of costs shows.
type spendView struct {
	// SpendColumns and RateColumns are first rows of such files.
	SpendColumns, RateColumns string

	Result  *Uploaded
	Faults  []faultView
	More    int // faults that are not shown
	Rates   bool
	Problem string
}

// faultView is what is wrong with one line of a file, as the page says it.
type faultView struct {
	Line int
	Text string
}

func (c *Console) getSpend(ctx echo.Context, s *session) error {
	return c.showSpend(ctx, http.StatusOK, s, spendView{})
}

func (c *Console) showSpend(ctx echo.Context, status int, s *session, view spendView) error {
	view.SpendColumns, view.RateColumns = "date,source,medium,campaign,currency,amount,clicks,impressions", "date,from_currency,to_currency,rate"
	return c.render(ctx, status, "spend", s.say("spend.title"), s, view)
}

// postSpend takes a file. What it is of comes before it in the form, so that it can be read as it arrives.
func (c *Console) postSpend(ctx echo.Context, s *session) error {
	r := ctx.Request()
	r.Body = http.MaxBytesReader(ctx.Response(), r.Body, maxUpload)
	parts, err := r.MultipartReader()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	kind := "spend"
	for {
		part, err := parts.NextPart()
		if err != nil { // the form has no file, or ends early
			return c.showSpend(ctx, http.StatusUnprocessableEntity, s, spendView{Problem: s.say("spend.problem.no_file"), Rates: kind == "rates"})
		}
		switch part.FormName() {
		case "kind":
			if text, _ := io.ReadAll(io.LimitReader(part, 16)); strings.TrimSpace(string(text)) == "rates" {
				kind = "rates"
			}
		case "file":
			if part.FileName() == "" {
				continue
			}
			return c.upload(ctx, s, kind, part)
		}
	}
}

func (c *Console) upload(ctx echo.Context, s *session, kind string, file io.Reader) error {
	result, err := c.config.Uploads(ctx.Request().Context(), s.site.ID, kind, file)
	view := spendView{Result: &result, Rates: kind == "rates"}
	rejected, tooLarge := new(rejection.Error), new(http.MaxBytesError)
	switch {
	case errors.As(err, &tooLarge):
		view.Result, view.Problem = nil, s.say("spend.problem.too_large", "MB", maxUpload>>20)
	case errors.As(err, &rejected):
		view.Result, view.Problem = nil, s.say("spend.problem.unreadable")
		if why := s.known("spend.whole." + string(rejected.Reason)); why != "" {
			view.Problem = why
		}
	case errors.Is(err, io.ErrUnexpectedEOF): // whoever sends it went away
		return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	case err != nil:
		return err
	case result.Accepted == 0:
		view.Problem = s.say("spend.problem.nothing")
	}
	for i := range min(len(result.Faults), shownFaults) {
		fault := &result.Faults[i]
		view.Faults = append(view.Faults, faultView{fault.Line, s.valued("spend.fault", fault.Code, fault.Values)})
	}
	view.More = len(result.Faults) - len(view.Faults)
	status := http.StatusOK
	if view.Problem != "" {
		status = http.StatusUnprocessableEntity
	}
	return c.showSpend(ctx, status, s, view)
}
