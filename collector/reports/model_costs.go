package reports

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/models"
)

// ModelCosts tells what each source cost and what came of it by one model.
func ModelCosts(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("model_costs")
	if err != nil {
		return nil, err
	}
	if err := a.onlyCostDimensions(); err != nil {
		return nil, err
	}
	a.outcomes = []Outcome{Leads, CreatedDeals, WonDeals}
	asked := a
	if a.Model == models.Markov {
		a.Model = models.Linear // which names everybody that is on a path
	}
	result, err := queryBoth(ctx, conn, "model_costs", "cost_totals", a)
	if err != nil {
		return nil, err
	}
	table := readCredits(result)
	if asked.Model == models.Markov {
		if err := table.allByMarkov(ctx, conn, a, append(a.outcomes, WonAmount)); err != nil {
			return nil, err
		}
	}
	table.writeCosts(result)
	result.keepDimensions(a.By)
	result.note(asked, "model", "paths", string(asked.Model), "currency", "range", "zone")
	result.addTotals()
	return result, nil
}

// writeCosts gives a result the rows of the table with what was spent, and what each lead, deal and unit of the spend cost and
// brought, worked out before anything is rounded. Each row of the result has labels of its own.
func (t *creditTable) writeCosts(to *Result) {
	spent := map[string][]any{}
	for place, row := range to.Rows {
		spent[labelKey(t.labels[place])] = []any{row[to.column("spend")], row[to.column("clicks")], row[to.column("impressions")]}
	}
	exact := map[string]costs{}
	for place, labels := range t.labels {
		exact[labelKey(labels)] = costs{t.count(Leads, place), t.count(CreatedDeals, place), t.money(place)}
	}
	t.write(to, []string{string(Leads), string(CreatedDeals), string(WonDeals), string(WonAmount)})
	dimensions := len(PathDimensions())
	for i, row := range to.Rows {
		labels := make([]string, dimensions)
		for at := range labels {
			labels[at], _ = row[at].(string)
		}
		key := labelKey(labels)
		spend := []any{Amounts{}, int64(0), int64(0)} // of a row that Markov added
		if known, there := spent[key]; there {
			spend = known
		}
		whole := append(row[:dimensions:dimensions], spend...)
		whole = append(whole, row[dimensions:]...)
		to.Rows[i] = append(whole, exact[key].of(spend[0].(Amounts))...)
	}
	columns := append(to.Columns[:dimensions:dimensions], "spend", "clicks", "impressions")
	columns = append(columns, to.Columns[dimensions:]...)
	to.Columns = append(columns, "cost_per_lead", "cost_per_deal", "roas", "roi")
}

// count is what a row has of a column that counts, money what it has of won amounts, by currency.
func (t *creditTable) count(column Outcome, place int) decimal.Decimal {
	if cells := t.columns[string(column)]; place < len(cells) {
		return cells[place][""]
	}
	return decimal.Zero
}

func (t *creditTable) money(place int) map[string]decimal.Decimal {
	if cells := t.columns[string(WonAmount)]; place < len(cells) {
		return cells[place]
	}
	return nil
}

// costs is what came of a budget.
type costs struct {
	leads, deals decimal.Decimal
	won          map[string]decimal.Decimal
}

// of returns cost per lead, cost per deal, ROAS and return on investment of what was spent, as the facts each.sql and return_on.sql do.
func (c costs) of(spend Amounts) []any {
	cells := []any{eachOf(spend, c.leads), eachOf(spend, c.deals), nil, nil}
	if roas, known := returnOn(spend, c.won); known {
		cells[2] = roas.InexactFloat64()
		cells[3] = roas.Sub(decimal.NewFromInt(1)).InexactFloat64()
	}
	return cells
}

// eachOf divides amounts by a number of things, to four decimals. There are none where the number is shown as 0.
func eachOf(amounts Amounts, n decimal.Decimal) Amounts {
	each := Amounts{}
	if n.Round(countDigits).IsZero() {
		return each
	}
	for _, amount := range amounts {
		each = append(each, Amount{amount.Currency, amount.Value.DivRound(n, 4)})
	}
	return each
}

// returnOn is what was won for each unit that was spent, to six decimals; not known where nothing was spent, or where spent and won are not
// all in one currency.
func returnOn(spend Amounts, won map[string]decimal.Decimal) (roas decimal.Decimal, known bool) {
	if len(spend) != 1 || !spend[0].Value.IsPositive() {
		return roas, false
	}
	for currency, amount := range won {
		if currency != spend[0].Currency && !amount.IsZero() {
			return roas, false
		}
	}
	return won[spend[0].Currency].DivRound(spend[0].Value, 6), true
}
