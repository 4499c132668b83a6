package console

import (
	"testing"

	"github.com/shopspring/decimal"
	"golang.org/x/text/language"

	"github.com/headwater/headwater/collector/reports"
)

func amounts(pairs ...string) reports.Amounts {
	var list reports.Amounts
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, reports.Amount{Currency: pairs[i], Value: decimal.RequireFromString(pairs[i+1])})
	}
	return list
}

// Bars and shares stand beside amounts of one currency alone.
func TestBarsOfOneCurrency(t *testing.T) {
	for name, c := range map[string]struct {
		cells []any
		want  bool
	}{
		"numbers":           {[]any{int64(3), int64(5)}, true},
		"one currency":      {[]any{amounts("EUR", "10"), amounts(), amounts("EUR", "3")}, true},
		"a row in another":  {[]any{amounts("EUR", "10"), amounts("NOK", "900")}, false},
		"both in one row":   {[]any{amounts("EUR", "10", "NOK", "900"), amounts("EUR", "1")}, false},
		"nothing was spent": {[]any{amounts(), nil}, true},
	} {
		r := ranked{columns: []string{"source", "spend"}}
		for _, cell := range c.cells {
			r.all = append(r.all, rankedRow{values: []any{"x", cell}})
		}
		if got := r.comparable("spend"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What a lead cost is written in cents, and the result that other tiles read stays exact.
func TestCostPerLeadInCents(t *testing.T) {
	row := []any{"google", amounts("EUR", "72.2508", "NOK", "43.0864")}
	short := withRounded(row, 1)[1].(reports.Amounts)
	if short[0].Text() != "72.25" || short[1].Text() != "43.09" {
		t.Errorf("rounded to %s and %s", short[0].Text(), short[1].Text())
	}
	if exact := row[1].(reports.Amounts)[0].Text(); exact != "72.2508" {
		t.Errorf("the result itself says %s", exact)
	}
}

// No step of the funnel is more than all of another.
func TestRatesOfTheFunnel(t *testing.T) {
	s := newStand(t, noReports(t)).speaker(language.English)
	total := func(columns []string, numbers ...any) *reports.Result {
		return &reports.Result{Columns: columns, Totals: numbers}
	}
	for _, c := range []struct {
		numbers [5]int64 // visitors, leads, qualified, deals, won deals
		want    [5]string
	}{
		{[5]int64{1000, 100, 50, 10, 5}, [5]string{"", "10% of visitors", "50% of leads", "20% of qualified leads", "50% of deals"}},
		{[5]int64{1000, 100, 3, 32, 15}, [5]string{"", "10% of visitors", "3.0% of leads", "32% of leads", "47% of deals"}},
		{[5]int64{1000, 100, 0, 32, 40}, [5]string{"", "10% of visitors", "0% of leads", "32% of leads", "40% of leads"}},
		{[5]int64{0, 0, 0, 1, 2}, [5]string{}},
	} {
		n := c.numbers
		view := s.funnel(dashboardQuery{}, counted{
			"source_breakdown": total([]string{"visitors", "leads", "deals", "won_deals"}, n[0], n[1], n[3], n[4]), "pipeline": total([]string{"qualified"}, n[2]),
		}, nil)
		for i, step := range view.Steps {
			if step.Rate != c.want[i] {
				t.Errorf("%v: step %d is %q, want %q", n, i, step.Rate, c.want[i])
			}
		}
	}
}
