package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/reports"
)

// Tabler writes all rows of a site's table. It calls began before the first byte, when nothing can be wrong with the
// parameters any more.
type Tabler interface {
	Table(ctx context.Context, w io.Writer, params reports.TableParams, began func()) error
}

// getTableNames is GET /api/tables.
func (a *API) getTableNames(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{"tables": reports.Tables(), "takes": []string{"from", "to", "zone", "format"}})
}

var rowContentTypes = map[string]string{
	"csv":     "text/csv; charset=utf-8; header=present",
	"jsonl":   "application/x-ndjson",
	"parquet": "application/vnd.apache.parquet",
}

// getTable is GET /api/tables/{name}: the rows as they come from ClickHouse, however many there are.
func (a *API) getTable(c echo.Context) error {
	site := siteOf(c)
	params := reports.TableParams{Table: c.Param("name"), Site: site.ID, Zone: site.TimeZone, Format: "csv"}
	for name, values := range c.QueryParams() {
		to := map[string]*string{"from": &params.From, "to": &params.To, "zone": &params.Zone, "format": &params.Format}[name]
		switch {
		case name == "site" && values[0] != string(site.ID):
			return rejection.New(rejection.OtherSite, "This key is for another site. Leave site out: the key says which site is meant.")
		case to != nil && len(values) == 1:
			*to = values[0]
		case name != "site":
			return rejection.New(rejection.InvalidParameter, "%.64s: there are from, to, zone and format, each once", name)
		}
	}
	response := c.Response()
	// However long it takes: the reader's pace decides.
	if err := http.NewResponseController(response).SetWriteDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	err := a.config.Tables.Table(c.Request().Context(), response, params, func() {
		response.Header().Set(echo.HeaderContentType, rowContentTypes[params.Format])
		response.Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+params.Table+"."+params.Format+`"`)
		response.WriteHeader(http.StatusOK)
	})
	switch {
	case err == nil:
		return nil
	case response.Committed:
		panic(http.ErrAbortHandler) // the reader must not take the part for the whole
	}
	return reportError(err)
}
