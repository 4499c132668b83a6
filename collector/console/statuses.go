package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/people"
)

// statusesView is what the page of lead statuses shows.
type statusesView struct {
	Statuses []statusView
	Version  uint64
	Colours  []choice // of a new one
	Done     string
	Problem  string
}

// statusView is one status in the form that changes them.
type statusView struct {
	people.Status
	Place   int // from 1
	Colours []choice
	Fixed   bool // it cannot be removed
	Note    string
}

func (c *Console) getStatuses(ctx echo.Context, s *session) error {
	now, err := c.config.People.Statuses(ctx.Request().Context(), s.site.ID)
	if err != nil {
		return err
	}
	return c.showStatuses(ctx, s, now, statusesView{Done: s.doneText(ctx.QueryParam("done"))}, http.StatusOK)
}

func (c *Console) showStatuses(ctx echo.Context, s *session, now people.SiteStatuses, view statusesView, status int) error {
	view.Version, view.Colours = now.Version, s.colourChoices("teal")
	for i, one := range now.List {
		v := statusView{Status: one, Place: i + 1, Colours: s.colourChoices(one.Colour)}
		v.Name = s.statusName(one)
		switch one.ID {
		case people.StatusOpen:
			v.Fixed, v.Note = true, s.say("contacts.statuses.open")
		case people.StatusQualified:
			v.Fixed, v.Note = true, s.say("contacts.statuses.qualified")
		}
		view.Statuses = append(view.Statuses, v)
	}
	return c.render(ctx, status, "statuses", s.say("contacts.statuses.title"), s, view)
}

func (s *speaker) colourChoices(chosen string) []choice {
	var list []choice
	for _, colour := range people.Colours() {
		list = append(list, choice{Value: colour, Title: s.say("contacts.colour." + colour), Chosen: colour == chosen})
	}
	return list
}

// postStatuses keeps the statuses as the form has them: a row each, in the order of their places.
func (c *Console) postStatuses(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form := ctx.Request().PostForm
	over, err := overOf(form)
	if err != nil {
		return err
	}
	type row struct {
		people.Status
		place int
	}
	var rows []row
	for i, name := range form["name"] {
		at := func(list []string) string {
			if i < len(list) {
				return list[i]
			}
			return ""
		}
		id := people.StatusID(at(form["id"]))
		if id == "" && name == "" || id != "" && slices.Contains(form["remove"], string(id)) {
			continue
		}
		place, err := strconv.Atoi(at(form["place"]))
		if err != nil {
			place = i + 1
		}
		closed := id != "" && slices.Contains(form["closed"], string(id)) || id == "" && slices.Contains(form["closed"], "new")
		rows = append(rows, row{people.Status{ID: id, Name: s.originalName(id, name), Colour: at(form["colour"]), Closed: closed}, place})
	}
	slices.SortStableFunc(rows, func(a, b row) int { return a.place - b.place })
	var list people.Statuses
	for _, one := range rows {
		list = append(list, one.Status)
	}
	err = c.config.People.SetStatuses(ctx.Request().Context(), string(s.user.ID), s.site.ID, over, list)
	wrong := new(people.StatusesError)
	switch {
	case err == nil:
		return ctx.Redirect(http.StatusSeeOther, "/console/statuses?done=statuses")
	case errors.As(err, &wrong):
		view := statusesView{Problem: s.say("contacts.statuses.wrong."+string(wrong.Reason), "Name", wrong.Name)}
		return c.showStatuses(ctx, s, people.SiteStatuses{List: list, Version: over}, view, http.StatusUnprocessableEntity)
	case errors.As(err, new(*desk.Conflict)):
		now, err := c.config.People.Statuses(ctx.Request().Context(), s.site.ID)
		if err != nil {
			return err
		}
		return c.showStatuses(ctx, s, now, statusesView{Problem: s.say("contacts.problem.conflict")}, http.StatusConflict)
	}
	return err
}

// originalName is the name that a status is kept under: one of the first ones, in whatever language it was shown, stays that.
func (s *speaker) originalName(id people.StatusID, name string) string {
	if original, found := people.DefaultStatuses().Find(id); found && s.statusName(original) == name {
		return original.Name
	}
	return name
}
