package reports

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Untagged tells which visits and leads came without a tag where somebody could have set one.
func Untagged(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("untagged")
	if err != nil {
		return nil, err
	}
	setDefault(&a.Limit, 50)
	result, err := queryCounted(ctx, conn, "untagged", a)
	if err != nil {
		return nil, err
	}
	result.note(a, "data_point", "credit", "range", "zone", "limit")
	result.addTotals()
	result.Totals[result.column("visitors")] = nil // who came with and without a tag is in several rows
	return result, nil
}

// TagAudit tells what is wrong with the tags of the links.
func TagAudit(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("tag_audit")
	if err != nil {
		return nil, err
	}
	setDefault(&a.Limit, 200)
	result, err := queryCounted(ctx, conn, "tag_audit", a)
	if err != nil {
		return nil, err
	}
	result.note(a, "range", "zone", "limit")
	return result, nil
}
