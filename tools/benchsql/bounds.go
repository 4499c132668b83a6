package main

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/schema"
)

const inRange = "site_id = {site:String} AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')}"

// comparisons are the bounds that are ratios.
func (d *dataset) comparisons(ctx context.Context, rounds int) ([]comparison, error) {
	range_ := clickhouse.Parameters{
		"site": string(site), "since": schema.BindTime(d.until.AddDate(-1, 0, 0)), "until": schema.BindTime(d.until),
	}
	countBySource := reading(d.conn(), "SELECT utm_source, count() FROM touches WHERE "+inRange+" GROUP BY utm_source", range_)
	contacts, touches, err := d.examples(ctx)
	if err != nil {
		return nil, err
	}
	nextTouch, nextContact := 0, 0
	return append(d.modelComparisons(rounds, range_), []comparison{
		{
			name: "source_breakdown, to counting touches by utm_source", limit: 1.5, quantile: 0.5, rounds: rounds,
			bare: countBySource,
			ours: d.rows("source_breakdown"),
		},
		{
			name: "source_breakdown with its totals, to the same", quantile: 0.5, rounds: rounds,
			bare: countBySource,
			ours: d.asking("source_breakdown"),
		},
		{
			name: "contact_card, its 99th percentile, to a touch by its key", limit: 20, quantile: 0.99, rounds: 20 * rounds,
			bare: func(ctx context.Context) error {
				nextTouch++
				return reading(d.conn(), "SELECT * FROM touches WHERE site_id = {site:String} AND touch_id = {touch:UUID}",
					clickhouse.Parameters{"site": string(site), "touch": touches[nextTouch%len(touches)]})(ctx)
			},
			ours: func(ctx context.Context) error {
				nextContact++
				_, err := reports.Run(ctx, d.conn(), "contact_card", reports.Params{Site: site, Contact: schema.ContactID(contacts[nextContact%len(contacts)])})
				return err
			},
		},
	}...), nil
}

// examples are contacts, and touches, of all times.
func (d *dataset) examples(ctx context.Context) (contacts, touches []string, err error) {
	err = d.conn().QueryRow(ctx, "SELECT groupArray(contact_id) FROM (SELECT contact_id FROM submissions WHERE site_id = 'seed' ORDER BY cityHash64(contact_id) LIMIT 200)").Scan(&contacts)
	if err == nil {
		err = d.conn().QueryRow(ctx, "SELECT groupArray(toString(touch_id)) FROM (SELECT touch_id FROM touches WHERE site_id = 'seed' LIMIT 1000000) WHERE rand() % 4000 = 0").Scan(&touches)
	}
	if err == nil && (len(contacts) == 0 || len(touches) == 0) {
		err = fmt.Errorf("there are %d contacts and %d touches to look up: take more -touches", len(contacts), len(touches))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("choose examples: %w", err)
	}
	return contacts, touches, nil
}
