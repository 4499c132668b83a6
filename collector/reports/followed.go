package reports

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// PartnerPerformance tells how many leads each partner brought, and whether more of them became deals than of the others.
func PartnerPerformance(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	if len(p.By) == 0 {
		p.By = []Dimension{BySource, ByMedium}
	}
	a, err := p.checked("partner_performance")
	if err != nil {
		return nil, err
	}
	result, err := queryBoth(ctx, conn, "partner_performance", "lead_totals", a)
	if err != nil {
		return nil, err
	}
	result.keepDimensions(a.By)
	result.note(a, "data_point", "credit", "currency", "range", "zone")
	result.Notes = append(result.Notes, Note{"intervals", intervalsText})
	result.addTotals()
	return result, nil
}

// Cohorts tells what became of the leads of each month, month by month.
func Cohorts(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("cohorts")
	if err != nil {
		return nil, err
	}
	a.By = p.By // none unless some are asked for
	result, err := queryBoth(ctx, conn, "cohorts", "lead_totals", a)
	if err != nil {
		return nil, err
	}
	result.keepDimensions(a.By)
	result.moveFirst("lead_month")
	result.note(a, "data_point", "credit", "currency", "range", "zone")
	result.addTotals()
	return result, nil
}

// LeadTotals tells how many leads came and what became of them in all, counted apart from PartnerPerformance and Cohorts.
func LeadTotals(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	return runTotals(ctx, conn, "lead_totals", p, "currency", "range", "zone")
}
