package api

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/reports"
)

// postExport is POST /api/export.
func (a *API) postExport(c echo.Context) error {
	r, person, err := readRequest(c)
	if err != nil {
		return err
	}
	contentType, name, write := echo.MIMEApplicationJSON, "export.json", WriteExportJSON
	switch r.Format {
	case "", "json":
	case "csv":
		contentType, name, write = "application/zip", "export.zip", WriteExportCSV
	default:
		return rejection.New(rejection.InvalidParameter, "format: %.64q is neither json nor csv", r.Format)
	}
	tables, err := a.config.People.Export(c.Request().Context(), person)
	if err != nil {
		return peopleError(err)
	}
	var body bytes.Buffer
	if err := write(&body, tables); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	return c.Blob(http.StatusOK, contentType, body.Bytes())
}

// WriteExportJSON writes an object with a member for each table: an array of rows, each an object.
func WriteExportJSON(w io.Writer, tables []*reports.Result) error {
	all := make(map[string][]map[string]any, len(tables))
	for _, table := range tables {
		rows := make([]map[string]any, len(table.Rows))
		for i, values := range table.Rows {
			rows[i] = make(map[string]any, len(values))
			for j, value := range values {
				rows[i][table.Columns[j]] = value
			}
		}
		all[table.Name] = rows
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

// WriteExportCSV writes a zip with a CSV file for each table. Text that a spreadsheet would take for a formula gets a ' in front.
func WriteExportCSV(w io.Writer, tables []*reports.Result) error {
	archive := zip.NewWriter(w)
	for _, table := range tables {
		file, err := archive.Create(table.Name + ".csv")
		if err == nil {
			err = table.WriteCSV(file)
		}
		if err != nil {
			return fmt.Errorf("write export: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}
