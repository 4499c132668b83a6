package play

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/tools/dev/client"
)

// Reported asks the collector's report source_breakdown for what [Player.Expected] tells, and adds up its rows itself: they
// must make the totals. A report through the API is the whole way that a number goes to a person.
func (p *Player) Reported(ctx context.Context) (map[string]string, error) {
	today := time.Now().UTC()
	api := &client.Client{URL: p.URL, Key: p.Key, HTTP: p.proxied}
	report, err := api.Report(ctx, "source_breakdown", url.Values{"by": {"source"},
		"from": {today.AddDate(0, 0, -2).Format(time.DateOnly)}, "to": {today.AddDate(0, 0, 2).Format(time.DateOnly)}})
	if err != nil {
		return nil, err
	}
	rows, err := addUp(report.Rows)
	if err != nil {
		return nil, fmt.Errorf("report source_breakdown: %w", err)
	}
	totals, err := addUp([]map[string]any{report.Totals})
	if err != nil {
		return nil, fmt.Errorf("report source_breakdown: totals: %w", err)
	}
	for column, sum := range rows {
		if totals[column] != sum {
			return nil, fmt.Errorf("report source_breakdown: the rows have %s %s and the totals %s", sum, column, totals[column])
		}
	}
	return totals, nil
}

func addUp(rows []map[string]any) (map[string]string, error) {
	sums, money := map[string]int{}, decimal.Decimal{}
	for _, name := range []string{"visitors", "leads", "conversions", "deals", "won_deals"} {
		for _, row := range rows {
			number, _ := row[name].(json.Number)
			n, err := strconv.Atoi(number.String())
			if err != nil {
				return nil, fmt.Errorf("column %s: %v is no number", name, row[name])
			}
			sums[name] += n
		}
	}
	for _, row := range rows {
		for currency, amount := range amounts(row["won_amount"]) {
			value, err := decimal.NewFromString(fmt.Sprint(amount))
			if err != nil || !strings.EqualFold(currency, "EUR") {
				return nil, fmt.Errorf("column won_amount: %v %s", amount, currency)
			}
			money = money.Add(value)
		}
	}
	texts := map[string]string{"won_amount": money.StringFixed(2)}
	for name, n := range sums {
		texts[name] = strconv.Itoa(n)
	}
	return texts, nil
}

func amounts(value any) map[string]any {
	pairs, _ := value.(map[string]any)
	return pairs
}
