package reports

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// LinkResults tells what each saved campaign link brought.
func LinkResults(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("link_results")
	if err != nil {
		return nil, err
	}
	a.By = []Dimension{BySource, ByMedium, ByCampaign, ByTerm, ByContent, byUTMID}
	result, err := queryCounted(ctx, conn, "link_results", a)
	if err != nil {
		return nil, err
	}
	result.note(a, "data_point", "credit", "range", "zone")
	result.addTotals()
	return result, nil
}

// UsedValues tells which values the tags of links have.
func UsedValues(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("used_values")
	if err != nil {
		return nil, err
	}
	setDefault(&a.Limit, 200)
	result, err := query(ctx, conn, "used_values", a)
	if err != nil {
		return nil, err
	}
	result.note(a, "range", "zone", "limit")
	return result, nil
}
