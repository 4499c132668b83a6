package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/people"
)

// criteriaView is the form in which criteria are put together; it works without script, a button at a time.
type criteriaView struct {
	Groups []groupView
	Hidden []hidden // what else the address says
	// Wrong says what is wrong with the criteria, "" for nothing: everything that was typed stays.
	Wrong string
	// Values to choose from, by field.
	Lists []valueList
}

type groupView struct {
	Number     int
	Conditions []criterionView
}

type criterionView struct {
	Row    int // among all
	Group  int
	Fields []choiceGroup
	Ops    []choice
	Value  string
	List   string // id of the list of values
	Wrong  bool
	Chosen bool // a field is
}

// choiceGroup is a part of a list to choose from.
type choiceGroup struct {
	Title   string
	Choices []choice
}

type hidden struct{ Name, Value string }

type valueList struct {
	ID     string
	Values []choice
}

func (c *Console) formsOf(s *session) []string {
	var forms []string
	for _, form := range s.site.Forms {
		forms = append(forms, string(form.ID))
	}
	return forms
}

// hiddenOf is what the form of criteria keeps of the rest.
func hiddenOf(q *contactsQuery) []hidden {
	rest := *q
	rest.Criteria, rest.selection = nil, ""
	var list []hidden
	query := rest.query()
	for _, name := range []string{"range", "from", "to", "counts", "credit", "sort", "dir"} {
		if query.Has(name) {
			list = append(list, hidden{name, query.Get(name)})
		}
	}
	return list
}

// criteria puts the form together. query says in blank in which group an empty row is wanted.
func (s *session) criteria(criteria people.Criteria, query url.Values, statuses people.Statuses, forms []string, err error) criteriaView {
	view := criteriaView{Lists: s.valueLists(statuses, forms)}
	blank, _ := strconv.Atoi(query.Get("blank"))
	wrong := new(people.Error)
	isWrong := errors.As(err, &wrong)
	if isWrong {
		view.Wrong = s.wrongCriterion(criteria, wrong)
	}
	groups := slices.Clone(criteria)
	if blank > len(groups) || len(groups) == 0 {
		groups = append(groups, nil)
		blank = len(groups)
	}
	row := 0
	for i, group := range groups {
		g := groupView{Number: i + 1}
		if blank == i+1 {
			group = append(slices.Clone(group), people.Condition{})
		}
		for j, condition := range group {
			one := s.condition(condition, statuses)
			one.Row, one.Group = row, i+1
			one.Wrong = isWrong && wrong.Group == i && wrong.Condition == j && wrong.Reason != people.CannotSortBy
			g.Conditions = append(g.Conditions, one)
			row++
		}
		view.Groups = append(view.Groups, g)
	}
	return view
}

func (s *session) condition(condition people.Condition, statuses people.Statuses) criterionView {
	one := criterionView{Chosen: condition.Field != "", Value: condition.Value, List: "values-" + strings.ReplaceAll(string(condition.Field), ".", "-")}
	if condition.Field == "status" {
		one.Value = s.statusValues(condition, statuses)
	}
	var group *choiceGroup
	last := ""
	asked, _ := condition.Field.OfDealsTouch()
	for _, field := range people.Fields() {
		if field == "selection" && condition.Field != "selection" {
			continue // it comes from opening one
		}
		if by, is := field.OfDealsTouch(); is && by != asked {
			continue // they come from following a number: the list would be twice as long
		}
		point, _, _ := strings.Cut(string(field), ".")
		if !strings.Contains(string(field), ".") {
			point = "contact"
		}
		if group == nil || point != last {
			title := s.known("words.point." + point)
			if title == "" {
				title = s.say("contacts.fields." + point)
			}
			one.Fields = append(one.Fields, choiceGroup{Title: title})
			group, last = &one.Fields[len(one.Fields)-1], point
		}
		group.Choices = append(group.Choices, choice{Value: string(field), Title: s.columnTitle(string(field)), Chosen: field == condition.Field})
	}
	for _, op := range allOps {
		one.Ops = append(one.Ops, choice{Value: string(op), Title: s.say("contacts.op." + string(op)), Chosen: op == condition.Op})
	}
	return one
}

var allOps = []people.Op{
	people.Is, people.IsNot, people.Contains, people.NotContain, people.BeginsWith, people.OneOf, people.Empty, people.NotEmpty,
	people.AtLeast, people.AtMost, people.Since, people.Before, people.LastDays,
}

// statusValues writes ids of statuses as their names, as people type them.
func (s *session) statusValues(condition people.Condition, statuses people.Statuses) string {
	values := strings.Split(condition.Value, ",")
	for i, value := range values {
		if status, found := statuses.Find(people.StatusID(strings.TrimSpace(value))); found {
			values[i] = s.statusName(status)
		}
	}
	return strings.Join(values, ", ")
}

// statusIDs reads what statusValues writes.
func (s *session) statusIDs(text string, statuses people.Statuses) string {
	values := strings.Split(text, ",")
	for i, value := range values {
		value = strings.TrimSpace(value)
		for _, status := range statuses {
			if strings.EqualFold(value, s.statusName(status)) || strings.EqualFold(value, status.Name) {
				value = string(status.ID)
			}
		}
		values[i] = value
	}
	return strings.Join(values, ",")
}

func (s *session) valueLists(statuses people.Statuses, forms []string) []valueList {
	status := valueList{ID: "values-status"}
	for _, one := range statuses {
		status.Values = append(status.Values, choice{Value: s.statusName(one)})
	}
	form := valueList{}
	for _, id := range forms {
		form.Values = append(form.Values, choice{Value: id})
	}
	lists := []valueList{status}
	for _, id := range []string{"values-form", "values-sent_form"} {
		lists = append(lists, valueList{ID: id, Values: form.Values})
	}
	for _, field := range people.Fields() {
		if choices := field.Choices(); choices != nil {
			list := valueList{ID: "values-" + strings.ReplaceAll(string(field), ".", "-")}
			for _, value := range choices {
				list.Values = append(list.Values, choice{Value: value})
			}
			lists = append(lists, list)
		}
	}
	return lists
}

// wrongCriterion says in words what is wrong.
func (s *session) wrongCriterion(criteria people.Criteria, wrong *people.Error) string {
	field := ""
	if wrong.Group < len(criteria) && wrong.Condition < len(criteria[wrong.Group]) {
		name := criteria[wrong.Group][wrong.Condition].Field
		if slices.Contains(people.Fields(), name) {
			field = s.columnTitle(string(name))
		}
	}
	return s.say("contacts.wrong."+string(wrong.Reason), "Field", field, "Value", wrong.Value)
}

// getCriteria turns the form of criteria into the address that says the same, with what a button changed.
func (c *Console) getCriteria(ctx echo.Context, s *session) error {
	query := ctx.QueryParams()
	statuses, err := c.config.People.Statuses(ctx.Request().Context(), s.site.ID)
	if err != nil {
		return err
	}
	q := c.readContacts(query, s)
	q.Criteria = nil
	places := map[string]int{} // of the form's groups among those that are left
	remove, _ := strconv.Atoi(query.Get("remove"))
	for i, field := range query["field"] {
		at := func(name string) string {
			if values := query[name]; i < len(values) {
				return values[i]
			}
			return ""
		}
		if field == "" || query.Has("remove") && remove == i {
			continue
		}
		condition := people.Condition{Field: people.Field(field), Op: people.Op(at("op")), Value: strings.TrimSpace(at("value"))}
		if condition.Field == "status" {
			condition.Value = s.statusIDs(condition.Value, statuses.List)
		}
		place, known := places[at("group")]
		if !known {
			place = len(q.Criteria)
			places[at("group")] = place
			q.Criteria = append(q.Criteria, nil)
		}
		q.Criteria[place] = append(q.Criteria[place], condition)
	}
	to := q.query()
	if add := query.Get("add"); add != "" {
		place, known := places[add]
		if !known {
			place = len(q.Criteria)
		}
		to.Set("blank", strconv.Itoa(place+1))
	}
	return ctx.Redirect(http.StatusSeeOther, hrefOf("contacts", to))
}
