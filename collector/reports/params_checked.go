package reports

import (
	"slices"
	"strings"
	"time"

	"github.com/headwater/headwater/schema"
)

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
	companies    []string // the same, of names of companies
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
