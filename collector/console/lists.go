package console

import (
	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/reports"
)

// list is a report that ranks something.
type list struct {
	Page, Report, Title, Lead, Empty string
}

var lists = []list{
	{"forms", "top_forms", "Forms", "Which forms bring leads, and which are sent by people you knew already.", "Nobody has sent a form in this time."},
	{"referrers", "top_referrers", "Referrers", "Which websites send you people: the domains that visitors came from, whatever the links carried.", "No visit came from another website in this time."},
}

// listView is what the page of a list shows.
type listView struct {
	list
	Days      dateRange
	RangeText string
	Presets   []link
	Table     tableView
	LeftOut   string
	CSV       string
	Trouble   *trouble
}

// listLimit asks for all rows that there may be, so that they sum to the total; the page adds up what it does not show.
const listLimit = 100_000

func (c *Console) getList(l list) func(echo.Context, *session) error {
	return func(ctx echo.Context, s *session) error {
		days := readRange(ctx.QueryParams(), c.config.Now().In(zoneOf(s.site)))
		view := listView{list: l, Days: days, RangeText: days.text(), CSV: hrefOf(l.Page+".csv", days.query()),
			Presets: presetLinks(l.Page, days, dateRange.query)}
		var result *reports.Result
		if result, view.Trouble = c.ask(ctx, s, l.Report, reports.Params{Limit: listLimit}, days); view.Trouble == nil {
			view.Table, view.LeftOut = tableOf(result, l.Title, "leads"), leftOutText(result)
		}
		return c.render(ctx, statusOf(view.Trouble), "list", l.Title, s, view)
	}
}

func (c *Console) getListCSV(l list) func(echo.Context, *session) error {
	return func(ctx echo.Context, s *session) error {
		days := readRange(ctx.QueryParams(), c.config.Now().In(zoneOf(s.site)))
		return c.sendCSV(ctx, s, l.Report, reports.Params{Limit: listLimit}, days)
	}
}
