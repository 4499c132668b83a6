package api

import (
	"strings"
	"unicode"

	"github.com/headwater/headwater/schema"
)

// The columns of imports, deals, spend and rates.
const (
	colEmail         = "email"
	colCRMID         = "crm_id"
	colName          = "name"
	colDomain        = "domain"
	colCompanyCRMID  = "company_crm_id"
	colCompanyDomain = "company_domain"
	colCompanyName   = "company_name"
	colDealID        = "deal_id"
	colStatus        = "status"
	colStage         = "stage"
	colAmount        = "amount"
	colCurrency      = "currency"
	colContactEmail  = "contact_email"
	colContactCRMID  = "contact_crm_id"
	colCreatedAt     = "created_at"
	colWonAt         = "won_at"
	colChangedAt     = "changed_at"
	colDate          = "date"
	colSource        = "source"
	colMedium        = "medium"
	colCampaign      = "campaign"
	colClicks        = "clicks"
	colImpressions   = "impressions"
	colFromCurrency  = "from_currency"
	colToCurrency    = "to_currency"
	colRate          = "rate"
)

var (
	contactColumns = []string{colEmail, colCRMID, colCompanyCRMID, colCompanyDomain, colCompanyName, colCreatedAt}
	companyColumns = []string{colCRMID, colDomain, colName, colCreatedAt}
	dealColumns    = []string{colDealID, colStatus, colStage, colAmount, colCurrency, colContactEmail, colContactCRMID,
		colCompanyCRMID, colCompanyDomain, colCompanyName, colCreatedAt, colWonAt, colChangedAt}
	spendColumns = []string{colDate, colSource, colMedium, colCampaign, colCurrency, colAmount, colClicks, colImpressions}
	rateColumns  = []string{colDate, colFromCurrency, colToCurrency, colRate}
)

// aliases are other names that CRMs give the columns, where the meaning cannot be another.
var aliases = map[string]string{
	"e_mail": colEmail, "email_address": colEmail, "mail": colEmail,
	"created": colCreatedAt, "create_date": colCreatedAt, "created_date": colCreatedAt, "createdat": colCreatedAt, "registered": colCreatedAt,
	"organisation": colCompanyName, "organization": colCompanyName, "company": colCompanyName, "account_name": colCompanyName,
	"website": colDomain, "company_website": colCompanyDomain,
	"dealid": colDealID, "deal_stage": colStage, "deal_status": colStatus, "currency_code": colCurrency,
	"changed": colChangedAt, "updated_at": colChangedAt, "won_date": colWonAt,
	"day": colDate, "utm_source": colSource, "utm_medium": colMedium, "utm_campaign": colCampaign, "cost": colAmount, "spend": colAmount,
	"from": colFromCurrency, "to": colToCurrency, "exchange_rate": colRate,
}

// known holds every column of any kind of row, and the aliases.
var known = func() map[string]bool {
	set := map[string]bool{"id": true}
	for _, columns := range [][]string{contactColumns, companyColumns, dealColumns, spendColumns, rateColumns} {
		for _, name := range columns {
			set[name] = true
		}
	}
	return set
}()

// column returns a header as the name of a column: "Company name" is company_name.
func column(header string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-' || r == '.':
			return '_'
		case unicode.IsControl(r):
			return -1
		}
		return unicode.ToLower(r)
	}, strings.TrimSpace(header))
	if alias, ok := aliases[name]; ok {
		return alias
	}
	return schema.CutText(name, 64)
}
