package console

import (
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/collector/reports"
)

// getContactsCSV sends all contacts of a query with the columns that the user chose.
func (c *Console) getContactsCSV(ctx echo.Context, s *session) error {
	q := c.readContacts(ctx.QueryParams(), s)
	request := ctx.Request().Context()
	wanted, err := c.config.People.View(request, s.site.ID, string(s.user.ID))
	if err != nil {
		return err
	}
	statuses, err := c.config.People.Statuses(request, s.site.ID)
	if err != nil {
		return err
	}
	columns := []reports.Column{{Name: "contact_id"}, {Name: "contact"}}
	for _, column := range wanted.Columns {
		columns = append(columns, reports.Column{Name: string(column)})
	}
	var out reports.RowWriter
	err = c.config.People.Each(request, peopleSite(s), q.Query, func(contact *people.Contact) error {
		if out == nil {
			if out, err = openCSV(ctx, s, "contacts", columns); err != nil {
				return err
			}
		}
		row := []any{string(contact.ID), s.contactCalled(contact)}
		for _, column := range wanted.Columns {
			row = append(row, c.csvValue(s, contact, column, statuses.List))
		}
		return out.Write(row)
	})
	if err == nil && out == nil {
		out, err = openCSV(ctx, s, "contacts", columns)
	}
	if err != nil && out == nil {
		t := c.peopleTrouble(ctx, s, "contacts", err)
		return c.showProblem(ctx, t.status, s, problem{t.Heading, t.Text})
	}
	if err != nil {
		return err
	}
	return out.Close()
}

// openCSV begins a download of rows.
func openCSV(ctx echo.Context, s *session, name string, columns []reports.Column) (reports.RowWriter, error) {
	file := strings.Join(strings.FieldsFunc("headwater "+string(s.site.ID)+" "+name, notInFileName), "-")
	header := ctx.Response().Header()
	header.Set(echo.HeaderContentType, "text/csv; charset=utf-8; header=present")
	header.Set(echo.HeaderContentDisposition, "attachment; filename*=UTF-8''"+url.PathEscape(file+".csv"))
	return reports.NewRowWriter(ctx.Response(), "csv", columns)
}

// csvValue is a value of a contact as a file has it: numbers are numbers, times those of machines.
func (c *Console) csvValue(s *session, contact *people.Contact, column people.Column, statuses people.Statuses) any {
	instant := func(at time.Time) any {
		if at.IsZero() {
			return nil
		}
		return at
	}
	switch column {
	case "created":
		return instant(contact.Created)
	case "last_submission":
		return instant(contact.LastSubmission)
	case "status_since":
		return instant(contact.StatusSince)
	case "submissions":
		return contact.Submissions
	case "deals":
		return contact.Deals
	case "won_amount":
		return contact.Won
	case "open_amount":
		return contact.Open
	}
	cell := c.contactCell(s, contact, column, statuses)
	switch {
	case cell.Status != nil:
		return cell.Status.Name
	case cell.Quiet && cell.Text == "–":
		return ""
	}
	return cell.Text
}
