package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/schema"
)

// Dimension is a property of a touch by which reports can be broken down.
type Dimension string

// The dimensions.
const (
	BySource         Dimension = "source"
	ByMedium         Dimension = "medium"
	ByCampaign       Dimension = "campaign"
	ByTerm           Dimension = "term"
	ByContent        Dimension = "content"
	ByReferrerDomain Dimension = "referrer_domain"
	ByChannel        Dimension = "channel"

	// ByLandingPage is only for the reports about paths. There pages are without query and fragment.
	ByLandingPage Dimension = "landing_page"

	// These are only for the cards and the list of recent leads, which show everything a touch has.
	byUTMID      Dimension = "utm_id"
	byParameters Dimension = "parameters"
)

// Dimensions lists the dimensions that a report can be broken down by.
func Dimensions() []Dimension {
	return []Dimension{BySource, ByMedium, ByCampaign, ByTerm, ByContent, ByReferrerDomain, ByChannel}
}

// PathDimensions lists the dimensions that a report about paths can be broken down by.
func PathDimensions() []Dimension { return append(Dimensions(), ByLandingPage) }

// DataPoint is the touch by which a report places what it counts.
type DataPoint string

// The four data points.
const (
	FirstTouch    DataPoint = "first_touch"
	LeadCreation  DataPoint = "lead_creation"
	Conversion    DataPoint = "conversion"
	CompanySource DataPoint = "company_source"
)

// DataPoints lists the data points.
func DataPoints() []DataPoint {
	return []DataPoint{FirstTouch, LeadCreation, Conversion, CompanySource}
}

// Credit says which of the touches up to a submission led to it.
type Credit string

// The rules of credit. LastNonDirect is the latest known touch within the look-back window, else the latest touch;
// Last is the latest touch, whatever it is.
const (
	LastNonDirect Credit = "last_non_direct"
	Last          Credit = "last"
)

// Credits lists the rules of credit.
func Credits() []Credit { return []Credit{LastNonDirect, Last} }

// Doubt says what becomes of the touches and submissions under suspicion.
type Doubt string

// Suspects are left out, or count like all others.
const (
	ExcludeSuspects Doubt = "exclude"
	IncludeSuspects Doubt = "include"
)

// Outcome is what touches may have led to.
type Outcome string

// The outcomes. WonAmount is what the won deals brought, for each currency apart; the others count.
const (
	Leads        Outcome = "leads"
	Conversions  Outcome = "conversions"
	CreatedDeals Outcome = "deals"
	WonDeals     Outcome = "won_deals"
	WonAmount    Outcome = "won_amount"
)

// Outcomes lists the outcomes.
func Outcomes() []Outcome { return []Outcome{Leads, Conversions, CreatedDeals, WonDeals, WonAmount} }

// Transform is something that is done to paths before they are shared.
type Transform string

// The transforms, in the order in which they are done. Direct touches stay where a path has nothing else.
const (
	DropDirect      Transform = "drop_direct"
	DropLastDirect  Transform = "drop_last_direct"
	CollapseRepeats Transform = "collapse_repeats"
	FirstOnly       Transform = "first_only"
)

// Transforms lists the transforms.
func Transforms() []Transform {
	return []Transform{DropDirect, DropLastDirect, CollapseRepeats, FirstOnly}
}

// Losses says what Markov makes of paths that led to nothing.
type Losses string

// Such paths are left out, or are part of the chain.
const (
	ExcludeLosses Losses = "exclude"
	IncludeLosses Losses = "include"
)

// Grain is the length of a period of leads_over_time. Weeks begin on Monday.
type Grain string

// The grains.
const (
	Day   Grain = "day"
	Week  Grain = "week"
	Month Grain = "month"
)

// Grains lists the grains.
func Grains() []Grain { return []Grain{Day, Week, Month} }

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

// checked returns the parameters with their defaults, or what is wrong with them for the report.
func (p Params) checked(report string) (asked, error) {
	takes := Takes(report)
	a := asked{Params: p}
	if p.Site == "" {
		return a, paramErrorf("site", "missing", "say which site")
	}
	if err := p.onlyTaken(takes); err != nil {
		return a, err
	}
	if len(a.By) == 0 && slices.Contains(takes, "by") && !slices.Contains(takes, "grain") {
		a.By = []Dimension{BySource}
	}
	allowed := Dimensions()
	if isAboutPaths(takes) {
		allowed = PathDimensions()
	}
	for i, dimension := range a.By {
		if err := oneOf("by", dimension, allowed); err != nil {
			return a, err
		}
		if slices.Contains(a.By[:i], dimension) {
			return a, paramErrorf("by", "twice", "%s is named twice", dimension)
		}
	}
	if err := a.fill(); err != nil {
		return a, err
	}
	a.chooseOutcomes(takes)
	return a, a.tooManyPeriods(takes)
}

// fill sets the defaults and checks what needs more than a look.
func (a *asked) fill() error {
	setDefault(&a.DataPoint, LeadCreation)
	setDefault(&a.Credit, LastNonDirect)
	setDefault(&a.Suspects, ExcludeSuspects)
	setDefault(&a.Grain, Day)
	setDefault(&a.LookbackDays, schema.DefaultLookbackDays)
	setDefault(&a.Zone, schema.DefaultTimeZone)
	setDefault(&a.RateDays, defaultRateDays)
	if err := oneOf("data_point", a.DataPoint, DataPoints()); err != nil {
		return err
	}
	if err := oneOf("credit", a.Credit, Credits()); err != nil {
		return err
	}
	if err := oneOf("suspects", a.Suspects, []Doubt{ExcludeSuspects, IncludeSuspects}); err != nil {
		return err
	}
	if err := oneOf("reason", a.Reason, append(schema.Suspicions(), "")); err != nil {
		return err
	}
	if err := oneOf("grain", a.Grain, Grains()); err != nil {
		return err
	}
	if a.LookbackDays < 1 || a.LookbackDays > maxLookbackDays {
		return paramErrorf("lookback_days", "range", "%d is not within %d to %d", a.LookbackDays, 1, maxLookbackDays)
	}
	if a.RateDays < 1 || a.RateDays > maxRateDays {
		return paramErrorf("rate_days", "range", "%d is not within %d to %d", a.RateDays, 1, maxRateDays)
	}
	if a.Limit < 0 || a.Limit > maxLimit {
		return paramErrorf("limit", "range", "%d is not within %d to %d", a.Limit, 1, maxLimit)
	}
	if err := a.fillModel(); err != nil {
		return err
	}
	return a.bound()
}

func setDefault[T comparable](value *T, to T) {
	var zero T
	if *value == zero {
		*value = to
	}
}

func oneOf[T ~string](param string, value T, allowed []T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	var names []string
	for _, name := range allowed {
		names = append(names, string(name))
	}
	return paramErrorf(param, "none_of", "%.64q is none of %s", string(value), strings.Join(names, ", "))
}

// onlyTaken refuses a parameter that would be ignored.
func (p Params) onlyTaken(takes []string) error {
	set := map[string]bool{
		"by": len(p.By) > 0, "data_point": p.DataPoint != "", "from": p.From != "", "to": p.To != "",
		"grain": p.Grain != "", "limit": p.Limit != 0, "contact": p.Contact != "", "company": p.Company != "",
		"reason": p.Reason != "", "currency": p.Currency != "", "rate_days": p.RateDays != 0,
		"outcome": p.Outcome != "", "model": p.Model != "", "transforms": len(p.Transforms) > 0, "weights": p.Weights != "",
		"half_life_days": p.HalfLifeDays != 0, "order": p.Order != 0, "losses": p.Losses != "",
	}
	for _, name := range ParamNames() {
		if set[name] && !slices.Contains(takes, name) {
			return paramErrorf(name, "not_taken", "this report does not take it: it takes %s", strings.Join(takes, ", "))
		}
	}
	return nil
}

// asked are checked parameters: every default filled in, the range as instants.
type asked struct {
	Params
	location     *time.Location
	since, until time.Time
	contacts     []string // what facts/scope.sql found; empty: everyone
	position     [3]int64 // Weights as whole numbers of the same ratio
	outcomes     []Outcome
	counting     string // what an outcome counts: outcomes (1), or amount
}

// The widest range. The SQL takes these two for "not given".
var (
	earliest = time.Unix(0, 0).UTC()
	latest   = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

func (a *asked) bound() error {
	location, err := time.LoadLocation(a.Zone)
	if err != nil || a.Zone == "Local" || strings.ContainsAny(a.Zone, " \\") {
		return paramErrorf("zone", "zone", "%.64q is not an IANA time zone such as Europe/Oslo", a.Zone)
	}
	a.location = location
	if a.since, err = a.instant("from", a.From, earliest); err != nil {
		return err
	}
	if a.until, err = a.instant("to", a.To, latest); err != nil {
		return err
	}
	if a.From != "" && a.To != "" && !a.since.Before(a.until) {
		return paramErrorf("from", "swapped", "%s is not before to, which is %s (and not included)", a.From, a.To)
	}
	return nil
}

// Range checks what any list of records takes, and returns the range as instants.
func (p Params) Range() (since, until time.Time, err error) {
	a := asked{Params: p}
	err = a.fill()
	return a.since, a.until, err
}

// maxPeriods bounds the rows of leads_over_time that a range may ask for: 27 years of days.
const maxPeriods = 10_000

func (a *asked) tooManyPeriods(takes []string) error {
	if !slices.Contains(takes, "grain") || a.From == "" || a.To == "" {
		return nil
	}
	length := map[Grain]time.Duration{Day: 24 * time.Hour, Week: 7 * 24 * time.Hour, Month: 28 * 24 * time.Hour}[a.Grain]
	if a.until.Sub(a.since)/length > maxPeriods {
		return paramErrorf("grain", "periods", "the range has more than %d periods of a %s: take a longer one or a shorter range", maxPeriods, a.Grain)
	}
	return nil
}

func (a *asked) instant(param, text string, unbounded time.Time) (time.Time, error) {
	if text == "" {
		return unbounded, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01", time.RFC3339, time.RFC3339Nano, time.DateTime, "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		at, err := time.ParseInLocation(layout, text, a.location)
		if err != nil {
			continue
		}
		if at.Before(earliest) || at.After(latest) {
			return at, paramErrorf(param, "range", "%.64q is not within %s and %s", text, earliest.Format(time.DateOnly), latest.Format(time.DateOnly))
		}
		return at.UTC().Truncate(time.Millisecond), nil
	}
	return time.Time{}, paramErrorf(param, "date", "%.64q is not a date such as 2026-03-01, a month such as 2026-03, or a time such as 2026-03-01T09:30:00Z", text)
}
