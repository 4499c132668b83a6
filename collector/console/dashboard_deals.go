package console

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/reports"
)

func askRates(q dashboardQuery) []question {
	return []question{{report: "conversion_rate", days: q.days, params: reports.Params{By: []reports.Dimension{reports.BySource}, DataPoint: q.dataPoint, Credit: q.credit}}}
}

// rates shows how many leads of each source became deals, how sure that is, and the lift in words.
func (s *speaker) rates(q dashboardQuery, asked []*pending) tileView {
	t := tileView{Wide: true, More: link{Title: s.say("dashboard.all_sources"), Href: q.sourcesHref(q.dataPoint, q.where, reports.BySource)}}
	rows := rankedRows(asked[0].by(reports.BySource), "source", "leads")
	s.fill(&t, rows, "source", []string{"leads", "leads_with_deal"}, q.links(q.dataPoint, reports.BySource))
	for i := range t.Columns {
		t.Columns[i].Bar = false
	}
	t.Columns = append(t.Columns, tileColumn{Title: s.say("dashboard.rate"), Bar: true})
	for i, row := range rows.all {
		shown := &t.Rows[i]
		for at := range shown.Cells {
			shown.Cells[at].Bar = false
		}
		value := func(column string) any { return row.values[rows.at(column)] }
		cell := tileCell{cellView: s.rateOf(row.values, rows), Bar: true}
		if rate, known := value("rate").(float64); known && row.folds == 0 {
			low, _ := value("rate_low").(float64)
			high, _ := value("rate_high").(float64)
			cell.Span = &spanView{Low: int(low*100 + .5), Width: max(1, int(high*100+.5)-int(low*100+.5)), At: int(rate*100 + .5)}
			cell.Share = s.decimal(low*100, 0) + "–" + s.decimal(high*100, 0) + "%"
			shown.Words = s.lift(row.label, value("lift"), value("lift_low"), value("lift_high"))
		}
		shown.Cells = append(shown.Cells, cell)
	}
	for at := range t.Total.Cells {
		t.Total.Cells[at].Bar = false
	}
	t.Total.Cells = append(t.Total.Cells, tileCell{cellView: s.rateOf(rows.totals, rows), Bar: true})
	return t
}

// rateOf is the rate of a row, also of one that was added up.
func (s *speaker) rateOf(row []any, rows ranked) cellView {
	if row == nil {
		return cellView{Text: "–", Quiet: true}
	}
	leads, _ := row[rows.at("leads")].(int64)
	deals, _ := row[rows.at("leads_with_deal")].(int64)
	if leads == 0 {
		return cellView{Text: "–", Quiet: true}
	}
	return cellView{Text: s.percent(float64(deals) / float64(leads))}
}

// lift says a lift in words. An interval around 1 says that nothing can be said yet.
func (s *speaker) lift(label string, lift, low, high any) string {
	times, known := lift.(float64)
	least, sure := low.(float64)
	most, _ := high.(float64)
	switch {
	case !known:
		return s.say("dashboard.lift.alone")
	case !sure:
		return s.say("dashboard.lift.no_deal")
	}
	pairs := []any{"Source", label, "Times", s.factor(times), "Low", s.factor(least), "High", s.factor(most)}
	if least <= 1 && most >= 1 {
		return s.say("dashboard.lift.chance", pairs...)
	}
	return s.say("dashboard.lift.sure", pairs...)
}

func (s *speaker) factor(x float64) string {
	decimals := 1
	if x < 0.95 {
		decimals = 2
	}
	return s.decimal(x, decimals)
}

func askSales(q dashboardQuery) []question {
	return []question{q.pipeline(reports.LeadCreation)}
}

// sales shows what won and open deals are worth, each currency for itself.
func (s *speaker) sales(q dashboardQuery, asked []*pending) tileView {
	t := tileView{Wide: true, Empty: s.say("dashboard.none.sales"), More: link{Title: s.say("dashboard.all_sources"), Href: q.sourcesHref(reports.LeadCreation, q.where, reports.BySource)}}
	s.fill(&t, rankedRows(asked[0].by(reports.BySource), "source", "won_deals"), "source",
		[]string{"won_deals", "won_amount", "open_deals", "open_amount"}, q.links(reports.LeadCreation, reports.BySource))
	return t
}

// costDimensions are those that spend is known by: a filter by another says nothing about costs.
var costDimensions = []reports.Dimension{reports.BySource, reports.ByMedium, reports.ByCampaign, reports.ByChannel}

// costable are the conditions of the filter that spend knows; false where there are others.
func (f filter) costable() bool {
	return !slices.ContainsFunc(f, func(c condition) bool { return !slices.Contains(costDimensions, c.Dimension) })
}

func askCosts(q dashboardQuery) []question {
	return []question{{report: "costs", days: q.days, unfiltered: !q.where.costable(),
		params: reports.Params{By: []reports.Dimension{reports.BySource}, DataPoint: q.dataPoint, Credit: q.credit}}}
}

// costs shows what each source cost, a lead of it, and what came back.
func (s *speaker) costs(q dashboardQuery, asked []*pending) tileView {
	t := tileView{Wide: true, More: link{Title: s.say("dashboard.all_sources"), Href: q.sourcesHref(q.dataPoint, q.where, reports.BySource)}}
	result := asked[0].by(reports.BySource)
	spent, _ := result.Totals[slices.Index(result.Columns, "spend")].(reports.Amounts)
	if len(spent) == 0 {
		t.Empty = s.say("dashboard.none.costs")
		return t
	}
	if !q.where.costable() {
		t.Note = s.say("dashboard.note.costs")
	}
	rows := rankedRows(result, "source", "spend")
	for i := range rows.all {
		if rows.all[i].folds > 0 {
			costsOf(rows.all[i].values, rows)
		}
	}
	if len(q.where) > 0 && rows.totals != nil {
		costsOf(rows.totals, rows)
	}
	each := rows.at("cost_per_lead")
	for i := range rows.all {
		rows.all[i].values = withRounded(rows.all[i].values, each)
	}
	rows.totals = withRounded(rows.totals, each)
	s.fill(&t, rows, "source", []string{"spend", "leads", "cost_per_lead", "won_amount", "roas"}, func(label, column string) string {
		if label == "(unmatched)" || column != "" && column != "leads" {
			return ""
		}
		return q.links(q.dataPoint, reports.BySource)(label, column)
	})
	for i := range t.Rows {
		roas := &t.Rows[i].Cells[4]
		roas.cellView = s.times(rows.all[i].values[rows.at("roas")])
	}
	t.Total.Cells[4].cellView = s.times(rows.totals[rows.at("roas")])
	return t
}

// withRounded is a row whose amounts in one column, which are quotients, have no more than cents. The row itself is of a result that others read.
func withRounded(row []any, at int) []any {
	exact, _ := row[at].(reports.Amounts)
	short := make(reports.Amounts, len(exact))
	for i, amount := range exact {
		short[i] = reports.Amount{Currency: amount.Currency, Value: amount.Value.Round(2)}
	}
	row = slices.Clone(row)
	row[at] = short
	return row
}

// times writes a ratio as a factor.
func (s *speaker) times(value any) cellView {
	ratio, known := value.(float64)
	if !known {
		return cellView{Text: "–", Quiet: true}
	}
	return cellView{Text: s.decimal(ratio, 2) + "×"}
}

// costsOf computes the ratios of a row that was added up.
func costsOf(row []any, rows ranked) {
	spend, _ := row[rows.at("spend")].(reports.Amounts)
	won, _ := row[rows.at("won_amount")].(reports.Amounts)
	leads, _ := row[rows.at("leads")].(int64)
	row[rows.at("cost_per_lead")], row[rows.at("roas")] = reports.Amounts(nil), nil
	if leads > 0 {
		var each reports.Amounts
		for _, amount := range spend {
			each = append(each, reports.Amount{Currency: amount.Currency, Value: amount.Value.DivRound(decimal.NewFromInt(leads), 2)})
		}
		row[rows.at("cost_per_lead")] = each
	}
	if len(spend) == 1 && spend[0].Value.IsPositive() && (len(won) == 0 || len(won) == 1 && won[0].Currency == spend[0].Currency) {
		ratio := 0.0
		if len(won) == 1 {
			ratio = won[0].Value.Div(spend[0].Value).InexactFloat64()
		}
		row[rows.at("roas")] = ratio
	}
}
