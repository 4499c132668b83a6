package console

import (
	"cmp"
	"slices"
	"time"

	"github.com/headwater/headwater/collector/reports"
)

// mostSeries is how many sources a chart over time tells apart before it adds up the others.
const mostSeries = 5

// lastSeries is the colour of what has no touch.
const lastSeries = 7

func askOverTime(q dashboardQuery) []question {
	return []question{{report: "leads_over_time", days: q.days, params: reports.Params{
		By: []reports.Dimension{reports.BySource}, DataPoint: q.dataPoint, Credit: q.credit, Grain: q.days.grain(),
	}}}
}

// stack is leads by period and series.
type stack struct {
	periods []string
	series  []string // the last is unattributed; "" are all others
	leads   map[[2]string]int64
}

// overTime shows leads by source in each period. The script draws the table.
func (s *speaker) overTime(q dashboardQuery, asked []*pending) tileView {
	grain := q.days.grain()
	t := tileView{Wide: true, Chart: true, Lead: s.say("dashboard.over_time." + string(grain)),
		More: link{Title: s.say("dashboard.all_sources"), Href: q.sourcesHref(q.dataPoint, q.where, reports.BySource)}}
	st := stackOf(asked[0].by(reports.BySource))
	t.Columns = []tileColumn{{Title: s.say("dashboard.grain." + string(grain)), Text: true}, {Title: s.title("leads")}}
	for i, name := range st.series {
		column := tileColumn{Title: name, Series: i + 1}
		if name == "" {
			column.Title = s.say("dashboard.others")
		}
		if i == len(st.series)-1 {
			column.Series = lastSeries
		}
		t.Columns = append(t.Columns, column)
	}
	whole := make([]int64, len(st.series)+1)
	for _, period := range st.periods {
		row := tileRow{Label: s.period(period, grain), Machine: period}
		for i, n := range st.values(period) {
			whole[i] += n
			row.Cells = append(row.Cells, tileCell{cellView: s.cell(n), N: n})
		}
		t.Rows = append(t.Rows, row)
	}
	t.Total.Label = s.say("words.total")
	for _, n := range whole {
		t.Total.Cells = append(t.Total.Cells, tileCell{cellView: s.cell(n), N: n})
	}
	return t
}

// stackOf reads leads_over_time: its greatest sources, the others as one, and what has no touch.
func stackOf(result *reports.Result) stack {
	st := stack{leads: map[[2]string]int64{}}
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
	slices.SortFunc(named, func(a, b string) int { return cmp.Or(cmp.Compare(whole[b], whole[a]), cmp.Compare(a, b)) })
	folded := len(named) > mostSeries+1
	if folded {
		named = named[:mostSeries]
	}
	for i := range result.Rows {
		period, source := text(result.Value(i, "period")), text(result.Value(i, "source"))
		if !slices.Contains(st.periods, period) {
			st.periods = append(st.periods, period)
		}
		leads, _ := result.Value(i, "leads").(int64)
		if source != unattributed && !slices.Contains(named, source) {
			source = ""
		}
		st.leads[[2]string{period, source}] += leads
	}
	slices.Sort(st.periods)
	st.series = named
	if folded {
		st.series = append(st.series, "")
	}
	st.series = append(st.series, unattributed)
	return st
}

// values are a period's leads: all, then of each series.
func (st stack) values(period string) []int64 {
	values := make([]int64, len(st.series)+1)
	for i, name := range st.series {
		values[i+1] = st.leads[[2]string{period, name}]
		values[0] += values[i+1]
	}
	return values
}

// period is the name of a period by its first day.
func (s *speaker) period(first string, grain reports.Grain) string {
	at, err := time.Parse(time.DateOnly, first)
	switch {
	case err != nil:
		return first
	case grain == reports.Month:
		return s.say(months[at.Month()-1]) + " " + at.Format("2006")
	case grain == reports.Week:
		return s.say("dashboard.week_of", "Day", s.day(at))
	}
	return s.day(at)
}
