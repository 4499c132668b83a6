package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// maxListed bounds how many faulty rows an answer names; the others are counted.
const maxListed = 1000

// RowFault says what is wrong with one row.
type RowFault struct {
	Line    int    `json:"line"`
	Message string `json:"message"`
	// Code is a word for the message, and Values are what the message has of the row's own, in its order: for who says it in another
	// language. Only faults of files, and of rows of spend and rates, have them.
	Code   string `json:"-"`
	Values []any  `json:"-"`
}

// outcome is the answer to a call with rows: the good ones are kept, the others named.
type outcome struct {
	Accepted int `json:"accepted"`
	Rejected int `json:"rejected"`
	// WithoutContact counts the deals that were kept without their contact, who was erased.
	WithoutContact int        `json:"without_contact,omitempty"`
	Errors         []RowFault `json:"errors,omitempty"`
	// Unlisted counts the faulty rows beyond those in Errors.
	Unlisted int `json:"unlisted_errors,omitempty"`
	// Ignored names the columns that mean nothing here: perhaps a typing error.
	Ignored []string `json:"ignored_columns,omitempty"`
}

// batch is one call with rows on its way.
type batch struct {
	site       *siteOfKey
	receivedAt time.Time // UTC, milliseconds
	outcome    outcome
	records    []schema.Record
	line       int                                                // of the row that is decoded
	seen       map[string]seenRow                                 // by id, where rows replace each other
	barred     func(contact schema.ContactID, crmID string) error // nil where nobody was erased; its error says why not
	listAll    bool                                               // name every faulty row, however many there are
}

// postRows is the way of every call with rows: read, decode each row, keep the good ones in one go, answer.
func (a *API) postRows(c echo.Context, columns []string, decode func(*batch, row) ([]schema.Record, error)) error {
	b := &batch{site: siteOf(c), receivedAt: a.config.Now().UTC().Truncate(time.Millisecond), barred: a.barred(c)}
	if err := readBody(c, b.take(columns, decode)); err != nil {
		return err
	}
	slices.Sort(b.outcome.Ignored)
	if b.outcome.Accepted == 0 {
		rejected := rejection.New(rejection.NoValidRow, "No row could be taken: correct the errors listed and send it again.")
		if b.outcome.Rejected == 0 {
			rejected.Message = "There is no row in the body: send at least one."
		}
		rejected.Details = b.outcome
		return rejected
	}
	if err := a.keep(c.Request().Context(), b.records); err != nil {
		return err
	}
	kind := strings.TrimPrefix(c.Path(), "/api/")
	a.accepted.WithLabelValues(string(b.site.ID), kind, "accepted").Add(float64(b.outcome.Accepted))
	a.accepted.WithLabelValues(string(b.site.ID), kind, "rejected").Add(float64(b.outcome.Rejected))
	return c.JSON(http.StatusOK, b.outcome)
}

// take returns what is done with each row: it is decoded and kept in the batch, or its fault is.
func (b *batch) take(columns []string, decode func(*batch, row) ([]schema.Record, error)) func(int, row, error) error {
	ignored := map[string]bool{}
	return func(line int, r row, err error) error {
		var records []schema.Record
		if err == nil {
			b.noteIgnored(r, columns, ignored)
			b.line = line
			records, err = decode(b, r)
		}
		if err != nil {
			b.fault(line, err)
			return nil
		}
		b.outcome.Accepted++
		b.records = append(b.records, records...)
		return nil
	}
}

func (b *batch) fault(line int, err error) {
	b.outcome.Rejected++
	if !b.listAll && len(b.outcome.Errors) == maxListed {
		b.outcome.Unlisted++
		return
	}
	fault := RowFault{Line: line, Message: err.Error()}
	if coded, ok := errors.AsType[*rowError](err); ok {
		fault.Code, fault.Values = coded.code, coded.values
	}
	b.outcome.Errors = append(b.outcome.Errors, fault)
}

func (b *batch) noteIgnored(r row, columns []string, seen map[string]bool) {
	for name := range r {
		if !seen[name] && !slices.Contains(columns, name) && name != "id" && len(seen) < 100 {
			seen[name] = true
			b.outcome.Ignored = append(b.outcome.Ignored, name)
		}
	}
}

// pick returns the first of the named columns that says something.
func (r row) pick(names ...string) string {
	for _, name := range names {
		if r[name] != "" {
			return r[name]
		}
	}
	return ""
}

func (a *API) postContacts(c echo.Context) error {
	return a.postRows(c, append(slices.Clone(contactColumns), colDomain), (*batch).contact)
}

func (a *API) postCompanies(c echo.Context) error {
	return a.postRows(c, append(slices.Clone(companyColumns), colCompanyName, colCompanyDomain), (*batch).company)
}

// contact decodes a person. Where the CRM also says which company it is, that company existed too: it becomes a record
// of its own, so that its e-mail domain and its name lead to it.
func (b *batch) contact(r row) ([]schema.Record, error) {
	if r[colEmail] == "" {
		return nil, errors.New("email: missing; a contact is known by its e-mail address")
	}
	address, err := schema.NormaliseEmail(r[colEmail])
	if err != nil {
		return nil, err
	}
	created, err := b.created(r)
	if err != nil {
		return nil, err
	}
	crmID, err := bounded(colCRMID, r.pick(colCRMID, "id"))
	if err != nil {
		return nil, err
	}
	companyCRMID, err := bounded(colCompanyCRMID, r[colCompanyCRMID])
	if err != nil {
		return nil, err
	}
	domain := schema.CompanyDomain(hostOf(r.pick(colCompanyDomain, colDomain)))
	if domain == "" {
		domain = schema.CompanyDomain(schema.EmailDomain(address))
	}
	contact := &schema.Contact{
		SiteID:      b.site.ID,
		ContactID:   schema.NewContactID(b.site.contactKey, address),
		CRMID:       crmID,
		CompanyID:   schema.NewCompanyID(companyCRMID, domain, r[colCompanyName]),
		CompanyName: r[colCompanyName],
		CreatedAt:   created.at,
		ReceivedAt:  b.receivedAt,
	}
	schema.Bound(contact)
	if err := b.checkErased(contact.ContactID, contact.CRMID); err != nil {
		return nil, err
	}
	contact.ImportID = contentID("contact", string(b.site.ID), string(contact.ContactID), contact.CRMID, string(contact.CompanyID),
		contact.CompanyName, created.identity)
	records := []schema.Record{contact}
	if companyCRMID != "" {
		records = append(records, b.newCompany(companyCRMID, domain, r[colCompanyName], created))
	}
	return records, nil
}

func (b *batch) company(r row) ([]schema.Record, error) {
	created, err := b.created(r)
	if err != nil {
		return nil, err
	}
	crmID, err := bounded(colCRMID, r.pick(colCRMID, colCompanyCRMID, "id"))
	if err != nil {
		return nil, err
	}
	company := b.newCompany(crmID, schema.CompanyDomain(hostOf(r.pick(colDomain, colCompanyDomain))), r.pick(colName, colCompanyName), created)
	if company.CompanyID == "" {
		return nil, errors.New("a company needs crm_id, domain (its own, not a free-mail one) or name")
	}
	return []schema.Record{company}, nil
}

func (b *batch) newCompany(crmID, domain, name string, created moment) *schema.Company {
	company := &schema.Company{
		SiteID:     b.site.ID,
		CompanyID:  schema.NewCompanyID(crmID, domain, name),
		CRMID:      crmID,
		Name:       name,
		NameKey:    schema.NormaliseCompanyName(name),
		Domain:     domain,
		CreatedAt:  created.at,
		ReceivedAt: b.receivedAt,
	}
	schema.Bound(company)
	company.ImportID = contentID("company", string(b.site.ID), string(company.CompanyID), company.Domain, company.NameKey, created.identity)
	return company
}

// moment is a time and what stands for it in a derived id: the time itself where the sender gave it, else the UTC day
// of receipt, so that the same import sent twice a day is stored once.
type moment struct {
	at       time.Time
	identity string
}

// created reads created_at; a time in the future is as good as now.
func (b *batch) created(r row) (moment, error) {
	at, err := b.past(r, colCreatedAt)
	if err != nil {
		return moment{}, err
	}
	if at.IsZero() {
		return moment{b.receivedAt, b.receivedAt.Format(time.DateOnly)}, nil
	}
	return moment{at, said(r, colCreatedAt)}, nil
}

// past reads a time that can only be behind us; the zero time where the column is empty.
func (b *batch) past(r row, name string) (time.Time, error) {
	at, err := schema.ParseTime(r[name])
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", name, err)
	}
	if !at.IsZero() && at.Year() < 1971 {
		return time.Time{}, fmt.Errorf("%s: %s is before 1971: leave it empty where it is not known", name, at.Format(time.DateOnly))
	}
	if at.After(b.receivedAt) {
		return b.receivedAt, nil
	}
	return at, nil
}

// bounded refuses ids that would be cut: two long ones could become one.
func bounded(name, id string) (string, error) {
	if len(id) > 128 {
		return "", fmt.Errorf("%s: longer than 128 bytes", name)
	}
	return schema.CutText(id, 128), nil
}

// hostOf returns the host of a website column, which may hold a whole URL.
func hostOf(website string) string {
	if strings.Contains(website, "://") {
		if u, err := url.Parse(website); err == nil {
			return u.Hostname()
		}
	}
	host, _, _ := strings.Cut(website, "/")
	return host
}

// apiSpace is the name space of the ids that are derived from what a row says.
var apiSpace = uuid.MustParse("5b1f3d1c-9a43-5e0b-8f0e-2f6f0f4f7a90")

// contentID derives an id from texts: the same row sent again has the same id.
func contentID(texts ...string) string {
	var content strings.Builder
	for _, text := range texts {
		// The length before each text keeps "ab","c" and "a","bc" apart.
		fmt.Fprintf(&content, "%d:%s", len(text), text)
	}
	return uuid.NewSHA1(apiSpace, []byte(content.String())).String()
}
