package console

import (
	"slices"
	"strings"

	"github.com/headwater/headwater/collector/accounts"
	"github.com/headwater/headwater/collector/people"
	"github.com/headwater/headwater/collector/reports"
)

// contactTable is contacts with columns.
type contactTable struct {
	Heads     []headView
	TableRows []contactRow
}

// headView is a column's head; Href sorts by it.
type headView struct {
	Title, Href string
	Sorted      string // ascending, descending or none
	Number      bool
}

// contactRow is one contact of a list.
type contactRow struct {
	ID, Called string
	Cells      []contactCell
}

// contactCell is one value of a contact; Status is its lead status where the column is that.
type contactCell struct {
	cellView
	Moment moment
	Status *people.Status
	Number bool
}

// columnTitle names a column or a field: "Lead creation source".
func (s *speaker) columnTitle(name string) string {
	point, dimension, found := strings.Cut(name, ".")
	if !found {
		return s.say("contacts.field." + name)
	}
	if by, is := people.Field(name).OfDealsTouch(); is {
		return s.say("contacts.deal_by", "Point", s.say("words.point."+by), "Dimension", strings.ToLower(s.title(name[strings.LastIndexByte(name, '.')+1:])))
	}
	if point == "path" {
		title := s.known("contacts.path." + dimension)
		if title == "" {
			title = strings.ToLower(s.title(dimension))
		}
		return s.say("contacts.fields.path") + ": " + title
	}
	if point == "deal" {
		return s.say("contacts.deal." + dimension)
	}
	return s.say("words.point."+point) + ": " + strings.ToLower(s.title(dimension))
}

func (s *session) heads(q *contactsQuery, columns []people.Column) []headView {
	heads := make([]headView, 0, len(columns))
	by, descending := q.Sort, q.Descending
	if by == "" {
		by, descending = "created", true
	}
	for _, column := range columns {
		head := headView{Title: s.columnTitle(string(column)), Number: isNumber(column)}
		if column.Sortable() {
			sorted := *q
			sorted.Sort, sorted.Descending = column, column == by && !descending
			if column != by && isNumber(column) {
				sorted.Descending = true // who sorts by a number wants the largest first
			}
			head.Href, head.Sorted = hrefOf("contacts", sorted.query()), "none"
		}
		if column == by {
			head.Sorted = "ascending"
			if descending {
				head.Sorted = "descending"
			}
		}
		heads = append(heads, head)
	}
	return heads
}

func isNumber(c people.Column) bool {
	return slices.Contains([]people.Column{"submissions", "deals", "won_amount", "open_amount"}, c)
}

func (c *Console) contactRow(s *session, contact *people.Contact, columns []people.Column, statuses people.Statuses) contactRow {
	row := contactRow{ID: string(contact.ID), Called: s.contactCalled(contact)}
	for _, column := range columns {
		row.Cells = append(row.Cells, c.contactCell(s, contact, column, statuses))
	}
	return row
}

// contactCalled is what a contact typed as name or address, where that is kept; else a part of its id.
func (s *session) contactCalled(contact *people.Contact) string {
	if name := nameTyped(contact.Typed); name != "" {
		return name
	}
	if address := s.emailTyped(contact.Typed); address != "" {
		return address
	}
	return s.say("contact.called", "Short", string(contact.ID)[:min(len(contact.ID), shortID)])
}

// nameTyped finds a name among typed fields, by the names that forms usually give them.
func nameTyped(typed map[string]string) string {
	plain := map[string]string{}
	for name, value := range typed {
		plain[strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name))] = strings.TrimSpace(value)
	}
	for _, name := range []string{"name", "fullname", "yourname", "naam", "contactname"} {
		if plain[name] != "" {
			return plain[name]
		}
	}
	first, last := "", ""
	for _, name := range []string{"firstname", "fname", "givenname", "voornaam"} {
		first = firstOf(first, plain[name])
	}
	for _, name := range []string{"lastname", "lname", "surname", "familyname", "achternaam"} {
		last = firstOf(last, plain[name])
	}
	return strings.TrimSpace(first + " " + last)
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// emailTyped finds the address among typed fields: by the site's forms, else by its name.
func (s *session) emailTyped(typed map[string]string) string {
	for _, form := range s.site.Forms {
		if value := typed[form.EmailField]; form.EmailField != "" && value != "" {
			return value
		}
	}
	found := ""
	for name, value := range typed {
		if strings.Contains(strings.ToLower(name), "mail") && strings.Contains(value, "@") && (found == "" || value < found) {
			found = value
		}
	}
	return found
}

func (c *Console) contactCell(s *session, contact *people.Contact, column people.Column, statuses people.Statuses) contactCell {
	cell := contactCell{Number: isNumber(column)}
	words := func(text string) contactCell {
		cell.Text = text
		if text == "" {
			cell.Text, cell.Quiet = "–", true
		}
		return cell
	}
	amounts := func(list reports.Amounts) contactCell {
		if len(list) == 0 {
			return words("")
		}
		cell.Lines = s.money(list)
		return cell
	}
	switch column {
	case "status":
		status, _ := statuses.Find(contact.Status)
		status.Name = s.statusName(status)
		cell.Status = &status
		return cell
	case people.ColumnEmail:
		return words(s.emailTyped(contact.Typed))
	case "company":
		return words(contact.Company)
	case "form":
		return words(contact.Form)
	case "origin":
		return words(s.originText(contact.Lead))
	case "created":
		cell.Moment = s.moment(contact.Created)
	case "last_submission":
		cell.Moment = s.moment(contact.LastSubmission)
	case "status_since":
		cell.Moment = s.moment(contact.StatusSince)
	case "submissions":
		return words(s.number(contact.Submissions))
	case "deals":
		return words(s.number(contact.Deals))
	case "won_amount":
		return amounts(contact.Won)
	case "open_amount":
		return amounts(contact.Open)
	case "status_owner":
		return words(c.userCalled(s, contact.StatusOwner))
	default:
		return words(dimensionOf(contact, column))
	}
	if cell.Moment.Text == "" {
		return words("")
	}
	return cell
}

func (s *session) originText(lead bool) string {
	if lead {
		return s.say("contacts.origin.lead")
	}
	return s.say("contacts.origin.imported")
}

// dimensionOf is a dimension of a contact's data point as reports name it, "" where it has none.
func dimensionOf(contact *people.Contact, column people.Column) string {
	point, dimension, _ := strings.Cut(string(column), ".")
	touch := map[string][]string{"first_touch": contact.FirstTouch, "lead_creation": contact.LeadCreation, "company_source": contact.CompanySource}[point]
	at := slices.Index(people.Dimensions(), dimension)
	switch {
	case touch == nil && point != "company_source" && contact.Lead:
		return "(unattributed)"
	case touch == nil || at < 0:
		return ""
	}
	return touch[at]
}

// userCalled names who changed something, "" for nobody.
func (c *Console) userCalled(s *session, id string) string {
	if id == "" {
		return ""
	}
	if user, found := c.config.Accounts.User(accounts.UserID(id)); found {
		return user.Called()
	}
	return s.say("contacts.somebody")
}

// statusName is a status as people call it; the names of those that a site has not changed are in the reader's language.
func (s *speaker) statusName(status people.Status) string {
	if original, found := people.DefaultStatuses().Find(status.ID); found && original.Name == status.Name {
		return s.say("contacts.status." + string(status.ID))
	}
	return status.Name
}
