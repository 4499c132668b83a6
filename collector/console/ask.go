package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// run asks a report for the session's site, by the site's own rules. Whatever params say of a site is overwritten:
// this is the only call of Reports.
func (c *Console) run(ctx context.Context, s *session, name string, params reports.Params) (*reports.Result, error) {
	params.Site = s.site.ID
	params.Zone = zoneName(s.site)
	params.LookbackDays = lookbackDays(s.site)
	params.OwnDomains, params.Campaigns = s.site.OwnHosts(), append(s.site.RegisteredCampaigns(), params.Campaigns...)
	return c.config.Reports.Run(ctx, name, params)
}

// ask is run for a page: with days that the person chose, and an explanation where there is no answer.
func (c *Console) ask(ctx echo.Context, s *session, name string, params reports.Params, days dateRange) (*reports.Result, *trouble) {
	if wrong := days.check(); wrong != "" {
		return nil, s.trouble(wrong, http.StatusUnprocessableEntity)
	}
	params.From, params.To = days.bounds()
	result, err := c.run(ctx.Request().Context(), s, name, params)
	return result, c.troubleOf(ctx, s, name, err)
}

func lookbackDays(site *schema.Site) int {
	if site.LookbackDays == 0 {
		return schema.DefaultLookbackDays
	}
	return site.LookbackDays
}

// trouble is what a page says where its report has no answer.
type trouble struct {
	Heading, Text string
	status        int
}

// troubleOf explains an error of a report, and logs it where it is not the person's own. No error is no trouble.
func (c *Console) troubleOf(ctx echo.Context, s *session, name string, err error) *trouble {
	wrong := new(reports.ParamError)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong):
		return s.trouble("problems.param", http.StatusUnprocessableEntity, "Param", wrong.Param, "Problem", s.valued("problems.wrong", wrong.Code, wrong.Values))
	case ctx.Request().Context().Err() != nil: // nobody waits for the answer
	default:
		c.config.Log.Error("console: report failed", "report", name, "error", err)
	}
	if errors.Is(err, reports.ErrTooSlow) {
		return s.trouble("problems.too_slow", http.StatusGatewayTimeout)
	}
	return s.trouble("problems.unreadable", http.StatusServiceUnavailable)
}

// statusOf is the status of a page with that trouble, or none.
func statusOf(t *trouble) int {
	if t == nil {
		return http.StatusOK
	}
	return t.status
}

// sendCSV answers with the whole result as a file.
func (c *Console) sendCSV(ctx echo.Context, s *session, name string, params reports.Params, days dateRange) error {
	result, t := c.ask(ctx, s, name, params, days)
	if t != nil {
		return c.showProblem(ctx, t.status, s, problem{t.Heading, t.Text})
	}
	return writeCSV(ctx, s, name, result, days)
}

// writeCSV answers with a result as a file called after name, site and days.
func writeCSV(ctx echo.Context, s *session, name string, result *reports.Result, days dateRange) error {
	file := strings.Join(strings.FieldsFunc("headwater "+string(s.site.ID)+" "+name+" "+days.From+" "+days.To, notInFileName), "-")
	header := ctx.Response().Header()
	header.Set(echo.HeaderContentType, "text/csv; charset=utf-8; header=present")
	header.Set(echo.HeaderContentDisposition, "attachment; filename*=UTF-8''"+url.PathEscape(file+".csv"))
	return result.WriteCSV(ctx.Response())
}

func notInFileName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' || r == '-')
}
