package reports

import (
	"context"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/shopspring/decimal"
	"golang.org/x/text/currency"

	"github.com/headwater/headwater/collector/models"
)

// CompareModels tells how the models share the same leads, conversions, deals or money.
func CompareModels(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("compare_models")
	if err != nil {
		return nil, err
	}
	if p.Currency != "" && a.Outcome != WonAmount {
		return nil, paramErrorf("currency", "not_money", "%s are not money: ask for the outcome %s", a.Outcome, WonAmount)
	}
	result, err := queryBoth(ctx, conn, "compare_models", "cost_totals", a)
	if err != nil {
		return nil, err
	}
	table := readCredits(result)
	steps, err := querySteps(ctx, conn, a)
	if err != nil {
		return nil, err
	}
	shared, trouble := table.byMarkov(ctx, steps[a.outcomes[0]], table.columns[string(models.Linear)])
	if trouble != nil && ctx.Err() != nil {
		return nil, trouble
	}
	table.columns[string(models.Markov)] = shared
	var names []string
	for _, model := range models.All() {
		names = append(names, string(model))
	}
	table.write(result, names)
	result.keepDimensions(a.By)
	result.Totals = make([]any, len(result.Columns))
	for _, name := range names {
		result.Totals[result.column(name)] = result.counted.Value(0, string(a.Outcome))
	}
	result.note(a, "outcome", "paths", "position", "time_decay", "markov", "range", "zone")
	if a.Outcome == WonAmount {
		result.Notes = append(result.Notes, Note{"currency", result.currencyText(a)})
	}
	if trouble != nil {
		result.Totals[result.column(string(models.Markov))] = nil
		result.Notes = append(result.Notes, Note{"markov is left out", trouble.Error()})
	}
	return result, nil
}

// ModelBreakdown tells which sources brought leads, conversions, deals and money by one model.
func ModelBreakdown(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("model_breakdown")
	if err != nil {
		return nil, err
	}
	asked := a
	if a.Model == models.Markov {
		a.Model = models.Linear // which names everybody that is on a path
	}
	result, err := queryBoth(ctx, conn, "model_breakdown", "cost_totals", a)
	if err != nil {
		return nil, err
	}
	table := readCredits(result)
	if asked.Model == models.Markov {
		if err := table.allByMarkov(ctx, conn, a, Outcomes()); err != nil {
			return nil, err
		}
	}
	var names []string
	for _, outcome := range Outcomes() {
		names = append(names, string(outcome))
	}
	table.write(result, names)
	result.keepDimensions(a.By)
	result.note(asked, "model", "paths", string(asked.Model), "currency", "range", "zone")
	result.addTotals()
	return result, nil
}

// parts are what the rows of a table get of something, exactly: by row, and by currency ("" for what is counted).
type parts []map[string]decimal.Decimal

// creditTable is an answer whose columns are parts of a whole.
type creditTable struct {
	labels  [][]string // of each row, all PathDimensions
	columns map[string]parts
}

// unattributed labels the row of what has no touch, unmatched that of what was spent under labels that no visit has.
const (
	unattributed = "(unattributed)"
	unmatched    = "(unmatched)"
)

// readCredits takes an answer apart. It may have several rows for the same labels, each with another currency.
func readCredits(r *Result) *creditTable {
	t := &creditTable{columns: map[string]parts{}}
	places := map[string]int{}
	dimensions := len(PathDimensions())
	for _, row := range r.Rows {
		labels := make([]string, dimensions)
		for i, dimension := range PathDimensions() {
			labels[i], _ = row[r.column(string(dimension))].(string)
		}
		place, known := places[labelKey(labels)]
		if !known {
			place = len(t.labels)
			places[labelKey(labels)] = place
			t.labels = append(t.labels, labels)
		}
		money := ""
		if at := r.column("currency"); at >= 0 {
			money, _ = row[at].(string)
		}
		for at, value := range row {
			t.add(r.Columns[at], place, money, value)
		}
	}
	return t
}

func labelKey(labels []string) string { return strings.Join(labels, "\x00") }

// add takes a cell into its column.
func (t *creditTable) add(column string, place int, money string, value any) {
	put := func(money string, part decimal.Decimal) {
		for len(t.columns[column]) <= place {
			t.columns[column] = append(t.columns[column], map[string]decimal.Decimal{})
		}
		t.columns[column][place][money] = part
	}
	switch value := value.(type) {
	case decimal.Decimal:
		put(money, value)
	case Amounts:
		for _, amount := range value {
			put(amount.Currency, amount.Value)
		}
	}
}

// write gives a result the rows of the table, rounded, and no columns but the dimensions and those that are named. What has no touch comes
// last, and before it what was spent for nobody.
func (t *creditTable) write(to *Result, names []string) {
	to.Columns, to.Rows = nil, make([][]any, len(t.labels))
	for i, dimension := range PathDimensions() {
		to.Columns = append(to.Columns, string(dimension))
		for place, labels := range t.labels {
			to.Rows[place] = append(to.Rows[place], labels[i])
		}
	}
	for _, name := range names {
		to.Columns = append(to.Columns, name)
		for place, cell := range t.columns[name].rounded(len(t.labels), name == string(WonAmount)) {
			to.Rows[place] = append(to.Rows[place], cell)
		}
	}
	slices.SortStableFunc(to.Rows, func(a, b []any) int { return slices.Compare(atEnd(a), atEnd(b)) })
}

// atEnd orders rows by whether they have no touch, or no visit.
func atEnd(row []any) []int {
	order := []int{0, 0}
	for i, label := range []string{unattributed, unmatched} {
		if slices.Contains(row, any(label)) {
			order[i] = 1
		}
	}
	return order
}

// countDigits is the number of decimals to which parts of leads, conversions and deals are rounded.
const countDigits = 6

// rounded returns a column's cells, which sum exactly to the whole; nil cells where there is no column.
func (p parts) rounded(rows int, isMoney bool) []any {
	cells := make([]any, rows)
	if p == nil {
		return cells
	}
	currencies := map[string]bool{}
	for _, cell := range p {
		for money := range cell {
			currencies[money] = true
			isMoney = isMoney || money != ""
		}
	}
	amounts := make([]Amounts, rows)
	for _, money := range slices.Sorted(maps.Keys(currencies)) {
		shares, total := make([]*big.Rat, rows), decimal.Zero
		for place := range shares {
			shares[place] = new(big.Rat)
			if place < len(p) {
				shares[place] = p[place][money].Rat()
				total = total.Add(p[place][money])
			}
		}
		digits := int32(countDigits)
		if isMoney {
			digits = currencyDigits(money)
		}
		for place, part := range models.Apportion(total, shares, digits) {
			if isMoney && !part.IsZero() {
				amounts[place] = append(amounts[place], Amount{money, part})
			} else if !isMoney {
				cells[place] = part
			}
		}
	}
	for place := range cells {
		if isMoney {
			cells[place] = amounts[place]
		} else if cells[place] == nil {
			cells[place] = decimal.New(0, -countDigits)
		}
	}
	return cells
}

// currencyDigits is the number of decimals that a currency has.
func currencyDigits(code string) int32 {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 2
	}
	digits, _ := currency.Standard.Rounding(unit)
	return int32(digits)
}
