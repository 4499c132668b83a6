package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// companiesView is what the page of companies shows.
type companiesView struct {
	Search  string
	Rows    []companyRow
	First   bool
	Next    string
	Start   string
	Trouble *trouble
}

type companyRow struct {
	Href, Called, Source, Detail string
	Contacts, Qualified, Deals   string
	Won                          []string
	Since                        moment
}

func companyPath(id schema.CompanyID) string {
	return hrefOf("company", url.Values{"id": {string(id)}})
}

const maxSearch = 200

func (c *Console) getCompanies(ctx echo.Context, s *session) error {
	search := schema.CutText(strings.TrimSpace(strings.ToValidUTF8(ctx.QueryParam("search"), "")), maxSearch)
	view := companiesView{Search: search, First: true}
	after := readCursor(ctx.QueryParam("after"))
	page, err := c.config.People.Companies(ctx.Request().Context(), peopleSite(s), search, after, contactsPerPage)
	if view.Trouble = c.peopleTrouble(ctx, s, "companies", err); view.Trouble != nil {
		return c.render(ctx, view.Trouble.status, "companies", s.say("contacts.companies.title"), s, view)
	}
	query := url.Values{}
	if search != "" {
		query.Set("search", search)
	}
	view.First, view.Start = after == nil, hrefOf("companies", query)
	if page.Next != nil {
		query.Set("after", writeCursor(page.Next))
		view.Next = hrefOf("companies", query)
	}
	for i := range page.Companies {
		one := &page.Companies[i]
		row := companyRow{
			Href: companyPath(one.ID), Called: one.Called, Since: s.moment(one.Since), Won: s.money(one.Won),
			Contacts: s.number(one.Contacts), Qualified: s.number(one.Qualified), Deals: s.number(one.Deals),
		}
		if one.Source != nil {
			row.Source, row.Detail = one.Source[0], detail(one.Source[1], one.Source[2])
		}
		view.Rows = append(view.Rows, row)
	}
	return c.render(ctx, http.StatusOK, "companies", s.say("contacts.companies.title"), s, view)
}

// companyView is a company's card.
type companyView struct {
	ID, Called string
	Known      bool
	Source     pointView
	contactTable
	Deals   []dealView
	Trouble *trouble
}

// companyColumns are what a company's card shows of its contacts.
var companyColumns = []people.Column{"status", "lead_creation.source", "lead_creation.campaign", "first_touch.source", "created", "submissions", "deals", "won_amount"}

func (c *Console) getCompany(ctx echo.Context, s *session) error {
	view := companyView{ID: ctx.QueryParam("id")}
	if view.ID == "" {
		return ctx.Redirect(http.StatusSeeOther, "/console/companies")
	}
	_, view.Called, _ = strings.Cut(view.ID, ":")
	result, err := c.run(ctx.Request().Context(), s, "company_card", reports.Params{Company: schema.CompanyID(view.ID)})
	if err == nil {
		view.Known = len(result.Rows) > 0
		err = c.readCompany(ctx, s, result, &view)
	}
	status := http.StatusOK
	if view.Trouble = c.peopleTrouble(ctx, s, "company_card", err); view.Trouble != nil {
		status = view.Trouble.status
	} else if !view.Known {
		status = http.StatusNotFound
	}
	return c.render(ctx, status, "company", s.say("contacts.companies.single"), s, view)
}

func (c *Console) readCompany(ctx echo.Context, s *session, result *reports.Result, view *companyView) error {
	var contacts []people.Contact
	for i := range result.Rows {
		value := func(column string) any { return result.Value(i, column) }
		switch text(value("item")) {
		case "company":
			view.Source = s.companySource(value)
		case "contact":
			contacts = append(contacts, people.Contact{ID: schema.ContactID(text(value("id")))})
		case "deal":
			amount, _ := value("amount").(reports.Amounts)
			created, _ := value("occurred_at").(time.Time)
			deal := people.Deal{ID: text(value("id")), Status: text(value("status")), Stage: text(value("stage")), Amount: amount, Created: created}
			view.Deals = append(view.Deals, s.deal(&deal))
		}
	}
	statuses, err := c.config.People.Statuses(ctx.Request().Context(), s.site.ID)
	if err != nil {
		return err
	}
	if err := c.config.People.Fill(ctx.Request().Context(), peopleSite(s), contacts); err != nil {
		return err
	}
	for _, column := range companyColumns {
		view.Heads = append(view.Heads, headView{Title: s.columnTitle(string(column)), Number: isNumber(column)})
	}
	for i := range contacts {
		if contacts[i].Company != "" {
			view.Called = contacts[i].Company
		}
		view.TableRows = append(view.TableRows, c.contactRow(s, &contacts[i], companyColumns, statuses.List))
	}
	return nil
}

// companySource is the company's own data point.
func (s *speaker) companySource(value func(string) any) pointView {
	return s.dataPoint(func(column string) any {
		if column == "data_point" {
			return "company_source"
		}
		return value(column)
	})
}
