package console

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/reports"
)

// maxRows is how many rows a page shows; the rest is added up in one row, so that the rows still sum to the total. The
// download has them all.
const maxRows = 200

// tableView is a report as a table: text columns first, then what is counted, one of it with bars.
type tableView struct {
	Label   string
	Columns []columnView
	Rows    []rowView
	Totals  []cellView
}

type columnView struct {
	Title string
	Text  bool
	Bar   bool
}

type rowView struct {
	Cells []cellView
	Folds int // how many rows this one stands for, where it is the rest
}

type cellView struct {
	Text  string
	Lines []string // of money, a line a currency
	Quiet bool     // "(unattributed)", "(not set)", zero
	Share string   // of the column's total, beside a bar
	Width int      // of the bar, 0 to 100 of the widest
}

// table turns a result into a table. bar names the column that gets bars; "" the first number.
func (s *speaker) table(result *reports.Result, label, bar string) tableView {
	view := tableView{Label: label}
	result = withoutShare(result)
	texts := textColumns(result)
	barAt := slices.Index(result.Columns, bar)
	for i, column := range result.Columns {
		if barAt < 0 && !texts[i] {
			barAt = i
		}
		view.Columns = append(view.Columns, columnView{Title: s.title(column), Text: texts[i], Bar: i == barAt})
	}
	rows, folded := result.Rows, []any(nil)
	if len(rows) > maxRows {
		folded = sums(rows[maxRows-1:], texts)
		rows = rows[:maxRows-1]
	}
	widest, whole := int64(0), int64(0)
	for _, row := range append(slices.Clone(rows), folded) {
		if row != nil && barAt >= 0 {
			n, _ := row[barAt].(int64)
			widest, whole = max(widest, n), whole+n
		}
	}
	for _, row := range rows {
		view.Rows = append(view.Rows, rowView{Cells: s.cells(row, barAt, widest, whole)})
	}
	if folded != nil {
		view.Rows = append(view.Rows, rowView{Cells: s.cells(folded, barAt, widest, whole), Folds: len(result.Rows) - len(rows)})
	}
	if result.Totals != nil && len(result.Rows) > 0 {
		view.Totals = s.cells(result.Totals, -1, 0, 0)
		for i, isText := range texts {
			if isText {
				view.Totals[i] = cellView{}
			}
		}
	}
	return view
}

// withoutShare leaves the column of shares out: the page shows them beside the bars.
func withoutShare(result *reports.Result) *reports.Result {
	at := slices.Index(result.Columns, "share")
	if at < 0 {
		return result
	}
	without := func(row []any) []any { return slices.Concat(row[:at], row[at+1:]) }
	trimmed := &reports.Result{Columns: slices.Concat(result.Columns[:at], result.Columns[at+1:])}
	for _, row := range result.Rows {
		trimmed.Rows = append(trimmed.Rows, without(row))
	}
	if result.Totals != nil {
		trimmed.Totals = without(result.Totals)
	}
	return trimmed
}

// textColumns tells which columns hold words: dimensions, forms. A column without any value holds numbers.
func textColumns(result *reports.Result) []bool {
	texts := make([]bool, len(result.Columns))
	for i := range result.Columns {
		for _, row := range result.Rows {
			if _, isText := row[i].(string); isText {
				texts[i] = true
			}
		}
		if len(result.Rows) == 0 && i == 0 {
			texts[i] = true
		}
	}
	return texts
}

func (s *speaker) cells(row []any, barAt int, widest, whole int64) []cellView {
	cells := make([]cellView, len(row))
	for i, value := range row {
		cell := &cells[i]
		switch value := value.(type) {
		case string:
			cell.Text, cell.Quiet = value, value == "(unattributed)" || value == "(not set)"
		case int64:
			cell.Text, cell.Quiet = s.number(value), value == 0
			if i == barAt && whole > 0 {
				cell.Share = s.percent(float64(value) / float64(whole))
				cell.Width = int((value*100 + widest - 1) / widest)
			}
		case decimal.Decimal:
			cell.Text, cell.Quiet = s.grouped(value.String()), value.IsZero()
		case float64:
			cell.Text = s.percent(value)
		case nil:
			cell.Text, cell.Quiet = "–", true
		case reports.Amounts:
			cell.Lines = s.money(value)
			if len(cell.Lines) == 0 {
				cell.Text, cell.Quiet = "–", true
			}
		}
	}
	return cells
}

// sums adds rows up: whole numbers and money; words and ratios have no sum.
func sums(rows [][]any, texts []bool) []any {
	total := make([]any, len(texts))
	for i := range total {
		for _, row := range rows {
			total[i] = plus(total[i], row[i])
		}
		if texts[i] {
			total[i] = ""
		}
	}
	return total
}

func plus(a, b any) any {
	switch b := b.(type) {
	case int64:
		n, _ := a.(int64)
		return n + b
	case decimal.Decimal:
		sum, _ := a.(decimal.Decimal)
		return sum.Add(b)
	case reports.Amounts:
		sum, _ := a.(reports.Amounts)
		return sum.Plus(b)
	}
	return a
}
