package schema

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/text/currency"
)

// DealID is the deal's id in the CRM.
type DealID string

// DealStatus is one of open, won, lost.
type DealStatus string

// The states of a deal.
const (
	DealOpen DealStatus = "open"
	DealWon  DealStatus = "won"
	DealLost DealStatus = "lost"
)

// Deal is one change of a deal: a row of table deals, which keeps them all. The deal's present state is its latest
// change, by ChangedAt; a change that leaves stage, amount, contact or company empty leaves them as they were.
type Deal struct {
	SiteID   SiteID     `json:"site_id" ch:"site_id" by:"server"`
	DealID   DealID     `json:"deal_id" ch:"deal_id" max:"128" by:"crm"`
	ChangeID string     `json:"change_id" ch:"change_id" by:"server"`
	Status   DealStatus `json:"status" ch:"status" by:"crm"`
	Stage    string     `json:"stage,omitempty" ch:"stage" max:"128" by:"crm"`
	// Amount is in units of Currency (ISO 4217), with at most four decimals; both are set or both are empty.
	Amount   decimal.Decimal `json:"amount,omitzero" ch:"amount" by:"crm"`
	Currency string          `json:"currency,omitempty" ch:"currency" by:"crm"`
	// The primary contact, by e-mail (ContactID) or by the CRM's id (ContactCRMID, looked up among the imports).
	ContactID    ContactID `json:"contact_id,omitempty" ch:"contact_id" by:"server"`
	ContactCRMID string    `json:"contact_crm_id,omitempty" ch:"contact_crm_id" max:"128" by:"crm"`
	CompanyID    CompanyID `json:"company_id,omitempty" ch:"company_id" by:"server"`
	// CreatedAt and WonAt are zero where the CRM did not say: then the first change, and the change that won, count.
	CreatedAt  time.Time `json:"created_at,omitzero" ch:"created_at" by:"crm"`
	WonAt      time.Time `json:"won_at,omitzero" ch:"won_at" by:"crm"`
	ChangedAt  time.Time `json:"changed_at" ch:"changed_at" by:"crm"`
	ReceivedAt time.Time `json:"received_at" ch:"received_at" by:"server"`
}

var amountText = regexp.MustCompile(`^-?[0-9]{1,14}(\.[0-9]{1,4})?$`)

// ParseAmount reads a decimal amount as text: plain digits, a point, at most four decimals (Decimal(18, 4)).
func ParseAmount(text string) (decimal.Decimal, error) {
	text = strings.TrimSpace(text)
	if !amountText.MatchString(text) {
		return decimal.Decimal{}, fmt.Errorf("amount: %.64q is not a decimal such as 1250.00 (at most 14 digits before the point and 4 behind it, no separators)", text)
	}
	return decimal.NewFromString(text)
}

// ParseCurrency returns the upper-case ISO 4217 code.
func ParseCurrency(text string) (string, error) {
	unit, err := currency.ParseISO(strings.TrimSpace(text))
	if err != nil {
		return "", fmt.Errorf("currency: %.16q is not an ISO 4217 code such as EUR", text)
	}
	return unit.String(), nil
}

// ParseDealStatus reads open, won or lost in any case.
func ParseDealStatus(text string) (DealStatus, error) {
	switch status := DealStatus(strings.ToLower(strings.TrimSpace(text))); status {
	case DealOpen, DealWon, DealLost:
		return status, nil
	}
	return "", fmt.Errorf("status: %.64q is none of open, won, lost", text)
}
