package main

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/collector/models"
	"github.com/headwater/headwater/collector/reports"
)

// modelComparisons are the bounds of the attribution models, each beside a scan of the columns of touches that paths are made of.
func (d *dataset) modelComparisons(rounds int, range_ clickhouse.Parameters) []comparison {
	scan := reading(d.conn(), "SELECT sum(cityHash64(visitor_id, touch_id, occurred_at, source, channel, suspect, verdict)) FROM touches WHERE "+inRange, range_)
	var all []comparison
	for _, model := range models.All() {
		asked := d.year()
		asked.Model, asked.By = model, []reports.Dimension{reports.ByChannel}
		one := comparison{
			name: fmt.Sprintf("model %s by channel, to scanning what paths are made of", model), limit: 6, quantile: 0.5, rounds: rounds, bare: scan,
			ours: func(ctx context.Context) error {
				_, err := reports.Rows(ctx, d.conn(), "model_breakdown", asked)
				return err
			},
		}
		if model == models.Markov { // with its totals and the linear algebra
			one.limit = 10
			one.ours = func(ctx context.Context) error {
				_, err := reports.Run(ctx, d.conn(), "model_breakdown", asked)
				return err
			}
		}
		all = append(all, one)
	}
	return all
}
