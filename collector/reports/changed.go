package reports

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/schema"
)

// Change is what changed latest at a site: equal as long as nothing does, but for touches.
type Change struct {
	entries, block uint64
	at             time.Time
}

// LastChange reads which of a site's submissions, contacts, companies and deals changed latest, within the last two minutes. That takes
// milliseconds, so who watches a report can ask first whether there may be something new. An insert may be seen after a later one: then
// there is an entry more. Touches alone change no Change: they come all the time.
func LastChange(ctx context.Context, conn driver.Conn, site schema.SiteID) (change Change, err error) {
	ctx = clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{"site": schema.Bind(site)}), clickhouse.WithSettings(settings()))
	err = conn.QueryRow(ctx, `SELECT count(), max(_block_number), max(logged_at) FROM changes
		WHERE site_id = {site:String} AND kind != 'touch' AND logged_at >= now64(3) - toIntervalMinute(2)`).Scan(&change.entries, &change.block, &change.at)
	if err != nil {
		return Change{}, fmt.Errorf("ask for the latest change: %w", explained(err))
	}
	return change, nil
}
