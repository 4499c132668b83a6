package console

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/reports"
)

// tileRows is how many rows a tile shows before it adds up the others.
const tileRows = 8

// newestLeads is how many of the latest leads the dashboard shows.
const newestLeads = 5

const unattributed = "(unattributed)"

// ranked are the rows of a tile: the greatest, the others added up, and those without a touch, also where nothing is.
type ranked struct {
	columns []string
	all     []rankedRow
	totals  []any
}

type rankedRow struct {
	label  string
	folds  int
	values []any
}

func (r ranked) at(column string) int { return slices.Index(r.columns, column) }

// rankedRows orders a result by a column, adds up what a tile has no room for, and puts "(unattributed)" last: whoever reads the tile
// sees that nothing was left out.
func rankedRows(result *reports.Result, label, by string) ranked {
	texts := textColumns(result)
	at, from := slices.Index(result.Columns, by), slices.Index(result.Columns, label)
	texts[from] = true
	r := ranked{columns: result.Columns, totals: result.Totals}
	var named [][]any
	without := zeros(result)
	for _, row := range result.Rows {
		if text(row[from]) == unattributed {
			without = row
		} else {
			named = append(named, row)
		}
	}
	slices.SortStableFunc(named, func(a, b []any) int { return cmp.Compare(sizeOf(b[at]), sizeOf(a[at])) })
	shown := named
	if len(named) > tileRows+1 {
		shown = named[:tileRows]
	}
	for _, row := range shown {
		r.all = append(r.all, rankedRow{label: text(row[from]), values: row})
	}
	if rest := named[len(shown):]; len(rest) > 0 {
		r.all = append(r.all, rankedRow{folds: len(rest), values: sums(rest, texts)})
	}
	r.all = append(r.all, rankedRow{label: unattributed, values: without})
	return r
}

// sizeOf is a number as one to compare and to draw by, 0 for what is none. Of amounts it is that of the first currency.
func sizeOf(value any) float64 {
	switch value := value.(type) {
	case int64:
		return float64(value)
	case decimal.Decimal:
		return value.InexactFloat64()
	case reports.Amounts:
		if len(value) > 0 {
			return value[0].Value.InexactFloat64()
		}
	}
	return 0
}

// zeros is a row in which nothing happened.
func zeros(result *reports.Result) []any {
	row := make([]any, len(result.Columns))
	for i := range row {
		for _, other := range append([][]any{result.Totals}, result.Rows...) {
			if i >= len(other) {
				continue
			}
			switch other[i].(type) {
			case int64:
				row[i] = int64(0)
			case decimal.Decimal:
				row[i] = decimal.Zero
			}
		}
	}
	return row
}

// fill shows ranked rows by these columns, the first of them with bars. linkTo may be nil.
func (s *speaker) fill(t *tileView, rows ranked, label string, columns []string, linkTo linksOf) {
	t.Columns = []tileColumn{{Title: s.title(label), Text: true}}
	for _, row := range rows.all {
		shown := tileRow{Label: row.label, Quiet: row.label == unattributed, Folds: row.folds}
		if row.folds == 0 && linkTo != nil {
			shown.Href = linkTo(row.label, "")
		}
		t.Rows = append(t.Rows, shown)
	}
	for i, column := range columns {
		bar := i == 0 && rows.comparable(column)
		t.Columns = append(t.Columns, tileColumn{Title: s.title(column), Bar: bar})
		s.fillColumn(t, rows, column, bar, linkTo)
	}
	t.Total.Label = s.say("words.total")
}

// comparable reports whether bars and shares of a column mean something: those of amounts in several currencies do not.
func (r ranked) comparable(column string) bool {
	first := ""
	for _, row := range r.all {
		amounts, _ := row.values[r.at(column)].(reports.Amounts)
		for _, amount := range amounts {
			if first == "" {
				first = amount.Currency
			}
			if amount.Currency != first {
				return false
			}
		}
	}
	return true
}

func (s *speaker) fillColumn(t *tileView, rows ranked, column string, bar bool, linkTo linksOf) {
	at := rows.at(column)
	values, widest, whole := make([]any, len(rows.all)), 0.0, 0.0
	for i, row := range rows.all {
		values[i] = row.values[at]
		widest, whole = max(widest, sizeOf(values[i])), whole+sizeOf(values[i])
	}
	total := any(nil)
	if rows.totals != nil {
		total = rows.totals[at]
	}
	values, total = showable(values, total)
	for i, value := range values {
		cell := tileCell{cellView: s.cell(value), N: numberFor(value), Bar: bar}
		if bar && whole > 0 {
			cell.Share = s.percent(sizeOf(value) / whole)
			cell.Width = int(sizeOf(value)*100/widest + .999)
		}
		if linkTo != nil && t.Rows[i].Folds == 0 && !cell.Quiet {
			cell.Href = linkTo(t.Rows[i].Label, column)
		}
		t.Rows[i].Cells = append(t.Rows[i].Cells, cell)
	}
	t.Total.Cells = append(t.Total.Cells, tileCell{cellView: s.cell(total), N: numberFor(total), Bar: bar})
}

// numberFor is a whole number for the script.
func numberFor(value any) any {
	if n, ok := value.(int64); ok {
		return n
	}
	return nil
}

// cell is one value in a table.
func (s *speaker) cell(value any) cellView { return s.cells([]any{value}, -1, 0, 0)[0] }

// showable rounds parts of leads and deals to tenths that still add up to their total: whoever adds up what a tile shows gets what it
// says below. The parts with the largest remainders are rounded up.
func showable(values []any, total any) ([]any, any) {
	parts, sum := make([]decimal.Decimal, len(values)), decimal.Zero
	for i, value := range values {
		part, isPart := value.(decimal.Decimal)
		if !isPart {
			return values, total
		}
		parts[i], sum = part, sum.Add(part)
	}
	if total == nil {
		return values, total
	}
	goal := sum.Round(1)
	order, shown, reached := make([]int, len(parts)), make([]any, len(parts)), decimal.Zero
	floors := make([]decimal.Decimal, len(parts))
	for i, part := range parts {
		order[i], floors[i] = i, part.RoundFloor(1)
		reached = reached.Add(floors[i])
	}
	slices.SortStableFunc(order, func(a, b int) int { return parts[b].Sub(floors[b]).Cmp(parts[a].Sub(floors[a])) })
	tenth := decimal.New(1, -1)
	for _, i := range order {
		if reached.LessThan(goal) {
			floors[i], reached = floors[i].Add(tenth), reached.Add(tenth)
		}
		shown[i] = floors[i]
	}
	return shown, goal
}

// withColumn gives each row of a result what another one has in a column under the same label, such as the leads of a year before.
// Rows that are only there come last.
func withColumn(result, other *reports.Result, label, column, name string) *reports.Result {
	both := &reports.Result{Columns: append(slices.Clone(result.Columns), name)}
	from := slices.Index(other.Columns, column)
	values, zero := map[string]any{}, zeros(other)[from]
	for i, row := range other.Rows {
		values[text(other.Value(i, label))] = row[from]
	}
	for i, row := range result.Rows {
		key := text(result.Value(i, label))
		value, known := values[key]
		if !known {
			value = zero
		}
		both.Rows = append(both.Rows, append(slices.Clone(row), value))
		delete(values, key)
	}
	for i := range other.Rows {
		key := text(other.Value(i, label))
		if value, left := values[key]; left && sizeOf(value) > 0 {
			row := zeros(result)
			row[slices.Index(result.Columns, label)] = key
			both.Rows = append(both.Rows, append(row, value))
		}
	}
	if result.Totals != nil {
		both.Totals = append(slices.Clone(result.Totals), other.Totals[from])
	}
	return both
}
