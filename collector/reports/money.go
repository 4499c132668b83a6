package reports

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// costDimensions are those that spend has.
var costDimensions = []Dimension{BySource, ByMedium, ByCampaign, ByChannel}

// Costs tells what each source cost and what came of it.
func Costs(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("costs")
	if err != nil {
		return nil, err
	}
	if err := a.onlyCostDimensions(); err != nil {
		return nil, err
	}
	result, err := queryBoth(ctx, conn, "costs", "cost_totals", a)
	if err != nil {
		return nil, err
	}
	result.keepDimensions(a.By)
	result.addTotals()
	result.note(a, "data_point", "credit", "currency", "range", "zone")
	return result, nil
}

func (a asked) onlyCostDimensions() error {
	for _, dimension := range a.By {
		if !slices.Contains(costDimensions, dimension) {
			return paramErrorf("by", "no_cost", "nobody tells what a %s costs: take source, medium, campaign or channel", dimension)
		}
	}
	return nil
}

// CostTotals tells how much was spent in all and what came of it, counted apart from Costs.
func CostTotals(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	return runTotals(ctx, conn, "cost_totals", p, "currency", "range", "zone")
}

// currencyText says in what amounts are, and of which amounts no rate was found.
func (r *Result) currencyText(a asked) string {
	if a.Currency == "" {
		return "each amount in its own"
	}
	text := fmt.Sprintf("%s, by the rate of the day or of up to %d days before", a.Currency, a.RateDays)
	var without []string
	for _, row := range r.Rows {
		for _, value := range row {
			amounts, _ := value.(Amounts)
			for _, amount := range amounts {
				if amount.Currency != a.Currency && !slices.Contains(without, amount.Currency) {
					without = append(without, amount.Currency)
				}
			}
		}
	}
	if len(without) == 0 {
		return text
	}
	slices.Sort(without)
	return text + "; no rate for some in " + strings.Join(without, ", ")
}
