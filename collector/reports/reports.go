package reports

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/schema"
)

// report is one file of schema/attribution: the function that runs it, and the parameters that it takes beside those
// that every report takes.
type report struct {
	run   func(context.Context, driver.Conn, Params) (*Result, error)
	takes []string
}

var reports map[string]report

func init() { // not in the declaration, because the functions look their own entry up
	reports = map[string]report{
		"assisted":            {Assisted, []string{"by", "outcome", "from", "to", "transforms"}},
		"cohorts":             {Cohorts, []string{"by", "data_point", "from", "to", "currency", "rate_days"}},
		"company_card":        {CompanyCard, []string{"company"}},
		"compare_models":      {CompareModels, []string{"by", "outcome", "from", "to", "transforms", "weights", "half_life_days", "order", "losses", "currency", "rate_days"}},
		"contact_card":        {ContactCard, []string{"contact"}},
		"conversion_rate":     {ConversionRate, []string{"by", "data_point", "from", "to"}},
		"cost_totals":         {CostTotals, []string{"from", "to", "currency", "rate_days"}},
		"costs":               {Costs, []string{"by", "data_point", "from", "to", "currency", "rate_days"}},
		"lead_totals":         {LeadTotals, []string{"from", "to", "currency", "rate_days"}},
		"leads_over_time":     {LeadsOverTime, []string{"by", "data_point", "from", "to", "grain"}},
		"link_results":        {LinkResults, []string{"data_point", "from", "to"}},
		"model_breakdown":     {ModelBreakdown, []string{"by", "model", "from", "to", "transforms", "weights", "half_life_days", "order", "losses", "currency", "rate_days"}},
		"model_costs":         {ModelCosts, []string{"by", "model", "from", "to", "transforms", "weights", "half_life_days", "order", "losses", "currency", "rate_days"}},
		"partner_performance": {PartnerPerformance, []string{"by", "data_point", "from", "to", "currency", "rate_days"}},
		"paths":               {Paths, []string{"by", "outcome", "from", "to", "transforms", "limit"}},
		"pipeline":            {Pipeline, []string{"by", "data_point", "from", "to"}},
		"pipeline_totals":     {PipelineTotals, []string{"from", "to"}},
		"recent_leads":        {RecentLeads, []string{"from", "to", "limit"}},
		"source_breakdown":    {SourceBreakdown, []string{"by", "data_point", "from", "to"}},
		"source_explained":    {SourceExplained, []string{"contact", "model", "weights", "half_life_days"}},
		"suspects":            {Suspects, []string{"reason", "from", "to", "limit"}},
		"tag_audit":           {TagAudit, []string{"from", "to", "limit"}},
		"top_forms":           {TopForms, []string{"from", "to", "limit"}},
		"top_referrers":       {TopReferrers, []string{"data_point", "from", "to", "limit"}},
		"totals":              {Totals, []string{"from", "to"}},
		"untagged":            {Untagged, []string{"data_point", "from", "to", "limit"}},
		"used_values":         {UsedValues, []string{"from", "to", "limit"}},
	}
}

// ErrUnknownReport is returned for a name that is none of Names.
var ErrUnknownReport = errors.New("no such report")

// Run runs the report called name. Errors of parameters are *ParamError.
func Run(ctx context.Context, conn driver.Conn, name string, p Params) (*Result, error) {
	known, ok := reports[name]
	if !ok {
		return nil, fmt.Errorf("%.64q: %w: there are %s", name, ErrUnknownReport, strings.Join(Names(), ", "))
	}
	return known.run(ctx, conn, p)
}

// Rows runs only the statement of a report, without the totals that are counted apart, its notes, and what Run does to its columns.
// For whoever measures.
func Rows(ctx context.Context, conn driver.Conn, name string, p Params) (*Result, error) {
	if _, ok := reports[name]; !ok {
		return nil, fmt.Errorf("%.64q: %w: there are %s", name, ErrUnknownReport, strings.Join(Names(), ", "))
	}
	a, err := p.checked(name)
	if err != nil {
		return nil, err
	}
	return query(ctx, conn, name, a)
}

// Takes lists the parameters that a report takes beside site, zone, lookback_days, credit and suspects, which all take.
func Takes(name string) []string { return reports[name].takes }

// SourceBreakdown tells which sources brought visitors, leads, conversions, companies, deals and money.
func SourceBreakdown(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	return runDimensioned(ctx, conn, "source_breakdown", "totals", p)
}

// Pipeline tells which sources brought the deals that were won, and those that are open now.
func Pipeline(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	return runDimensioned(ctx, conn, "pipeline", "pipeline_totals", p)
}

// PipelineTotals tells how many deals were won and are open in all, counted apart from Pipeline.
func PipelineTotals(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	return runTotals(ctx, conn, "pipeline_totals", p, "range", "zone")
}

// ConversionRate tells which sources bring the leads that become deals, compared with all other leads.
func ConversionRate(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("conversion_rate")
	if err != nil {
		return nil, err
	}
	result, err := queryCounted(ctx, conn, "conversion_rate", a)
	if err != nil {
		return nil, err
	}
	result.keepDimensions(a.By)
	result.note(a, "data_point", "credit", "range", "zone")
	result.Notes = append(result.Notes, Note{"intervals", intervalsText})
	result.addTotals()
	return result, nil
}

const intervalsText = "95 %: Wilson for the rate, Katz for the lift"

// LeadsOverTime tells how many leads and conversions came in each period.
func LeadsOverTime(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("leads_over_time")
	if err != nil {
		return nil, err
	}
	result, err := queryCounted(ctx, conn, "leads_over_time", a)
	if err != nil {
		return nil, err
	}
	result.keepDimensions(a.By)
	result.moveFirst("period")
	result.note(a, "data_point", "credit", "grain", "range", "zone")
	result.addTotals()
	return result, nil
}

// TopForms tells which forms capture the most leads.
func TopForms(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("top_forms")
	if err != nil {
		return nil, err
	}
	setDefault(&a.Limit, 10)
	result, err := queryCounted(ctx, conn, "top_forms", a)
	if err != nil {
		return nil, err
	}
	result.note(a, "range", "zone", "limit")
	result.addTotals()
	return result, nil
}

// TopReferrers tells which websites send the visitors who become leads.
func TopReferrers(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("top_referrers")
	if err != nil {
		return nil, err
	}
	setDefault(&a.Limit, 10)
	a.By = []Dimension{ByReferrerDomain}
	result, err := queryCounted(ctx, conn, "top_referrers", a)
	if err != nil {
		return nil, err
	}
	result.note(a, "data_point", "credit", "range", "zone", "limit")
	result.addTotals()
	return result, nil
}

// RecentLeads lists the latest submissions by contacts with their sources.
func RecentLeads(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("recent_leads")
	if err != nil {
		return nil, err
	}
	setDefault(&a.Limit, 20)
	a.By = wholeTouch()
	result, err := query(ctx, conn, "recent_leads", a)
	if err != nil {
		return nil, err
	}
	result.hideEmpty = true
	result.note(a, "credit", "range", "zone", "limit")
	return result, nil
}

// Suspects lists what is under suspicion.
func Suspects(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("suspects")
	if err != nil {
		return nil, err
	}
	setDefault(&a.Limit, 50)
	result, err := queryCounted(ctx, conn, "suspects", a)
	if err != nil {
		return nil, err
	}
	result.hideEmpty = true
	result.note(a, "range", "zone", "limit")
	return result, nil
}

// ContactCard tells where one contact came from: the four data points, and every conversion. It has no rows where the site
// does not know the contact.
func ContactCard(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("contact_card")
	if err != nil {
		return nil, err
	}
	if a.Contact == "" {
		return nil, paramErrorf("contact", "missing", "say which contact, by its id")
	}
	a.By = wholeTouch()
	result, err := query(ctx, conn, "contact_card", a)
	if err != nil {
		return nil, err
	}
	result.hideEmpty = true
	result.Notes = append(result.Notes, Note{"contact", string(a.Contact)})
	if len(result.Rows) > 0 && result.Value(0, "status") == "existing" {
		result.Notes = append(result.Notes, Note{"existing", "the CRM knew this contact first: no first touch and no lead creation, ever"})
	}
	result.note(a, "credit", "zone")
	return result, nil
}

// CompanyCard tells where one company came from, with its contacts and deals. It has no rows where the site does not know
// the company.
func CompanyCard(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("company_card")
	if err != nil {
		return nil, err
	}
	if a.Company = companyID(a.Company); a.Company == "" {
		return nil, paramErrorf("company", "missing", "say which company: its domain, its name, or crm: and its id in the CRM")
	}
	a.By = wholeTouch()
	result, err := query(ctx, conn, "company_card", a)
	if err != nil {
		return nil, err
	}
	result.hideEmpty = true
	result.Notes = append(result.Notes, Note{"company", string(a.Company)})
	result.note(a, "credit", "zone")
	return result, nil
}

// companyID takes a company's id as it is, and makes one of a domain or a name.
func companyID(text schema.CompanyID) schema.CompanyID {
	for _, prefix := range []string{"crm:", "domain:", "name:"} {
		if rest, ok := strings.CutPrefix(string(text), prefix); ok && rest != "" {
			return text
		}
	}
	return schema.NewCompanyID("", string(text), string(text))
}

// Totals tells how much happened in all, counted apart from every breakdown.
func Totals(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	return runTotals(ctx, conn, "totals", p, "range", "zone")
}

// attempts bounds how often a report is run again because records arrived meanwhile.
const attempts = 3

// runDimensioned answers a report whose rows are places in the dimensions asked for, with the totals that are counted apart.
func runDimensioned(ctx context.Context, conn driver.Conn, name, totals string, p Params) (*Result, error) {
	a, err := p.checked(name)
	if err != nil {
		return nil, err
	}
	result, err := queryBoth(ctx, conn, name, totals, a)
	if err != nil {
		return nil, err
	}
	result.keepDimensions(a.By)
	result.note(a, "data_point", "credit", "range", "zone")
	result.addTotals()
	return result, nil
}

// runTotals answers a report that is the totals of others.
func runTotals(ctx context.Context, conn driver.Conn, name string, p Params, notes ...string) (*Result, error) {
	a, err := p.checked(name)
	if err != nil {
		return nil, err
	}
	result, err := query(ctx, conn, name, a)
	if err != nil {
		return nil, err
	}
	result.note(a, notes...)
	return result, nil
}

// queryCounted runs a report together with totals.
func queryCounted(ctx context.Context, conn driver.Conn, name string, a asked) (*Result, error) {
	return queryBoth(ctx, conn, name, "totals", a)
}

// queryBoth runs a report together with the one that has its totals. They are separate queries, so that one checks the other. Where records
// arrived between them they do not add up, and are asked again: a report read from a live site adds up too.
func queryBoth(ctx context.Context, conn driver.Conn, name, totals string, a asked) (*Result, error) {
	from, err := a.source(ctx, conn, name)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", name, explained(err))
	}
	countedFrom := from
	if !settled[name] {
		if countedFrom, err = a.source(ctx, conn, totals); err != nil {
			return nil, fmt.Errorf("report %s: %w", totals, explained(err))
		}
	}
	counted, err := countTogether(ctx, conn, totals, a, countedFrom, nil)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		result, err := queryFrom(ctx, conn, name, a, from)
		if err != nil {
			return nil, err
		}
		if result.addsUpTo(counted, a) {
			result.counted = counted
			return result, nil
		}
		before := counted
		if counted, err = countTogether(ctx, conn, totals, a, countedFrom, before); err != nil {
			return nil, err
		}
		if attempt == attempts || reflect.DeepEqual(before.Rows, counted.Rows) || result.addsUpTo(counted, a) {
			result.counted = counted
			return result, nil
		}
	}
}

// addTotals gives every column that totals counts, under the same name, its total.
func (r *Result) addTotals() {
	r.Totals = make([]any, len(r.Columns))
	for i, column := range r.Columns {
		r.Totals[i] = r.counted.Value(0, column)
	}
}

// wholeTouch are the dimensions of reports that show all that a touch has.
func wholeTouch() []Dimension { return append(PathDimensions(), byUTMID, byParameters) }
