package reports

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/schema"
)

// naivePath is one outcome with the touches that led to it; lost is what led to none.
type naivePath struct {
	outcome  Outcome
	at       time.Time
	lost     bool
	amount   decimal.Decimal
	currency string
	touches  []*schema.Touch
}

func withoutQuery(page string) string {
	if at := strings.IndexAny(page, "?#"); at >= 0 {
		return page[:at]
	}
	return page
}

// paths lists all paths to what happened in the range, changed by the transforms.
func (n *naive) paths(a asked, losses bool) []naivePath {
	var all []naivePath
	had := map[string]bool{}
	add := func(outcome Outcome, contact schema.ContactID, at time.Time, amount decimal.Decimal, currency string) {
		had[string(outcome)+string(contact)] = true
		if !at.Before(a.since) && at.Before(a.until) {
			all = append(all, naivePath{outcome: outcome, at: at, amount: amount, currency: currency, touches: n.touchesOf(contact)})
		}
	}
	for _, sent := range n.Submissions {
		if sent.ContactID != "" && n.creation(sent.ContactID) == sent {
			add(Leads, sent.ContactID, sent.OccurredAt, decimal.Zero, "")
		} else if sent.ContactID != "" {
			add(Conversions, sent.ContactID, sent.OccurredAt, decimal.Zero, "")
		}
	}
	for _, deal := range n.dealStates() {
		owner := deal.ContactID
		if created := n.companyCreation(deal.CompanyID); owner == "" && deal.CompanyID != "" && created != nil {
			owner = created.ContactID
		}
		add(CreatedDeals, owner, deal.CreatedAt, decimal.Zero, "")
		if deal.Status == schema.DealWon {
			add(WonDeals, owner, deal.wonAt, deal.Amount, deal.Currency)
		}
	}
	if losses {
		all = append(all, n.lostPaths(a, had)...)
	}
	for i := range all {
		all[i].touches = n.within(all[i], a)
	}
	return all
}

// touchesOf are those of all visitors of a contact, and those inside its submissions, each once.
func (n *naive) touchesOf(contact schema.ContactID) []*schema.Touch {
	if contact == "" {
		return nil
	}
	visitors := map[schema.VisitorID]bool{}
	byID := map[schema.TouchID]*schema.Touch{}
	for _, sent := range n.Submissions {
		if sent.ContactID != contact {
			continue
		}
		visitors[sent.VisitorID] = sent.VisitorID != ""
		for _, touch := range []*schema.Touch{&sent.FirstTouch, &sent.LatestTouch} {
			if other := byID[touch.TouchID]; touch.Present() && (other == nil || known(touch) && !known(other)) {
				byID[touch.TouchID] = touch
			}
		}
	}
	for _, touch := range n.Touches {
		if visitors[touch.VisitorID] {
			byID[touch.TouchID] = &touch.Touch
		}
	}
	return inTime(byID)
}

func inTime(byID map[schema.TouchID]*schema.Touch) []*schema.Touch {
	var touches []*schema.Touch
	for _, touch := range byID {
		touches = append(touches, touch)
	}
	slices.SortFunc(touches, compareTouches)
	return touches
}

// lostPaths are those of visitors without a contact, and of contacts that never had an outcome.
func (n *naive) lostPaths(a asked, had map[string]bool) []naivePath {
	var all []naivePath
	lose := func(outcome Outcome, touches []*schema.Touch) {
		touches = slices.DeleteFunc(touches, func(touch *schema.Touch) bool { return !touch.OccurredAt.Before(a.until) })
		if len(touches) > 0 && !touches[len(touches)-1].OccurredAt.Before(a.since) {
			all = append(all, naivePath{outcome: outcome, lost: true, at: touches[len(touches)-1].OccurredAt, touches: touches})
		}
	}
	contacts := map[schema.ContactID]bool{}
	visitors := map[schema.VisitorID]map[schema.TouchID]*schema.Touch{}
	for _, touch := range n.Touches {
		if visitors[touch.VisitorID] == nil {
			visitors[touch.VisitorID] = map[schema.TouchID]*schema.Touch{}
		}
		visitors[touch.VisitorID][touch.TouchID] = &touch.Touch
	}
	for _, sent := range n.Submissions {
		if sent.ContactID != "" {
			contacts[sent.ContactID] = true
			delete(visitors, sent.VisitorID)
		}
	}
	for _, touches := range visitors {
		lose(Leads, inTime(touches))
	}
	for contact := range contacts {
		for _, outcome := range []Outcome{Conversions, CreatedDeals, WonDeals} {
			if !had[string(outcome)+string(contact)] {
				lose(outcome, n.touchesOf(contact))
			}
		}
	}
	return all
}

// within leaves the touches in the look-back window, as the transforms change them.
func (n *naive) within(p naivePath, a asked) []*schema.Touch {
	var path []*schema.Touch
	anyKnown := false
	for _, touch := range p.touches {
		if !touch.OccurredAt.After(p.at) && !touch.OccurredAt.Before(p.at.Add(-n.lookback)) {
			path = append(path, touch)
			anyKnown = anyKnown || known(touch)
		}
	}
	if slices.Contains(a.Transforms, DropDirect) && anyKnown {
		path = slices.DeleteFunc(path, func(touch *schema.Touch) bool { return !known(touch) })
	}
	for slices.Contains(a.Transforms, DropLastDirect) && anyKnown && !known(path[len(path)-1]) {
		path = path[:len(path)-1]
	}
	label := func(touch *schema.Touch) string { return naiveLabels(touch, a.By) }
	if slices.Contains(a.Transforms, CollapseRepeats) {
		path = slices.CompactFunc(path, func(a, b *schema.Touch) bool { return label(a) == label(b) })
	}
	if slices.Contains(a.Transforms, FirstOnly) {
		seen := map[string]bool{}
		path = slices.DeleteFunc(path, func(touch *schema.Touch) bool {
			again := seen[label(touch)]
			seen[label(touch)] = true
			return again
		})
	}
	return path
}

// naiveWeights are the parts of one path's touches under a model.
func naiveWeights(model models.Model, path []*schema.Touch, a asked) []float64 {
	n := len(path)
	weights := make([]float64, n)
	switch model {
	case models.First:
		weights[0] = 1
	case models.Last:
		weights[n-1] = 1
	case models.LastNonDirect:
		at := n - 1
		for i, touch := range path {
			if known(touch) {
				at = i
			}
		}
		if !known(path[at]) {
			at = n - 1
		}
		weights[at] = 1
	case models.Linear:
		for i := range weights {
			weights[i] = 1
		}
	case models.Position:
		first, between, last := float64(a.position[0]), float64(a.position[1]), float64(a.position[2])
		for i := range weights {
			weights[i] = between / float64(max(1, n-2))
		}
		weights[n-1] = last
		weights[0] = first
		if n == 1 || n == 2 && first+last == 0 {
			for i := range weights {
				weights[i] = 1
			}
		}
	case models.TimeDecay:
		for i, touch := range path {
			days := path[n-1].OccurredAt.Sub(touch.OccurredAt).Hours() / 24
			weights[i] = math.Pow(.5, days/a.HalfLifeDays)
		}
	case models.Shapley:
		seen := map[string]bool{}
		for i, touch := range path {
			if label := naiveLabels(touch, a.By); !seen[label] {
				seen[label], weights[i] = true, 1
			}
		}
	}
	sum := 0.0
	for _, weight := range weights {
		sum += weight
	}
	for i := range weights {
		weights[i] /= sum
	}
	return weights
}

// naiveCredits shares what all paths brought: by label, and by currency ("" for their number).
func naiveCredits(t *testing.T, model models.Model, paths []naivePath, outcome Outcome, a asked) map[string]float64 {
	t.Helper()
	credits := map[string]float64{}
	var onPaths models.Paths
	byCurrency := map[string]*models.Paths{}
	for _, path := range paths {
		if path.outcome != outcome {
			continue
		}
		amount := path.amount.InexactFloat64()
		if len(path.touches) == 0 {
			if !path.lost {
				credits[naiveLabels(nil, a.By)+"/"]++
				credits[naiveLabels(nil, a.By)+"/"+path.currency] += amount * oneIf(path.currency != "")
			}
			continue
		}
		if model == models.Markov {
			addNaive(&onPaths, byCurrency, path, a)
			continue
		}
		if path.lost {
			continue
		}
		for i, weight := range naiveWeights(model, path.touches, a) {
			label := naiveLabels(path.touches[i], a.By)
			credits[label+"/"] += weight
			credits[label+"/"+path.currency] += weight * amount * oneIf(path.currency != "")
		}
	}
	if model != models.Markov {
		return credits
	}
	byCurrency[""] = &onPaths
	for currency, paths := range byCurrency {
		if conversions, _ := paths.Totals(); paths.Len() == 0 || conversions.IsZero() {
			continue
		}
		// All paths make one chain; of each currency only the value is its own.
		solved, err := paths.Credit(context.Background(), models.Markov, models.Options{Order: a.Order})
		if err != nil {
			t.Fatal(err)
		}
		for _, credit := range solved.Credits {
			if currency == "" {
				credits[credit.Name+"/"] += credit.Conversions.InexactFloat64()
			} else {
				credits[credit.Name+"/"+currency] += credit.Value.InexactFloat64()
			}
		}
	}
	return credits
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// addNaive adds a path to the chain of all, and to that of each currency, in which only this currency is a value.
func addNaive(all *models.Paths, byCurrency map[string]*models.Paths, path naivePath, a asked) {
	var names []string
	for _, touch := range path.touches {
		names = append(names, naiveLabels(touch, a.By))
	}
	won, lost := decimal.NewFromInt(1), decimal.Zero
	if path.lost {
		won, lost = lost, won
	}
	all.Add(names, won, decimal.Zero, lost)
	for _, currency := range []string{"EUR", "JPY", "NOK", "USD"} {
		if byCurrency[currency] == nil {
			byCurrency[currency] = &models.Paths{}
		}
		value := decimal.Zero
		if path.currency == currency {
			value = path.amount
		}
		byCurrency[currency].Add(names, won, value, lost)
	}
}

// checkModels holds compare_models and model_breakdown against the naive models, and paths and assisted against naive counts.
func checkModels(t *testing.T, conn driver.Conn, world *given, random *rand.Rand) {
	t.Helper()
	chosen := random.IntN(len(Outcomes()))
	for i, outcome := range Outcomes() {
		p := Params{Site: world.site, Outcome: outcome, LookbackDays: 1 + random.IntN(9), Order: 1 + random.IntN(2), HalfLifeDays: .5 + 3*random.Float64()}
		p.Weights = fmt.Sprintf("%d/%d/%d", random.IntN(50), 1+random.IntN(50), random.IntN(50))
		for _, dimension := range PathDimensions() {
			if random.IntN(3) == 0 {
				p.By = append(p.By, dimension)
			}
		}
		for _, transform := range Transforms() {
			if random.IntN(4) == 0 {
				p.Transforms = append(p.Transforms, transform)
			}
		}
		if random.IntN(2) == 0 {
			p.From, p.To = rangeFrom, rangeTo
		}
		believed := world.believed()
		if random.IntN(4) == 0 {
			p.Suspects, believed = IncludeSuspects, world
		}
		if random.IntN(2) == 0 {
			p.Losses = IncludeLosses
		}
		inCurrency := p
		inCurrency.Currency, inCurrency.RateDays, inCurrency.Zone = []string{"", "EUR", "USD", "NOK", "JPY"}[random.IntN(5)], 1+random.IntN(4), []string{"", "Pacific/Auckland"}[random.IntN(2)]
		if outcome == WonAmount {
			checkComparison(t, conn, believed, inCurrency)
		} else {
			checkComparison(t, conn, believed, p)
		}
		if i == chosen {
			model := models.All()[random.IntN(len(models.All()))]
			checkBreakdown(t, conn, believed, inCurrency, model)
			checkModelCosts(t, conn, believed, inCurrency, model)
			checkPathCounts(t, conn, believed, p)
		}
	}
}

func naivePathsOf(t *testing.T, world *given, report string, p Params) (asked, []naivePath) {
	t.Helper()
	a, err := p.checked(report)
	if err != nil {
		t.Fatal(err)
	}
	model := naive{given: *world, lookback: time.Duration(p.LookbackDays) * 24 * time.Hour}
	paths := model.paths(a, p.Losses == IncludeLosses)
	for i := range paths {
		paths[i].amount, paths[i].currency = model.convert(paths[i].amount, paths[i].currency, paths[i].at, a)
	}
	return a, paths
}

func checkComparison(t *testing.T, conn driver.Conn, world *given, p Params) {
	t.Helper()
	a, paths := naivePathsOf(t, world, "compare_models", p)
	got := mustRun(t, conn, "compare_models", p)
	checkSums(t, got)
	outcome := a.outcomes[0]
	for _, model := range models.All() {
		want := naiveCredits(t, model, paths, outcome, a)
		compareCells(t, got, string(model), p, want, p.Outcome == WonAmount)
	}
}

func checkBreakdown(t *testing.T, conn driver.Conn, world *given, p Params, model models.Model) {
	t.Helper()
	p.Outcome, p.Model = "", model
	a, paths := naivePathsOf(t, world, "model_breakdown", p)
	got := mustRun(t, conn, "model_breakdown", p)
	checkSums(t, got)
	for _, outcome := range []Outcome{Leads, Conversions, CreatedDeals, WonDeals} {
		want := naiveCredits(t, model, paths, outcome, a)
		compareCells(t, got, string(outcome), p, want, false)
		if outcome == WonDeals {
			compareCells(t, got, string(WonAmount), p, want, true)
		}
	}
}

// compareCells holds one column against wanted parts. Rounding moves each by no more than one unit of its last decimal.
func compareCells(t *testing.T, r *Result, column string, p Params, want map[string]float64, isMoney bool) {
	t.Helper()
	got := map[string]float64{}
	for i, row := range r.Rows {
		var labels []string
		for _, cell := range row[:len(p.By)] {
			labels = append(labels, cell.(string))
		}
		if len(p.By) == 0 {
			labels = []string{row[0].(string)}
		}
		switch value := r.Value(i, column).(type) {
		case decimal.Decimal:
			got[strings.Join(labels, "|")+"/"] = value.InexactFloat64()
		case Amounts:
			for _, amount := range value {
				got[strings.Join(labels, "|")+"/"+amount.Currency] = amount.Value.InexactFloat64()
			}
		}
	}
	for key, value := range want {
		if strings.HasSuffix(key, "/") == isMoney {
			continue
		}
		unit := 1.1e-6
		if isMoney {
			unit = .0101
		}
		if math.Abs(got[key]-value) > unit {
			t.Errorf("%s of %+v: %q is %v, want %v\n%s", column, p, key, got[key], value, tsv(r))
		}
		delete(got, key)
	}
	for key, value := range got {
		if value != 0 {
			t.Errorf("%s of %+v: %q is %v, and should not be there\n%s", column, p, key, value, tsv(r))
		}
	}
}

func checkPathCounts(t *testing.T, conn driver.Conn, world *given, p Params) {
	t.Helper()
	p.Losses, p.Order, p.HalfLifeDays, p.Weights = "", 0, 0, ""
	a, paths := naivePathsOf(t, world, "assisted", p)
	counts, credited, assisted := map[string]int64{}, map[string]int64{}, map[string]int64{}
	for _, path := range paths {
		if path.outcome != a.outcomes[0] {
			continue
		}
		credit, present, names := naiveLabels(nil, a.By), map[string]bool{}, []string{}
		for i, touch := range path.touches {
			label := naiveLabels(touch, a.By)
			present[label] = true
			names = append(names, strings.ReplaceAll(label, "|", " / "))
			if naiveWeights(models.LastNonDirect, path.touches, a)[i] == 1 {
				credit = label
			}
		}
		counts[cmp.Or(strings.Join(names, " > "), unattributed)]++
		credited[credit]++
		for label := range present {
			if label != credit {
				assisted[label]++
			}
		}
	}
	got := mustRun(t, conn, "assisted", p)
	checkSums(t, got)
	for i, row := range got.Rows {
		var labels []string
		for _, cell := range row[:max(1, len(p.By))] {
			labels = append(labels, cell.(string))
		}
		label := strings.Join(labels, "|")
		if got.Value(i, "credited") != credited[label] || got.Value(i, "assisted") != assisted[label] {
			t.Errorf("assisted %+v: %s, want %d credited, %d assisted", p, label, credited[label], assisted[label])
		}
		delete(assisted, label)
	}
	if len(assisted) > 0 {
		t.Errorf("assisted %+v: %v are not there\n%s", p, assisted, tsv(got))
	}
	p.Limit = 10_000
	ways := mustRun(t, conn, "paths", p)
	checkSums(t, ways)
	for i := range ways.Rows {
		name := ways.Value(i, "path").(string)
		if want := counts[orderedName(name, a.By)]; ways.Value(i, string(a.outcomes[0])) != want {
			t.Errorf("paths %+v: %q, want %d\n%s", p, name, want, tsv(ways))
		}
	}
}

// orderedName puts the labels of a path's touches, which stand in the order of PathDimensions, into the asked order.
func orderedName(name string, by []Dimension) string {
	if name == unattributed {
		return name
	}
	touches := strings.Split(name, " > ")
	for i, touch := range touches {
		labels, at := strings.Split(touch, " / "), 0
		ordered := make([]string, len(by))
		for _, dimension := range PathDimensions() {
			if place := slices.Index(by, dimension); place >= 0 {
				ordered[place] = labels[at]
				at++
			}
		}
		touches[i] = strings.Join(ordered, " / ")
	}
	return strings.Join(touches, " > ")
}
