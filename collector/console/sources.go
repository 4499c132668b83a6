package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/reports"
)

// choice is one option of a form.
type choice struct {
	Value, Title, Help string
	Chosen             bool
}

var dataPoints = []choice{
	{Value: string(reports.FirstTouch), Title: "First touch", Help: "what first brought the person to the site"},
	{Value: string(reports.LeadCreation), Title: "Lead creation", Help: "what led to the form that made the person a lead"},
	{Value: string(reports.Conversion), Title: "Conversion", Help: "what led to each form that was sent"},
	{Value: string(reports.CompanySource), Title: "Company source", Help: "what brought the company’s first lead"},
}

var credits = []choice{
	{Value: string(reports.LastNonDirect), Title: "Last known source"},
	{Value: string(reports.Last), Title: "Last visit, direct too"},
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
	q.where, q.wrong = readFilter(query)
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
		Days: q.days, RangeText: q.days.text(), CSV: hrefOf("sources.csv", q.query(q.days)),
		Presets:    presetLinks("sources", q.days, q.query),
		DataPoints: chosen(dataPoints, string(q.dataPoint)),
		Credits:    chosen(credits, string(q.credit)),
		Rule:       ruleText(q, lookbackDays(s.site)),
		Filter: filterViewOf(q.where, func(f filter) string {
			narrowed := q
			narrowed.where = f
			return hrefOf("sources", narrowed.query(q.days))
		}),
		Trouble: q.wrong,
	}
	for _, dimension := range reports.Dimensions() {
		view.Dimensions = append(view.Dimensions, choice{
			Value: string(dimension), Title: title(string(dimension)), Chosen: slices.Contains(q.by, dimension),
		})
	}
	var result *reports.Result
	if view.Trouble == nil {
		result, view.Trouble = c.ask(ctx, s, "source_breakdown", q.params(), q.days)
	}
	if view.Trouble == nil {
		result = q.where.keep(result, q.by)
		view.Table = tableOf(result, "Sources", "leads")
		view.Tiles, view.LeftOut = tilesOf(result), leftOutText(result)
	}
	return c.render(ctx, statusOf(view.Trouble), "sources", "Sources", s, view)
}

// leftOutText says how much is under suspicion and so in none of the numbers, "" where nothing is.
func leftOutText(result *reports.Result) string {
	touches, submissions, _ := result.LeftOut()
	var parts []string
	if touches > 0 {
		parts = append(parts, count(int(touches), "visit", "visits"))
	}
	if submissions > 0 {
		parts = append(parts, count(int(submissions), "form", "forms"))
	}
	return strings.Join(parts, " and ")
}

func (c *Console) getSourcesCSV(ctx echo.Context, s *session) error {
	q := c.readSources(ctx.QueryParams(), s)
	result, t := (*reports.Result)(nil), q.wrong
	if t == nil {
		result, t = c.ask(ctx, s, "source_breakdown", q.params(), q.days)
	}
	if t != nil {
		return c.render(ctx, t.status, "problem", t.Heading, s, problem{t.Heading, t.Text})
	}
	return writeCSV(ctx, s, "source_breakdown", q.where.keep(result, q.by), q.days)
}

// presetLinks are the ranges to choose from; query says the rest of the page's address.
func presetLinks(page string, days dateRange, query func(dateRange) url.Values) []link {
	var links []link
	for _, p := range presets {
		links = append(links, link{Title: p.Title, Href: hrefOf(page, query(dateRange{Preset: p.Name})), Current: days.Preset == p.Name})
	}
	return links
}

func chosen(choices []choice, value string) []choice {
	marked := slices.Clone(choices)
	for i := range marked {
		marked[i].Chosen = marked[i].Value == value
	}
	return marked
}

// ruleText says in words which touch everything is placed by.
func ruleText(q sourcesQuery, lookback int) string {
	if q.dataPoint == reports.FirstTouch {
		return "Placed by first touch: the earliest visit that is known, also a direct one."
	}
	name := ""
	for _, point := range dataPoints {
		if point.Value == string(q.dataPoint) {
			name = "Placed by " + strings.ToLower(point.Title) + ": "
		}
	}
	if q.credit == reports.Last {
		return name + "the last visit before the form gets the credit, also a direct one."
	}
	return name + "the last known source within " + strconv.Itoa(lookback) + " days before the form gets the credit; only where there is none, the last visit."
}

// tilesOf shows the totals that a person looks for first.
func tilesOf(result *reports.Result) []tile {
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
			tiles = append(tiles, tile{Title: title(name), Lines: []string{number(n)}, Note: tileNote(name, totals)})
		}
	}
	if won, ok := totals["won_amount"].(reports.Amounts); ok {
		lines := money(won)
		if len(lines) == 0 {
			lines = []string{"–"}
		}
		deals, _ := totals["won_deals"].(int64)
		tiles = append(tiles, tile{Title: title("won_amount"), Lines: lines, Note: "of " + count(int(deals), "won deal", "won deals")})
	}
	return tiles
}

func tileNote(name string, totals map[string]any) string {
	visitors, _ := totals["visitors"].(int64)
	leads, _ := totals["leads"].(int64)
	companies, _ := totals["companies"].(int64)
	switch {
	case name == "visitors":
		return "browsers that arrived"
	case name == "leads" && companies > 0:
		return "in " + count(int(companies), "new company", "new companies")
	case name == "leads" && visitors > 0:
		return number(leads) + " new people"
	case name == "conversions":
		return "forms of known people"
	case name == "deals":
		return "created in this time"
	}
	return ""
}
