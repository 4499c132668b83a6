package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/schema"
)

// checkModelCosts holds model_costs against the naive model: the outcomes as in model_breakdown, what was spent, and what follows from both.
func checkModelCosts(t *testing.T, conn driver.Conn, world *given, p Params, model models.Model) {
	t.Helper()
	p.Outcome, p.Model = "", model
	p.By = slices.DeleteFunc(slices.Clone(p.By), func(dimension Dimension) bool { return !slices.Contains(costDimensions, dimension) })
	a, paths := naivePathsOf(t, world, "model_costs", p)
	got := mustRun(t, conn, "model_costs", p)
	checkSums(t, got)
	want := map[Outcome]map[string]float64{}
	for _, outcome := range []Outcome{Leads, CreatedDeals, WonDeals} {
		want[outcome] = naiveCredits(t, model, paths, outcome, a)
		compareCells(t, got, string(outcome), p, want[outcome], false)
	}
	compareCells(t, got, string(WonAmount), p, want[WonDeals], true)
	budgets := naiveBudgets(world, paths, a)
	for i, row := range got.Rows {
		var labels []string
		for _, cell := range row[:len(a.By)] {
			labels = append(labels, cell.(string))
		}
		label := strings.Join(labels, "|")
		spend := got.Value(i, "spend").(Amounts)
		told := fmt.Sprint(spend, " ", got.Value(i, "clicks"), " ", got.Value(i, "impressions"))
		if budget := budgets[label]; told != budget.String() {
			t.Errorf("model_costs %+v: %s cost %s, want %s\n%s", p, label, told, budget, tsv(got))
		}
		delete(budgets, label)
		checkReturns(t, got, i, spend, want, label)
	}
	for label, budget := range budgets {
		if budget.String() == " 0 0" { // refunded
			continue
		}
		t.Errorf("model_costs %+v: %s is not there, and cost %s\n%s", p, label, budget, tsv(got))
	}
}

// budget is what was spent under some labels.
type budget struct {
	spend               purse
	clicks, impressions uint64
}

func (b budget) String() string {
	return fmt.Sprint(b.spend.text(1), " ", b.clicks, " ", b.impressions)
}

// naiveBudgets places what was spent in the range: under its labels where somebody came by them, from the look-back window on.
func naiveBudgets(world *given, paths []naivePath, a asked) map[string]budget {
	met := map[string]bool{}
	for _, touch := range world.Touches {
		if !touch.OccurredAt.Before(a.since.AddDate(0, 0, -a.LookbackDays)) && touch.OccurredAt.Before(a.until) {
			met[naiveLabels(&touch.Touch, a.By)] = true
		}
	}
	for _, path := range paths {
		for _, touch := range path.touches {
			if !path.lost && path.outcome != Conversions {
				met[naiveLabels(touch, a.By)] = true
			}
		}
	}
	model := naive{given: *world}
	budgets := map[string]budget{}
	for _, spend := range latestOf(world.Spend, func(s *schema.Spend) time.Time { return s.ReceivedAt }) {
		begins := time.Date(spend.Date.Year(), spend.Date.Month(), spend.Date.Day(), 0, 0, 0, 0, a.location)
		if begins.Before(a.since) || !begins.Before(a.until) {
			continue
		}
		label := naiveLabels(&schema.Touch{Source: spend.Source, Medium: spend.Medium, Campaign: spend.Campaign, Channel: spend.Channel}, a.By)
		if !met[label] {
			label = strings.TrimSuffix(strings.Repeat(unmatched+"|", len(a.By)), "|")
		}
		to := budgets[label]
		if to.spend == nil {
			to.spend = purse{}
		}
		to.spend.add(model.convert(spend.Amount, spend.Currency, begins, a))
		to.clicks, to.impressions = to.clicks+spend.Clicks, to.impressions+spend.Impressions
		budgets[label] = to
	}
	return budgets
}

// checkReturns works costs and returns of a row out again.
func checkReturns(t *testing.T, r *Result, row int, spend Amounts, want map[Outcome]map[string]float64, label string) {
	t.Helper()
	for column, outcome := range map[string]Outcome{"cost_per_lead": Leads, "cost_per_deal": CreatedDeals} {
		n, each := want[outcome][label+"/"], r.Value(row, column).(Amounts)
		if shown := r.Value(row, string(outcome)).(decimal.Decimal); shown.IsZero() {
			n = 0
		}
		if (len(each) > 0) != (n > 0 && len(spend) > 0) {
			t.Errorf("%s of %s is %v, for %v of %v\n%s", column, label, each, n, spend, tsv(r))
			continue
		}
		for i, amount := range each {
			if known := spend[i].Value.InexactFloat64() / n; math.Abs(amount.Value.InexactFloat64()-known) > 1e-4*math.Max(1, math.Abs(known)) {
				t.Errorf("%s of %s is %v, want %v\n%s", column, label, amount, known, tsv(r))
			}
		}
	}
	won, others := 0.0, false
	for key, value := range want[WonDeals] {
		if at, currency, _ := cutLast(key, "/"); at == label && currency != "" && math.Abs(value) > 1e-9 {
			if len(spend) == 1 && currency == spend[0].Currency {
				won = value
			} else {
				others = true
			}
		}
	}
	roas, told := r.Value(row, "roas").(float64)
	if known := len(spend) == 1 && spend[0].Value.IsPositive() && !others; told != known {
		t.Errorf("roas of %s is %v for %v\n%s", label, r.Value(row, "roas"), spend, tsv(r))
	} else if known {
		wanted := won / spend[0].Value.InexactFloat64()
		if math.Abs(roas-wanted) > 1e-5*math.Max(1, wanted) || math.Abs(r.Value(row, "roi").(float64)-roas+1) > 1e-6 {
			t.Errorf("roas of %s is %v, want %v\n%s", label, roas, wanted, tsv(r))
		}
	}
}

// cutLast cuts text at the last separator.
func cutLast(text, separator string) (before, after string, found bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}
