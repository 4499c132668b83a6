package console

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/reports"
)

// dashboardQuery is what the dashboard is asked for.
type dashboardQuery struct {
	*speaker
	days      dateRange
	compare   string // a name of comparisons
	where     filter
	dataPoint reports.DataPoint
	credit    reports.Credit
}

// comparisons are the times that a range may be compared with.
var comparisons = []choice{
	{Value: "previous", Title: "dashboard.compare.previous"},
	{Value: "year", Title: "dashboard.compare.year"},
	{Value: "none", Title: "dashboard.compare.none"},
}

func (c *Console) readDashboard(query url.Values, s *session) (dashboardQuery, *trouble) {
	sources := c.readSources(query, s)
	q := dashboardQuery{speaker: s.speaker, days: sources.days, dataPoint: sources.dataPoint, credit: sources.credit, where: sources.where, compare: query.Get("compare")}
	if !slices.ContainsFunc(comparisons, func(known choice) bool { return known.Value == q.compare }) {
		q.compare = comparisons[0].Value
	}
	if sources.wrong != nil {
		return q, sources.wrong
	}
	if wrong := q.days.check(); wrong != "" {
		return q, s.trouble(wrong, http.StatusUnprocessableEntity)
	}
	return q, nil
}

// query is q as an address, with other days and another filter.
func (q dashboardQuery) query(days dateRange, where filter) url.Values {
	query := days.query()
	query.Set("compare", q.compare)
	query.Set("data_point", string(q.dataPoint))
	query.Set("credit", string(q.credit))
	where.add(query)
	return query
}

// before is the range that q is compared with; false where there is none.
func (q dashboardQuery) before() (dateRange, bool) {
	if q.compare == "year" {
		return q.days.yearBefore()
	}
	if q.compare == "previous" {
		return q.days.timeBefore()
	}
	return dateRange{}, false
}

// timeBefore returns the range of the same length that ends where r begins; whole months come after as many whole months.
func (r dateRange) timeBefore() (dateRange, bool) {
	from, to, ok := r.dates()
	if !ok {
		return dateRange{}, false
	}
	days := int(to.Sub(from).Hours()/24) + 1
	before := from.AddDate(0, 0, -days)
	if end := to.AddDate(0, 0, 1); from.Day() == 1 && end.Day() == 1 {
		months := (end.Year()-from.Year())*12 + int(end.Month()) - int(from.Month())
		before = from.AddDate(0, -months, 0)
	}
	return dateRange{Preset: "custom", From: dateText(before), To: dateText(from.AddDate(0, 0, -1))}, true
}

// yearBefore returns the same days of the year before. The 29th of February becomes the 28th.
func (r dateRange) yearBefore() (dateRange, bool) {
	from, to, ok := r.dates()
	if !ok {
		return dateRange{}, false
	}
	back := func(day time.Time) string {
		earlier := day.AddDate(-1, 0, 0)
		if earlier.Month() != day.Month() {
			earlier = earlier.AddDate(0, 0, -1)
		}
		return dateText(earlier)
	}
	return dateRange{Preset: "custom", From: back(from), To: back(to)}, true
}

// dates are the two days of a range that has both. They are in UTC, where every day has 24 hours.
func (r dateRange) dates() (from, to time.Time, ok bool) {
	from, errFrom := time.Parse(time.DateOnly, r.From)
	to, errTo := time.Parse(time.DateOnly, r.To)
	return from, to, errFrom == nil && errTo == nil
}

// grain is the length of the periods that show a range well: at most some 60 of them.
func (r dateRange) grain() reports.Grain {
	from, to, ok := r.dates()
	switch {
	case ok && to.Sub(from) < 62*24*time.Hour:
		return reports.Day
	case ok && to.Sub(from) < 366*24*time.Hour:
		return reports.Week
	}
	return reports.Month
}

// dashboardView is what the dashboard shows.
type dashboardView struct {
	Days        dateRange
	RangeText   string
	Before      string // the range compared with, in words; "" for none
	Presets     []link
	Comparisons []choice
	DataPoints  []choice
	Credits     []choice
	Filter      filterView
	Rule        string
	LeftOut     string
	Funnel      []stepView
	Tiles       []tileView
	Empty       bool
	Trouble     *trouble
}

func (c *Console) getDashboard(ctx echo.Context, s *session) error {
	q, wrong := c.readDashboard(ctx.QueryParams(), s)
	view := dashboardView{
		Days: q.days, RangeText: s.days(q.days),
		Presets:     s.presets("dashboard", q.days, func(days dateRange) url.Values { return q.query(days, q.where) }),
		Comparisons: s.chosen(comparisons, q.compare), DataPoints: s.chosen(dataPoints, string(q.dataPoint)), Credits: s.chosen(credits, string(q.credit)),
		Filter:  s.filterView(q.where, func(f filter) string { return hrefOf("dashboard", q.query(q.days, f)) }),
		Rule:    s.ruleText(sourcesQuery{dataPoint: q.dataPoint, credit: q.credit}, lookbackDays(s.site)),
		Trouble: wrong,
	}
	if wrong == nil {
		view.Trouble = c.fillDashboard(ctx, s, q, &view)
	}
	return c.render(ctx, statusOf(view.Trouble), "dashboard", "Dashboard", s, view)
}

// fillDashboard asks all that the page shows at once.
func (c *Console) fillDashboard(ctx echo.Context, s *session, q dashboardQuery, view *dashboardView) *trouble {
	before, compared := q.before()
	if compared {
		view.Before = s.days(before)
	}
	a := c.newAsking(ctx, s, q.where)
	overview := a.ask(q.bySource(q.dataPoint), q.days)
	var earlier *pending
	if compared {
		earlier = a.ask(q.bySource(q.dataPoint), before)
	}
	asked := make([][]*pending, len(dashboardTiles))
	for i, t := range dashboardTiles {
		for _, question := range t.ask(q) {
			asked[i] = append(asked[i], a.ask(question, question.over(q.days)))
		}
	}
	if t := a.wait(); t != nil {
		return t
	}
	view.LeftOut = s.leftOut(overview.result)
	view.Funnel = funnelOf(overview.kept(), earlier, q)
	view.Filter.Values = suggestionsOf(overview.kept(), q)
	view.Empty = len(overview.result.Rows) == 0
	for i, t := range dashboardTiles {
		tile := t.view(q, asked[i])
		tile.ID, tile.CSV = t.id, q.csvHref(t.id)
		view.Tiles = append(view.Tiles, tile)
	}
	return nil
}

// suggestionsOf are the values that the filter bar offers.
func suggestionsOf(result *reports.Result, q dashboardQuery) []choice {
	var values []choice
	for i := range result.Rows {
		if len(values) == 30 {
			break
		}
		values = append(values, choice{Value: text(result.Value(i, "source")), Title: "Source"})
	}
	return values
}

// getDashboardCSV answers with all rows of one question of one tile.
func (c *Console) getDashboardCSV(ctx echo.Context, s *session) error {
	q, wrong := c.readDashboard(ctx.QueryParams(), s)
	at := slices.IndexFunc(dashboardTiles, func(t dashboardTile) bool { return t.id == ctx.QueryParam("tile") })
	if at < 0 {
		return echo.ErrNotFound
	}
	if wrong != nil {
		return c.render(ctx, wrong.status, "problem", wrong.Heading, s, problem{wrong.Heading, wrong.Text})
	}
	question := dashboardTiles[at].ask(q)[0]
	a := c.newAsking(ctx, s, q.where)
	answer := a.ask(question, question.over(q.days))
	if t := a.wait(); t != nil {
		return c.render(ctx, t.status, "problem", t.Heading, s, problem{t.Heading, t.Text})
	}
	return writeCSV(ctx, s, dashboardTiles[at].id, answer.kept(), q.days)
}

// bySource is the question that the funnel is read from, and the tiles by source.
func (q dashboardQuery) bySource(point reports.DataPoint) question {
	return q.by(point, reports.BySource)
}

func (q dashboardQuery) by(point reports.DataPoint, dimension reports.Dimension) question {
	return question{report: "source_breakdown", params: reports.Params{By: []reports.Dimension{dimension}, DataPoint: point, Credit: q.credit}}
}

// stepView is one step of the funnel.
type stepView struct {
	Title, Href string
	N           int64
	Text        string
	Lines       []string // of money, beside won deals
	Change      changeView
	Rate        string // of the step before
	Width       int    // of its bar, 0 to 100 of the first
}

// changeView is a number against the one before: in words, and which way.
type changeView struct {
	Text string
	Way  string // up, down or same; "" for no comparison
}

func (q *speaker) changeOf(now, before int64) changeView {
	switch {
	case now == before:
		return changeView{"as many as before", "same"}
	case before == 0:
		return changeView{"none before", "up"}
	}
	way, sign := "up", "+"
	if now < before {
		way, sign = "down", "−"
	}
	ratio := float64(max(now, before)-min(now, before)) / float64(before)
	return changeView{sign + q.percent(ratio) + " from " + q.number(before), way}
}

// funnelOf reads the steps from a breakdown: every row's numbers are in them.
func funnelOf(result *reports.Result, earlier *pending, q dashboardQuery) []stepView {
	var before *reports.Result
	if earlier != nil {
		before = earlier.kept()
	}
	total := func(r *reports.Result, column string) int64 {
		if at := slices.Index(r.Columns, column); at >= 0 && r.Totals != nil {
			n, _ := r.Totals[at].(int64)
			return n
		}
		return 0
	}
	var steps []stepView
	most := int64(1)
	for i, column := range []string{"visitors", "leads", "deals", "won_deals"} {
		n := total(result, column)
		step := stepView{Title: q.title(column), N: n, Text: q.number(n), Href: q.sourcesHref(q.dataPoint, q.where, reports.BySource)}
		if column == "leads" && len(q.where) == 0 {
			step.Href = hrefOf("leads", nil)
		}
		if before != nil {
			step.Change = q.changeOf(n, total(before, column))
		}
		if i > 0 && steps[i-1].N > 0 {
			step.Rate = q.percent(float64(n)/float64(steps[i-1].N)) + " of " + funnelWords[i-1]
		}
		if column == "won_deals" {
			won, _ := result.Totals[slices.Index(result.Columns, "won_amount")].(reports.Amounts)
			step.Lines = q.money(won)
		}
		most = max(most, n)
		steps = append(steps, step)
	}
	for i := range steps {
		steps[i].Width = int((steps[i].N*100 + most - 1) / most)
	}
	return steps
}

var funnelWords = []string{"visitors", "leads", "deals"}

// sourcesHref is where the numbers of one filter are broken down further.
func (q dashboardQuery) sourcesHref(point reports.DataPoint, where filter, by ...reports.Dimension) string {
	return hrefOf("sources", sourcesQuery{by: by, dataPoint: point, credit: q.credit, where: where}.query(q.days))
}
