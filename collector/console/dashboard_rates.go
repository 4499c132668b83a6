package console

import (
	"slices"
	"strconv"

	"github.com/headwater/headwater/collector/reports"
)

func askConversionRate(q dashboardQuery) []question {
	return []question{{report: "conversion_rate", params: reports.Params{By: []reports.Dimension{reports.BySource}, DataPoint: q.dataPoint, Credit: q.credit}}}
}

// viewConversionRate shows how many leads of each source became deals, how sure that is, and the lift in words.
func viewConversionRate(q dashboardQuery, answers []*pending) tileView {
	t := tileView{Title: "Leads that become deals", Wide: true,
		Lead:    "The leads of this time, followed until now. The line is the range in which the true rate lies with 95 % certainty.",
		Columns: []columnView{{Title: "Source", Text: true}, {Title: "Leads"}, {Title: "With a deal"}, {Title: "Rate, 95 %", Bar: true}}}
	result := answers[0].kept()
	rows := rankedRows(result, "source", "leads")
	columns := []int{slices.Index(result.Columns, "leads"), slices.Index(result.Columns, "leads_with_deal")}
	for _, row := range rows.all {
		shown := tileRow{Label: row.label, Quiet: row.label == unattributed, Folds: row.folds, Cells: q.cells(pick(row.values, columns), -1, 0, 0), Links: make([]string, 3)}
		value := func(column string) any { return row.values[slices.Index(result.Columns, column)] }
		rate, known := value("rate").(float64)
		low, _ := value("rate_low").(float64)
		high, _ := value("rate_high").(float64)
		if known && row.folds == 0 {
			shown.Span = &spanView{Low: int(low*100 + .5), Width: max(1, int(high*100+.5)-int(low*100+.5)), At: int(rate*100 + .5)}
			shown.Cells = append(shown.Cells, cellView{Text: q.percent(rate), Share: bounds(low, high)})
			shown.Words = liftText(value("lift"), value("lift_low"), value("lift_high"))
			shown.Href = hrefOf("dashboard", q.query(q.days, q.where.with(reports.BySource, row.label)))
			shown.Links[0] = q.sourcesHref(q.dataPoint, q.where.with(reports.BySource, row.label), reports.ByMedium, reports.ByCampaign)
		} else {
			shown.Cells = append(shown.Cells, q.rateOf(row.values, columns))
		}
		t.Rows = append(t.Rows, shown)
	}
	t.Total = tileRow{Label: "Total", Cells: append(q.cells(pick(rows.totals, columns), -1, 0, 0), q.rateOf(rows.totals, columns))}
	t.More = link{Title: "All in Sources", Href: q.sourcesHref(q.dataPoint, q.where, reports.BySource)}
	return t
}

// rateOf is the rate of rows that were added up.
func (q *speaker) rateOf(row []any, columns []int) cellView {
	leads, _ := row[columns[0]].(int64)
	deals, _ := row[columns[1]].(int64)
	if leads == 0 {
		return cellView{Text: "–", Quiet: true}
	}
	return cellView{Text: q.percent(float64(deals) / float64(leads))}
}

func bounds(low, high float64) string {
	return strconv.FormatFloat(low*100, 'f', 0, 64) + "–" + strconv.FormatFloat(high*100, 'f', 0, 64) + " %"
}

// liftText says a lift in words. An interval around 1 says that nothing can be said yet.
func liftText(lift, low, high any) string {
	times, known := lift.(float64)
	least, sure := low.(float64)
	most, _ := high.(float64)
	switch {
	case !known:
		return "nothing to compare with yet"
	case !sure:
		return "no deal yet"
	}
	interval := ", 95 % " + factor(least) + "–" + factor(most)
	if least <= 1 && most >= 1 {
		return factor(times) + "× the rest, which may be chance" + interval
	}
	return "become deals " + factor(times) + "× as often as the rest" + interval
}

func factor(x float64) string {
	decimals := 1
	if x < 0.95 {
		decimals = 2
	}
	return strconv.FormatFloat(x, 'f', decimals, 64)
}
