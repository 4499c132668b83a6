package console

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/links"
	"github.com/headwater/headwater/collector/reports"
)

// linksView is what the page of the campaign links shows.
type linksView struct {
	Days      dateRange
	RangeText string
	Presets   []link
	Search    string
	Archived  bool
	May       bool // the reader may make links
	Chief     bool // and change the convention
	Done      string
	Rows      []campaignView
	Rest      *campaignView // what no link brought, so that the rows add up
	Total     *campaignView
	Hidden    int // links that are not shown, beyond maxRows or by the search
	Any       bool
	CSV       string
	Trouble   *trouble
}

// campaignView is one saved link with what it brought.
type campaignView struct {
	ID, URL, Target, Names, Note, Owner string
	At                                  moment
	Archived                            bool
	Version                             uint64
	Numbers                             []cellView
}

// numbersOfLinks are the columns of link_results that pages show.
var numbersOfLinks = []string{"visitors", "leads", "deals", "won_amount"}

func (c *Console) getLinks(ctx echo.Context, s *session) error {
	query := ctx.QueryParams()
	view := linksView{
		Days: readRange(query, c.config.Now().In(zoneOf(s.site))), Search: strings.TrimSpace(query.Get("q")), Archived: query.Get("archived") == "1",
		May: s.role.Allows(accounts.Marketer), Chief: s.role.Allows(accounts.Admin),
		Done: s.done(map[string]string{"added": "links.done.added", "archived": "links.done.archived", "back": "links.done.back", "imported": "links.done.imported", "nothing": "links.done.nothing"}, ctx),
	}
	keep := func(days dateRange) url.Values {
		values := days.query()
		if view.Search != "" {
			values.Set("q", view.Search)
		}
		if view.Archived {
			values.Set("archived", "1")
		}
		return values
	}
	view.RangeText, view.CSV = s.days(view.Days), hrefOf("links.csv", keep(view.Days))
	view.Presets = s.presets("links", view.Days, keep)
	saved, err := c.config.Links.List(ctx.Request().Context(), s.site.ID)
	if err != nil {
		return err
	}
	result, t := c.ask(ctx, s, "link_results", reports.Params{}, view.Days)
	view.Trouble = t
	c.fillLinks(s, &view, saved, result)
	return c.render(ctx, statusOf(t), "links", s.say("links.title"), s, view)
}

func (c *Console) fillLinks(s *session, view *linksView, saved []links.Saved, result *reports.Result) {
	view.Any = len(saved) > 0
	for i := range saved {
		row := c.campaign(s, &saved[i], result)
		if saved[i].Value.Archived != view.Archived || !row.has(view.Search) || len(view.Rows) == maxRows {
			view.Hidden++
			continue
		}
		view.Rows = append(view.Rows, row)
	}
	if result == nil {
		return
	}
	view.Total = &campaignView{Numbers: s.numbersOf(result, func(column string) any { return totalOf(result, column) })}
	rest := map[string]any{}
	shown := map[string]bool{}
	for _, row := range view.Rows {
		shown[row.ID] = true
	}
	for i := range result.Rows {
		if id, _ := result.Value(i, "link_id").(string); !shown[id] {
			for _, column := range numbersOfLinks {
				rest[column] = plus(rest[column], result.Value(i, column))
			}
		}
	}
	view.Rest = &campaignView{Numbers: s.numbersOf(result, func(column string) any { return rest[column] })}
}

func totalOf(result *reports.Result, column string) any {
	for i, name := range result.Columns {
		if name == column && result.Totals != nil {
			return result.Totals[i]
		}
	}
	return nil
}

// numbersOf are the cells of one row; what is not there is zero.
func (s *speaker) numbersOf(result *reports.Result, value func(column string) any) []cellView {
	if result == nil {
		return nil
	}
	row := make([]any, len(numbersOfLinks))
	for i, column := range numbersOfLinks {
		row[i] = value(column)
		if row[i] == nil && column != "won_amount" {
			row[i] = int64(0)
		}
	}
	return s.cells(row, -1, 0, 0)
}

func (c *Console) campaign(s *session, saved *links.Saved, result *reports.Result) campaignView {
	value := &saved.Value
	view := campaignView{ID: saved.ID, URL: value.URL(), Target: value.Target, Note: value.Note, Archived: value.Archived, Version: saved.Version, At: s.moment(value.CreatedAt), Owner: c.called(s, value.Owner)}
	var names []string
	for _, part := range links.Named() {
		if name := value.Of(part); name != "" {
			names = append(names, name)
		}
	}
	view.Names = strings.Join(names, " · ")
	if result != nil {
		at := -1
		for i := range result.Rows {
			if result.Value(i, "link_id") == saved.ID {
				at = i
			}
		}
		view.Numbers = s.numbersOf(result, func(column string) any {
			if at < 0 {
				return nil
			}
			return result.Value(at, column)
		})
	}
	return view
}

func (v *campaignView) has(search string) bool {
	text := strings.ToLower(v.URL + " " + v.Names + " " + v.Note + " " + v.Owner)
	for word := range strings.FieldsSeq(strings.ToLower(search)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// getLinksCSV sends the links that the page shows, all of them.
func (c *Console) getLinksCSV(ctx echo.Context, s *session) error {
	query := ctx.QueryParams()
	days := readRange(query, c.config.Now().In(zoneOf(s.site)))
	result, t := c.ask(ctx, s, "link_results", reports.Params{}, days)
	if t != nil {
		return c.render(ctx, t.status, "problem", t.Heading, s, problem{t.Heading, t.Text})
	}
	saved, err := c.config.Links.List(ctx.Request().Context(), s.site.ID)
	if err != nil {
		return err
	}
	var rows []links.Row
	for i := range saved {
		view := c.campaign(s, &saved[i], nil)
		if saved[i].Value.Archived == (query.Get("archived") == "1") && view.has(query.Get("q")) {
			rows = append(rows, links.Row{Link: saved[i].Value, Owner: view.Owner, Numbers: plainNumbers(result, saved[i].ID)})
		}
	}
	var body bytes.Buffer
	if err := links.WriteCSV(&body, rows); err != nil {
		return err
	}
	ctx.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="headwater-links.csv"`)
	return ctx.Blob(http.StatusOK, "text/csv; charset=utf-8; header=present", body.Bytes())
}

func plainNumbers(result *reports.Result, id string) []string {
	numbers := []string{"0", "0", "0", "0", "0", ""}
	for i := range result.Rows {
		if result.Value(i, "link_id") != id {
			continue
		}
		for j, column := range []string{"visitors", "leads", "conversions", "deals", "won_deals"} {
			n, _ := result.Value(i, column).(int64)
			numbers[j] = strconv.FormatInt(n, 10)
		}
		if won, ok := result.Value(i, "won_amount").(reports.Amounts); ok {
			numbers[5] = won.String()
		}
	}
	return numbers
}

// linkPage is what the page of one campaign link shows.
type linkPage struct {
	campaignView
	May     bool
	Problem string
	Done    string
}

// savedLink finds the link that a path names, on the session's site.
func (c *Console) savedLink(ctx echo.Context, s *session) (links.Saved, error) {
	saved, err := c.config.Links.Find(ctx.Request().Context(), s.site.ID, ctx.Param("campaign"))
	if err == nil && !saved.Exists() {
		err = echo.ErrNotFound
	}
	return saved, err
}

func (c *Console) getCampaign(ctx echo.Context, s *session) error { return c.showCampaign(ctx, s, nil) }

func (c *Console) showCampaign(ctx echo.Context, s *session, problem error) error {
	saved, err := c.savedLink(ctx, s)
	if err != nil {
		return err
	}
	view := linkPage{campaignView: c.campaign(s, &saved, nil), May: s.role.Allows(accounts.Marketer), Done: s.done(map[string]string{"added": "links.done.added", "note": "links.done.note"}, ctx)}
	status := http.StatusOK
	if problem != nil {
		status, view.Problem = http.StatusUnprocessableEntity, s.linkTrouble(problem)
		if view.Problem == "" {
			return problem
		}
	}
	return c.render(ctx, status, "campaign", s.say("links.single"), s, view)
}

// getCode sends the QR code of a link, as the extension says.
func (c *Console) getCode(kind string) func(echo.Context, *session) error {
	return func(ctx echo.Context, s *session) error {
		saved, err := c.savedLink(ctx, s)
		if err != nil {
			return err
		}
		code, err := links.NewCode(saved.Value.URL())
		if err != nil {
			return echo.ErrNotFound
		}
		if ctx.QueryParam("download") != "" {
			ctx.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="headwater-qr.`+kind+`"`)
		}
		if kind == "svg" {
			return ctx.Blob(http.StatusOK, "image/svg+xml", code.SVG())
		}
		body, err := code.PNG()
		if err != nil {
			return err
		}
		return ctx.Blob(http.StatusOK, "image/png", body)
	}
}

// overOfForm reads the form of a change, and over which version it is.
func overOfForm(ctx echo.Context) (uint64, error) {
	if err := parseForm(ctx); err != nil {
		return 0, err
	}
	over, err := strconv.ParseUint(ctx.Request().PostForm.Get("over"), 10, 64)
	if err != nil {
		return 0, echo.NewHTTPError(http.StatusBadRequest)
	}
	return over, nil
}

func (c *Console) postNote(ctx echo.Context, s *session) error {
	over, err := overOfForm(ctx)
	if err != nil {
		return err
	}
	id := ctx.Param("campaign")
	err = c.config.Links.SetNote(ctx.Request().Context(), s.site.ID, string(s.user.ID), id, over, ctx.Request().PostForm.Get("note"))
	if err != nil {
		return c.showCampaign(ctx, s, err)
	}
	return ctx.Redirect(http.StatusSeeOther, "/console/links/"+url.PathEscape(id)+"?done=note")
}

func (c *Console) postArchived(ctx echo.Context, s *session) error {
	over, err := overOfForm(ctx)
	if err != nil {
		return err
	}
	archived := ctx.Request().PostForm.Get("archived") == "1"
	err = c.config.Links.SetArchived(ctx.Request().Context(), s.site.ID, string(s.user.ID), ctx.Param("campaign"), over, archived)
	if err != nil {
		return c.showCampaign(ctx, s, err)
	}
	done := "back"
	if archived {
		done = "archived"
	}
	return ctx.Redirect(http.StatusSeeOther, "/console/links?done="+done)
}

// linkTrouble says what is wrong with a link, "" where the error is not the person's.
func (s *speaker) linkTrouble(err error) string {
	if p := new(links.Problem); errors.As(err, &p) {
		return s.wrongLink(p)
	}
	return s.problemOf(err)
}

// wrongLink says a problem of package links.
func (s *speaker) wrongLink(p *links.Problem) string {
	var pairs []any
	for name, value := range p.Data {
		pairs = append(pairs, name, value)
	}
	return s.say("links.problem."+strings.TrimPrefix(p.ID, "links.problem."), pairs...)
}
