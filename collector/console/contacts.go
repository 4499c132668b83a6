package console

import (
	"encoding/base64"
	"errors"
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

// contactsPerPage is how many rows a page of contacts or companies shows.
const contactsPerPage = 50

// contactsQuery is which contacts a page is asked for.
type contactsQuery struct {
	people.Query
	days      dateRange // the zero value where no range is asked
	selection people.SelectionID
}

// peopleSite is the session's site for package people, always that of the session.
func peopleSite(s *session) people.Site {
	return people.Site{ID: s.site.ID, Zone: zoneOf(s.site), LookbackDays: lookbackDays(s.site)}
}

// readContacts reads what README says of the addresses of contacts.
func (c *Console) readContacts(query url.Values, s *session) contactsQuery {
	q := contactsQuery{selection: people.SelectionID(query.Get("selection"))}
	q.Criteria = people.Read(query)
	if counts := people.Counts(query.Get("counts")); slices.Contains(people.AllCounts(), counts) {
		q.Counts = counts
	}
	if query.Has("range") || query.Has("from") || query.Has("to") {
		q.days = readRange(query, c.config.Now().In(zoneOf(s.site)))
		if q.Counts == "" {
			q.Counts = people.Leads
		}
		q.Since, q.Until = q.days.instants(zoneOf(s.site))
	}
	if sort := people.Column(query.Get("sort")); sort.Sortable() {
		q.Sort, q.Descending = sort, query.Get("dir") == "desc"
	}
	return q
}

// instants are the first moment of the range and the first after it; zero for no bound.
func (r dateRange) instants(zone *time.Location) (since, until time.Time) {
	if from, err := time.ParseInLocation(time.DateOnly, r.From, zone); err == nil {
		since = from
	}
	if to, err := time.ParseInLocation(time.DateOnly, r.To, zone); err == nil {
		until = to.AddDate(0, 0, 1)
	}
	return since, until
}

// query is q as an address.
func (q *contactsQuery) query() url.Values {
	query := url.Values{}
	if q.days != (dateRange{}) {
		query = q.days.query()
	}
	q.Criteria.Write(query)
	if q.Counts != "" {
		query.Set("counts", string(q.Counts))
	}
	if q.Sort != "" {
		query.Set("sort", string(q.Sort))
		if q.Descending {
			query.Set("dir", "desc")
		}
	}
	if q.selection != "" {
		query.Set("selection", string(q.selection))
	}
	return query
}

// shows reports whether q has the criteria of the selection, and no others.
func (q *contactsQuery) shows(saved *people.Saved) bool {
	asked, wanted := url.Values{}, url.Values{}
	q.Criteria.Write(asked)
	selectionCriteria(saved).Write(wanted)
	return asked.Encode() == wanted.Encode()
}

// contactsView is what the page of contacts shows.
type contactsView struct {
	Criteria  criteriaView
	Selection string // name of the one that is shown
	Board     string // its address
	Counted   string // what is counted in which days, in words
	Days      dateRange
	contactTable
	Total   int64
	First   bool // the first page
	Next    string
	Start   string // address of the first page
	CSV     string
	Here    string // the query of this page, for forms that lead back
	Columns []columnGroup
	MaySave bool
	Typed   url.Values // what stays in the form that saves
	Problem string     // of saving
	Done    string
	Nobody  bool // the site has no contact at all
	Trouble *trouble
}

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

// columnGroup is a part of the form that chooses columns.
type columnGroup struct {
	Title   string
	Columns []choice
}

func (c *Console) getContacts(ctx echo.Context, s *session) error {
	query := ctx.QueryParams()
	q := c.readContacts(query, s)
	view := contactsView{Typed: url.Values{}, Done: s.doneText(query.Get("done"))}
	return c.showContacts(ctx, s, &q, &view, http.StatusOK)
}

// doneText says what was just done, where an address says so.
func (s *session) doneText(done string) string {
	if done == "" {
		return ""
	}
	return s.known("contacts.done." + done)
}

func (c *Console) showContacts(ctx echo.Context, s *session, q *contactsQuery, view *contactsView, status int) error {
	view.Here, view.Days, view.First = q.query().Encode(), q.days, true
	view.CSV = hrefOf("contacts.csv", q.query())
	view.MaySave = s.role.Allows(accounts.Marketer)
	statuses, err := c.config.People.Statuses(ctx.Request().Context(), s.site.ID)
	if err == nil {
		err = c.fillContacts(ctx, s, q, view, statuses.List)
	}
	view.Criteria = s.criteria(q.Criteria, ctx.QueryParams(), statuses.List, c.formsOf(s), err)
	view.Criteria.Hidden = hiddenOf(q)
	if view.Criteria.Wrong != "" {
		return c.render(ctx, http.StatusUnprocessableEntity, "contacts", s.say("contacts.title"), s, view)
	}
	if view.Trouble = c.peopleTrouble(ctx, s, "contacts", err); view.Trouble != nil {
		status = view.Trouble.status
	}
	return c.render(ctx, status, "contacts", s.say("contacts.title"), s, view)
}

// peopleTrouble is troubleOf for package people.
func (c *Console) peopleTrouble(ctx echo.Context, s *session, name string, err error) *trouble {
	if wrong := new(people.Error); errors.As(err, &wrong) {
		return s.trouble("contacts.unsound", http.StatusUnprocessableEntity)
	}
	return c.troubleOf(ctx, s, name, err)
}

func (c *Console) fillContacts(ctx echo.Context, s *session, q *contactsQuery, view *contactsView, statuses people.Statuses) error {
	request := ctx.Request().Context()
	if q.days != (dateRange{}) {
		if wrong := q.days.check(); wrong != "" {
			view.Trouble = s.trouble(wrong, http.StatusUnprocessableEntity)
			return nil
		}
	}
	if q.Counts != "" {
		days := s.days(q.days)
		if q.days == (dateRange{}) {
			days = s.say("words.range.all")
		}
		view.Counted = s.say("contacts.counts."+string(q.Counts)) + ", " + days
	}
	if q.selection != "" {
		// Whoever changes the criteria looks at something else, which has no name yet.
		if saved, err := c.config.People.Selection(request, s.site.ID, q.selection); err == nil && q.shows(&saved) {
			view.Selection, view.Board = saved.Value.Name, boardPath(q.selection)
		}
	}
	wanted, err := c.config.People.View(request, s.site.ID, string(s.user.ID))
	if err != nil {
		return err
	}
	view.Columns = c.columnGroups(s, wanted.Columns)
	after := readCursor(ctx.QueryParam("after"))
	page, err := c.config.People.List(request, peopleSite(s), q.Query, after, contactsPerPage)
	if err != nil {
		return err
	}
	if view.Total, err = c.config.People.Count(request, peopleSite(s), q.Query); err != nil {
		return err
	}
	view.First, view.Start = after == nil, hrefOf("contacts", q.query())
	if page.Next != nil {
		next := q.query()
		next.Set("after", writeCursor(page.Next))
		view.Next = hrefOf("contacts", next)
	}
	view.Nobody = view.Total == 0 && len(q.Criteria) == 0 && q.Counts == "" && q.Members == ""
	view.Heads = s.heads(q, wanted.Columns)
	for i := range page.Contacts {
		view.TableRows = append(view.TableRows, c.contactRow(s, &page.Contacts[i], wanted.Columns, statuses))
	}
	return nil
}

// readCursor reads where a page goes on; nonsense begins at the beginning.
func readCursor(text string) *people.Cursor {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	key, contact, found := strings.Cut(string(raw), "\x00")
	if err != nil || !found || contact == "" {
		return nil
	}
	return &people.Cursor{Key: key, Contact: contact}
}

func writeCursor(at *people.Cursor) string {
	return base64.RawURLEncoding.EncodeToString([]byte(at.Key + "\x00" + at.Contact))
}

// columnTitle names a column or a field: "Lead creation source".
func (s *speaker) columnTitle(name string) string {
	point, dimension, found := strings.Cut(name, ".")
	if !found {
		return s.say("contacts.field." + name)
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

// backToContacts is the page of contacts that a form says it came from.
func (c *Console) backToContacts(here string, s *session, done string) string {
	values, _ := url.ParseQuery(here) // what cannot be read is left out
	q := c.readContacts(values, s)
	query := q.query()
	if done != "" {
		query.Set("done", done)
	}
	return hrefOf("contacts", query)
}

// getContactsCSV sends all contacts of a query with the columns that the user chose.
func (c *Console) getContactsCSV(ctx echo.Context, s *session) error {
	q := c.readContacts(ctx.QueryParams(), s)
	request := ctx.Request().Context()
	wanted, err := c.config.People.View(request, s.site.ID, string(s.user.ID))
	if err != nil {
		return err
	}
	statuses, err := c.config.People.Statuses(request, s.site.ID)
	if err != nil {
		return err
	}
	columns := []reports.Column{{Name: "contact_id"}, {Name: "contact"}}
	for _, column := range wanted.Columns {
		columns = append(columns, reports.Column{Name: string(column)})
	}
	var out reports.RowWriter
	err = c.config.People.Each(request, peopleSite(s), q.Query, func(contact *people.Contact) error {
		if out == nil {
			if out, err = openCSV(ctx, s, "contacts", columns); err != nil {
				return err
			}
		}
		row := []any{string(contact.ID), s.contactCalled(contact)}
		for _, column := range wanted.Columns {
			row = append(row, c.csvValue(s, contact, column, statuses.List))
		}
		return out.Write(row)
	})
	if err == nil && out == nil {
		out, err = openCSV(ctx, s, "contacts", columns)
	}
	if err != nil && out == nil {
		t := c.peopleTrouble(ctx, s, "contacts", err)
		return c.showProblem(ctx, t.status, s, problem{t.Heading, t.Text})
	}
	if err != nil {
		return err
	}
	return out.Close()
}

// openCSV begins a download of rows.
func openCSV(ctx echo.Context, s *session, name string, columns []reports.Column) (reports.RowWriter, error) {
	file := strings.Join(strings.FieldsFunc("headwater "+string(s.site.ID)+" "+name, notInFileName), "-")
	header := ctx.Response().Header()
	header.Set(echo.HeaderContentType, "text/csv; charset=utf-8; header=present")
	header.Set(echo.HeaderContentDisposition, "attachment; filename*=UTF-8''"+url.PathEscape(file+".csv"))
	return reports.NewRowWriter(ctx.Response(), "csv", columns)
}

// csvValue is a value of a contact as a file has it: numbers are numbers, times those of machines.
func (c *Console) csvValue(s *session, contact *people.Contact, column people.Column, statuses people.Statuses) any {
	instant := func(at time.Time) any {
		if at.IsZero() {
			return nil
		}
		return at
	}
	switch column {
	case "created":
		return instant(contact.Created)
	case "last_submission":
		return instant(contact.LastSubmission)
	case "status_since":
		return instant(contact.StatusSince)
	case "submissions":
		return contact.Submissions
	case "deals":
		return contact.Deals
	case "won_amount":
		return contact.Won
	case "open_amount":
		return contact.Open
	}
	cell := c.contactCell(s, contact, column, statuses)
	switch {
	case cell.Status != nil:
		return cell.Status.Name
	case cell.Quiet && cell.Text == "–":
		return ""
	}
	return cell.Text
}
