package console

import (
	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/reports"
)

// list is a report that ranks something.
type list struct {
	Page, Report string
	// Title, Lead and Empty are ids, and what they say in the view.
	Title, Lead, Empty string
}

var lists = []list{
	{"forms", "top_forms", "frame.nav.forms", "lists.forms.lead", "lists.forms.empty"},
	{"referrers", "top_referrers", "frame.nav.referrers", "lists.referrers.lead", "lists.referrers.empty"},
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
		l := list{l.Page, l.Report, s.say(l.Title), s.say(l.Lead), s.say(l.Empty)}
		view := listView{list: l, Days: days, RangeText: s.days(days), CSV: hrefOf(l.Page+".csv", days.query()),
			Presets: s.presets(l.Page, days, dateRange.query)}
		var result *reports.Result
		if result, view.Trouble = c.ask(ctx, s, l.Report, reports.Params{Limit: listLimit}, days); view.Trouble == nil {
			view.Table, view.LeftOut = s.table(result, l.Title, "leads"), s.leftOut(result)
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
