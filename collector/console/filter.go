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

// filter is what a page is narrowed to: all its conditions hold. A dimension has at most one, so that asking a report by
// these dimensions too leaves exactly one row of each of its own combinations: nothing has to be added up again.
type filter []condition

const (
	maxFilterValue = 512
	whereParam     = "where" // dimension:value, in an address
)

// readFilter reads where of a query, and dimension and value of the form that adds a condition. The last one said of a
// dimension holds.
func readFilter(query url.Values) (filter, *trouble) {
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
			return nil, &trouble{"This filter cannot be read", "Choose one of the dimensions and write a value as the tables show it, such as source and linkedin.", http.StatusUnprocessableEntity}
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

// keep leaves of a result by f.asked(by) the rows that f is about and the columns that by names. Its totals are those of
// the rows, because the ones counted apart are of everything.
func (f filter) keep(result *reports.Result, by []reports.Dimension) *reports.Result {
	if len(f) == 0 {
		return result
	}
	var columns []int
	extra := f.asked(by)[len(by):]
	for i, column := range result.Columns {
		if !slices.Contains(extra, reports.Dimension(column)) {
			columns = append(columns, i)
		}
	}
	kept := *result
	kept.Rows, kept.Columns = [][]any{}, nil
	for _, i := range columns {
		kept.Columns = append(kept.Columns, result.Columns[i])
	}
	for i, row := range result.Rows {
		if f.holds(result, i) {
			kept.Rows = append(kept.Rows, pick(row, columns))
		}
	}
	if result.Totals != nil {
		kept.Totals = sums(kept.Rows, textColumns(&kept))
		for i, total := range pick(result.Totals, columns) { // what has no total has none here either
			switch total.(type) {
			case int64:
				if kept.Totals[i] == nil {
					kept.Totals[i] = int64(0)
				}
			case reports.Amounts:
				if kept.Totals[i] == nil {
					kept.Totals[i] = reports.Amounts(nil)
				}
			default:
				kept.Totals[i] = nil
			}
		}
	}
	kept.Notes = append(slices.Clone(result.Notes), reports.Note{Name: "only", Value: f.String()})
	return &kept
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

// filterView shows f; address says where the page without a condition is.
func (s *speaker) filterView(f filter, address func(filter) string) filterView {
	var view filterView
	for _, c := range f {
		view.Conditions = append(view.Conditions, conditionView{s.title(string(c.Dimension)), c.Value, c.text(), address(f.without(c.Dimension))})
	}
	for _, dimension := range reports.Dimensions() {
		view.Dimensions = append(view.Dimensions, choice{Value: string(dimension), Title: s.title(string(dimension))})
	}
	return view
}
