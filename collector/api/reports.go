package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// Reporter answers one report of a site.
type Reporter interface {
	Report(ctx context.Context, site *schema.Site, name string, params reports.Params) (*reports.Result, error)
}

type reportName struct {
	Name  string   `json:"name"`
	Takes []string `json:"takes"`
}

// getReportNames is GET /api/reports.
func (a *API) getReportNames(c echo.Context) error {
	var names []reportName
	for _, name := range reports.Names() {
		names = append(names, reportName{name, append(slices.Clone(reports.Takes(name)), "zone", "lookback_days", "credit", "suspects", "format")})
	}
	return c.JSON(http.StatusOK, map[string]any{"reports": names})
}

// reportFormat is how a report is written.
type reportFormat struct {
	contentType string
	write       func(*reports.Result, io.Writer) error
}

var reportFormats = map[string]reportFormat{
	"json":    {echo.MIMEApplicationJSON, (*reports.Result).WriteJSON},
	"csv":     {"text/csv; charset=utf-8; header=present", (*reports.Result).WriteCSV},
	"table":   {echo.MIMETextPlainCharsetUTF8, (*reports.Result).WriteTable},
	"jsonl":   {"application/x-ndjson", func(r *reports.Result, w io.Writer) error { return r.Write(w, "jsonl") }},
	"parquet": {"application/vnd.apache.parquet", func(r *reports.Result, w io.Writer) error { return r.Write(w, "parquet") }},
}

// getReport is GET /api/reports/{name}, with the parameters in the query.
func (a *API) getReport(c echo.Context) error {
	if c.QueryParams().Has("email") {
		return rejection.New(rejection.InvalidParameter, "email: addresses do not belong into URLs, which end up in logs. Send the parameters in the body of a POST to the same path, as application/x-www-form-urlencoded.")
	}
	return a.report(c, c.QueryParams())
}

// postReport is POST /api/reports/{name}, with the parameters in the body, where an e-mail address may be among them.
func (a *API) postReport(c echo.Context) error {
	request := c.Request()
	if kind, _, _ := strings.Cut(request.Header.Get(echo.HeaderContentType), ";"); strings.TrimSpace(kind) != echo.MIMEApplicationForm {
		return rejection.New(rejection.ContentType, "Send the parameters as application/x-www-form-urlencoded, such as email=ada%%40example.com&format=json.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), request.Body, 64<<10))
	if err != nil {
		return err
	}
	parameters, err := url.ParseQuery(string(body))
	if err != nil {
		return rejection.New(rejection.InvalidForm, "The body is not application/x-www-form-urlencoded: %v.", err)
	}
	return a.report(c, parameters)
}

func (a *API) report(c echo.Context, given url.Values) error {
	site, parameters := siteOf(c), maps.Clone(given)
	format, ok := reportFormats[defaultText(parameters.Get("format"), "json")]
	if !ok {
		return rejection.New(rejection.InvalidParameter, "format: %.64q is none of json, csv, jsonl, parquet, table", parameters.Get("format"))
	}
	if asked := parameters.Get("site"); asked != "" && asked != string(site.ID) {
		return rejection.New(rejection.OtherSite, "This key is for another site. Leave site out: the key says which site is meant.")
	}
	address := parameters.Get("email")
	for _, name := range []string{"format", "site", "email"} {
		parameters.Del(name)
	}
	params, err := reports.ParseParams(parameters)
	if err == nil && address != "" {
		params.Contact, err = contactOf(site, address)
	}
	if err != nil {
		return rejection.New(rejection.InvalidParameter, "%v", err)
	}
	result, err := a.config.Reports.Report(c.Request().Context(), site.Site, c.Param("name"), params)
	if err != nil {
		return reportError(err)
	}
	var body bytes.Buffer
	if err := format.write(result, &body); err != nil {
		return err
	}
	return c.Blob(http.StatusOK, format.contentType, body.Bytes())
}

func contactOf(site *siteOfKey, address string) (schema.ContactID, error) {
	normalised, err := schema.NormaliseEmail(address)
	if err != nil {
		return "", err
	}
	return schema.NewContactID(site.contactKey, normalised), nil
}

func defaultText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// reportError tells a wrong question from one that takes too long, and both from a database that does not answer.
func reportError(err error) error {
	if wrong, ok := errors.AsType[*reports.ParamError](err); ok {
		return rejection.New(rejection.InvalidParameter, "%v", wrong)
	}
	if errors.Is(err, reports.ErrUnknownReport) {
		return rejection.New(rejection.UnknownReport, "There is no such report: GET /api/reports lists them.")
	}
	if errors.Is(err, reports.ErrTooSlow) {
		return rejection.Wrap(rejection.ReportTooSlow, err, "ClickHouse did not finish the report within its time limit. Ask for a shorter time or fewer dimensions, or again when ClickHouse is less busy.")
	}
	if errors.Is(err, reports.ErrNoTables) {
		return rejection.Wrap(rejection.ReportUnavailable, err, "The report cannot be made just now, because the tables in ClickHouse are being made or brought up to date. Try again in a few seconds.")
	}
	return rejection.Wrap(rejection.ReportUnavailable, err, "The report cannot be made just now, because ClickHouse did not answer it. Try again later.")
}
