package reports

import (
	"context"
	"flag"
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

var (
	seed  = flag.Uint64("seed", 0, "seed of the first random world; 0: by the clock")
	seeds = flag.Int("seeds", 1, "how many random worlds")
)

// TestRandomWorlds holds source_breakdown against the naive model, and all reports against what must be true of any data.
// Everybody's times lie on a coarse grid, so that ties are common.
func TestRandomWorlds(t *testing.T) {
	conn := database(t)
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	for i := range uint64(*seeds) {
		t.Run(fmt.Sprintf("seed=%d", first+i), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(first+i, 1))
			world := randomWorld(random, schema.SiteID(fmt.Sprintf("world-%d", first+i)))
			insert(t, conn, world.records())
			world.judge(t, conn)
			checkAgainstNaive(t, conn, world, random)
			checkCosts(t, conn, world, random)
			checkFollowed(t, conn, world, random)
			checkTags(t, conn, world, random)
			checkCards(t, conn, world)
			checkModels(t, conn, world, random)
			checkOtherSums(t, conn, world)
			checkResending(t, conn, world, random)
		})
	}
}

// A day in March is the range of half of the questions.
const rangeFrom, rangeTo = "2026-03-04T00:00:00Z", "2026-03-09T12:00:00Z"

func checkAgainstNaive(t *testing.T, conn driver.Conn, world *given, random *rand.Rand) {
	t.Helper()
	leads := map[DataPoint]any{}
	for _, point := range DataPoints() {
		for _, credit := range Credits() {
			p := Params{Site: world.site, DataPoint: point, Credit: credit, LookbackDays: 1 + random.IntN(6)}
			for _, dimension := range Dimensions() {
				if random.IntN(3) == 0 {
					p.By = append(p.By, dimension)
				}
			}
			if random.IntN(2) == 0 {
				p.From, p.To = rangeFrom, rangeTo
			}
			believed := world.believed()
			if random.IntN(4) == 0 {
				p.Suspects, believed = IncludeSuspects, world
			}
			got := mustRun(t, conn, "source_breakdown", p)
			checkSums(t, got)
			if want := naiveBreakdown(believed, p); !maps.Equal(counts(got), want) {
				t.Errorf("%+v:\ngot  %v\nwant %v", p, counts(got), want)
			}
			checkLeftOut(t, got.counted, world, believed, p)
			if p.From == "" && p.Suspects == "" {
				leads[point] = got.Totals[got.column("leads")]
			}
		}
	}
	for point, total := range leads {
		if other, ok := leads[LeadCreation]; ok && other != total {
			t.Errorf("%v leads under %s, %v under lead_creation", total, point, other)
		}
	}
}

// checkLeftOut holds the number of suspects in the totals against the records that are not believed.
func checkLeftOut(t *testing.T, totals *Result, world, believed *given, p Params) {
	t.Helper()
	a, err := p.checked("source_breakdown")
	if err != nil {
		t.Fatal(err)
	}
	inRange := func(at time.Time) int64 {
		if at.Before(a.since) || !at.Before(a.until) {
			return 0
		}
		return 1
	}
	var touches, submissions int64
	for sign, g := range map[int64]*given{1: world, -1: believed} {
		for _, touch := range g.Touches {
			touches += sign * inRange(touch.OccurredAt)
		}
		for _, sent := range g.Submissions {
			submissions += sign * inRange(sent.OccurredAt)
		}
	}
	if got := totals.Value(0, "suspect_touches"); got != touches {
		t.Errorf("%+v: %v touches left out, want %d", p, got, touches)
	}
	if got := totals.Value(0, "suspect_submissions"); got != submissions {
		t.Errorf("%+v: %v submissions left out, want %d", p, got, submissions)
	}
}

// counts flattens a breakdown to "dimensions/column" → number as text, without zeros.
func counts(r *Result) map[string]string {
	flat := map[string]string{}
	for _, row := range r.Rows {
		var key []string
		for i, value := range row {
			switch value := value.(type) {
			case string:
				key = append(key, value)
			case int64:
				if value != 0 {
					flat[strings.Join(key, "|")+"/"+r.Columns[i]] = fmt.Sprint(value)
				}
			case Amounts:
				if len(value) > 0 {
					flat[strings.Join(key, "|")+"/"+r.Columns[i]] = value.String()
				}
			}
		}
	}
	return flat
}

func naiveBreakdown(world *given, p Params) map[string]string {
	a, err := p.checked("source_breakdown")
	if err != nil {
		panic(err)
	}
	model := naive{given: *world, credit: p.Credit, lookback: time.Duration(p.LookbackDays) * 24 * time.Hour}
	numbers := map[string]int{}
	sums := map[string]map[string]decimal.Decimal{}
	for _, one := range append(model.all(p.DataPoint), model.visitors(p.DataPoint, a.since, a.until)...) {
		if one.at.Before(a.since) || !one.at.Before(a.until) {
			continue
		}
		key := naiveLabels(one.touch, a.By)
		numbers[key+"/"+one.counts]++
		if one.currency != "" {
			if sums[key] == nil {
				sums[key] = map[string]decimal.Decimal{}
			}
			sums[key][one.currency] = sums[key][one.currency].Add(one.amount)
		}
	}
	flat := map[string]string{}
	for key, number := range numbers {
		flat[key] = fmt.Sprint(number)
	}
	for key, byCurrency := range sums {
		var all Amounts
		for _, currency := range slices.Sorted(maps.Keys(byCurrency)) {
			all = append(all, Amount{currency, byCurrency[currency]})
		}
		flat[key+"/won_amount"] = all.String()
	}
	return flat
}

func naiveLabels(touch *schema.Touch, by []Dimension) string {
	var labels []string
	for _, dimension := range by {
		if touch == nil {
			labels = append(labels, "(unattributed)")
			continue
		}
		label := map[Dimension]string{
			BySource: touch.Source, ByMedium: touch.Medium, ByCampaign: touch.Campaign, ByTerm: touch.Term,
			ByContent: touch.Content, ByReferrerDomain: touch.ReferrerDomain, ByChannel: string(touch.Channel),
			ByLandingPage: withoutQuery(touch.LandingPage),
		}[dimension]
		if label == "" {
			label = "(not set)"
		}
		labels = append(labels, label)
	}
	return strings.Join(labels, "|")
}

// checkSums holds the rows of each column that has a total against it.
func checkSums(t *testing.T, r *Result) {
	t.Helper()
	for i, total := range r.Totals {
		if total == nil || strings.HasPrefix(r.Columns[i], "cost_per_") { // which is divided, like a rate
			continue
		}
		var sum int64
		parts := decimal.Zero
		money := map[string]decimal.Decimal{}
		for _, row := range r.Rows {
			switch value := row[i].(type) {
			case int64:
				sum += value
			case decimal.Decimal:
				parts = parts.Add(value)
			case Amounts:
				for _, amount := range value {
					money[amount.Currency] = money[amount.Currency].Add(amount.Value)
				}
			}
		}
		switch total := total.(type) {
		case int64:
			if !parts.IsZero() && parts.IsInteger() {
				sum += parts.IntPart()
			}
			if sum != total {
				t.Errorf("%s: rows of %s sum to %d, the total is %d\n%s", r.Name, r.Columns[i], sum, total, tsv(r))
			}
		case Amounts:
			for _, amount := range total {
				if !money[amount.Currency].Equal(amount.Value) {
					t.Errorf("%s: rows of %s sum to %s %s, the total is %s", r.Name, r.Columns[i], amount.Currency, money[amount.Currency], amount.Text())
				}
			}
			if len(money) != len(total) {
				t.Errorf("%s: rows of %s have %d currencies, the total %d", r.Name, r.Columns[i], len(money), len(total))
			}
		}
	}
}

// checkCards looks at one contact of each kind: one first touch, one lead creation, a conversion for each other submission.
func checkCards(t *testing.T, conn driver.Conn, world *given) {
	t.Helper()
	believed := world.believed()
	model := naive{given: *believed, credit: LastNonDirect, lookback: 30 * 24 * time.Hour}
	seen := map[bool]bool{}
	for _, sent := range believed.Submissions {
		isNew := model.creation(sent.ContactID) != nil
		if sent.ContactID == "" || seen[isNew] {
			continue
		}
		seen[isNew] = true
		want := map[string]int{"first_touch": 1, "lead_creation": 1, "company_source": 1}
		for _, other := range believed.Submissions {
			if other.ContactID == sent.ContactID && model.creation(sent.ContactID) != other {
				want["conversion"]++
			}
		}
		card := mustRun(t, conn, "contact_card", Params{Site: world.site, Contact: sent.ContactID})
		got := map[string]int{}
		for i := range card.Rows {
			got[card.Value(i, "data_point").(string)]++
		}
		if !maps.Equal(got, want) {
			t.Errorf("card of %s: %v, want %v", sent.ContactID, got, want)
		}
		wantSource := ""
		if touch := model.contactTouch(sent.ContactID, LeadCreation); touch != nil {
			wantSource = touch.Source
		}
		if got := card.Value(1, "source"); got != wantSource || (card.Value(1, "status") == "existing") == isNew {
			t.Errorf("card of %s: lead creation %v, want %q\n%s", sent.ContactID, got, wantSource, tsv(card))
		}
	}
}

// checkOtherSums holds the rows of the other reports against their totals.
func checkOtherSums(t *testing.T, conn driver.Conn, world *given) {
	t.Helper()
	checkSums(t, mustRun(t, conn, "conversion_rate", Params{Site: world.site, By: []Dimension{BySource, ByMedium}}))
	checkSums(t, mustRun(t, conn, "leads_over_time", Params{Site: world.site, Grain: Week, By: []Dimension{ByChannel}, Zone: "Pacific/Auckland"}))
	checkSums(t, mustRun(t, conn, "leads_over_time", Params{Site: world.site, From: rangeFrom, To: rangeTo, Zone: "America/St_Johns"}))
	checkSums(t, mustRun(t, conn, "top_forms", Params{Site: world.site, Limit: 1000}))
	checkPipeline(t, conn, world)
	checkSums(t, mustRun(t, conn, "top_referrers", Params{Site: world.site, DataPoint: FirstTouch, Limit: 1000, From: rangeFrom, To: rangeTo}))
}

// checkPipeline holds open deals against the naive model, and won ones against the breakdown that was held against it.
func checkPipeline(t *testing.T, conn driver.Conn, world *given) {
	t.Helper()
	model := naive{given: *world.believed(), credit: LastNonDirect, lookback: 30 * 24 * time.Hour}
	qualified := map[schema.ContactID]bool{}
	for i, sent := range model.Submissions {
		status := []string{"qualified", "open", "contacting"}[i%3]
		if sent.ContactID == "" || qualified[sent.ContactID] {
			continue
		}
		qualified[sent.ContactID] = status == "qualified"
		// The version before no longer counts.
		for version, was := range []string{"qualified", status} {
			err := conn.Exec(t.Context(), "INSERT INTO desk (site_id, kind, entry_id, version, body, changed_at, change_id) VALUES (?, 'lead_status', ?, ?, ?, now64(3), generateUUIDv4())",
				string(world.site), string(sent.ContactID), i*2+version+1, fmt.Sprintf(`{"status":%q}`, was))
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, point := range DataPoints() {
		want := map[string]string{}
		found := map[string]int{}
		for _, sent := range model.Submissions {
			if qualified[sent.ContactID] && model.creation(sent.ContactID) == sent {
				touch := model.contactTouch(sent.ContactID, point)
				if point == CompanySource {
					touch = model.companySource(model.companyOf(sent.ContactID))
				}
				found[naiveLabels(touch, []Dimension{BySource})+"/qualified"]++
			}
		}
		for key, n := range found {
			want[key] = fmt.Sprint(n)
		}
		for key, number := range counts(mustRun(t, conn, "source_breakdown", Params{Site: world.site, DataPoint: point})) {
			if strings.Contains(key, "/won_") {
				want[key] = number
			}
		}
		number, worth := map[string]int{}, map[string]Amounts{}
		for _, deal := range model.dealStates() {
			if deal.Status != schema.DealOpen {
				continue
			}
			key := naiveLabels(model.dealTouch(deal.Deal, point), []Dimension{BySource})
			number[key]++
			if deal.Currency != "" {
				worth[key] = withAmount(worth[key], deal.Currency, deal.Amount)
			}
		}
		for key, n := range number {
			want[key+"/open_deals"] = fmt.Sprint(n)
			if len(worth[key]) > 0 {
				want[key+"/open_amount"] = worth[key].String()
			}
		}
		got := mustRun(t, conn, "pipeline", Params{Site: world.site, DataPoint: point})
		checkSums(t, got)
		if !maps.Equal(counts(got), want) {
			t.Errorf("pipeline by %s:\ngot  %v\nwant %v", point, counts(got), want)
		}
	}
}

func withAmount(all Amounts, currency string, value decimal.Decimal) Amounts {
	at, found := slices.BinarySearchFunc(all, currency, func(a Amount, code string) int { return strings.Compare(a.Currency, code) })
	if !found {
		return slices.Insert(all, at, Amount{currency, value})
	}
	all[at].Value = all[at].Value.Add(value)
	return all
}

// checkResending gives another site the same records in another order, each up to three times, and asks both.
func checkResending(t *testing.T, conn driver.Conn, world *given, random *rand.Rand) {
	t.Helper()
	again := world.site + "-again"
	sameVerdicts := *world
	sameVerdicts.site = again
	var resent []schema.Record
	for _, record := range world.records() {
		for i := range 1 + random.IntN(3) {
			resent = append(resent, resend(record, again, time.Duration(i)*time.Hour))
		}
	}
	random.Shuffle(len(resent), func(i, j int) { resent[i], resent[j] = resent[j], resent[i] })
	half := len(resent) / 2
	insertShuffled(t, conn, resent[:half])
	insertShuffled(t, conn, resent[half:])
	sameVerdicts.judge(t, conn)
	insertShuffled(t, conn, resent[:half]) // a resend undoes no verdict
	for _, p := range []Params{
		{DataPoint: LeadCreation, By: []Dimension{BySource, ByCampaign}},
		{DataPoint: CompanySource, By: []Dimension{ByChannel}, Credit: Last, From: rangeFrom, To: rangeTo},
	} {
		p.Site = world.site
		want := tsv(mustRun(t, conn, "source_breakdown", p))
		p.Site = again
		if got := tsv(mustRun(t, conn, "source_breakdown", p)); got != want {
			t.Errorf("%+v: resending changed\n%sto\n%s", p, want, got)
		}
	}
	for _, report := range []string{"compare_models", "model_breakdown", "assisted", "paths"} {
		p := Params{Site: world.site, By: []Dimension{BySource, ByLandingPage}}
		want := tsv(mustRun(t, conn, report, p))
		p.Site = again
		if got := tsv(mustRun(t, conn, report, p)); got != want {
			t.Errorf("%s: resending changed\n%sto\n%s", report, want, got)
		}
	}
	p := Params{Site: world.site, Limit: 1000}
	want := tsv(mustRun(t, conn, "recent_leads", p))
	p.Site = again
	if got := tsv(mustRun(t, conn, "recent_leads", p)); got != want {
		t.Errorf("resending changed\n%sto\n%s", want, got)
	}
}

// insertShuffled writes the records in a few batches for each table, keeping the order within a table.
func insertShuffled(t *testing.T, conn driver.Conn, records []schema.Record) {
	t.Helper()
	byKind := map[schema.Kind][]schema.Record{}
	for _, record := range records {
		byKind[record.Kind()] = append(byKind[record.Kind()], record)
	}
	for _, own := range byKind {
		for batch := range slices.Chunk(own, 1+len(own)/2) {
			insertBatch(t, conn, batch)
		}
	}
}

// resend returns a copy of record for another site, received later. A deal's change, spend and rates keep their time of receipt,
// by which they follow each other.
func resend(record schema.Record, site schema.SiteID, later time.Duration) schema.Record {
	switch record := record.(type) {
	case *schema.TouchRecord:
		again := *record
		again.SiteID, again.ReceivedAt = site, again.ReceivedAt.Add(later)
		return &again
	case *schema.Submission:
		again := *record
		again.SiteID, again.ReceivedAt = site, again.ReceivedAt.Add(later)
		return &again
	case *schema.Contact:
		again := *record
		again.SiteID = site
		return &again
	case *schema.Company:
		again := *record
		again.SiteID = site
		return &again
	case *schema.Deal:
		again := *record
		again.SiteID = site
		return &again
	case *schema.Spend:
		again := *record
		again.SiteID = site
		return &again
	case *schema.Rate:
		again := *record
		again.SiteID = site
		return &again
	}
	panic("a record of no kind")
}

func mustRun(t *testing.T, conn driver.Conn, name string, p Params) *Result {
	t.Helper()
	result, err := Run(context.Background(), conn, name, p)
	if err != nil {
		t.Fatal(err)
	}
	return result
}
