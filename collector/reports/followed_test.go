package reports

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/schema"
)

// ownDeal is a deal in its present state.
type ownDeal struct {
	schema.Deal
	wonAt time.Time
}

// dealsOf lists the deals whose primary contact somebody is.
func (n *naive) dealsOf(id schema.ContactID) []ownDeal {
	changes := map[schema.DealID][]*schema.Deal{}
	for _, change := range n.Deals {
		changes[change.DealID] = append(changes[change.DealID], change)
	}
	var own []ownDeal
	for _, history := range changes {
		slices.SortFunc(history, compareChanges)
		if deal, wonAt := n.replay(history); id != "" && deal.ContactID == id {
			own = append(own, ownDeal{deal, wonAt})
		}
	}
	return own
}

// leads lists the submissions of the range that created a contact.
func (n *naive) leads(a asked) []*schema.Submission {
	var all []*schema.Submission
	for _, sent := range n.Submissions {
		if sent.ContactID != "" && n.creation(sent.ContactID) == sent && !sent.OccurredAt.Before(a.since) && sent.OccurredAt.Before(a.until) {
			all = append(all, sent)
		}
	}
	return all
}

// leadTouch is the touch by which a lead is placed, nil where there is none.
func (n *naive) leadTouch(sent *schema.Submission, a asked) *schema.Touch {
	if a.DataPoint == CompanySource {
		return n.companySource(n.companyOf(sent.ContactID))
	}
	return n.contactTouch(sent.ContactID, a.DataPoint)
}

// naiveFollowed answers partner_performance but for its rates, and cohorts where months is set: under "month|labels|month".
func naiveFollowed(world *given, a asked, months bool) map[string]string {
	model := naive{given: *world, credit: a.Credit, lookback: time.Duration(a.LookbackDays) * 24 * time.Hour}
	flat := map[string]string{}
	numbers, won := map[string]int{}, map[string]purse{}
	month := func(at time.Time) string { return at.In(a.location).Format("2006-01") }
	for _, sent := range model.leads(a) {
		labels := naiveLabels(model.leadTouch(sent, a), a.By)
		key := func(then string) string {
			if !months {
				return labels
			}
			return strings.Trim(month(sent.OccurredAt)+"|"+labels, "|") + "|" + then
		}
		first := "(none)"
		for _, deal := range model.dealsOf(sent.ContactID) {
			created := month(deal.CreatedAt)
			if first == "(none)" || created < first {
				first = created
			}
			numbers[key(created)+"/deals"]++
			if deal.Status != schema.DealWon {
				continue
			}
			then := key(month(deal.wonAt))
			numbers[then+"/won_deals"]++
			if won[then] == nil {
				won[then] = purse{}
			}
			won[then].add(model.convert(deal.Amount, deal.Currency, deal.wonAt, a))
		}
		numbers[key(first)+"/leads"]++
		if first != "(none)" && !months {
			numbers[labels+"/leads_with_deal"]++
		}
	}
	for name, n := range numbers {
		flat[name] = fmt.Sprint(n)
	}
	for key, amounts := range won {
		if text := amounts.text(1); text != "" {
			flat[key+"/won_amount"] = text
		}
	}
	return flat
}

// checkFollowed holds partner_performance and cohorts against the naive model and their totals.
func checkFollowed(t *testing.T, conn driver.Conn, world *given, random *rand.Rand) {
	t.Helper()
	for _, point := range DataPoints() {
		p := Params{Site: world.site, DataPoint: point, Credit: LastNonDirect, LookbackDays: 1 + random.IntN(6), RateDays: 1 + random.IntN(4),
			Currency: []string{"", "EUR", "USD"}[random.IntN(3)], Zone: []string{"", "Pacific/Auckland", "America/St_Johns"}[random.IntN(3)],
			By: [][]Dimension{{BySource}, {ByChannel, ByCampaign}, {ByTerm}}[random.IntN(3)]}
		if random.IntN(2) == 0 {
			p.From, p.To = rangeFrom, rangeTo
		}
		a, err := p.checked("cohorts")
		if err != nil {
			t.Fatal(err)
		}
		partners := mustRun(t, conn, "partner_performance", p)
		checkSums(t, partners)
		checkRates(t, partners)
		if got, want := counts(partners), naiveFollowed(world.believed(), a, false); !maps.Equal(got, want) {
			t.Errorf("partner_performance %+v:\ngot  %v\nwant %v", p, got, want)
		}
		cohorts := mustRun(t, conn, "cohorts", p)
		checkSums(t, cohorts)
		checkCohorts(t, cohorts)
		got := counts(cohorts)
		maps.DeleteFunc(got, func(name, _ string) bool {
			return strings.HasSuffix(name, "/months") || strings.HasSuffix(name, "/cohort_leads")
		})
		if want := naiveFollowed(world.believed(), a, true); !maps.Equal(got, want) {
			t.Errorf("cohorts %+v:\ngot  %v\nwant %v", p, got, want)
		}
	}
}

// checkRates works the rates of each row out again, from its numbers and the total's.
func checkRates(t *testing.T, r *Result) {
	t.Helper()
	number := func(row int, column string) float64 { return float64(r.Value(row, column).(int64)) }
	all, allWithDeal := float64(0), float64(0)
	for i := range r.Rows {
		all, allWithDeal = all+number(i, "leads"), allWithDeal+number(i, "leads_with_deal")
	}
	for i := range r.Rows {
		k, n := number(i, "leads_with_deal"), number(i, "leads")
		want := map[string]float64{"share": n / all, "rate": k / n}
		want["rate_low"], want["rate_high"] = wilson(k, n)
		if rest := all - n; rest > 0 {
			want["rest_rate"] = (allWithDeal - k) / rest
			if allWithDeal > k {
				want["lift"] = k / n / want["rest_rate"]
			}
			if allWithDeal > k && k > 0 {
				spread := 1.959963984540054 * math.Sqrt(1/k-1/n+1/(allWithDeal-k)-1/rest)
				want["lift_low"], want["lift_high"] = want["lift"]*math.Exp(-spread), want["lift"]*math.Exp(spread)
			}
		}
		for _, column := range []string{"share", "rate", "rate_low", "rate_high", "rest_rate", "lift", "lift_low", "lift_high"} {
			got, there := r.Value(i, column).(float64)
			if known, wanted := want[column]; there != wanted || math.Abs(got-known) > 1e-6*math.Max(1, known) {
				t.Errorf("%s of row %d is %v, want %v\n%s", column, i, r.Value(i, column), known, tsv(r))
			}
		}
	}
}

// wilson solves |p - k/n| = z √(p(1-p)/n) for p, which is what the interval is defined by.
func wilson(k, n float64) (low, high float64) {
	const z = 1.959963984540054
	a, b, c := 1+z*z/n, -(2*k/n + z*z/n), k/n*k/n
	root := math.Sqrt(math.Max(0, b*b-4*a*c))
	return math.Max(0, (-b-root)/(2*a)), math.Min(1, (-b+root)/(2*a))
}

// checkCohorts holds each cohort's size against its rows, and its rates against its leads.
func checkCohorts(t *testing.T, r *Result) {
	t.Helper()
	sizes, sums, soFar := map[string]int64{}, map[string]int64{}, map[string]int64{}
	for i, row := range r.Rows {
		cohort := fmt.Sprint(row[:r.column("deal_month")])
		size, leads := r.Value(i, "cohort_leads").(int64), r.Value(i, "leads").(int64)
		sums[cohort] += leads
		if before, there := sizes[cohort]; there && before != size {
			t.Errorf("%s has %d leads and %d", cohort, before, size)
		}
		sizes[cohort] = size
		if r.Value(i, "deal_month") == "(none)" {
			if r.Value(i, "rate") != nil || r.Value(i, "months") != nil {
				t.Errorf("those without a deal have a rate or a month\n%s", tsv(r))
			}
			continue
		}
		soFar[cohort] += leads
		if want := decimal.NewFromInt(soFar[cohort]).DivRound(decimal.NewFromInt(size), 6).InexactFloat64(); math.Abs(r.Value(i, "rate").(float64)-want) > 1e-6 {
			t.Errorf("%s: rate %v, want %v", cohort, r.Value(i, "rate"), want)
		}
		lead, _ := time.Parse("2006-01", r.Value(i, "lead_month").(string))
		if months := r.Value(i, "months").(int64); lead.AddDate(0, int(months), 0).Format("2006-01") != r.Value(i, "deal_month") {
			t.Errorf("%s is not %d months after %s", r.Value(i, "deal_month"), months, r.Value(i, "lead_month"))
		}
	}
	if !maps.Equal(sizes, sums) {
		t.Errorf("cohorts of %v leads have rows of %v", sizes, sums)
	}
}
