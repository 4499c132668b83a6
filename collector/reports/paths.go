package reports

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/collector/models"
)

// Paths tells which paths lead to an outcome, and how long they take.
func Paths(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("paths")
	if err != nil {
		return nil, err
	}
	setDefault(&a.Limit, 20)
	result, err := queryCounted(ctx, conn, "paths", a)
	if err != nil {
		return nil, err
	}
	counted := string(a.outcomes[0])
	result.Columns[result.column("outcomes")] = counted
	result.hideEmpty = true
	result.note(a, "paths", "range", "zone", "limit")
	result.addTotals()
	if a.outcomes[0] != WonDeals {
		result.Totals[result.column("won_amount")] = nil
	}
	return result, nil
}

// Assisted tells which sources are on paths without getting the credit.
func Assisted(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("assisted")
	if err != nil {
		return nil, err
	}
	result, err := queryCounted(ctx, conn, "assisted", a)
	if err != nil {
		return nil, err
	}
	result.keepDimensions(a.By)
	result.hideEmpty = true
	result.Totals = make([]any, len(result.Columns))
	result.Totals[result.column("credited")] = result.counted.Value(0, string(a.outcomes[0]))
	if a.outcomes[0] == WonDeals {
		result.Totals[result.column("credited_amount")] = result.counted.Value(0, string(WonAmount))
	}
	result.Notes = append(result.Notes, Note{"outcome", string(a.outcomes[0])})
	result.note(a, "credit", "paths", "range", "zone")
	return result, nil
}

// SourceExplained tells of every touch of one contact why it got credit for what the contact did, or not. It has no rows where the site
// knows no touch of the contact.
func SourceExplained(ctx context.Context, conn driver.Conn, p Params) (*Result, error) {
	a, err := p.checked("source_explained")
	if err != nil {
		return nil, err
	}
	if a.Contact == "" {
		return nil, paramErrorf("contact", "missing", "say which contact, by its id")
	}
	if a.Model == models.Markov {
		return nil, paramErrorf("model", "one_contact", "markov shares by the paths of all contacts, and knows nothing of a single touch: take another")
	}
	a.By = wholeTouch()
	if err := a.narrow(ctx, conn); err != nil {
		return nil, err
	}
	result, err := queryFrom(ctx, conn, "source_explained", a, forContact)
	if err != nil {
		return nil, err
	}
	result.hideEmpty = true
	result.Notes = append(result.Notes, Note{"contact", string(a.Contact)})
	result.note(a, "model", "paths", string(a.Model), "zone")
	return result, nil
}
