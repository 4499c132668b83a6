package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/headwater/headwater/collector/reports"
)

// condition is one part of a filter: only what has this value in this dimension.
type condition struct {
	Dimension reports.Dimension
	Value     string // as reports show it, so also "(direct)" or "(unattributed)"
}

// filter is what a page is narrowed to: all its conditions hold. A dimension has at most one. A report is asked by the filter's
// dimensions too, and the rows that it is not about are left out.
type filter []condition

const (
	maxFilterValue = 512
	whereParam     = "where" // dimension:value, in an address
)

// readFilter reads where of a query, and dimension and value of the form that adds a condition. The last one said of a
// dimension holds.
func (s *speaker) readFilter(query url.Values) (filter, *trouble) {
	var f filter
	for _, text := range query[whereParam] {
		dimension, value, _ := strings.Cut(text, ":")
		f = f.with(reports.Dimension(dimension), value)
	}
	if value := strings.TrimSpace(query.Get("value")); value != "" {
		f = f.with(reports.Dimension(query.Get("dimension")), value)
	}
	for _, c := range f {
		if !slices.Contains(reports.Dimensions(), c.Dimension) || c.Value == "" || len(c.Value) > maxFilterValue {
			return nil, s.trouble("problems.filter", http.StatusUnprocessableEntity)
		}
	}
	return f, nil
}

// with returns f and one more condition, in the order of the dimensions.
func (f filter) with(dimension reports.Dimension, value string) filter {
	narrower := append(f.without(dimension), condition{dimension, value})
	order := reports.Dimensions()
	slices.SortFunc(narrower, func(a, b condition) int {
		return slices.Index(order, a.Dimension) - slices.Index(order, b.Dimension)
	})
	return narrower
}

func (f filter) without(dimension reports.Dimension) filter {
	return slices.DeleteFunc(slices.Clone(f), func(c condition) bool { return c.Dimension == dimension })
}

// add writes f into the query of an address.
func (f filter) add(query url.Values) {
	for _, c := range f {
		query.Add(whereParam, c.text())
	}
}

func (c condition) text() string { return string(c.Dimension) + ":" + c.Value }

// asked are the dimensions that a report by these has to be asked by.
func (f filter) asked(by []reports.Dimension) []reports.Dimension {
	all := slices.Clone(by)
	for _, c := range f {
		if !slices.Contains(all, c.Dimension) {
			all = append(all, c.Dimension)
		}
	}
	return all
}

// keep leaves of a result the rows that f is about, and adds up those that these dimensions do not tell apart. Ratios that were
// of several rows are left out: they do not add up. The totals of a filtered result are those of its rows, because the ones counted
// apart are of everything.
func (f filter) keep(result *reports.Result, by []reports.Dimension) *reports.Result {
	columns, keys := columnsBy(result, by)
	if len(f) == 0 && len(columns) == len(result.Columns) {
		return result
	}
	kept := *result
	kept.Rows, kept.Columns = [][]any{}, nil
	for _, i := range columns {
		kept.Columns = append(kept.Columns, result.Columns[i])
	}
	places := map[string]int{}
	for i, row := range result.Rows {
		if !f.holds(result, i) {
			continue
		}
		row = pick(row, columns)
		key := keyOf(row, keys)
		at, known := places[key]
		if !known {
			places[key] = len(kept.Rows)
			kept.Rows = append(kept.Rows, row)
			continue
		}
		merged := sums([][]any{kept.Rows[at], row}, keys)
		for i, isKey := range keys {
			if isKey {
				merged[i] = row[i]
			}
		}
		kept.Rows[at] = merged
	}
	if result.Totals != nil {
		kept.Totals = pick(result.Totals, columns)
	}
	if len(f) > 0 {
		kept.Totals = totalsOf(&kept, keys)
		kept.Notes = append(slices.Clone(result.Notes), reports.Note{Name: "only", Value: f.String()})
	}
	return &kept
}

// columnsBy are the columns of a result by these dimensions, and which of them tell rows apart.
func columnsBy(result *reports.Result, by []reports.Dimension) (columns []int, keys []bool) {
	for i, column := range result.Columns {
		isDimension := slices.Contains(reports.Dimensions(), reports.Dimension(column))
		if isDimension && !slices.Contains(by, reports.Dimension(column)) {
			continue
		}
		columns, keys = append(columns, i), append(keys, isDimension || column == "period" || column == "form")
	}
	return columns, keys
}

func keyOf(row []any, keys []bool) string {
	var b strings.Builder
	for i, isKey := range keys {
		if isKey {
			b.WriteString(text(row[i]))
			b.WriteByte(0)
		}
	}
	return b.String()
}

// totalsOf adds all rows up, in the columns that have a total.
func totalsOf(kept *reports.Result, keys []bool) []any {
	if kept.Totals == nil {
		return nil
	}
	totals := sums(kept.Rows, keys)
	for i, total := range kept.Totals {
		switch total.(type) {
		case nil, float64:
			totals[i] = nil
		case int64:
			totals[i] = plus(int64(0), totals[i])
		case reports.Amounts:
			totals[i] = plus(reports.Amounts(nil), totals[i])
		}
	}
	return totals
}

func (f filter) holds(result *reports.Result, row int) bool {
	for _, c := range f {
		if text(result.Value(row, string(c.Dimension))) != c.Value {
			return false
		}
	}
	return true
}

func (f filter) String() string {
	parts := make([]string, len(f))
	for i, c := range f {
		parts[i] = string(c.Dimension) + " = " + c.Value
	}
	return strings.Join(parts, ", ")
}

func pick(row []any, columns []int) []any {
	picked := make([]any, len(columns))
	for to, from := range columns {
		picked[to] = row[from]
	}
	return picked
}

// filterView is the filter bar.
type filterView struct {
	Conditions []conditionView
	Dimensions []choice
	Values     []choice // suggestions
}

type conditionView struct {
	Title, Value, Text, Remove string
}

// filter shows f; address says where the page without a condition is.
func (s *speaker) filter(f filter, address func(filter) string) filterView {
	var view filterView
	for _, c := range f {
		view.Conditions = append(view.Conditions, conditionView{s.title(string(c.Dimension)), c.Value, c.text(), address(f.without(c.Dimension))})
	}
	for _, dimension := range reports.Dimensions() {
		view.Dimensions = append(view.Dimensions, choice{Value: string(dimension), Title: s.title(string(dimension))})
	}
	return view
}
