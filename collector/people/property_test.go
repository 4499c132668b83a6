package people

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// Whatever is asked, the list has the contacts whose cards meet it: from the records, from the settled tables, in pages, counted.
func TestTheListIsWhatCardsSay(t *testing.T) {
	s := newStand(t)
	w := newWorld(20260312)
	s.insert(t, w.records)
	s.decide(t, w)
	cards := s.cards(t, w)
	companies := map[schema.CompanyID][]string{}
	for i, c := range cards { // companies are the list's own to say: the card has none
		one, err := s.Contact(t.Context(), acme, c.id)
		if err != nil {
			t.Fatal(err)
		}
		cards[i].company, cards[i].companies = one.Company, companies
		if one.CompanyID != "" {
			companies[one.CompanyID] = c.points["company_source"]
		}
	}
	for _, from := range []string{"records", "settled"} {
		if from == "settled" {
			if err := reports.Settle(t.Context(), s.conn, acme.ID, true); err != nil {
				t.Fatal(err)
			}
		}
		some, all := 0, 0
		for i := range 24 {
			q := w.query()
			var want []schema.ContactID
			for _, c := range cards {
				if c.meets(&q) {
					want = append(want, c.id)
				}
			}
			if len(want) > 0 {
				some++
			}
			if len(want) == len(cards) {
				all++
			}
			s.check(t, fmt.Sprintf("%s, %d: %+v", from, i, q), q, want, i%8 == 0)
			if t.Failed() {
				return
			}
		}
		if some < 8 || all > 12 {
			t.Errorf("%d queries met somebody, %d everybody: too few tell anything", some, all)
		}
	}
}

// Criteria about the touches that led to leads have as many contacts as the reports of paths and models say.
func TestPathsAreThoseOfTheReports(t *testing.T) {
	s := newStand(t)
	s.insert(t, newWorld(20260313).records)
	t.Run("records", s.checkPaths)
	if err := reports.Settle(t.Context(), s.conn, acme.ID, true); err != nil {
		t.Fatal(err)
	}
	t.Run("settled", s.checkPaths)
}

func (s *stand) checkPaths(t *testing.T) {
	q := Query{Counts: Leads, Since: testNow.AddDate(0, 0, -15), Until: testNow.AddDate(0, 0, -3)}
	params := acme.params()
	params.From, params.To, params.By = q.Since.Format(time.RFC3339), q.Until.Format(time.RFC3339), []reports.Dimension{reports.BySource, reports.ByMedium}
	counted := func(name string, columns ...string) map[[2]string]int64 {
		result, err := reports.Run(t.Context(), s.conn, name, params)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[[2]string]int64{}
		for i := range result.Rows {
			for _, column := range columns {
				n, _ := decimal.NewFromString(fmt.Sprint(result.Value(i, column)))
				counts[[2]string{fmt.Sprint(result.Value(i, "source")), fmt.Sprint(result.Value(i, "medium"))}] += n.IntPart()
			}
		}
		return counts
	}
	onPath := counted("assisted", "credited", "assisted")
	params.Model = models.First
	first := counted("model_breakdown", "leads")
	params.Model = models.Last
	last := counted("model_breakdown", "leads")
	params.Model = models.LastNonDirect
	known := counted("model_breakdown", "leads")
	if len(onPath) < 4 {
		t.Fatalf("only %v are on paths", onPath)
	}
	labels := slices.SortedFunc(maps.Keys(onPath), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	for i, label := range labels {
		if i > 1 && i%3 != 0 { // the first two are (direct) and (unattributed)
			continue
		}
		want := onPath[label]
		on := Group{{"path.source", Is, label[0]}, {"path.medium", Is, label[1]}}
		for _, c := range []struct {
			group Group
			want  int64
		}{
			{on, want},
			{append(slices.Clone(on), Condition{"path.place", Is, "1"}), first[label]},
			{append(slices.Clone(on), Condition{"path.place_from_end", Is, "1"}), last[label]},
			{append(slices.Clone(on), Condition{"path.last_non_direct", Is, "yes"}), known[label]},
		} {
			q.Criteria = Criteria{c.group}
			if got, err := s.Count(t.Context(), acme, q); err != nil || got != c.want {
				t.Errorf("%v: %d, %v, the reports say %d", c.group, got, err, c.want)
			}
		}
	}
}

// check holds the list of a query against the cards, and now and then its count and its pages too.
func (s *stand) check(t *testing.T, name string, q Query, want []schema.ContactID, paged bool) {
	t.Helper()
	got, err := s.IDs(t.Context(), acme, q, 1000)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	ordered := slices.Clone(got)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s\nlist  %v\ncards %v", name, got, want)
	}
	if !paged {
		return
	}
	if n, err := s.Count(t.Context(), acme, q); err != nil || int(n) != len(want) {
		t.Errorf("%s: counted %d, %v, want %d", name, n, err, len(want))
	}
	var inPages []schema.ContactID
	var after *Cursor
	for {
		page, err := s.List(t.Context(), acme, q, after, 7)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range page.Contacts {
			inPages = append(inPages, page.Contacts[i].ID)
		}
		if after = page.Next; after == nil {
			break
		}
	}
	if !slices.Equal(inPages, ordered) {
		t.Errorf("%s\npages %v\nwhole %v", name, inPages, ordered)
	}
}

// query asks something that some may meet.
func (w *world) query() Query {
	q := Query{}
	for range w.IntN(4) {
		var group Group
		for range 1 + w.IntN(3) {
			group = append(group, w.condition())
		}
		q.Criteria = append(q.Criteria, group)
	}
	// Through text and back, as an address carries it.
	address := map[string][]string{}
	q.Criteria.Write(address)
	q.Criteria = Read(address)
	if w.IntN(3) == 0 {
		q.Counts = AllCounts()[w.IntN(5)]
		q.Since, q.Until = testNow.AddDate(0, 0, -15), testNow.AddDate(0, 0, -3)
	}
	if w.IntN(4) == 0 {
		q.Filter = Criteria{{w.condition()}}
	}
	columns := slices.DeleteFunc(Columns(), func(c Column) bool { return !c.Sortable() })
	q.Sort, q.Descending = columns[w.IntN(len(columns))], w.IntN(2) == 0
	return q
}

func (w *world) condition() Condition {
	names := slices.DeleteFunc(Fields(), func(f Field) bool { return f == "selection" || strings.HasPrefix(string(f), "path.") })
	c := Condition{Field: names[w.IntN(len(names))]}
	c.Op = c.Field.Ops()[w.IntN(len(c.Field.Ops()))]
	if !c.Op.NeedsValue() {
		return c
	}
	one := func() string {
		switch {
		case c.Field == "status":
			return string(DefaultStatuses()[w.IntN(5)].ID)
		case c.Field.Choices() != nil:
			return w.pick(c.Field.Choices()...)
		case c.Field == "company":
			return w.pick("a.example", "bolt & co", "Bolt")
		case c.Field == "form" || c.Field == "sent_form":
			return w.pick("signup", "webinar")
		case c.Field == "deal.stage":
			return w.pick("demo", "Offer, final")
		}
		return w.pick("linkedin", "LINKEDIN", "google", "cpc", "email", "Paid Social", "(unattributed)", "(not set)", "(direct)", "web", "Köln, Halle 7", `it's \ "quoted"`, "{x:String}", "100%", "a")
	}
	switch {
	case c.Op == LastDays:
		c.Value = strconv.Itoa(1 + w.IntN(20))
	case c.Field.IsDay():
		c.Value = w.time().Format(time.DateOnly)
	case c.Field.IsNumber():
		c.Value = strconv.Itoa(w.IntN(3))
	case c.Field.IsMoney():
		c.Value = w.pick("EUR ", "USD ") + strconv.Itoa(w.IntN(5000)) + w.pick("", ".50")
	case c.Op == OneOf:
		c.Value = JoinValues([]string{one(), one()})
	default:
		c.Value = one()
	}
	return c
}

// meets is a naive reading of a query, over a card.
func (c *card) meets(q *Query) bool {
	return c.counted(q) && c.any(q, q.Criteria) && c.any(q, q.Filter)
}

func (c *card) counted(q *Query) bool {
	in := func(at time.Time) bool { return !at.Before(q.Since) && at.Before(q.Until) }
	switch q.Counts {
	case Leads:
		return c.lead && in(c.created)
	case Qualified:
		return c.lead && in(c.created) && c.status == StatusQualified
	case Conversions:
		return slices.ContainsFunc(c.conversions, func(p conversionPoint) bool { return in(p.at) })
	case Deals:
		return slices.ContainsFunc(c.deals, func(d *schema.Deal) bool { return in(d.CreatedAt) })
	case WonDeals:
		return slices.ContainsFunc(c.deals, func(d *schema.Deal) bool { return d.Status == schema.DealWon && in(d.WonAt) })
	}
	return true
}

func (c *card) any(q *Query, criteria Criteria) bool {
	return len(criteria) == 0 || slices.ContainsFunc(criteria, func(g Group) bool { return c.all(q, g) })
}

func (c *card) all(q *Query, group Group) bool {
	in := func(at time.Time) bool { return !at.Before(q.Since) && at.Before(q.Until) }
	events := map[string][]Condition{}
	for _, condition := range group {
		switch point, _, _ := strings.Cut(string(condition.Field), "."); point {
		case "conversion", "deal", "sent_form":
			events[point] = append(events[point], condition)
		default:
			if !c.meetsOne(condition) {
				return false
			}
		}
	}
	holds := func(conditions []Condition, meets func(Condition) bool) bool {
		return !slices.ContainsFunc(conditions, func(one Condition) bool { return !meets(one) })
	}
	if own := events["conversion"]; own != nil && !slices.ContainsFunc(c.conversions, func(p conversionPoint) bool {
		return holds(own, func(one Condition) bool { return touchMeets(one, p.dimensions) }) && (q.Counts != Conversions || in(p.at))
	}) {
		return false
	}
	if own := events["sent_form"]; own != nil && !slices.ContainsFunc(c.sent, func(f sentForm) bool {
		return holds(own, func(one Condition) bool { return wordMeets(one, f.form, f.form) })
	}) {
		return false
	}
	own := events["deal"]
	return own == nil || slices.ContainsFunc(c.deals, func(d *schema.Deal) bool {
		return holds(own, func(one Condition) bool { return c.dealMeets(one, d) }) &&
			(q.Counts != Deals || in(d.CreatedAt)) && (q.Counts != WonDeals || d.Status == schema.DealWon && in(d.WonAt))
	})
}

func (c *card) meetsOne(condition Condition) bool {
	won := map[string]decimal.Decimal{}
	wonDeals := 0
	for _, d := range c.deals {
		if d.Status == schema.DealWon {
			wonDeals++
			if d.Currency != "" {
				won[d.Currency] = won[d.Currency].Add(d.Amount)
			}
		}
	}
	last := time.Time{}
	for _, f := range c.sent {
		if f.at.After(last) {
			last = f.at
		}
	}
	origin := "imported"
	if c.lead {
		origin = "lead"
	}
	switch condition.Field {
	case "company":
		return wordMeets(condition, c.company, c.company)
	case "form":
		return wordMeets(condition, c.form, c.form)
	case "status":
		return wordMeets(condition, string(c.status), string(c.status))
	case "origin":
		return wordMeets(condition, origin, origin)
	case "created":
		return dayMeets(condition, c.created)
	case "last_submission":
		return dayMeets(condition, last)
	case "status_since":
		return dayMeets(condition, c.statusSince)
	case "submissions":
		return numberMeets(condition, len(c.sent))
	case "deals":
		return numberMeets(condition, len(c.deals))
	case "won_deals":
		return numberMeets(condition, wonDeals)
	case "won_amount":
		currency, _, _ := strings.Cut(condition.Value, " ")
		sum, has := won[currency]
		return has && moneyMeets(condition, sum)
	}
	point, _, _ := strings.Cut(string(condition.Field), ".")
	return touchMeets(condition, c.points[point])
}

func touchMeets(c Condition, dimensions []string) bool {
	dimension := string(c.Field)[strings.LastIndexByte(string(c.Field), '.')+1:]
	if dimensions == nil {
		return wordMeets(c, "", "(unattributed)")
	}
	value := dimensions[slices.Index(Dimensions(), dimension)]
	if value == "" {
		return wordMeets(c, "", "(not set)")
	}
	return wordMeets(c, value, value)
}

func wordMeets(c Condition, value, label string) bool {
	low := strings.ToLower
	switch c.Op {
	case Is:
		return low(label) == low(c.Value)
	case IsNot:
		return low(label) != low(c.Value)
	case OneOf:
		return slices.ContainsFunc(c.values(), func(one string) bool { return low(label) == low(one) })
	case Contains:
		return strings.Contains(low(value), low(c.Value))
	case NotContain:
		return !strings.Contains(low(value), low(c.Value))
	case BeginsWith:
		return strings.HasPrefix(low(value), low(c.Value))
	case Empty:
		return value == ""
	}
	return value != ""
}

func dayMeets(c Condition, at time.Time) bool {
	if c.Op == Empty || c.Op == NotEmpty {
		return at.IsZero() == (c.Op == Empty)
	}
	if at.IsZero() {
		return false
	}
	text := at.UTC().Format(time.DateOnly)
	switch c.Op {
	case Since:
		return text >= c.Value
	case Before:
		return text < c.Value
	case Is:
		return text == c.Value
	}
	days, _ := strconv.Atoi(c.Value)
	return text > testNow.AddDate(0, 0, -days).Format(time.DateOnly)
}

func numberMeets(c Condition, n int) bool {
	want, _ := strconv.Atoi(c.Value)
	return c.Op == AtLeast && n >= want || c.Op == AtMost && n <= want || c.Op == Is && n == want
}

func moneyMeets(c Condition, amount decimal.Decimal) bool {
	_, text, _ := strings.Cut(c.Value, " ")
	want := decimal.RequireFromString(text)
	return c.Op == AtLeast && amount.GreaterThanOrEqual(want) || c.Op == AtMost && amount.LessThanOrEqual(want)
}

func (of *card) dealMeets(c Condition, d *schema.Deal) bool {
	if point, is := c.Field.OfDealsTouch(); is {
		return touchMeets(c, of.dealTouch(point, d))
	}
	switch c.Field {
	case "deal.status":
		return wordMeets(c, string(d.Status), string(d.Status))
	case "deal.stage":
		return wordMeets(c, d.Stage, d.Stage)
	case "deal.created":
		return dayMeets(c, d.CreatedAt)
	}
	return strings.HasPrefix(c.Value, d.Currency+" ") && moneyMeets(c, d.Amount)
}
