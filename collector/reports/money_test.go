package reports

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/schema"
)

// money adds spend, of which some is corrected and some is spelled as no touch is, and rates, of which many days have none.
func (w *worldMaker) money() {
	day := func(from int) time.Time { return start.AddDate(0, 0, from+w.IntN(12-from)) }
	for i := range 40 {
		w.given.Spend = append(w.given.Spend, &schema.Spend{
			Date: day(-1), Source: w.pick("google", "linkedin", "googel"), Medium: w.pick("cpc", "email", ""), Campaign: w.maybe("spring"),
			Channel: schema.Channel(w.pick("Paid Search", "Email", "")), Amount: decimal.New(int64(w.IntN(100_000)-2_000), -int32(w.IntN(5))),
			Currency: w.pick("EUR", "USD", "NOK"), Clicks: uint64(w.IntN(5)), Impressions: uint64(w.IntN(500)), ReceivedAt: start.Add(time.Duration(i) * time.Minute),
		})
	}
	for i := range 14 {
		pair := [][2]string{{"USD", "EUR"}, {"EUR", "USD"}, {"NOK", "EUR"}, {"EUR", "NOK"}, {"NOK", "USD"}}[w.IntN(5)]
		w.given.Rates = append(w.given.Rates, &schema.Rate{
			Date: day(-4), From: pair[0], To: pair[1], Rate: decimal.New(1+int64(w.IntN(200_000)), -5), ReceivedAt: start.Add(time.Duration(i) * time.Minute),
		})
	}
}

// latestOf leaves of the records with one id the last received.
func latestOf[R schema.Record](records []R, received func(R) time.Time) []R {
	byID := map[string]R{}
	for _, record := range records {
		if before, there := byID[record.ID()]; !there || received(record).After(received(before)) {
			byID[record.ID()] = record
		}
	}
	return slices.Collect(maps.Values(byID))
}

// worth returns what one unit of currency was worth on a day by the rates of that very day; false where they do not tell.
func (n *naive) worth(on time.Time, currency, in string) (decimal.Decimal, bool) {
	rates := map[string]decimal.Decimal{}
	for _, rate := range latestOf(n.Rates, func(r *schema.Rate) time.Time { return r.ReceivedAt }) {
		if rate.Date.Equal(on) {
			rates[rate.From+rate.To] = rate.Rate
		}
	}
	leg := func(from, to string) (worth decimal.Decimal, turned int, ok bool) {
		if rate, there := rates[from+to]; there {
			return rate, 0, true
		}
		if rate, there := rates[to+from]; there {
			worth, _ := decimal.NewFromInt(1).QuoRem(rate, 20)
			return worth, 1, true
		}
		return worth, 0, false
	}
	if worth, _, ok := leg(currency, in); ok {
		return worth, true
	}
	var best decimal.Decimal
	fewest := 3
	for _, third := range []string{"EUR", "NOK", "USD"} { // in the order of their names
		there, turned, ok := leg(currency, third)
		onward, turnedToo, okToo := leg(third, in)
		if ok && okToo && turned+turnedToo < fewest {
			best, fewest = there.Mul(onward).Round(20), turned+turnedToo
		}
	}
	return best, fewest < 3
}

// convert is money of a day as the reports have it.
func (n *naive) convert(amount decimal.Decimal, currency string, at time.Time, a asked) (decimal.Decimal, string) {
	local := at.In(a.location)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	for age := 0; a.Currency != "" && currency != a.Currency && age <= a.RateDays; age++ {
		if worth, ok := n.worth(day.AddDate(0, 0, -age), currency, a.Currency); ok {
			return amount.Mul(worth).Round(4), a.Currency
		}
	}
	return amount, currency
}

// purse holds amounts by currency.
type purse map[string]decimal.Decimal

func (p purse) add(amount decimal.Decimal, currency string) {
	if currency != "" {
		p[currency] = p[currency].Add(amount)
	}
}

// text writes the amounts, each divided by n, as reports do; sums of nothing are not shown.
func (p purse) text(n int) string {
	var all Amounts
	for _, currency := range slices.Sorted(maps.Keys(p)) {
		if n > 0 && !p[currency].IsZero() {
			all = append(all, Amount{currency, p[currency].DivRound(decimal.NewFromInt(int64(n)), 4)})
		}
	}
	return all.String()
}

// returned is roas; "" where there is none to tell.
func returned(spend, won purse) string {
	for _, p := range []purse{spend, won} {
		maps.DeleteFunc(p, func(_ string, amount decimal.Decimal) bool { return amount.IsZero() })
	}
	for currency, amount := range spend {
		if _, same := won[currency]; len(spend) == 1 && amount.IsPositive() && (len(won) == 0 || len(won) == 1 && same) {
			return won[currency].DivRound(amount, 6).String()
		}
	}
	return ""
}

// costLine is a row of costs.
type costLine struct {
	numbers    map[string]int
	spend, won purse
}

func naiveCosts(world *given, p Params) map[string]string {
	a, err := p.checked("costs")
	if err != nil {
		panic(err)
	}
	model := naive{given: *world, credit: a.Credit, lookback: time.Duration(a.LookbackDays) * 24 * time.Hour}
	lines := map[string]*costLine{}
	line := func(key string) *costLine {
		if lines[key] == nil {
			lines[key] = &costLine{map[string]int{}, purse{}, purse{}}
		}
		return lines[key]
	}
	for _, one := range append(model.all(a.DataPoint), model.visitors(a.DataPoint, a.since, a.until)...) {
		if !one.at.Before(a.since) && one.at.Before(a.until) {
			to := line(naiveLabels(one.touch, a.By))
			to.numbers[one.counts]++
			to.won.add(model.convert(one.amount, one.currency, one.at, a))
		}
	}
	touched := maps.Clone(lines)
	for _, spend := range latestOf(world.Spend, func(s *schema.Spend) time.Time { return s.ReceivedAt }) {
		begins := time.Date(spend.Date.Year(), spend.Date.Month(), spend.Date.Day(), 0, 0, 0, 0, a.location)
		if begins.Before(a.since) || !begins.Before(a.until) {
			continue
		}
		key := naiveLabels(&schema.Touch{Source: spend.Source, Medium: spend.Medium, Campaign: spend.Campaign, Channel: spend.Channel}, a.By)
		if touched[key] == nil {
			key = strings.TrimSuffix(strings.Repeat("(unmatched)|", len(a.By)), "|")
		}
		to := line(key)
		to.numbers["clicks"] += int(spend.Clicks)
		to.numbers["impressions"] += int(spend.Impressions)
		to.spend.add(model.convert(spend.Amount, spend.Currency, begins, a))
	}
	flat := map[string]string{}
	for key, l := range lines {
		l.flatten(flat, key)
	}
	return flat
}

func (l *costLine) flatten(flat map[string]string, key string) {
	for _, name := range []string{"clicks", "impressions", "visitors", "leads", "deals", "won_deals"} {
		if l.numbers[name] != 0 {
			flat[key+"/"+name] = fmt.Sprint(l.numbers[name])
		}
	}
	for name, text := range map[string]string{
		"spend": l.spend.text(1), "won_amount": l.won.text(1), "cost_per_lead": l.spend.text(l.numbers["leads"]), "cost_per_deal": l.spend.text(l.numbers["deals"]),
		"roas": returned(l.spend, l.won),
	} {
		if text != "" {
			flat[key+"/"+name] = text
		}
	}
}

// checkCosts holds costs against the naive model, and against its totals, which are counted apart.
func checkCosts(t *testing.T, conn driver.Conn, world *given, random *rand.Rand) {
	t.Helper()
	for _, point := range DataPoints() {
		p := Params{Site: world.site, DataPoint: point, Credit: LastNonDirect, LookbackDays: 1 + random.IntN(6), RateDays: 1 + random.IntN(4),
			Currency: []string{"", "EUR", "USD", "NOK", "JPY"}[random.IntN(5)], Zone: []string{"", "Pacific/Auckland", "America/St_Johns"}[random.IntN(3)]}
		for _, dimension := range costDimensions {
			if random.IntN(2) == 0 {
				p.By = append(p.By, dimension)
			}
		}
		if len(p.By) == 0 {
			p.By = []Dimension{BySource}
		}
		if random.IntN(2) == 0 {
			p.From, p.To = rangeFrom, rangeTo
		}
		got := mustRun(t, conn, "costs", p)
		checkSums(t, got)
		flat := counts(got)
		for i, row := range got.Rows {
			var key []string
			for j := range p.By {
				key = append(key, fmt.Sprint(row[j]))
			}
			if roas, ok := got.Value(i, "roas").(float64); ok {
				flat[strings.Join(key, "|")+"/roas"] = decimal.NewFromFloat(roas).Round(6).String()
			}
		}
		if want := naiveCosts(world.believed(), p); !maps.Equal(flat, want) {
			t.Errorf("%+v:\ngot  %v\nwant %v", p, flat, want)
		}
	}
}
