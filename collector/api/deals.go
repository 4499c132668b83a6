package api

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/schema"
)

// postDeals is POST /api/deals: each row is a change of a deal, and leaves what it does not name as it was.
func (a *API) postDeals(c echo.Context) error {
	return a.postRows(c, append(slices.Clone(dealColumns), colEmail, colDomain), (*batch).deal)
}

func (b *batch) deal(r row) ([]schema.Record, error) {
	deal := &schema.Deal{SiteID: b.site.ID, Stage: r[colStage], ReceivedAt: b.receivedAt}
	for _, read := range []func(*schema.Deal, row) error{readDealID, readStatus, readMoney, b.readDealContact, readDealCompany, b.readDealTimes} {
		if err := read(deal, r); err != nil {
			return nil, err
		}
	}
	schema.Bound(deal)
	// What is not said when it changed has changed on the day it was told: the same text on another day is news.
	changed := said(r, colChangedAt)
	if deal.ChangedAt.IsZero() {
		deal.ChangedAt = b.receivedAt
		changed = b.receivedAt.Format(time.DateOnly)
	}
	deal.ChangeID = contentID("deal", string(deal.SiteID), string(deal.DealID), string(deal.Status), deal.Stage, deal.Amount.String(),
		deal.Currency, string(deal.ContactID), deal.ContactCRMID, string(deal.CompanyID), said(r, colCreatedAt), said(r, colWonAt), changed)
	if err := b.checkErased(deal.ContactID, deal.ContactCRMID); errors.Is(err, errErased) {
		deal.ContactID, deal.ContactCRMID = "", "" // a deal is the company's
		b.outcome.WithoutContact++
	} else if err != nil {
		return nil, err
	}
	return []schema.Record{deal}, nil
}

// said is a time of the row as it was sent, in one form, for identities: what is stored of a time that is ahead of the clock
// depends on when it was received, and the same row sent again is the same row.
func said(r row, column string) string {
	at, err := schema.ParseTime(r[column])
	if err != nil || at.IsZero() {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}

func readDealID(deal *schema.Deal, r row) error {
	id, err := bounded(colDealID, r.pick(colDealID, "id"))
	if err != nil {
		return err
	}
	if id == "" {
		return errors.New("deal_id: missing; send the deal's id in the CRM")
	}
	deal.DealID = schema.DealID(id)
	return nil
}

func readStatus(deal *schema.Deal, r row) error {
	if r[colStatus] == "" {
		return errors.New("status: missing; send open, won or lost")
	}
	status, err := schema.ParseDealStatus(r[colStatus])
	deal.Status = status
	return err
}

// readMoney takes amount and currency, both or neither.
func readMoney(deal *schema.Deal, r row) error {
	amount, code := r[colAmount], r[colCurrency]
	switch {
	case amount == "" && code == "":
		return nil
	case amount == "":
		return errors.New("amount: missing; currency says nothing without it")
	case code == "":
		return errors.New("currency: missing; an amount needs one, such as EUR")
	}
	var err error
	if deal.Amount, err = parseAmount(amount); err != nil {
		return err
	}
	deal.Currency, err = schema.ParseCurrency(code)
	return err
}

var exponent = regexp.MustCompile(`^-?[0-9]{1,20}(\.[0-9]{1,20})?[eE][+-]?[0-9]{1,2}$`)

func parseAmount(text string) (decimal.Decimal, error) {
	return schema.ParseAmount(withoutExponent(text))
}

// withoutExponent writes the exponents out that JSON encoders write for large and small numbers: 1e+06 is 1000000, exactly.
func withoutExponent(text string) string {
	if exponent.MatchString(text) {
		if number, err := decimal.NewFromString(text); err == nil {
			return number.String()
		}
	}
	return text
}

func (b *batch) readDealContact(deal *schema.Deal, r row) error {
	var err error
	if deal.ContactCRMID, err = bounded(colContactCRMID, r[colContactCRMID]); err != nil {
		return err
	}
	address := r.pick(colContactEmail, colEmail)
	if address == "" {
		return nil
	}
	if address, err = schema.NormaliseEmail(address); err != nil {
		return fmt.Errorf("contact_%w", err)
	}
	deal.ContactID = schema.NewContactID(b.site.contactKey, address)
	return nil
}

func readDealCompany(deal *schema.Deal, r row) error {
	crmID, err := bounded(colCompanyCRMID, r[colCompanyCRMID])
	if err != nil {
		return err
	}
	deal.CompanyID = schema.NewCompanyID(crmID, hostOf(r.pick(colCompanyDomain, colDomain)), r[colCompanyName])
	return nil
}

func (b *batch) readDealTimes(deal *schema.Deal, r row) error {
	for _, column := range []struct {
		name   string
		target *time.Time
	}{{colCreatedAt, &deal.CreatedAt}, {colWonAt, &deal.WonAt}, {colChangedAt, &deal.ChangedAt}} {
		at, err := b.past(r, column.name)
		if err != nil {
			return err
		}
		*column.target = at
	}
	if !deal.WonAt.IsZero() && deal.Status != schema.DealWon {
		return fmt.Errorf("won_at: given, but status is %s; send won, or leave won_at empty", strings.ToLower(string(deal.Status)))
	}
	return nil
}
