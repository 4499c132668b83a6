package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/headwater/headwater/tools/dev/client"
)

// dataPoint is one of the data points of a contact.
type dataPoint struct {
	Label    string
	Known    bool   // there is such a touch
	Status   string // why there is none
	Source   string
	Medium   string
	Campaign string
	Referrer string // domain
	When     time.Time
}

// pointNames are the data points in the order of the page.
var pointNames = []struct{ name, label string }{
	{"first_touch", "First touch"}, {"lead_creation", "Lead creation"}, {"conversion", "Latest conversion"}, {"company_source", "Company source"},
}

// card reads the four data points of a contact; of its conversions the latest.
func card(ctx context.Context, api *client.Client, contact string) ([]dataPoint, error) {
	r, err := api.Report(ctx, "contact_card", url.Values{"contact": {contact}})
	if err != nil {
		return nil, err
	}
	points := make([]dataPoint, len(pointNames))
	for i, known := range pointNames {
		points[i] = dataPoint{Label: known.label, Status: "none yet"}
		for _, row := range r.Rows {
			if row["data_point"] == known.name {
				points[i] = newDataPoint(known.label, row)
			}
		}
	}
	return points, nil
}

func newDataPoint(label string, row map[string]any) dataPoint {
	at, _ := time.Parse(time.RFC3339, text(row["touch_at"]))
	status := text(row["status"])
	if status == "existing" {
		status = "known to the CRM before"
	}
	return dataPoint{
		Label: label, Known: !at.IsZero(), Status: status, When: at,
		Source: text(row["source"]), Medium: text(row["medium"]), Campaign: text(row["campaign"]), Referrer: text(row["referrer_domain"]),
	}
}

// breakdown is a source breakdown as a table.
type breakdown struct {
	Title, Hint string
	Columns     []string
	Words       int // how many columns at the beginning are text
	Rows        [][]string
	Totals      []string
}

// breakdowns are the tables of the page of leads.
var breakdowns = []struct{ title, hint, point string }{
	{"What made them leads", "Each lead, deal and amount counts for the source that led to the form which created the contact (lead creation).", "lead_creation"},
	{"What brought them first", "The same, counted for the first source that ever brought the person (first touch).", "first_touch"},
}

func readBreakdown(ctx context.Context, api *client.Client, title, hint, point string) (breakdown, error) {
	b := breakdown{Title: title, Hint: hint, Words: 2}
	r, err := api.Report(ctx, "source_breakdown", url.Values{"by": {"source,medium"}, "data_point": {point}})
	if err != nil {
		return b, err
	}
	for _, column := range r.Columns {
		b.Columns = append(b.Columns, strings.ReplaceAll(column, "_", " "))
	}
	for _, row := range r.Rows {
		b.Rows = append(b.Rows, cells(r.Columns, row))
	}
	if r.Totals != nil {
		b.Totals = cells(r.Columns, r.Totals)
		b.Totals[0] = "Total"
	}
	return b, nil
}

func cells(columns []string, row map[string]any) []string {
	list := make([]string, len(columns))
	for i, column := range columns {
		list[i] = text(row[column])
	}
	return list
}

// text shows a value of a report to people: thousands apart, each currency's amount on a line.
func text(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case json.Number:
		return grouped(value.String())
	case map[string]any:
		var amounts []string
		for currency, amount := range value {
			amounts = append(amounts, currency+" "+grouped(text(amount)))
		}
		sort.Strings(amounts)
		return strings.Join(amounts, "\n")
	}
	return fmt.Sprint(value)
}

// grouped puts a thin space between the thousands of a decimal number.
func grouped(number string) string {
	whole, fraction, hasFraction := strings.Cut(number, ".")
	digits := []byte(strings.TrimPrefix(whole, "-"))
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = slices.Insert(digits, at, []byte("\u202f")...)
	}
	if strings.HasPrefix(whole, "-") {
		digits = slices.Insert(digits, 0, '-')
	}
	if hasFraction {
		return string(digits) + "." + fraction
	}
	return string(digits)
}
