package console

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/reports"
)

// auditView is what the audit of tags shows.
type auditView struct {
	Days        dateRange
	RangeText   string
	Presets     []link
	May         bool
	Done        string
	Problem     string
	Kinds       []auditKind
	Untagged    []untaggedView
	Trouble     *trouble
	UntaggedOff *trouble
}

// auditKind is one kind of finding with all values that have it.
type auditKind struct {
	Kind, Title, Do string
	Rows            []auditRow
}

type auditRow struct {
	Parameter, Value, Suggestion, Page string
	Touches                            string
	Register                           string // a campaign that can be registered, "" for none
}

// untaggedView is where visits came from without a tag.
type untaggedView struct{ Title, Source, Page, Touches, Leads string }

// auditLimit bounds the findings that are shown.
const auditLimit = 200

func (c *Console) getAudit(ctx echo.Context, s *session) error {
	return c.showAudit(ctx, s, "")
}

func (c *Console) showAudit(ctx echo.Context, s *session, problem string) error {
	days := readRange(ctx.QueryParams(), c.config.Now().In(zoneOf(s.site)))
	view := auditView{Days: days, RangeText: s.days(days), Presets: s.presets("audit", days, dateRange.query), May: s.role.Allows(accounts.Marketer), Problem: problem,
		Done: s.done(map[string]string{"registered": "links.done.registered"}, ctx)}
	campaigns, err := c.config.Links.Campaigns(ctx.Request().Context(), s.site.ID)
	if err != nil {
		return err
	}
	var audit, untagged *reports.Result
	if audit, view.Trouble = c.ask(ctx, s, "tag_audit", reports.Params{Limit: auditLimit, Campaigns: campaigns}, days); audit != nil {
		view.Kinds = s.audit(audit)
	}
	if view.Trouble == nil {
		untagged, view.UntaggedOff = c.ask(ctx, s, "untagged", reports.Params{Limit: 50}, days)
		if untagged != nil {
			view.Untagged = s.untagged(untagged)
		}
	}
	status := statusOf(view.Trouble)
	if problem != "" {
		status = http.StatusUnprocessableEntity
	}
	return c.render(ctx, status, "audit", s.say("links.audit.title"), s, view)
}

// audit groups findings by their kind, in the order of the report.
func (s *speaker) audit(result *reports.Result) []auditKind {
	var kinds []auditKind
	for i := range result.Rows {
		kind := text(result.Value(i, "finding"))
		if len(kinds) == 0 || kinds[len(kinds)-1].Kind != kind {
			kinds = append(kinds, auditKind{Kind: kind, Title: s.say("links.audit.finding." + kind), Do: s.say("links.audit.do." + kind)})
		}
		touches, _ := result.Value(i, "touches").(int64)
		row := auditRow{Parameter: text(result.Value(i, "parameter")), Value: text(result.Value(i, "value")), Suggestion: text(result.Value(i, "suggestion")),
			Page: text(result.Value(i, "landing_page")), Touches: s.number(touches)}
		if kind == "unregistered" {
			row.Register = row.Value
		}
		at := &kinds[len(kinds)-1]
		at.Rows = append(at.Rows, row)
	}
	return kinds
}

func (s *speaker) untagged(result *reports.Result) []untaggedView {
	var rows []untaggedView
	for i := range result.Rows {
		finding := text(result.Value(i, "finding"))
		touches, _ := result.Value(i, "touches").(int64)
		leads, _ := result.Value(i, "leads").(int64)
		name := strings.ReplaceAll(strings.Trim(finding, "()"), " ", "_")
		rows = append(rows, untaggedView{s.say("links.untagged." + name), text(result.Value(i, "source")), text(result.Value(i, "landing_page")), s.number(touches), s.number(leads)})
	}
	return rows
}

// postRegister makes a campaign from traffic a registered one.
func (c *Console) postRegister(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form := ctx.Request().PostForm
	err := c.config.Links.RegisterCampaign(ctx.Request().Context(), s.site.ID, string(s.user.ID), form.Get("campaign"))
	if err != nil {
		problem := s.linkTrouble(err)
		if problem == "" {
			return err
		}
		return c.showAudit(ctx, s, problem)
	}
	back := url.Values{"done": {"registered"}}
	for _, name := range []string{"range", "from", "to"} {
		if value := form.Get(name); value != "" {
			back.Set(name, value)
		}
	}
	return ctx.Redirect(http.StatusSeeOther, "/console/audit?"+back.Encode())
}
