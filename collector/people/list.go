package people

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// People answers questions about a site's contacts. All methods may be called concurrently.
type People struct {
	conn driver.Conn
	desk *desk.Desk
	now  func() time.Time
}

// New returns the people of a migrated database. now is time.Now but in tests.
func New(conn driver.Conn, d *desk.Desk, now func() time.Time) *People {
	return &People{conn: conn, desk: d, now: now}
}

// Site is the site that is asked about, and its rules.
type Site struct {
	ID           schema.SiteID
	Zone         *time.Location
	LookbackDays int

	credit reports.Credit
}

func (s Site) params() reports.Params {
	return reports.Params{Site: s.ID, Zone: s.Zone.String(), LookbackDays: s.LookbackDays, Credit: s.credit}
}

// placedBy is the site with the query's rule of credit.
func (s Site) placedBy(q *Query) Site {
	s.credit = q.Credit
	return s
}

// Query says which contacts are meant, and in what order.
type Query struct {
	Criteria Criteria
	// Filter must hold as well.
	Filter Criteria
	// Members narrows it to those of a static selection; "" for none.
	Members SelectionID
	// Since and Until bound when that happened which Counts counts, half open; of "" when the contact was created. Zero: no bound.
	Since, Until time.Time
	Counts       Counts
	// Credit is the rule by which criteria and columns place contacts; "" for the last known source.
	Credit reports.Credit
	// Sort is a column (Sortable), by default created. Descending turns it.
	Sort       Column
	Descending bool
}

// Cursor is where a page goes on: after the last row of the one before.
type Cursor struct{ Key, Contact string }

// Contact is a row of the list.
type Contact struct {
	ID   schema.ContactID
	Lead bool // a form created it; else it was imported
	// FirstTouch, LeadCreation and CompanySource are the dimensions by Dimensions; nil where no touch is known.
	FirstTouch, LeadCreation, CompanySource []string
	CompanyID                               schema.CompanyID
	Company                                 string // what people call it
	Form                                    string // that created the contact
	Created, LastSubmission                 time.Time
	Submissions, Deals                      int64
	Won, Open                               reports.Amounts
	Status                                  StatusID
	StatusSince                             time.Time
	StatusOwner                             string // id of the user who set it
	StatusVersion                           uint64 // 0: nobody set it
	// Typed is what the contact typed into forms, by field, the latest of each; nil where it is not kept.
	Typed map[string]string

	key string // by which it is in order
}

// Page is a part of a list.
type Page struct {
	Contacts []Contact
	// Next is where the next page goes on; nil where there is none.
	Next *Cursor
}

// Statement files are in schema/people.
func statement(name string) (string, error) {
	text, err := fs.ReadFile(schema.People, "people/"+name+".sql")
	if err != nil {
		return "", fmt.Errorf("read SQL: %w", err)
	}
	return string(text), nil
}

// answer asks a statement, with the facts that its criteria name and others do without: they would be planned too.
func (p *People) answer(ctx context.Context, s reports.Statement, params reports.Params) (*reports.Result, error) {
	if strings.Contains(s.Text, "lead_paths") {
		s.Text = strings.Replace(s.Text, "-- with: people", "-- with: lead_paths, people", 1)
	}
	return reports.Ask(ctx, p.conn, s, params)
}

// fill puts what was made of criteria in the place of the marked text before each mark.
func fill(text string, marks map[string]string) string {
	placeholders := map[string]string{"criteria": "true", "order": "''", "group": "''"}
	for mark, made := range marks {
		text = strings.ReplaceAll(text, placeholders[mark]+" /* "+mark+" */", made+" /* "+mark+" */")
	}
	return text
}

// where is the whole condition of a query.
func (b *binder) where() string {
	q := b.query
	parts := []string{b.inRange(), b.criteria(q.Criteria), b.criteria(q.Filter)}
	if q.Members != "" {
		parts = append(parts, b.selection(Condition{Op: Is, Value: string(q.Members)}))
	}
	return strings.Join(parts, "\n    AND ")
}

func (p *People) binder(site Site, q *Query) *binder {
	return &binder{bound: map[string]string{}, zone: site.Zone, now: p.now(), query: q}
}

// ask runs one of the statements.
func (p *People) ask(ctx context.Context, site Site, name string, statuses Statuses, page []schema.ContactID, bound, marks map[string]string) (*reports.Result, error) {
	text, err := statement(name)
	if err != nil {
		return nil, err
	}
	all := map[string]string{"statuses": schema.BindAll(statuses.ids()), "page": schema.BindAll(page)}
	maps.Copy(all, bound)
	return p.answer(ctx, reports.Statement{Name: name, Text: fill(text, marks), Bound: all, ByKey: len(page) > 0}, site.params())
}

// check fills defaults in and says what is wrong.
func (q *Query) check(statuses Statuses) error {
	if q.Sort == "" {
		q.Sort, q.Descending = "created", true
	}
	if !q.Sort.Sortable() {
		return &Error{Reason: CannotSortBy, Value: string(q.Sort)}
	}
	if err := q.Criteria.Check(statuses.names()); err != nil {
		return err
	}
	return q.Filter.Check(statuses.names())
}

// keys returns the contacts of a page in their order, without anything about them.
func (p *People) keys(ctx context.Context, site Site, q Query, statuses Statuses, after *Cursor, limit int) ([]Contact, error) {
	if err := q.check(statuses); err != nil {
		return nil, err
	}
	site = site.placedBy(&q)
	b := p.binder(site, &q)
	marks := map[string]string{"criteria": b.where(), "order": b.order(q.Sort, q.Descending)}
	b.bound["after_key"], b.bound["after_contact"], b.bound["limit"] = "", "", strconv.Itoa(limit)
	if after != nil {
		b.bound["after_key"], b.bound["after_contact"] = schema.Bind(after.Key), schema.Bind(after.Contact)
	}
	result, err := p.askPage(ctx, site, statuses, b.bound, marks, q.Descending)
	if err != nil {
		return nil, err
	}
	contacts := make([]Contact, len(result.Rows))
	for i, row := range result.Rows {
		id, _ := row[0].(string)
		key, _ := row[1].(string)
		contacts[i] = Contact{ID: schema.ContactID(id), key: key}
	}
	return contacts, nil
}

func (p *People) askPage(ctx context.Context, site Site, statuses Statuses, bound, marks map[string]string, descending bool) (*reports.Result, error) {
	text, err := statement("page")
	if err != nil {
		return nil, err
	}
	text = fill(text, marks)
	if descending {
		text = strings.Replace(text, "(sort_key, contact_id) > (", "(sort_key, contact_id) < (", 1)
		text = strings.Replace(text, "ORDER BY sort_key, contact_id /* direction */", "ORDER BY sort_key DESC, contact_id DESC", 1)
	}
	all := map[string]string{"statuses": schema.BindAll(statuses.ids()), "page": "[]"}
	maps.Copy(all, bound)
	return p.answer(ctx, reports.Statement{Name: "contacts", Text: text, Bound: all}, site.params())
}

// List returns a page of the contacts that a query means. What is wrong with the query is an *Error.
func (p *People) List(ctx context.Context, site Site, q Query, after *Cursor, limit int) (*Page, error) {
	statuses, err := p.Statuses(ctx, site.ID)
	if err != nil {
		return nil, err
	}
	contacts, err := p.keys(ctx, site, q, statuses.List, after, limit+1)
	if err != nil {
		return nil, err
	}
	page := &Page{Contacts: contacts}
	if len(contacts) > limit {
		page.Contacts = contacts[:limit]
		last := contacts[limit-1]
		page.Next = &Cursor{last.key, string(last.ID)}
	}
	return page, p.fillSome(ctx, site.placedBy(&q), statuses.List, page.Contacts)
}

// Count returns how many contacts a query means.
func (p *People) Count(ctx context.Context, site Site, q Query) (int64, error) {
	statuses, err := p.Statuses(ctx, site.ID)
	if err != nil {
		return 0, err
	}
	if err := q.check(statuses.List); err != nil {
		return 0, err
	}
	b := p.binder(site, &q)
	where := b.where()
	result, err := p.ask(ctx, site.placedBy(&q), "count", statuses.List, nil, b.bound, map[string]string{"criteria": where})
	if err != nil {
		return 0, err
	}
	n, _ := result.Value(0, "contacts").(int64)
	return n, nil
}

// MaxExport bounds the contacts of an export.
const MaxExport = 1_000_000

// chunk is how many contacts are read at once: their ids travel in a URL.
const chunk = 500

// Each calls f for every contact that a query means, in its order.
func (p *People) Each(ctx context.Context, site Site, q Query, f func(*Contact) error) error {
	statuses, err := p.Statuses(ctx, site.ID)
	if err != nil {
		return err
	}
	contacts, err := p.keys(ctx, site, q, statuses.List, nil, MaxExport)
	if err != nil {
		return err
	}
	for len(contacts) > 0 {
		part := contacts[:min(chunk, len(contacts))]
		contacts = contacts[len(part):]
		if err := p.fillSome(ctx, site.placedBy(&q), statuses.List, part); err != nil {
			return err
		}
		for i := range part {
			if err := f(&part[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// IDs returns the ids of all contacts that a query means, at most limit.
func (p *People) IDs(ctx context.Context, site Site, q Query, limit int) ([]schema.ContactID, error) {
	statuses, err := p.Statuses(ctx, site.ID)
	if err != nil {
		return nil, err
	}
	contacts, err := p.keys(ctx, site, q, statuses.List, nil, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]schema.ContactID, len(contacts))
	for i := range contacts {
		ids[i] = contacts[i].ID
	}
	return ids, nil
}

// Fill reads everything that is shown of contacts that have an ID only.
func (p *People) Fill(ctx context.Context, site Site, contacts []Contact) error {
	statuses, err := p.Statuses(ctx, site.ID)
	if err != nil {
		return err
	}
	for from := 0; from < len(contacts); from += chunk {
		if err := p.fillSome(ctx, site, statuses.List, contacts[from:min(from+chunk, len(contacts))]); err != nil {
			return err
		}
	}
	return nil
}

// fillSome reads everything that is shown of contacts that have an ID only, at most chunk of them.
func (p *People) fillSome(ctx context.Context, site Site, statuses Statuses, contacts []Contact) error {
	if len(contacts) == 0 {
		return nil
	}
	page := make([]schema.ContactID, len(contacts))
	at := map[string]int{}
	for i := range contacts {
		page[i] = contacts[i].ID
		at[string(contacts[i].ID)] = i
	}
	result, err := p.ask(ctx, site, "rows", statuses, page, nil, nil)
	if err != nil {
		return err
	}
	for i := range result.Rows {
		id, _ := result.Value(i, "contact_id").(string)
		contacts[at[id]].read(result, i)
	}
	typed, err := p.ask(ctx, site, "typed", statuses, page, nil, nil)
	if err != nil {
		return err
	}
	for i := range typed.Rows {
		id, _ := typed.Value(i, "contact_id").(string)
		text, _ := typed.Value(i, "fields").(string)
		contact := &contacts[at[id]]
		if err := json.Unmarshal([]byte(text), &contact.Typed); err != nil {
			return fmt.Errorf("read what a contact typed: %w", err)
		}
	}
	return nil
}

func (c *Contact) read(result *reports.Result, row int) {
	text := func(column string) string { s, _ := result.Value(row, column).(string); return s }
	count := func(column string) int64 { n, _ := result.Value(row, column).(int64); return n }
	instant := func(column string) time.Time { t, _ := result.Value(row, column).(time.Time); return t }
	c.Lead, _ = result.Value(row, "is_lead").(bool)
	c.FirstTouch, c.LeadCreation, c.CompanySource = dimensionsOf(text("first_touch")), dimensionsOf(text("lead_creation")), dimensionsOf(text("company_source"))
	c.CompanyID, c.Company, c.Form = schema.CompanyID(text("company_id")), text("company"), text("form")
	c.Created, c.LastSubmission = instant("created_at"), instant("last_submission")
	c.Submissions, c.Deals = count("submissions"), count("deals")
	c.Won, _ = result.Value(row, "won_amount").(reports.Amounts)
	c.Open, _ = result.Value(row, "open_amount").(reports.Amounts)
	c.Status, c.StatusSince, c.StatusOwner = StatusID(text("status")), instant("status_since"), text("status_owner")
	c.StatusVersion = uint64(count("status_version"))
	if c.Company == "" {
		_, c.Company, _ = strings.Cut(string(c.CompanyID), ":")
	}
}

func dimensionsOf(text string) []string {
	if text == "" {
		return nil
	}
	parts := strings.Split(text, "\x00")
	for len(parts) < len(Dimensions()) {
		parts = append(parts, "")
	}
	return parts
}
