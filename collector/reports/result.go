package reports

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headwater/headwater/collector/models"
)

// Result is a report's answer. A value is text (string), a whole number (int64), a ratio or other fraction (float64, never NaN
// or infinite), a part of a count (decimal.Decimal, exact, with all its decimals), true or false, a time (time.Time in the asked zone), money (Amounts), or nil where there is nothing to say.
type Result struct {
	Name    string
	Columns []string
	Rows    [][]any
	// Totals has a value for each column, nil where a column has no total. It is counted apart from the rows. Nil where
	// the report has none.
	Totals []any
	// Notes say what was asked and by which rules it was answered.
	Notes []Note

	counted   *Result // by totals, of the same moment as the rows
	hideEmpty bool    // leave columns without any value out of a table
}

// Note is one remark beside the rows.
type Note struct {
	Name, Value string
}

// Value returns the value of row in column; nil where there is no such column.
func (r *Result) Value(row int, column string) any {
	if at := r.column(column); at >= 0 {
		return r.Rows[row][at]
	}
	return nil
}

func (r *Result) column(name string) int {
	for i, column := range r.Columns {
		if column == name {
			return i
		}
	}
	return -1
}

// keepDimensions leaves only the asked dimensions among the columns, in the asked order and before all others.
func (r *Result) keepDimensions(by []Dimension) {
	var columns []int
	for _, dimension := range by {
		columns = append(columns, r.column(string(dimension)))
	}
	for i, column := range r.Columns {
		if !slices.Contains(PathDimensions(), Dimension(column)) {
			columns = append(columns, i)
		}
	}
	r.reorder(columns)
}

// moveFirst puts a column before all others.
func (r *Result) moveFirst(name string) {
	columns := []int{r.column(name)}
	for i := range r.Columns {
		if i != columns[0] {
			columns = append(columns, i)
		}
	}
	r.reorder(columns)
}

// reorder puts the columns into the given order; those that it does not name are left out.
func (r *Result) reorder(columns []int) {
	names := make([]string, len(columns))
	for to, from := range columns {
		names[to] = r.Columns[from]
	}
	r.Columns = names
	for i, row := range r.Rows {
		moved := make([]any, len(columns))
		for to, from := range columns {
			moved[to] = row[from]
		}
		r.Rows[i] = moved
	}
}

// note adds what was asked.
func (r *Result) note(a asked, names ...string) {
	for _, name := range names {
		value := ""
		switch name {
		case "data_point":
			value = string(a.DataPoint)
		case "credit":
			value = a.creditText()
		case "model":
			value = string(a.Model)
		case string(models.Position), string(models.TimeDecay), string(models.Markov):
			value = a.modelText(models.Model(name))
		case "outcome":
			value = string(a.Outcome)
		case "paths":
			value = a.pathsText()
		case "range":
			value = a.rangeText()
		case "zone":
			value = a.Zone
		case "grain":
			value = string(a.Grain)
		case "currency":
			value = r.currencyText(a)
		case "limit":
			value = "at most " + strconv.Itoa(a.Limit) + " rows"
		}
		if value != "" {
			r.Notes = append(r.Notes, Note{Name: name, Value: value})
		}
	}
	if text := r.suspectsText(a); text != "" {
		r.Notes = append(r.Notes, Note{Name: "suspects", Value: text})
	}
}

// LeftOut is how many touches and submissions of the asked time are under suspicion and so in no figure of the result; known is
// false where the report does not count them.
func (r *Result) LeftOut() (touches, submissions int64, known bool) {
	counted := r.counted
	if r.Name == "totals" || r.Name == "cost_totals" || r.Name == "lead_totals" {
		counted = r
	}
	if counted == nil || len(counted.Rows) == 0 {
		return 0, 0, false
	}
	touches, _ = counted.Value(0, "suspect_touches").(int64)
	submissions, _ = counted.Value(0, "suspect_submissions").(int64)
	return touches, submissions, true
}

// suspectsText says what suspects did to the result, "" where nothing.
func (r *Result) suspectsText(a asked) string {
	if a.Suspects == IncludeSuspects {
		return "included"
	}
	touches, submissions, known := r.LeftOut()
	switch {
	case !known:
		return "left out, and not counted here (`headwater suspects list`)"
	case touches == 0 && submissions == 0:
		return ""
	}
	return fmt.Sprintf("left out: %d touches, %d submissions (`headwater suspects list`)", touches, submissions)
}

func (a asked) rangeText() string {
	var parts []string
	if a.From != "" {
		parts = append(parts, "from "+a.since.In(a.location).Format(time.RFC3339))
	}
	if a.To != "" {
		parts = append(parts, "before "+a.until.In(a.location).Format(time.RFC3339))
	}
	if len(parts) == 0 {
		return "all time"
	}
	return strings.Join(parts, ", ")
}

func (a asked) pathsText() string {
	text := fmt.Sprintf("all touches of the contact within %d days", a.LookbackDays)
	for _, transform := range Transforms() {
		if slices.Contains(a.Transforms, transform) {
			text += ", " + string(transform)
		}
	}
	return text
}

// modelText says with what parameters a model was asked.
func (a asked) modelText(model models.Model) string {
	switch model {
	case models.Position:
		return cmp.Or(a.Weights, "40/20/40")
	case models.TimeDecay:
		return fmt.Sprintf("half after %v days", a.HalfLifeDays)
	}
	text := fmt.Sprintf("order %d", a.Order)
	if a.Losses == IncludeLosses {
		return text + ", with the paths that led to nothing"
	}
	return text + ", only paths that led to the outcome"
}

func (a asked) creditText() string {
	if a.Credit == Last {
		return "last: the latest touch"
	}
	return fmt.Sprintf("last_non_direct: the latest known touch within %d days, else the latest touch", a.LookbackDays)
}

// Formats lists the formats that Write knows.
func Formats() []string { return []string{"table", "csv", "json", "jsonl", "parquet"} }

// Write writes the result as table, csv, json, jsonl (an object a line) or parquet. Totals and notes are only in table and json.
func (r *Result) Write(w io.Writer, format string) error {
	switch format {
	case "table":
		return r.WriteTable(w)
	case "csv":
		return r.WriteCSV(w)
	case "json":
		return r.WriteJSON(w)
	case "jsonl", "parquet":
		return r.writeRows(w, format)
	}
	return paramErrorf("format", "none_of", "%.64q is none of %s", format, strings.Join(Formats(), ", "))
}
