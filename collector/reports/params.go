package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/schema"
)

// maxLookbackDays bounds Params.LookbackDays: two years, longer than tables are kept by default.
const maxLookbackDays = 730

// maxRateDays bounds Params.RateDays, and defaultRateDays is what it is where it is not set: central banks tell no rates on
// weekends and holidays.
const (
	maxRateDays     = 366
	defaultRateDays = 7
)

// maxLimit bounds Params.Limit.
const maxLimit = 100_000

// Params are the parameters of all reports. Zero values stand for the defaults. Each report takes some (Takes tells);
// one that is set and not taken is an error, so that nobody reads an answer to another question than the one asked.
// Site, Zone, LookbackDays and Credit, which come from the site's config, and Suspects may always be set.
type Params struct {
	Site schema.SiteID
	// By are the dimensions, in the order of the columns. Default: source.
	By []Dimension
	// DataPoint is the touch by which everything is placed. Default: LeadCreation.
	DataPoint DataPoint
	// From and To bound the range, From included and To excluded: a date (2026-03-01), a month (2026-03) or a local time
	// (2026-03-01T09:30) in Zone, or an RFC 3339 time. Empty: unbounded.
	From, To string
	// Zone is an IANA time zone, in which dates are read and times and periods are shown. Default: UTC.
	Zone string
	// LookbackDays bounds how old the latest known touch may be to get a submission's credit: 1 to 730. Default: 30.
	LookbackDays int
	// Credit is the rule of credit. Default: LastNonDirect.
	Credit Credit
	// Suspects says whether suspects count. Default: ExcludeSuspects.
	Suspects Doubt
	// Reason is the one suspicion that a list of suspects is about. Default: all.
	Reason schema.Suspicion
	// Currency is the ISO 4217 code in which amounts are wanted, by the rates that the operator imported. Empty: each in its own.
	Currency string
	// RateDays bounds how old a rate may be: 1 to 366. Default: 7, which bridges holidays.
	RateDays int
	// Grain is the length of a period. Default: Day.
	Grain Grain
	// Limit bounds the rows of lists (top_forms, top_referrers: 10, recent_leads: 20 where 0).
	Limit int
	// Outcome is what the paths led to. Default: Leads.
	Outcome Outcome
	// Model is the attribution model. Default: last_non_direct.
	Model models.Model
	// Transforms are done to paths first. Default: none.
	Transforms []Transform
	// Weights are those of the model position: the first touch, all between, the last. Default: 40/20/40.
	Weights string
	// HalfLifeDays is after how many days a touch weighs half under time_decay. Default: 7.
	HalfLifeDays float64
	// Order is on how many touches the next one depends under markov. Default: 1.
	Order int
	// Losses says what markov makes of paths that led to nothing. Default: ExcludeLosses.
	Losses Losses
	// OwnDomains are the site's own domains, and Campaigns its registered campaigns (schema.Site has both): for tag_audit, and from
	// the config alone.
	OwnDomains, Campaigns []string
	// Contact is the contact of a contact_card, or of source_explained.
	Contact schema.ContactID
	// Company is the company of a company_card: a company id, or a domain or name that makes one.
	Company schema.CompanyID
}

// ParamError tells which parameter is wrong and what to give instead.
type ParamError struct {
	Param   string // its name in the API, such as "by"
	Problem string
	// Code is a word for the problem, and Values are what the problem names, in its order: for who says it in another language.
	Code   string
	Values []any
}

func (e *ParamError) Error() string { return e.Param + ": " + e.Problem }

// paramErrorf makes a ParamError; what its problem is made of are its values.
func paramErrorf(param, code, format string, values ...any) error {
	return &ParamError{Param: param, Problem: fmt.Sprintf(format, values...), Code: code, Values: values}
}

// ParamNames lists the parameters as the API and the command line name them.
func ParamNames() []string {
	return []string{"site", "by", "data_point", "from", "to", "zone", "lookback_days", "credit", "suspects", "grain", "limit", "contact", "company", "reason", "currency", "rate_days",
		"outcome", "model", "transforms", "weights", "half_life_days", "order", "losses"}
}

// ParseParams reads parameters from text, such as a URL's query. by may be repeated or hold several with commas. A
// parameter with an empty value is as one that is not there. It does not check values against the report: Run does.
func ParseParams(values map[string][]string) (Params, error) {
	var p Params
	for name, texts := range values {
		if !slices.Contains(ParamNames(), name) {
			return Params{}, paramErrorf(name, "unknown", "no such parameter: there are %s", strings.Join(ParamNames(), ", "))
		}
		if name != "by" && name != "transforms" && len(texts) > 1 {
			return Params{}, paramErrorf(name, "repeated", "given %d times: give it once", len(texts))
		}
		for _, text := range texts {
			if err := p.set(name, strings.TrimSpace(text)); err != nil {
				return Params{}, err
			}
		}
	}
	return p, nil
}

func (p *Params) set(name, text string) error {
	if text == "" {
		return nil
	}
	switch name {
	case "site":
		p.Site = schema.SiteID(text)
	case "by":
		for part := range strings.SplitSeq(text, ",") {
			p.By = append(p.By, Dimension(strings.TrimSpace(part)))
		}
	case "data_point":
		p.DataPoint = DataPoint(text)
	case "from":
		p.From = text
	case "to":
		p.To = text
	case "zone":
		p.Zone = text
	case "credit":
		p.Credit = Credit(text)
	case "suspects":
		p.Suspects = Doubt(text)
	case "reason":
		p.Reason = schema.Suspicion(text)
	case "grain":
		p.Grain = Grain(text)
	case "contact":
		p.Contact = schema.ContactID(text)
	case "company":
		p.Company = schema.CompanyID(text)
	case "currency":
		code, err := schema.ParseCurrency(text)
		if err != nil {
			return paramErrorf(name, "currency", "%.16q is not an ISO 4217 code such as EUR", text)
		}
		p.Currency = code
	case "rate_days":
		return setNumber(&p.RateDays, name, text, maxRateDays)
	case "outcome":
		p.Outcome = Outcome(text)
	case "model":
		p.Model = models.Model(text)
	case "transforms":
		for part := range strings.SplitSeq(text, ",") {
			p.Transforms = append(p.Transforms, Transform(strings.TrimSpace(part)))
		}
	case "weights":
		p.Weights = text
	case "half_life_days":
		days, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return paramErrorf(name, "not_number", "%.64q is not a number of days", text)
		}
		p.HalfLifeDays = days
	case "losses":
		p.Losses = Losses(text)
	case "order":
		return setNumber(&p.Order, name, text, models.MaxOrder)
	case "lookback_days":
		return setNumber(&p.LookbackDays, name, text, maxLookbackDays)
	case "limit":
		return setNumber(&p.Limit, name, text, maxLimit)
	}
	return nil
}

func setNumber(to *int, name, text string, max int) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > max {
		return paramErrorf(name, "whole", "%.64q is not a whole number from 1 to %d", text, max)
	}
	*to = n
	return nil
}
