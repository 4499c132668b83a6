package reports

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
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
		"source_breakdown": {SourceBreakdown, []string{"by", "data_point", "from", "to"}},
		"contact_card":     {ContactCard, []string{"contact"}},
		"totals":           {Totals, []string{"from", "to"}},
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

// Takes lists the parameters that a report takes beside site, zone, lookback_days and credit, which all take.
func Takes(name string) []string { return reports[name].takes }

// SourceBreakdown tells which sources brought visitors, leads, conversions, companies, deals and money.
func SourceBreakdown(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked(reports["source_breakdown"].takes)
	if err != nil {
		return nil, err
	}
	result, err := query(ctx, conn, "source_breakdown", a)
	if err != nil {
		return nil, err
	}
	result.keepDimensions(a.By)
	result.note(a, "data_point", "credit", "range", "zone")
	return result, result.addTotals(ctx, conn, a)
}

// ContactCard tells where one contact came from: the four data points, and every conversion. It has no rows where the site
// does not know the contact.
func ContactCard(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked(reports["contact_card"].takes)
	if err != nil {
		return nil, err
	}
	if a.Contact == "" {
		return nil, paramErrorf("contact", "say which contact, by its id")
	}
	a.By = wholeTouch()
	result, err := query(ctx, conn, "contact_card", a)
	if err != nil {
		return nil, err
	}
	result.hideEmpty = true
	result.Notes = append(result.Notes, Note{"contact", string(a.Contact)})
	result.note(a, "credit", "zone")
	return result, nil
}

// wholeTouch are the dimensions of reports that show all that a touch has.
func wholeTouch() []Dimension { return append(Dimensions(), byLandingPage) }

// Totals tells how much happened in all, counted apart from every breakdown.
func Totals(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked(reports["totals"].takes)
	if err != nil {
		return nil, err
	}
	result, err := query(ctx, conn, "totals", a)
	if err != nil {
		return nil, err
	}
	result.note(a, "range", "zone")
	return result, nil
}

// addTotals gives every column that totals counts, under the same name, its total.
func (r *Result) addTotals(ctx context.Context, conn driver.Conn, a asked) error {
	totals, err := query(ctx, conn, "totals", a)
	if err != nil {
		return err
	}
	r.Totals = make([]any, len(r.Columns))
	for i, column := range r.Columns {
		r.Totals[i] = totals.Value(0, column)
	}
	return nil
}
