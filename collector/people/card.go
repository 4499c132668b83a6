package people

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

// Deal is a deal of a contact as it is now.
type Deal struct {
	ID, Status, Stage string
	Amount            reports.Amounts
	Created, Won      time.Time
}

// Deals returns the deals of which a contact is the primary contact, the latest first.
func (p *People) Deals(ctx context.Context, site Site, contact schema.ContactID) ([]Deal, error) {
	result, err := p.about(ctx, site, "deals", contact)
	if err != nil {
		return nil, err
	}
	deals := make([]Deal, len(result.Rows))
	for i := range result.Rows {
		d := &deals[i]
		d.ID, _ = result.Value(i, "id").(string)
		d.Status, _ = result.Value(i, "status").(string)
		d.Stage, _ = result.Value(i, "stage").(string)
		d.Amount, _ = result.Value(i, "amount").(reports.Amounts)
		d.Created, _ = result.Value(i, "created").(time.Time)
		d.Won, _ = result.Value(i, "won").(time.Time)
	}
	return deals, nil
}

// Submission is a form that a contact sent.
type Submission struct {
	At      time.Time
	Form    string
	Page    string
	Creates bool // it created the contact
	// Source is the dimensions of the touch that has the credit; nil where none is known.
	Source []string
	Typed  map[string]string // by field, where the site keeps fields
}

// Submissions returns the forms that a contact sent, the latest first.
func (p *People) Submissions(ctx context.Context, site Site, contact schema.ContactID) ([]Submission, error) {
	result, err := p.about(ctx, site, "submissions", contact)
	if err != nil {
		return nil, err
	}
	sent := make([]Submission, len(result.Rows))
	for i := range result.Rows {
		s := &sent[i]
		s.At, _ = result.Value(i, "occurred_at").(time.Time)
		s.Form, _ = result.Value(i, "form").(string)
		s.Page, _ = result.Value(i, "page").(string)
		s.Creates, _ = result.Value(i, "creates_contact").(bool)
		own, _ := result.Value(i, "own").(string)
		s.Source = dimensionsOf(own)
		fields, _ := result.Value(i, "fields").(string)
		if err := json.Unmarshal([]byte(fields), &s.Typed); err != nil {
			return nil, fmt.Errorf("read what was typed: %w", err)
		}
	}
	return sent, nil
}

// about asks about one contact.
func (p *People) about(ctx context.Context, site Site, name string, contact schema.ContactID) (*reports.Result, error) {
	text, err := statement(name)
	if err != nil {
		return nil, err
	}
	params := site.params()
	params.Contact = contact
	bound := map[string]string{"page": schema.BindAll([]schema.ContactID{contact})}
	return p.answer(ctx, reports.Statement{Name: name, Text: text, Bound: bound}, params)
}

// Company is a row of the list of companies.
type Company struct {
	ID     schema.CompanyID
	Called string
	// Source is the dimensions of its company source; nil where it has none.
	Source                     []string
	Contacts, Qualified, Deals int64
	Since                      time.Time // of its first contact
	Won                        reports.Amounts

	key string
}

// CompanyPage is a part of the list of companies.
type CompanyPage struct {
	Companies []Company
	Next      *Cursor // nil where there is no next page
}

// Companies lists the companies that contacts belong to, by name; search is part of a name, "" for all.
func (p *People) Companies(ctx context.Context, site Site, search string, after *Cursor, limit int) (*CompanyPage, error) {
	statuses, err := p.Statuses(ctx, site.ID)
	if err != nil {
		return nil, err
	}
	bound := map[string]string{"search": schema.Bind(search), "limit": strconv.Itoa(limit + 1), "after_key": "", "after_company": ""}
	if after != nil {
		bound["after_key"], bound["after_company"] = schema.Bind(after.Key), schema.Bind(after.Contact)
	}
	result, err := p.ask(ctx, site, "companies", statuses.List, nil, bound, nil)
	if err != nil {
		return nil, err
	}
	page := &CompanyPage{Companies: make([]Company, len(result.Rows))}
	for i := range result.Rows {
		page.Companies[i].read(result, i)
	}
	if len(page.Companies) > limit {
		page.Companies = page.Companies[:limit]
		last := &page.Companies[limit-1]
		page.Next = &Cursor{last.key, string(last.ID)}
	}
	return page, nil
}

func (c *Company) read(result *reports.Result, row int) {
	text := func(column string) string { s, _ := result.Value(row, column).(string); return s }
	count := func(column string) int64 { n, _ := result.Value(row, column).(int64); return n }
	c.ID, c.Called, c.key, c.Source = schema.CompanyID(text("company_id")), text("called"), text("sort_key"), dimensionsOf(text("source"))
	c.Contacts, c.Qualified, c.Deals = count("contacts"), count("qualified"), count("deals")
	c.Since, _ = result.Value(row, "since").(time.Time)
	c.Won, _ = result.Value(row, "won").(reports.Amounts)
}
