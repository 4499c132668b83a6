package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/schema"
)

// columnGroup is a part of the form that chooses columns.
type columnGroup struct {
	Title   string
	Columns []choice
}

// keepsFields tells whether the site keeps what people type.
func keepsFields(site *schema.Site) bool { return !site.DropFields }

func (c *Console) columnGroups(s *session, wanted []people.Column) []columnGroup {
	all := people.Columns()
	if keepsFields(s.site) {
		all = append(all, people.ColumnEmail)
	}
	groups := []columnGroup{{Title: s.say("contacts.title")}}
	for _, point := range []string{"lead_creation", "first_touch", "company_source"} {
		groups = append(groups, columnGroup{Title: s.say("words.point." + point)})
	}
	at := map[string]int{"lead_creation": 1, "first_touch": 2, "company_source": 3}
	for _, column := range all {
		point, dimension, found := strings.Cut(string(column), ".")
		name := s.columnTitle(string(column))
		if found {
			name = s.title(dimension)
		}
		group := &groups[at[point]]
		group.Columns = append(group.Columns, choice{Value: string(column), Title: name, Chosen: slices.Contains(wanted, column)})
	}
	return groups
}

// postColumns keeps which columns the user wants to see.
func (c *Console) postColumns(ctx echo.Context, s *session) error {
	if err := parseForm(ctx); err != nil {
		return err
	}
	form := ctx.Request().PostForm
	var view people.View
	for _, column := range append(people.Columns(), people.ColumnEmail) { // in their own order, each once
		if slices.Contains(form["column"], string(column)) {
			view.Columns = append(view.Columns, column)
		}
	}
	if err := c.config.People.SetView(ctx.Request().Context(), string(s.user.ID), s.site.ID, view); err != nil {
		return err
	}
	return ctx.Redirect(http.StatusSeeOther, c.backToContacts(form.Get("here"), s, ""))
}
