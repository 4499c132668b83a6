package console

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/people"
)

// selectionsView is what the page of selections shows.
type selectionsView struct {
	Selections []selectionView
	May        bool // change them
	Done       string
	Problem    string
	Trouble    *trouble
}

type selectionView struct {
	ID, Name, Kind, Criteria, By string
	Static                       bool
	Version                      uint64
	At                           moment
	Open, Board                  string
	CopyName                     string
}

func boardPath(id people.SelectionID) string {
	return (&url.URL{Path: "/console/selections/" + string(id) + "/board"}).String()
}

func (c *Console) getSelections(ctx echo.Context, s *session) error {
	view := selectionsView{Done: s.doneText(ctx.QueryParam("done"))}
	return c.showSelections(ctx, s, &view, http.StatusOK)
}

func (c *Console) showSelections(ctx echo.Context, s *session, view *selectionsView, status int) error {
	view.May = s.role.Allows(accounts.Marketer)
	list, err := c.config.People.Selections(ctx.Request().Context(), s.site.ID)
	for i := range list {
		view.Selections = append(view.Selections, c.selectionView(s, &list[i]))
	}
	if view.Trouble = c.peopleTrouble(ctx, s, "selections", err); view.Trouble != nil {
		status = view.Trouble.status
	}
	return c.render(ctx, status, "selections", s.say("contacts.selections"), s, view)
}

func (c *Console) selectionView(s *session, saved *people.Saved) selectionView {
	one := selectionView{
		ID: saved.ID, Name: saved.Value.Name, Static: saved.Value.Static, Version: saved.Version, At: s.moment(saved.ChangedAt), By: c.userCalled(s, saved.ChangedBy),
		Open: hrefOf("contacts", selectionQuery(saved)), Board: boardPath(people.SelectionID(saved.ID)),
		CopyName: s.say("contacts.copy_of", "Name", saved.Value.Name),
	}
	if saved.Value.Static {
		one.Kind = s.say("contacts.static_of", "Count", saved.Value.Members)
	} else {
		one.Kind = s.say("contacts.dynamic")
	}
	one.Criteria = s.criteriaText(saved.Value.Criteria)
	return one
}

// selectionQuery is the address of a selection's contacts.
func selectionQuery(saved *people.Saved) url.Values {
	q := contactsQuery{selection: people.SelectionID(saved.ID)}
	if !saved.Value.Static {
		q.Query = saved.Value.Query(people.SelectionID(saved.ID))
	}
	q.Criteria = selectionCriteria(saved)
	query := q.query()
	if !q.Since.IsZero() || !q.Until.IsZero() {
		if !q.Since.IsZero() {
			query.Set("from", q.Since.Format("2006-01-02"))
		}
		if !q.Until.IsZero() {
			query.Set("to", q.Until.AddDate(0, 0, -1).Format("2006-01-02"))
		}
	}
	return query
}

// selectionCriteria are what the contacts of a selection are looked up by: a static one is a criterion itself.
func selectionCriteria(saved *people.Saved) people.Criteria {
	if saved.Value.Static {
		return people.Criteria{{{Field: "selection", Op: people.Is, Value: saved.ID}}}
	}
	return saved.Value.Criteria
}

// criteriaText says criteria in one line.
func (s *speaker) criteriaText(criteria people.Criteria) string {
	text := ""
	for i, group := range criteria {
		if i > 0 {
			text += " " + s.say("contacts.or") + " "
		}
		for j, condition := range group {
			if j > 0 {
				text += " " + s.say("contacts.and") + " "
			}
			text += s.columnTitle(string(condition.Field)) + " " + s.say("contacts.op."+string(condition.Op))
			if condition.Op.NeedsValue() {
				text += " “" + condition.Value + "”"
			}
		}
	}
	return text
}

// postSelection saves what the page of contacts shows.
func (c *Console) postSelection(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form := ctx.Request().PostForm
	values, _ := url.ParseQuery(form.Get("here"))
	q := c.readContacts(values, s)
	id, err := c.config.People.Save(ctx.Request().Context(), string(s.user.ID), peopleSite(s), form.Get("name"), q.Query, form.Get("kind") == "static")
	if err == nil {
		saved, err := c.config.People.Selection(ctx.Request().Context(), s.site.ID, id)
		if err != nil {
			return err
		}
		query := selectionQuery(&saved)
		query.Set("done", "saved")
		return ctx.Redirect(http.StatusSeeOther, hrefOf("contacts", query))
	}
	view := contactsView{Typed: form, Problem: s.selectionProblem(err)}
	if view.Problem == "" {
		return err
	}
	return c.showContacts(ctx, s, &q, &view, http.StatusUnprocessableEntity)
}

// selectionProblem says what is wrong with saving or changing a selection, "" where it is not the person's to mend.
func (s *session) selectionProblem(err error) string {
	switch {
	case errors.Is(err, people.ErrName):
		return s.say("contacts.problem.name")
	case errors.Is(err, people.ErrTaken):
		return s.say("contacts.problem.taken")
	case errors.Is(err, people.ErrTooMany):
		return s.say("contacts.problem.too_many", "Most", people.MaxMembers)
	case errors.Is(err, people.ErrCredit):
		return s.say("contacts.problem.credit")
	case errors.Is(err, people.ErrNoSelection):
		return s.say("contacts.problem.gone")
	case errors.Is(err, people.ErrFull):
		return s.say("contacts.problem.full")
	case errors.As(err, new(*people.Error)):
		return s.say("contacts.unsound.text")
	case errors.As(err, new(*desk.Conflict)):
		return s.say("contacts.problem.conflict")
	}
	return ""
}

// selectionAnswer shows the page with what went wrong, or goes on to the page that says what was done.
func (c *Console) selectionAnswer(ctx echo.Context, s *session, err error, done string) error {
	if err == nil {
		return ctx.Redirect(http.StatusSeeOther, "/console/selections?done="+done)
	}
	view := selectionsView{Problem: s.selectionProblem(err)}
	if view.Problem == "" {
		return err
	}
	status := http.StatusUnprocessableEntity
	if errors.As(err, new(*desk.Conflict)) {
		status = http.StatusConflict
	}
	return c.showSelections(ctx, s, &view, status)
}

// overOf reads the version that a form was made over.
func overOf(form url.Values) (uint64, error) {
	over, err := strconv.ParseUint(form.Get("over"), 10, 64)
	if err != nil {
		return 0, echo.NewHTTPError(http.StatusBadRequest)
	}
	return over, nil
}

func (c *Console) postSelectionName(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form := ctx.Request().PostForm
	over, err := overOf(form)
	if err != nil {
		return err
	}
	err = c.config.People.Rename(ctx.Request().Context(), string(s.user.ID), s.site.ID, people.SelectionID(ctx.Param("selection")), over, form.Get("name"))
	return c.selectionAnswer(ctx, s, err, "renamed")
}

func (c *Console) postSelectionCopy(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	_, err := c.config.People.Copy(ctx.Request().Context(), string(s.user.ID), peopleSite(s), people.SelectionID(ctx.Param("selection")), ctx.Request().PostForm.Get("name"))
	return c.selectionAnswer(ctx, s, err, "copied")
}

func (c *Console) postSelectionRemove(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	over, err := overOf(ctx.Request().PostForm)
	if err != nil {
		return err
	}
	err = c.config.People.Remove(ctx.Request().Context(), string(s.user.ID), s.site.ID, people.SelectionID(ctx.Param("selection")), over)
	return c.selectionAnswer(ctx, s, err, "removed")
}
