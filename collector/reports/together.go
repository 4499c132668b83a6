package reports

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/schema"
)

// Together returns a context for reports that are shown together, one after another or side by side: what several of them need is asked once.
// That is whether the settled tables may be read, and totals of the same days. Each report still adds up to the totals that it has; where
// records arrive meanwhile, reports that are asked later may have later ones. An error is not kept: who asks next asks again.
func Together(ctx context.Context) context.Context {
	return context.WithValue(ctx, togetherKey{}, &together{settled: map[schema.SiteID]*once[bool]{}, counted: map[string]*once[*Result]{}})
}

type togetherKey struct{}

// together is what reports know from each other.
type together struct {
	mu      sync.Mutex
	settled map[schema.SiteID]*once[bool]
	counted map[string]*once[*Result]
}

// once is an answer that whoever comes later waits for.
type once[T any] struct {
	mu    sync.Mutex
	known bool
	value T
}

// get asks unless the answer is known, and good for the one who asks.
func (o *once[T]) get(good func(T) bool, ask func() (T, error)) (T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known && good(o.value) {
		return o.value, nil
	}
	value, err := ask()
	if err == nil {
		o.known, o.value = true, value
	}
	return value, err
}

// onceOf returns what all[key] is known of, which may be nothing yet.
func onceOf[K comparable, T any](t *together, all map[K]*once[T], key K) *once[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	if all[key] == nil {
		all[key] = &once[T]{}
	}
	return all[key]
}

// settledTogether is settleForReport, once for reports that are shown together.
func settledTogether(ctx context.Context, conn driver.Conn, site schema.SiteID) (bool, error) {
	ask := func() (bool, error) { return settleForReport(ctx, conn, site) }
	t, _ := ctx.Value(togetherKey{}).(*together)
	if t == nil {
		return ask()
	}
	return onceOf(t, t.settled, site).get(func(bool) bool { return true }, ask)
}

// countTogether runs a report of totals, once for reports that are shown together. What is stale, which nil is not, was not good.
func countTogether(ctx context.Context, conn driver.Conn, name string, a asked, from source, stale *Result) (*Result, error) {
	ask := func() (*Result, error) { return queryFrom(ctx, conn, name, a, from) }
	t, _ := ctx.Value(togetherKey{}).(*together)
	if t == nil {
		return ask()
	}
	text, err := a.statement(name, from)
	if err != nil {
		return nil, err
	}
	return onceOf(t, t.counted, boundText(text, a)).get(func(known *Result) bool { return known != stale }, ask)
}

var parameterPattern = regexp.MustCompile(`\{([a-z_]+):`)

// boundText is a statement with the values of the parameters that it names: two that have the same are the same question.
func boundText(text string, a asked) string {
	values, named := a.parameters(), map[string]bool{}
	for _, found := range parameterPattern.FindAllStringSubmatch(text, -1) {
		named[found[1]] = true
	}
	key := strings.Builder{}
	key.WriteString(text)
	for _, name := range slices.Sorted(maps.Keys(named)) {
		key.WriteString("\x00" + name + "=" + values[name])
	}
	return key.String()
}

// addsUpTo tells whether the rows are sums of the totals in every column that both have, and so of one moment. It is false also where that
// cannot be told, because rows were left out or nothing in them adds up.
func (r *Result) addsUpTo(counted *Result, a asked) bool {
	if len(counted.Rows) != 1 || slices.Contains(Takes(r.Name), "limit") && a.Limit > 0 && len(r.Rows) >= a.Limit {
		return false
	}
	compared := false
	for at, column := range r.Columns {
		whole := counted.column(a.wholeOf(r.Name, column))
		if whole < 0 || !adds(counted.Rows[0][whole]) {
			continue
		}
		if compared = true; !maps.EqualFunc(r.sum(at), counted.sum(whole), decimal.Decimal.Equal) {
			return false
		}
	}
	return compared
}

// wholeOf is the column of totals that a column of a report sums up to, "" for none.
func (a asked) wholeOf(report, column string) string {
	switch {
	case column == "cost_per_lead" || column == "cost_per_deal":
		return ""
	case report == "paths" && column == "outcomes":
		return string(a.outcomes[0])
	case report == "paths" && column == string(WonAmount) && a.outcomes[0] != WonDeals:
		return ""
	case report == "compare_models" && column == "linear" && a.Outcome != WonAmount:
		return string(a.Outcome)
	}
	return column
}

// sum adds a column up, by currency ("" for what is counted), without what is nothing.
func (r *Result) sum(column int) map[string]decimal.Decimal {
	sum := map[string]decimal.Decimal{}
	for _, row := range r.Rows {
		switch value := row[column].(type) {
		case int64:
			sum[""] = sum[""].Add(decimal.NewFromInt(value))
		case decimal.Decimal:
			sum[""] = sum[""].Add(value)
		case Amounts:
			for _, amount := range value {
				sum[amount.Currency] = sum[amount.Currency].Add(amount.Value)
			}
		}
	}
	maps.DeleteFunc(sum, func(_ string, part decimal.Decimal) bool { return part.IsZero() })
	return sum
}

// adds tells whether values such as this one have a sum.
func adds(value any) bool {
	switch value.(type) {
	case int64, decimal.Decimal, Amounts:
		return true
	}
	return false
}
