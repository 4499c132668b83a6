package console

import (
	"net/url"
	"slices"

	"github.com/headwater/headwater/collector/reports"
)

// dashboardTile is one tile: what it asks, and how it shows the answers. Its first question is also its download.
type dashboardTile struct {
	id   string
	ask  func(dashboardQuery) []question
	view func(dashboardQuery, []*pending) tileView
}

// tileView is a tile as the page shows it: a table, bars in it, and a chart above it where the tile has one.
type tileView struct {
	ID, Title, Lead string
	Wide            bool
	Columns         []columnView
	Rows            []tileRow
	Total           tileRow
	Chart           *chartView
	CSV             string
	More            link
	Unfiltered      bool // the page's filter does not reach it
	Empty           string
}

type tileRow struct {
	Label string
	Quiet bool
	Folds int    // how many rows this one stands for
	Href  string // the dashboard with only this row
	Cells []cellView
	Links []string // of each cell, "" for none
	Words string   // beneath the label
	Span  *spanView
}

// spanView is an interval on a scale from 0 to 100.
type spanView struct{ Low, Width, At int }

// tileRows is how many rows a tile shows before it adds up the others.
const tileRows = 8

const unattributed = "(unattributed)"

var dashboardTiles = []dashboardTile{
	{"leads-over-time", askLeadsOverTime, viewLeadsOverTime},
	{"leads-by-campaign", askLeads("", reports.ByCampaign), viewLeads("Leads by campaign", "Campaigns by the data point chosen above.", "", reports.ByCampaign)},
	{"leads-by-lead-creation", askLeads(reports.LeadCreation, reports.BySource),
		viewLeads("Leads by lead creation source", "What led to the form that made each of them a lead.", reports.LeadCreation, reports.BySource)},
	{"leads-by-first-touch", askLeads(reports.FirstTouch, reports.BySource),
		viewLeads("Leads by first touch source", "What first brought them to the site.", reports.FirstTouch, reports.BySource)},
	{"conversion-rate", askConversionRate, viewConversionRate},
	{"won-by-lead-creation", askLeads(reports.LeadCreation, reports.BySource), viewWon},
	{"referring-sites", askLeads("", reports.ByReferrerDomain), viewLeads("Top referring sites", "The websites that visitors and leads came from.", "", reports.ByReferrerDomain, "visitors")},
	{"top-forms", askForms, viewForms},
	{"form-leads", askFormLeads, viewFormLeads},
}

// askLeads asks for a breakdown by one dimension; point "" is the one that the page is about.
func askLeads(point reports.DataPoint, dimension reports.Dimension) func(dashboardQuery) []question {
	return func(q dashboardQuery) []question { return []question{q.by(q.point(point), dimension)} }
}

func (q dashboardQuery) point(point reports.DataPoint) reports.DataPoint {
	if point == "" {
		return q.dataPoint
	}
	return point
}

// viewLeads shows leads by a dimension, beside other columns.
func viewLeads(heading, lead string, point reports.DataPoint, dimension reports.Dimension, also ...string) func(dashboardQuery, []*pending) tileView {
	return func(q dashboardQuery, answers []*pending) tileView {
		t := tileView{Title: heading, Lead: lead}
		q.dataPoint = q.point(point)
		t.rank(answers[0].kept(), q, dimension, append([]string{"leads"}, also...), "leads")
		return t
	}
}

// viewWon shows what won deals are worth, each currency for itself.
func viewWon(q dashboardQuery, answers []*pending) tileView {
	t := tileView{Title: "Won deals by lead creation source", Lead: "Deals won in this time, by what made their contact a lead. Currencies are never added up."}
	q.dataPoint = reports.LeadCreation
	t.rank(answers[0].kept(), q, reports.BySource, []string{"won_deals", "won_amount"}, "won_deals")
	return t
}

// rank fills a tile with a breakdown: the greatest rows, the others added up, those without a touch, and the total that all of
// them add up to.
func (t *tileView) rank(result *reports.Result, q dashboardQuery, dimension reports.Dimension, columns []string, by string) {
	t.Columns = append(t.Columns, columnView{Title: q.title(string(dimension)), Text: true})
	at := make([]int, len(columns))
	for i, column := range columns {
		at[i] = slices.Index(result.Columns, column)
		t.Columns = append(t.Columns, columnView{Title: q.title(column), Bar: column == by})
	}
	rows := rankedRows(result, string(dimension), by)
	widest, whole := rows.scale(by)
	for _, row := range rows.all {
		cells := q.cells(pick(row.values, at), slices.Index(columns, by), widest, whole)
		shown := tileRow{Label: row.label, Quiet: row.label == unattributed, Folds: row.folds, Cells: cells, Links: make([]string, len(cells))}
		if row.folds == 0 {
			only := q.where.with(dimension, row.label)
			shown.Href = hrefOf("dashboard", q.query(q.days, only))
			for i := range shown.Links {
				shown.Links[i] = q.sourcesHref(q.dataPoint, only, drillBy(dimension)...)
			}
		}
		t.Rows = append(t.Rows, shown)
	}
	t.Total = tileRow{Label: "Total", Cells: q.cells(pick(rows.totals, at), -1, 0, 0)}
	t.More = link{Title: "All in Sources", Href: q.sourcesHref(q.dataPoint, q.where, dimension)}
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

// ranked are the rows of a tile.
type ranked struct {
	columns []string
	all     []rankedRow
	totals  []any
}

type rankedRow struct {
	label  string
	folds  int
	values []any
}

// rankedRows orders a result by a column, adds up what a tile has no room for, and puts "(unattributed)" last, also where
// nothing is: whoever reads the tile sees that nothing was left out.
func rankedRows(result *reports.Result, dimension, by string) ranked {
	texts := textColumns(result)
	texts[slices.Index(result.Columns, dimension)] = true
	r := ranked{columns: result.Columns, totals: result.Totals}
	var named [][]any
	without := zeros(result)
	for i, row := range result.Rows {
		if text(result.Value(i, dimension)) == unattributed {
			without = row
		} else {
			named = append(named, row)
		}
	}
	at, label := slices.Index(result.Columns, by), slices.Index(result.Columns, dimension)
	slices.SortStableFunc(named, func(a, b []any) int {
		x, _ := a[at].(int64)
		y, _ := b[at].(int64)
		return int(max(-1, min(1, y-x)))
	})
	shown := named
	if len(named) > tileRows+1 {
		shown = named[:tileRows]
	}
	for _, row := range shown {
		r.all = append(r.all, rankedRow{label: text(row[label]), values: row})
	}
	if rest := named[len(shown):]; len(rest) > 0 {
		r.all = append(r.all, rankedRow{folds: len(rest), values: sums(rest, texts)})
	}
	r.all = append(r.all, rankedRow{label: unattributed, values: without})
	return r
}

// scale is the greatest value of a column, and the sum of all.
func (r ranked) scale(column string) (widest, whole int64) {
	at := slices.Index(r.columns, column)
	for _, row := range r.all {
		n, _ := row.values[at].(int64)
		widest, whole = max(widest, n), whole+n
	}
	return widest, whole
}

// zeros is a row in which nothing happened.
func zeros(result *reports.Result) []any {
	row := make([]any, len(result.Columns))
	for i, total := range result.Totals {
		switch total.(type) {
		case int64:
			row[i] = int64(0)
		case reports.Amounts:
			row[i] = reports.Amounts(nil)
		}
	}
	return row
}

func askForms(dashboardQuery) []question {
	return []question{{report: "top_forms", params: reports.Params{Limit: listLimit}, unfiltered: true}}
}

func viewForms(q dashboardQuery, answers []*pending) tileView {
	t := tileView{Title: "Top forms", Lead: "Forms that were sent in this time, also by people you knew.", Unfiltered: len(q.where) > 0}
	t.rankForms(answers[0].result, []string{"leads", "conversions", "submissions"}, nil, q)
	return t
}

func askFormLeads(q dashboardQuery) []question {
	asked := askForms(q)
	if _, ok := q.days.yearBefore(); ok {
		earlier := asked[0]
		earlier.yearBefore = true
		asked = append(asked, earlier)
	}
	return asked
}

func viewFormLeads(q dashboardQuery, answers []*pending) tileView {
	t := tileView{Title: "New leads from forms", Lead: "Beside the same days of the year before.", Unfiltered: len(q.where) > 0}
	var earlier *reports.Result
	if len(answers) > 1 {
		earlier = answers[1].result
	} else {
		t.Lead = "Choose days to see the year before beside them."
	}
	t.rankForms(answers[0].result, []string{"leads"}, earlier, q)
	return t
}

// rankForms fills a tile with forms. earlier has their leads of the year before; nil for none.
func (t *tileView) rankForms(result *reports.Result, columns []string, earlier *reports.Result, q dashboardQuery) {
	if earlier != nil {
		result = withYearBefore(result, earlier)
		columns = append(columns, "year_before")
	}
	t.Columns = []columnView{{Title: "Form", Text: true}}
	at := make([]int, len(columns))
	for i, column := range columns {
		at[i] = slices.Index(result.Columns, column)
		t.Columns = append(t.Columns, columnView{Title: q.title(column), Bar: i == 0})
	}
	rows := rankedRows(result, "form", "leads")
	rows.all = slices.DeleteFunc(rows.all, func(row rankedRow) bool { return row.label == unattributed }) // every sent form has one
	widest, whole := rows.scale("leads")
	for _, row := range rows.all {
		t.Rows = append(t.Rows, tileRow{Label: row.label, Folds: row.folds, Cells: q.cells(pick(row.values, at), 0, widest, whole), Links: make([]string, len(columns))})
	}
	t.Total = tileRow{Label: "Total", Cells: q.cells(pick(rows.totals, at), -1, 0, 0)}
	t.More = link{Title: "All forms", Href: hrefOf("forms", q.days.query())}
	t.Empty = "Nobody has sent a form in this time."
}

// withYearBefore gives each form its leads of the year before; forms that only had leads then come last.
func withYearBefore(result, earlier *reports.Result) *reports.Result {
	both := &reports.Result{Columns: append(slices.Clone(result.Columns), "year_before")}
	leadsThen := map[string]int64{}
	for i := range earlier.Rows {
		leadsThen[text(earlier.Value(i, "form"))], _ = earlier.Value(i, "leads").(int64)
	}
	for i, row := range result.Rows {
		form := text(result.Value(i, "form"))
		both.Rows = append(both.Rows, append(slices.Clone(row), leadsThen[form]))
		delete(leadsThen, form)
	}
	for i := range earlier.Rows {
		if n := leadsThen[text(earlier.Value(i, "form"))]; n > 0 {
			row := zeros(result)
			row[slices.Index(result.Columns, "form")] = earlier.Value(i, "form")
			both.Rows = append(both.Rows, append(row, n))
		}
	}
	both.Totals = append(slices.Clone(result.Totals), earlier.Totals[slices.Index(earlier.Columns, "leads")])
	return both
}

// csvHref is where a tile's rows are to be had as a file.
func (q dashboardQuery) csvHref(id string) string {
	query := q.query(q.days, q.where)
	query.Set("tile", id)
	return (&url.URL{Path: "/console/dashboard.csv", RawQuery: query.Encode()}).String()
}
