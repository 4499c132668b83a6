package console

import (
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/reports"
)

// choice is one option of a form. In the lists that are the same for everybody Title and Help are ids.
type choice struct {
	Value, Title, Help string
	Chosen             bool
}

var dataPoints = []choice{
	{Value: string(reports.FirstTouch), Title: "words.point.first_touch", Help: "sources.help.first_touch"},
	{Value: string(reports.LeadCreation), Title: "words.point.lead_creation", Help: "sources.help.lead_creation"},
	{Value: string(reports.Conversion), Title: "words.point.conversion", Help: "sources.help.conversion"},
	{Value: string(reports.CompanySource), Title: "words.point.company_source", Help: "sources.help.company_source"},
}

var credits = []choice{
	{Value: string(reports.LastNonDirect), Title: "words.credit.last_non_direct"},
	{Value: string(reports.Last), Title: "words.credit.last"},
}

// sourcesQuery is what the page of sources is asked for.
type sourcesQuery struct {
	days      dateRange
	by        []reports.Dimension
	dataPoint reports.DataPoint
	credit    reports.Credit
	where     filter
	wrong     *trouble // with the filter
}

func (c *Console) readSources(query url.Values, s *session) sourcesQuery {
	q := sourcesQuery{
		days:      readRange(query, c.config.Now().In(zoneOf(s.site))),
		dataPoint: reports.LeadCreation,
		credit:    reports.LastNonDirect,
	}
	for _, dimension := range reports.Dimensions() { // in their own order, each once, and no others
		if slices.Contains(query["by"], string(dimension)) {
			q.by = append(q.by, dimension)
		}
	}
	if len(q.by) == 0 {
		q.by = []reports.Dimension{reports.BySource}
	}
	if chosen := reports.DataPoint(query.Get("data_point")); chosen != "" {
		q.dataPoint = chosen
	}
	if chosen := reports.Credit(query.Get("credit")); chosen != "" {
		q.credit = chosen
	}
	q.where, q.wrong = s.readFilter(query)
	return q
}

func (q sourcesQuery) params() reports.Params {
	return reports.Params{By: q.where.asked(q.by), DataPoint: q.dataPoint, Credit: q.credit}
}

// query is q as an address, with other days.
func (q sourcesQuery) query(days dateRange) url.Values {
	query := days.query()
	for _, dimension := range q.by {
		query.Add("by", string(dimension))
	}
	query.Set("data_point", string(q.dataPoint))
	query.Set("credit", string(q.credit))
	q.where.add(query)
	return query
}

// sourcesView is what the page of sources shows.
type sourcesView struct {
	Days       dateRange
	RangeText  string
	Presets    []link
	Dimensions []choice
	DataPoints []choice
	Credits    []choice
	Filter     filterView
	Rule       string
	Tiles      []tile
	Table      tableView
	LeftOut    string
	CSV        string
	Trouble    *trouble
}

// tile is one total in large print.
type tile struct {
	Title string
	Lines []string
	Note  string
}

func (c *Console) getSources(ctx echo.Context, s *session) error {
	q := c.readSources(ctx.QueryParams(), s)
	view := sourcesView{
		Days: q.days, RangeText: s.days(q.days), CSV: hrefOf("sources.csv", q.query(q.days)),
		Presets:    s.presets("sources", q.days, q.query),
		DataPoints: s.chosen(dataPoints, string(q.dataPoint)),
		Credits:    s.chosen(credits, string(q.credit)),
		Rule:       s.ruleText(q, lookbackDays(s.site)),
		Filter: s.filter(q.where, func(f filter) string {
			narrowed := q
			narrowed.where = f
			return hrefOf("sources", narrowed.query(q.days))
		}),
		Trouble: q.wrong,
	}
	for _, dimension := range reports.Dimensions() {
		view.Dimensions = append(view.Dimensions, choice{
			Value: string(dimension), Title: s.title(string(dimension)), Chosen: slices.Contains(q.by, dimension),
		})
	}
	var result *reports.Result
	if view.Trouble == nil {
		result, view.Trouble = c.ask(ctx, s, "source_breakdown", q.params(), q.days)
	}
	if view.Trouble == nil {
		result = q.where.keep(result, q.by)
		view.Table = s.table(result, s.say("sources.title"), "leads")
		view.Tiles, view.LeftOut = s.tiles(result), s.leftOut(result)
	}
	return c.render(ctx, statusOf(view.Trouble), "sources", s.say("sources.title"), s, view)
}

// leftOut says how much is under suspicion and so in none of the numbers, "" where nothing is.
func (s *speaker) leftOut(result *reports.Result) string {
	touches, submissions, _ := result.LeftOut()
	var parts []string
	if touches > 0 {
		parts = append(parts, s.say("words.visits", "Count", touches))
	}
	if submissions > 0 {
		parts = append(parts, s.say("words.forms", "Count", submissions))
	}
	if len(parts) == 2 {
		return s.say("words.both", "First", parts[0], "Second", parts[1])
	}
	return strings.Join(parts, "")
}

func (c *Console) getSourcesCSV(ctx echo.Context, s *session) error {
	q := c.readSources(ctx.QueryParams(), s)
	result, t := (*reports.Result)(nil), q.wrong
	if t == nil {
		result, t = c.ask(ctx, s, "source_breakdown", q.params(), q.days)
	}
	if t != nil {
		return c.showProblem(ctx, t.status, s, problem{t.Heading, t.Text})
	}
	return writeCSV(ctx, s, "source_breakdown", q.where.keep(result, q.by), q.days)
}

// presets are the ranges to choose from; query says the rest of the page's address.
func (s *speaker) presets(page string, days dateRange, query func(dateRange) url.Values) []link {
	var links []link
	for _, p := range presets {
		links = append(links, link{Title: s.say(p.Title), Href: hrefOf(page, query(dateRange{Preset: p.Name})), Current: days.Preset == p.Name})
	}
	return links
}

// chosen says the choices of a list, with one marked.
func (s *speaker) chosen(choices []choice, value string) []choice {
	marked := slices.Clone(choices)
	for i := range marked {
		marked[i].Chosen, marked[i].Title = marked[i].Value == value, s.say(marked[i].Title)
		if marked[i].Help != "" {
			marked[i].Help = s.say(marked[i].Help)
		}
	}
	return marked
}

// ruleText says in words which touch everything is placed by.
func (s *speaker) ruleText(q sourcesQuery, lookback int) string {
	if q.dataPoint == reports.FirstTouch {
		return s.say("sources.rule.first_touch")
	}
	name := strings.ToLower(s.known("words.point." + string(q.dataPoint)))
	if q.credit == reports.Last {
		return s.say("sources.rule.last", "Point", name)
	}
	return s.say("sources.rule.last_non_direct", "Point", name, "Count", lookback)
}

// tiles shows the totals that a person looks for first.
func (s *speaker) tiles(result *reports.Result) []tile {
	if result.Totals == nil {
		return nil
	}
	totals := map[string]any{}
	for i, column := range result.Columns {
		totals[column] = result.Totals[i]
	}
	var tiles []tile
	for _, name := range []string{"visitors", "leads", "conversions", "deals"} {
		if n, ok := totals[name].(int64); ok {
			tiles = append(tiles, tile{Title: s.title(name), Lines: []string{s.number(n)}, Note: s.tileNote(name, totals)})
		}
	}
	if won, ok := totals["won_amount"].(reports.Amounts); ok {
		lines := s.money(won)
		if len(lines) == 0 {
			lines = []string{"–"}
		}
		deals, _ := totals["won_deals"].(int64)
		tiles = append(tiles, tile{Title: s.title("won_amount"), Lines: lines, Note: s.say("sources.tile.won_deals", "Count", deals)})
	}
	return tiles
}

func (s *speaker) tileNote(name string, totals map[string]any) string {
	visitors, _ := totals["visitors"].(int64)
	leads, _ := totals["leads"].(int64)
	companies, _ := totals["companies"].(int64)
	switch {
	case name == "visitors":
		return s.say("sources.tile.visitors")
	case name == "leads" && companies > 0:
		return s.say("sources.tile.companies", "Count", companies)
	case name == "leads" && visitors > 0:
		return s.say("sources.tile.people", "Count", leads)
	case name == "conversions":
		return s.say("sources.tile.conversions")
	case name == "deals":
		return s.say("sources.tile.deals")
	}
	return ""
}
