package console

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// storyView is what a contact's card says besides the data points.
type storyView struct {
	Called      string // what the contact typed as a name or address, "" where that is not kept
	Status      people.Status
	Since       moment
	By          string
	Version     uint64
	Statuses    []choice
	History     []moveView
	Company     string
	CompanyHref string
	Submissions []submissionView
	KeepsFields bool
	Touches     []touchView
	Deals       []dealView
	Selections  []link
	May, Admin  bool
}

type submissionView struct {
	When                       moment
	Form, Page, Source, Detail string
	Creates                    bool
	Typed                      []fact
}

// touchView is one arrival, with what it got of each outcome and why.
type touchView struct {
	When                          moment
	Source, Detail, Channel, Page string
	Copy                          bool // only a form brought it
	Credits                       []creditView
}

type creditView struct{ Outcome, Share, Why string }

type dealView struct {
	ID, Status, Stage string
	Kind              string // open, won or lost
	Amount            []string
	Created, Won      moment
}

// tell reads a contact's whole story. A contact whose every form is under suspicion has none.
func (c *Console) tell(ctx echo.Context, s *session, id schema.ContactID) (*storyView, error) {
	request, site := ctx.Request().Context(), peopleSite(s)
	contact, err := c.config.People.Contact(request, site, id)
	if errors.Is(err, people.ErrNoContact) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	view := &storyView{May: s.role.Allows(accounts.Marketer), Admin: s.role.Allows(accounts.Admin), KeepsFields: keepsFields(s.site)}
	if err := c.tellStatus(ctx, s, contact, view); err != nil {
		return nil, err
	}
	if view.Called = nameTyped(contact.Typed); view.Called == "" {
		view.Called = s.emailTyped(contact.Typed)
	}
	if contact.CompanyID != "" {
		view.Company, view.CompanyHref = contact.Company, companyPath(contact.CompanyID)
	}
	sent, err := c.config.People.Submissions(request, site, id)
	if err != nil {
		return nil, err
	}
	for i := range sent {
		view.Submissions = append(view.Submissions, s.submission(&sent[i]))
	}
	deals, err := c.config.People.Deals(request, site, id)
	if err != nil {
		return nil, err
	}
	for i := range deals {
		view.Deals = append(view.Deals, s.deal(&deals[i]))
	}
	selections, err := c.config.People.SelectionsOf(request, site, id)
	if err != nil {
		return nil, err
	}
	for i := range selections {
		view.Selections = append(view.Selections, link{Title: selections[i].Value.Name, Href: hrefOf("contacts", selectionQuery(&selections[i]))})
	}
	result, err := c.run(request, s, "source_explained", reports.Params{Contact: id})
	if err != nil {
		return nil, err
	}
	view.Touches = s.touches(result, lookbackDays(s.site))
	return view, nil
}

func (c *Console) tellStatus(ctx echo.Context, s *session, contact *people.Contact, view *storyView) error {
	request := ctx.Request().Context()
	statuses, err := c.config.People.Statuses(request, s.site.ID)
	if err != nil {
		return err
	}
	for _, status := range statuses.List {
		if status.ID == contact.Status {
			view.Status = status
			view.Status.Name = s.statusName(status)
		}
		view.Statuses = append(view.Statuses, choice{Value: string(status.ID), Title: s.statusName(status), Chosen: status.ID == contact.Status})
	}
	view.Version, view.Since, view.By = contact.StatusVersion, s.moment(contact.StatusSince), c.userCalled(s, contact.StatusOwner)
	changes, err := c.config.People.StatusHistory(request, s.site.ID, contact.ID, 50)
	if err != nil {
		return err
	}
	for i := range changes {
		view.History = append(view.History, c.moveView(s, &changes[i], statuses.List))
	}
	return nil
}

func (s *speaker) submission(sent *people.Submission) submissionView {
	v := submissionView{When: s.moment(sent.At), Form: sent.Form, Page: sent.Page, Creates: sent.Creates, Source: "(unattributed)"}
	if sent.Source != nil {
		v.Source, v.Detail = sent.Source[0], detail(sent.Source[1], sent.Source[2])
	}
	for _, name := range slices.Sorted(maps.Keys(sent.Typed)) {
		v.Typed = append(v.Typed, fact{name, sent.Typed[name]})
	}
	return v
}

func (s *speaker) deal(deal *people.Deal) dealView {
	return dealView{
		ID: deal.ID, Kind: deal.Status, Status: s.dealStatus(deal.Status), Stage: deal.Stage, Amount: s.money(deal.Amount),
		Created: s.moment(deal.Created), Won: s.moment(deal.Won),
	}
}

func (s *speaker) dealStatus(status string) string {
	if known := s.known("contacts.deal_status." + status); known != "" {
		return known
	}
	return status
}

// touches reads source_explained: a row per touch and outcome. lookback is how many days old a touch may have been.
func (s *speaker) touches(result *reports.Result, lookback int) []touchView {
	type key struct {
		at                             time.Time
		source, medium, campaign, page string
	}
	at := map[key]int{}
	var list []touchView
	for i := range result.Rows {
		value := func(column string) string { return text(result.Value(i, column)) }
		when, _ := result.Value(i, "touch_at").(time.Time)
		k := key{when, value("source"), value("medium"), value("campaign"), value("landing_page")}
		place, known := at[k]
		if !known {
			place = len(list)
			at[k] = place
			list = append(list, touchView{
				When: s.moment(when), Source: k.source, Detail: detail(k.medium, k.campaign), Channel: value("channel"), Page: k.page, Copy: value("known_by") == "submission",
			})
		}
		credit := creditView{Why: s.because(func(column string) any { return result.Value(i, column) }, lookback)}
		if outcome := value("outcome"); outcome != "" {
			share := 0.0
			if part, isExact := result.Value(i, "credit").(interface{ InexactFloat64() float64 }); isExact {
				share = part.InexactFloat64()
			}
			credit.Outcome, credit.Share = s.say("contacts.outcome."+outcome)+", "+s.moment(result.Value(i, "outcome_at")).Text, s.percent(share)
		}
		list[place].Credits = append(list[place].Credits, credit)
	}
	slices.SortStableFunc(list, func(a, b touchView) int { return strings.Compare(a.When.Machine, b.When.Machine) })
	return list
}

// because says the reason of a row of source_explained.
func (s *speaker) because(value func(string) any, lookback int) string {
	reason := text(value("reason"))
	switch reason {
	case "suspect":
		doubt := text(value("doubt"))
		if known := s.known("contacts.doubt." + doubt); known != "" {
			doubt = known
		}
		return s.say("contacts.because.suspect", "Doubt", doubt)
	case "too_old":
		return s.say("contacts.because.too_old", "Count", lookback)
	case "age":
		days, _ := value("days").(float64)
		return s.say("contacts.because.age", "Days", s.decimal(days, 2))
	case "first_alike":
		return s.say("contacts.because.first_alike", "Count", value("touches"))
	}
	return s.say("contacts.because."+reason, "Place", value("place"), "Touches", value("touches"))
}

// eraseView is the page that asks whether somebody is to be erased.
type eraseView struct {
	ID, Called string
	Problem    string
}

func (c *Console) getErase(ctx echo.Context, s *session) error {
	id := schema.ContactID(ctx.Param("contact"))
	contact, err := c.config.People.Contact(ctx.Request().Context(), peopleSite(s), id)
	if errors.Is(err, people.ErrNoContact) {
		return c.showProblem(ctx, http.StatusNotFound, s, s.problem("contacts.no_contact"))
	}
	if err != nil {
		return err
	}
	return c.render(ctx, http.StatusOK, "erase", s.say("contacts.erase.title"), s, eraseView{ID: string(id), Called: s.contactCalled(contact)})
}

// postErase forgets a person, once who asked has said so twice.
func (c *Console) postErase(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	id, form := schema.ContactID(ctx.Param("contact")), ctx.Request().PostForm
	contact, err := c.config.People.Contact(ctx.Request().Context(), peopleSite(s), id)
	if errors.Is(err, people.ErrNoContact) {
		return c.showProblem(ctx, http.StatusNotFound, s, s.problem("contacts.no_contact"))
	}
	if err != nil {
		return err
	}
	if form.Get("sure") != "yes" {
		view := eraseView{ID: string(id), Called: s.contactCalled(contact), Problem: s.say("contacts.erase.tick")}
		return c.render(ctx, http.StatusUnprocessableEntity, "erase", s.say("contacts.erase.title"), s, view)
	}
	if _, err := c.config.Persons.Erase(ctx.Request().Context(), schema.Person{Site: s.site.ID, Contact: id}, "console "+string(s.user.ID), "asked for in the console"); err != nil {
		return err
	}
	return ctx.Redirect(http.StatusSeeOther, "/console/contacts?done=erased")
}

// getExport sends everything that is held of a person.
func (c *Console) getExport(ctx echo.Context, s *session) error {
	id := schema.ContactID(ctx.Param("contact"))
	_, err := c.config.People.Contact(ctx.Request().Context(), peopleSite(s), id)
	if errors.Is(err, people.ErrNoContact) {
		return c.showProblem(ctx, http.StatusNotFound, s, s.problem("contacts.no_contact"))
	}
	if err != nil {
		return err
	}
	header := ctx.Response().Header()
	header.Set(echo.HeaderContentType, "application/json")
	header.Set(echo.HeaderContentDisposition, "attachment; filename*=UTF-8''"+url.PathEscape("headwater-"+string(id)[:min(len(id), shortID)]+".json"))
	return c.config.Persons.Export(ctx.Request().Context(), ctx.Response(), schema.Person{Site: s.site.ID, Contact: id})
}
