package console

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/collector/reports"
)

// dashboardTile is one tile: what it asks, how it shows the answers, and all rows of them for its file. What it is called and
// what it is about are the texts dashboard.heading.<id> and dashboard.about.<id>.
type dashboardTile struct {
	id     string
	ask    func(dashboardQuery) []question
	view   func(*speaker, dashboardQuery, []*pending) tileView
	rows   func(dashboardQuery, []*pending) *reports.Result
	hidden func(dashboardQuery) bool // nil: never
}

var dashboardTiles = []dashboardTile{
	{id: "leads-over-time", ask: askOverTime, view: (*speaker).overTime, rows: keptBy(reports.BySource)},
	creditedTile("leads-by-source", reports.BySource, "leads"),
	creditedTile("leads-by-campaign", reports.ByCampaign, "leads"),
	pointTile("leads-by-lead-creation", reports.LeadCreation),
	pointTile("leads-by-first-touch", reports.FirstTouch),
	creditedTile("referring-sites", reports.ByReferrerDomain, "leads", "visitors"),
	{id: "conversion-rate", ask: askRates, view: (*speaker).rates, rows: keptBy(reports.BySource)},
	{id: "sales", ask: askSales, view: (*speaker).sales, rows: keptBy(reports.BySource)},
	{id: "costs", ask: askCosts, view: (*speaker).costs, rows: keptBy(reports.BySource)},
	{id: "top-forms", ask: askForms, view: (*speaker).forms, rows: formRows},
	{id: "form-leads", ask: askFormLeads, view: (*speaker).formLeads, rows: formRows},
	{id: "paths", ask: askPaths, view: (*speaker).paths, rows: firstResult},
	{id: "models", ask: askModels, view: (*speaker).models, rows: keptBy(reports.BySource)},
}

// tileView is a tile as the page shows it: a table, bars in it, and a drawing above it where the tile has one.
type tileView struct {
	ID, Title, Lead, Note string
	Wide                  bool
	Columns               []tileColumn
	Rows                  []tileRow
	Total                 tileRow
	Chart                 bool // the script draws the table over time
	Flow                  *flowView
	CSV                   string
	More                  link
	Empty                 string
	Trouble               *trouble
}

type tileColumn struct {
	Title  string
	Text   bool
	Bar    bool
	Series int // of a chart, from 1; 0 for none
}

type tileRow struct {
	Label   string
	Machine string // of a period: its first day
	Quiet   bool
	Folds   int    // how many rows this one stands for
	Href    string // the dashboard with only this row
	Words   string // beneath the label
	Cells   []tileCell
}

type tileCell struct {
	cellView
	N    any    // the number for a script that draws it, nil for none
	Href string // what is behind the number
	Bar  bool
	Span *spanView
}

// spanView is an interval on a scale from 0 to 100.
type spanView struct{ Low, Width, At int }

// tileSlot is the place of a tile on a page that is being sent.
type tileSlot struct {
	tile    dashboardTile
	query   dashboardQuery
	session *session
	asking  *asking
	asked   []*pending
	flush   func()
}

// View waits for the tile's answers. What stands before it has been sent by then.
func (t *tileSlot) View() tileView {
	for _, p := range t.asked {
		select {
		case <-p.ready:
		default:
			t.flush()
		}
	}
	wrong := t.asking.wait(t.asked...)
	view := tileView{Trouble: wrong}
	if wrong == nil {
		view = t.tile.view(t.session.speaker, t.query, t.asked)
	}
	view.ID, view.CSV = t.tile.id, t.query.csvHref(t.tile.id)
	view.Title = t.session.say("dashboard.heading." + t.tile.id)
	if view.Lead == "" {
		view.Lead = t.session.say("dashboard.about." + t.tile.id)
	}
	if view.Empty == "" {
		view.Empty = t.session.say("dashboard.none.leads")
	}
	return view
}

// flusher sends what has been written of the answer.
func flusher(ctx echo.Context) func() {
	controller := http.NewResponseController(ctx.Response())
	return func() { _ = controller.Flush() } // where it cannot be flushed, all of it comes in the end
}

// csvHref is where a tile's rows are to be had as a file.
func (q dashboardQuery) csvHref(id string) string {
	query := q.query(q.days, q.where)
	query.Set("tile", id)
	return (&url.URL{Path: "/console/dashboard.csv", RawQuery: query.Encode()}).String()
}

// sourcesHref is where the numbers of one filter are broken down further.
func (q dashboardQuery) sourcesHref(point reports.DataPoint, where filter, by ...reports.Dimension) string {
	return hrefOf("sources", sourcesQuery{by: by, dataPoint: point, credit: q.credit, where: where}.query(q.days))
}

func keptBy(dimension reports.Dimension) func(dashboardQuery, []*pending) *reports.Result {
	return func(_ dashboardQuery, asked []*pending) *reports.Result { return asked[0].by(dimension) }
}

func firstResult(_ dashboardQuery, asked []*pending) *reports.Result { return asked[0].result }

// creditedTile shows leads by a dimension, placed as the page is asked to, beside other columns.
func creditedTile(id string, dimension reports.Dimension, columns ...string) dashboardTile {
	t := dashboardTile{
		id:  id,
		ask: func(q dashboardQuery) []question { return q.withBefore(q.credited(dimension)) },
		view: func(s *speaker, q dashboardQuery, asked []*pending) tileView {
			links := q.links(q.dataPoint, dimension)
			if q.model != "" {
				links = q.shareLinks(dimension, func(string) models.Model { return q.model })
			}
			return s.ranking(q, asked, dimension, columns, links)
		},
		rows: keptBy(dimension),
	}
	if dimension == reports.BySource { // else it would be one of the tiles of a data point once more
		t.hidden = func(q dashboardQuery) bool {
			return q.model == "" && (q.dataPoint == reports.LeadCreation || q.dataPoint == reports.FirstTouch)
		}
	}
	return t
}

// pointTile shows leads by the source of one data point, whatever the page is about.
func pointTile(id string, point reports.DataPoint) dashboardTile {
	return dashboardTile{
		id:  id,
		ask: func(q dashboardQuery) []question { return q.withBefore(q.breakdown(point)) },
		view: func(s *speaker, q dashboardQuery, asked []*pending) tileView {
			return s.ranking(q, asked, reports.BySource, []string{"leads"}, q.links(point, reports.BySource))
		},
		rows: keptBy(reports.BySource),
	}
}

// withBefore is a question, and the same about the time that the page compares with.
func (q dashboardQuery) withBefore(asked question) []question {
	if before, ok := q.before(); ok {
		return []question{asked, asked.over(before)}
	}
	return []question{asked}
}

// ranking shows the greatest values of a dimension.
func (s *speaker) ranking(q dashboardQuery, asked []*pending, dimension reports.Dimension, columns []string, links linksOf) tileView {
	result := asked[0].by(dimension)
	columns = slices.DeleteFunc(slices.Clone(columns), func(column string) bool { return !slices.Contains(result.Columns, column) })
	if len(asked) > 1 {
		result = withColumn(result, asked[1].by(dimension), string(dimension), "leads", "before")
		columns = append(columns, "before")
	}
	t := tileView{More: link{Title: s.say("dashboard.all_sources"), Href: q.sourcesHref(asked[0].question.params.DataPoint, q.where, dimension)}}
	s.fill(&t, rankedRows(result, string(dimension), "leads"), string(dimension), columns, links)
	return t
}

// linksOf says where the number of a row and column leads, and for the column "" where the page about only this row is; "" for nowhere.
type linksOf func(label, column string) string

// shareLinks are links from parts of leads that models give.
func (q dashboardQuery) shareLinks(dimension reports.Dimension, modelOf func(column string) models.Model) linksOf {
	return func(label, column string) string {
		only := q.where.with(dimension, label)
		switch column {
		case "":
			return hrefOf("dashboard", q.query(q.days, only))
		case "before":
			return ""
		}
		return q.behindShare(modelOf(column), only)
	}
}

// links say what is behind the numbers of a row, and where only the row is.
func (q dashboardQuery) links(point reports.DataPoint, dimension reports.Dimension) linksOf {
	return func(label, column string) string {
		only := q.where.with(dimension, label)
		switch column {
		case "":
			return hrefOf("dashboard", q.query(q.days, only))
		case "before", "year_before":
			return ""
		}
		return q.behind(column, point, only, dimension)
	}
}

// drillBy are the dimensions that say more about one value of a dimension.
func drillBy(dimension reports.Dimension) []reports.Dimension {
	switch dimension {
	case reports.ByCampaign:
		return []reports.Dimension{reports.BySource, reports.ByMedium, reports.ByContent}
	case reports.ByReferrerDomain:
		return []reports.Dimension{reports.BySource, reports.ByMedium}
	}
	return []reports.Dimension{reports.ByMedium, reports.ByCampaign}
}
