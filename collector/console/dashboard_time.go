package console

import (
	"slices"
	"time"

	"github.com/headwater/headwater/collector/reports"
)

// mostSeries is how many sources a chart over time tells apart before it adds up the others.
const mostSeries = 5

// chartView is a chart of stacked bars over time, drawn by the server.
type chartView struct {
	Unit   string // what is stacked: "leads"
	Series []seriesView
	Bars   []barView
	First  string
	Last   string
	Most   string
}

type seriesView struct {
	Title string
	Class int // of its colour, 1 to 7
}

// barView is one part of one bar, on a field of 1000 by 200.
type barView struct {
	X, Y, Width, Height float64
	Class               int
}

const chartWidth, chartHeight = 1000.0, 200.0

func askLeadsOverTime(q dashboardQuery) []question {
	return []question{{report: "leads_over_time", params: reports.Params{
		By: []reports.Dimension{reports.BySource}, DataPoint: q.dataPoint, Credit: q.credit, Grain: q.days.grain(),
	}}}
}

// stack is leads by period and series.
type stack struct {
	periods []string
	series  []string
	leads   map[[2]string]int64 // period, series
}

// viewLeadsOverTime shows leads by source in each period.
func viewLeadsOverTime(q dashboardQuery, answers []*pending) tileView {
	grain := q.days.grain()
	t := tileView{Title: "Leads over time by source", Wide: true, Lead: "New leads of each " + string(grain) + ", placed by the data point chosen above.",
		Empty: "No lead came in this time."}
	s := stackOf(answers[0].kept())
	t.Columns = []columnView{{Title: q.title(string(grain)), Text: true}, {Title: "Leads"}}
	for _, name := range s.series {
		t.Columns = append(t.Columns, columnView{Title: name})
	}
	whole := make([]any, len(s.series)+1)
	for i := range whole {
		whole[i] = int64(0)
	}
	for _, period := range s.periods {
		values := s.values(period)
		t.Rows = append(t.Rows, tileRow{Label: periodText(period, grain), Cells: q.cells(values, -1, 0, 0), Links: make([]string, len(values))})
		for i, value := range values {
			whole[i] = plus(whole[i], value)
		}
	}
	t.Total = tileRow{Label: "Total", Cells: q.cells(whole, -1, 0, 0)}
	t.More = link{Title: "All in Sources", Href: q.sourcesHref(q.dataPoint, q.where, reports.BySource)}
	if len(s.periods) > 0 {
		t.Chart = s.chart(q, t)
	}
	return t
}

// stackOf reads leads_over_time: its greatest sources, the others as one, and "(unattributed)".
func stackOf(result *reports.Result) stack {
	s := stack{leads: map[[2]string]int64{}}
	whole := map[string]int64{}
	for i := range result.Rows {
		leads, _ := result.Value(i, "leads").(int64)
		whole[text(result.Value(i, "source"))] += leads
	}
	var named []string
	for name := range whole {
		if name != unattributed && name != "" && whole[name] > 0 {
			named = append(named, name)
		}
	}
	slices.SortFunc(named, func(a, b string) int {
		if whole[a] != whole[b] {
			return int(max(-1, min(1, whole[b]-whole[a])))
		}
		if a < b {
			return -1
		}
		return 1
	})
	if len(named) > mostSeries+1 {
		named = named[:mostSeries]
	}
	const others = "All others"
	folded := false
	for i := range result.Rows {
		period, source := text(result.Value(i, "period")), text(result.Value(i, "source"))
		if !slices.Contains(s.periods, period) {
			s.periods = append(s.periods, period)
		}
		leads, _ := result.Value(i, "leads").(int64)
		if source != unattributed && !slices.Contains(named, source) {
			source = others
			folded = folded || leads > 0
		}
		s.leads[[2]string{period, source}] += leads
	}
	s.series = named
	if folded {
		s.series = append(s.series, others)
	}
	s.series = append(s.series, unattributed)
	return s
}

// values are a period's leads: all, then of each series.
func (s stack) values(period string) []any {
	values := make([]any, len(s.series)+1)
	all := int64(0)
	for i, name := range s.series {
		n := s.leads[[2]string{period, name}]
		values[i+1] = n
		all += n
	}
	values[0] = all
	return values
}

func (s stack) class(i int) int {
	if i == len(s.series)-1 {
		return 7 // "(unattributed)"
	}
	return i + 1
}

func (s stack) chart(q dashboardQuery, t tileView) *chartView {
	chart := &chartView{Unit: "leads", First: t.Rows[0].Label, Last: t.Rows[len(t.Rows)-1].Label}
	for i, name := range s.series {
		chart.Series = append(chart.Series, seriesView{name, s.class(i)})
	}
	most := int64(1)
	for _, period := range s.periods {
		all, _ := s.values(period)[0].(int64)
		most = max(most, all)
	}
	chart.Most = q.number(most)
	step := chartWidth / float64(len(s.periods))
	for at, period := range s.periods {
		y := chartHeight
		for i, name := range s.series {
			height := float64(s.leads[[2]string{period, name}]) * chartHeight / float64(most)
			if height == 0 {
				continue
			}
			y -= height
			chart.Bars = append(chart.Bars, barView{X: float64(at)*step + step*.1, Y: y, Width: step * .8, Height: height, Class: s.class(i)})
		}
	}
	return chart
}

// periodText is a period as people read it.
func periodText(period string, grain reports.Grain) string {
	first, err := time.Parse(time.DateOnly, period)
	switch {
	case err != nil:
		return period
	case grain == reports.Month:
		return first.Format("Jan 2006")
	case grain == reports.Week:
		return "Week of " + first.Format("2 Jan 2006")
	}
	return first.Format("Mon 2 Jan 2006")
}
