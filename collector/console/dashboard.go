package console

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/collector/reports"
)

// dashboardQuery is what the dashboard is asked for.
type dashboardQuery struct {
	days      dateRange
	compare   string // a name of comparisons
	where     filter
	dataPoint reports.DataPoint
	credit    reports.Credit
	model     models.Model // "": one touch gets it all, by dataPoint and credit
}

// comparisons are the times that a range may be compared with.
var comparisons = []choice{
	{Value: "previous", Title: "dashboard.compare.previous"},
	{Value: "year", Title: "dashboard.compare.year"},
	{Value: "none", Title: "dashboard.compare.none"},
}

// sharing are the models that share a lead among all visits that led to it. What gives all of it to the last one is among credits.
var sharing = []choice{
	{Value: string(models.First), Title: "dashboard.model.first"},
	{Value: string(models.Linear), Title: "dashboard.model.linear"},
	{Value: string(models.Position), Title: "dashboard.model.position"},
	{Value: string(models.TimeDecay), Title: "dashboard.model.time_decay"},
	{Value: string(models.Markov), Title: "dashboard.model.markov"},
	{Value: string(models.Shapley), Title: "dashboard.model.shapley"},
}

func isAmong(choices []choice, value string) bool {
	return slices.ContainsFunc(choices, func(known choice) bool { return known.Value == value })
}

func (c *Console) readDashboard(query url.Values, s *session) (dashboardQuery, *trouble) {
	sources := c.readSources(query, s)
	q := dashboardQuery{days: sources.days, dataPoint: sources.dataPoint, credit: sources.credit, where: sources.where, compare: query.Get("compare")}
	if !isAmong(comparisons, q.compare) {
		q.compare = comparisons[0].Value
	}
	if isAmong(sharing, string(q.credit)) {
		q.model, q.credit = models.Model(q.credit), reports.LastNonDirect
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
	query.Set("credit", q.rule())
	where.add(query)
	return query
}

// rule is what gives the credit: a model, or a rule that chooses one touch.
func (q dashboardQuery) rule() string {
	if q.model != "" {
		return string(q.model)
	}
	return string(q.credit)
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
	Sharing     []choice
	Filter      filterView
	Rule        string
	LeftOut     string
	Funnel      funnelView
	Newest      leadsView
	Most        int // of the newest leads
	Tiles       []*tileSlot
	Empty       bool
	Trouble     *trouble
}

// getDashboard sends the page as its numbers come in: the funnel first, then each tile when its questions are answered.
func (c *Console) getDashboard(ctx echo.Context, s *session) error {
	q, wrong := c.readDashboard(ctx.QueryParams(), s)
	view := dashboardView{
		Days: q.days, RangeText: s.days(q.days),
		Presets:     s.presets("dashboard", q.days, func(days dateRange) url.Values { return q.query(days, q.where) }),
		Comparisons: s.chosen(comparisons, q.compare), DataPoints: s.chosen(dataPoints, string(q.dataPoint)),
		Credits: s.chosen(credits, q.rule()), Sharing: s.chosen(sharing, q.rule()),
		Filter:  s.filter(q.where, func(f filter) string { return hrefOf("dashboard", q.query(q.days, f)) }),
		Rule:    s.dashboardRule(q, lookbackDays(s.site)),
		Trouble: wrong,
	}
	if wrong == nil {
		view.Trouble = c.fillDashboard(ctx, s, q, &view)
	}
	return c.stream(ctx, statusOf(view.Trouble), "dashboard", s.say("dashboard.title"), s, view)
}

// dashboardRule says in words who gets the credit.
func (s *speaker) dashboardRule(q dashboardQuery, lookback int) string {
	if q.model != "" {
		return s.say("dashboard.rule.shared", "Model", s.say("dashboard.model."+string(q.model)), "Count", lookback)
	}
	return s.ruleText(sourcesQuery{dataPoint: q.dataPoint, credit: q.credit}, lookback)
}

// fillDashboard begins to ask all that the page shows, and waits for what stands first.
func (c *Console) fillDashboard(ctx echo.Context, s *session, q dashboardQuery, view *dashboardView) *trouble {
	a := c.newAsking(ctx, s, q.where)
	overview, earlier := a.askFunnel(q)
	if before, compared := q.before(); compared {
		view.Before = s.days(before)
	}
	for _, t := range dashboardTiles {
		if t.hidden == nil || !t.hidden(q) {
			view.Tiles = append(view.Tiles, &tileSlot{tile: t, query: q, session: s, asking: a, asked: a.askAll(t, q), flush: flusher(ctx)})
		}
	}
	newest := c.askLeads(a.context, s)
	a.start()
	if t := a.wait(append(overview, earlier...)...); t != nil {
		return t
	}
	view.LeftOut = s.leftOut(overview[0].result)
	view.Funnel = s.funnel(q, countedBy(overview), countedBy(earlier))
	view.Filter.Values = s.suggestions(overview[0].by(reports.BySource))
	view.Empty = len(overview[0].result.Rows) == 0
	if leads, err := newest.wait(a.context, s); err == nil { // else the page is about the rest
		view.Newest.Leads, view.Most = leads[:min(len(leads), newestLeads)], newestLeads
	}
	return nil
}

// suggestions are the values that the filter bar offers.
func (s *speaker) suggestions(result *reports.Result) []choice {
	var values []choice
	for i := range result.Rows {
		if len(values) == 30 {
			break
		}
		values = append(values, choice{Value: text(result.Value(i, "source")), Title: s.title("source")})
	}
	return values
}

// getDashboardCSV answers with all rows of one tile, or with the funnel.
func (c *Console) getDashboardCSV(ctx echo.Context, s *session) error {
	q, wrong := c.readDashboard(ctx.QueryParams(), s)
	id := ctx.QueryParam("tile")
	at := slices.IndexFunc(dashboardTiles, func(t dashboardTile) bool { return t.id == id })
	if at < 0 && id != "funnel" {
		return echo.ErrNotFound
	}
	if wrong != nil {
		return c.showProblem(ctx, wrong.status, s, problem{wrong.Heading, wrong.Text})
	}
	a := c.newAsking(ctx, s, q.where)
	var rows func() *reports.Result
	if id == "funnel" {
		now, before := a.askFunnel(q)
		rows = func() *reports.Result { return funnelRows(countedBy(now), countedBy(before)) }
	} else {
		asked := a.askAll(dashboardTiles[at], q)
		rows = func() *reports.Result { return dashboardTiles[at].rows(q, asked) }
	}
	a.start()
	if t := a.wait(a.all...); t != nil {
		return c.showProblem(ctx, t.status, s, problem{t.Heading, t.Text})
	}
	return writeCSV(ctx, s, id, rows(), q.days)
}
