package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/schema"
)

// Reporter answers reports from ClickHouse. A *rejection.Error from it is answered as it is.
type Reporter interface {
	// Names lists the reports with the question that each answers.
	Names() []ReportName
	// Write writes the report of one site in a format (json, csv or table) to w.
	Write(ctx context.Context, w io.Writer, site *schema.Site, name, format string, parameters url.Values) error
}

// ReportName is one report as GET /api/reports lists it.
type ReportName struct {
	Name string `json:"name"`
	Does string `json:"does"`
}

func (a *API) getReportNames(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{"reports": a.config.Reports.Names()})
}

var reportTypes = map[string]string{
	"csv":   "text/csv; charset=utf-8; header=present",
	"table": "text/plain; charset=utf-8",
}

// getReport is GET /api/reports/{name}. The site is the key's.
func (a *API) getReport(c echo.Context) error {
	parameters := c.QueryParams()
	format := parameters.Get("format")
	if format == "" {
		format = "json"
	}
	parameters.Del("format")
	parameters.Del("site")
	var body bytes.Buffer
	if err := a.config.Reports.Write(c.Request().Context(), &body, siteOf(c).Site, c.Param("name"), format, parameters); err != nil {
		return err
	}
	contentType := reportTypes[format]
	if contentType == "" {
		contentType = echo.MIMEApplicationJSON
	}
	return c.Blob(http.StatusOK, contentType, body.Bytes())
}
