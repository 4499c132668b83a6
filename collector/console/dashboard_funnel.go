package console

import (
	"slices"

	"github.com/headwater/headwater/collector/reports"
)

// funnelView is the way from a visit to a won deal.
type funnelView struct {
	Title, CSV string
	Steps      []stepView
}

// stepView is one step of the funnel.
type stepView struct {
	Title, Href string
	N           int64
	Text        string
	Lines       []string // of money, beside won deals
	Change      changeView
	Rate        string // of the last step before that had at least as many
	Width       int    // of its bar, 0 to 100 of the first
}

// changeView is a number against the one before: in words, and which way.
type changeView struct {
	Text string
	Way  string // up, down or same; "" for no comparison
}

func (s *speaker) change(now, before int64) changeView {
	switch {
	case now == before:
		return changeView{s.say("dashboard.change.same"), "same"}
	case before == 0:
		return changeView{s.say("dashboard.change.none"), "up"}
	}
	way, sign := "up", "+"
	if now < before {
		way, sign = "down", "−"
	}
	ratio := float64(max(now, before)-min(now, before)) / float64(before)
	return changeView{s.say("dashboard.change.from", "Ratio", sign+s.percent(ratio), "Before", before), way}
}

// funnelSteps are the steps, and the report that counts each.
var funnelSteps = []struct{ column, report string }{
	{"visitors", "source_breakdown"}, {"leads", "source_breakdown"}, {"qualified", "pipeline"}, {"deals", "source_breakdown"}, {"won_deals", "source_breakdown"},
}

// counted are answers about one time, by their report.
type counted map[string]*reports.Result

func countedBy(asked []*pending) counted {
	c := counted{}
	for _, p := range asked {
		c[p.question.report] = p.by(reports.BySource)
	}
	return c
}

// total is the total of a column, nil where it has none.
func (c counted) total(report, column string) any {
	result := c[report]
	if result == nil || result.Totals == nil || !slices.Contains(result.Columns, column) {
		return nil
	}
	return result.Totals[slices.Index(result.Columns, column)]
}

// funnel reads the steps from reports whose rows add up to them. before may be empty.
func (s *speaker) funnel(q dashboardQuery, now, before counted) funnelView {
	view := funnelView{Title: s.say("dashboard.funnel"), CSV: q.csvHref("funnel")}
	most := int64(1)
	for i, step := range funnelSteps {
		n, _ := now.total(step.report, step.column).(int64)
		shown := stepView{Title: s.title(step.column), N: n, Text: s.number(n), Href: q.behind(step.column, q.dataPoint, q.where, reports.BySource)}
		if then, known := before.total(step.report, step.column).(int64); known {
			shown.Change = s.change(n, then)
		}
		// Who never sets a lead status has deals of leads that nobody called qualified: a rate is of a step that had at least as many.
		for from := i - 1; from >= 0; from-- {
			if whole := view.Steps[from].N; whole > 0 && whole >= n {
				shown.Rate = s.say("dashboard.rate_of."+funnelSteps[from].column, "Rate", s.percent(float64(n)/float64(whole)))
				break
			}
		}
		if step.column == "won_deals" {
			won, _ := now.total(step.report, "won_amount").(reports.Amounts)
			shown.Lines = s.money(won)
		}
		most = max(most, n)
		view.Steps = append(view.Steps, shown)
	}
	for i := range view.Steps {
		view.Steps[i].Width = int((view.Steps[i].N*100 + most - 1) / most)
	}
	return view
}

// funnelRows are the steps for a file. before may be empty.
func funnelRows(now, before counted) *reports.Result {
	result := &reports.Result{Columns: []string{"step", "number", "before"}}
	for _, step := range funnelSteps {
		result.Rows = append(result.Rows, []any{step.column, now.total(step.report, step.column), before.total(step.report, step.column)})
	}
	return result
}
