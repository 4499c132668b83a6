package forward

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/collector/visitors"
	"github.com/headwater/headwater/schema"
)

// deliver inserts one chunk. Its error is the context's.
func (f *Forwarder) deliver(ctx context.Context, t *task) error {
	f.step(ctx, beforeInsert, t)
	if t.chunk.kind == schema.KindSubmission {
		// What people typed goes first: once the submission is there its fields are.
		if _, err := f.insert(ctx, t.chunk, "submission_fields", withFields(t.rows)); err != nil {
			return err
		}
	}
	stored, err := f.insert(ctx, t.chunk, t.chunk.table, t.rows)
	if err != nil {
		return err
	}
	f.clickHouse.works(t.chunk) // or all that it had is in the dead letters
	t.stored = stored
	f.stats.rows.Add(uint64(len(stored)))
	return nil
}

// withoutDuplicates drops the records that another copy of was seen before. The filter runs once for a chunk, before the first
// try to insert: it claims the identities, so asking again would give the same answer.
func (f *Forwarder) withoutDuplicates(ctx context.Context, c *chunk, rows []row) []row {
	if f.config.Visitors == nil || !c.kind.FromBrowser() {
		return rows
	}
	seen := make([]visitors.Seen, len(rows))
	for i := range rows {
		r := &rows[i]
		seen[i] = visitors.Seen{Site: r.site, Kind: c.kind, ID: r.id, Identity: r.identity.String()}
	}
	duplicate, err := f.config.Visitors.Duplicates(ctx, seen)
	f.redisAnswered(ctx, err)
	if err != nil {
		return rows
	}
	kept := make([]row, 0, len(rows))
	for i := range rows {
		if !duplicate[i] {
			kept = append(kept, rows[i])
		}
	}
	f.stats.duplicates.Add(uint64(len(rows) - len(kept)))
	return kept
}

func withFields(rows []row) []row {
	var kept []row
	for i := range rows {
		if rows[i].typed {
			kept = append(kept, rows[i])
		}
	}
	return kept
}

// insert brings rows into a table, however long it takes, and returns those that are there. The others, each found bad by
// itself, are in the dead letters. Its error is the context's.
func (f *Forwarder) insert(ctx context.Context, c *chunk, table string, rows []row) ([]row, error) {
	wait := backoff{least: f.config.RetryMin, most: f.config.RetryMax}
	for len(rows) > 0 {
		err := f.try(ctx, c, table, rows)
		if err == nil {
			f.refused.took(table)
			f.clickHouse.works(c)
			return rows, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		class := store.Classify(err)
		if class == store.Data && (len(rows) > 1 || !f.refused.many(table)) {
			return f.setAside(ctx, c, table, rows, err)
		}
		f.stats.retries.Add(1)
		f.clickHouse.fails(c, class.String(), err)
		if class != store.Retry {
			wait.hold() // only a person can help: don't hurry
		}
		if err := wait.sleep(ctx); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (f *Forwarder) try(ctx context.Context, c *chunk, table string, rows []row) error {
	ctx, cancel := context.WithTimeout(ctx, f.config.InsertTimeout)
	defer cancel()
	began := time.Now()
	err := f.config.Store.InsertSome(ctx, table, c.token(rows), len(rows), func(from, to int) ([]any, error) {
		return values(table, rows[from:to])
	})
	if err == nil && f.config.Inserted != nil {
		f.config.Inserted(table, time.Since(began))
	}
	return err
}

// setAside inserts the rows but the bad ones: it takes out the row that err names, or halves them until one is left.
func (f *Forwarder) setAside(ctx context.Context, c *chunk, table string, rows []row, err error) ([]row, error) {
	if len(rows) == 1 {
		f.refused.refused(table)
		return nil, f.bury(ctx, newLetter(rows[0].identity, table, rows[0].payload, err))
	}
	middle := len(rows) / 2
	parts := [][]row{rows[:middle], rows[middle:]}
	var named *store.RowError
	if errors.As(err, &named) && named.Row < len(rows) {
		others := append(append([]row(nil), rows[:named.Row]...), rows[named.Row+1:]...)
		parts = [][]row{rows[named.Row : named.Row+1], others}
	}
	var stored []row
	for _, part := range parts {
		there, err := f.insert(ctx, c, table, part)
		if err != nil {
			return nil, err
		}
		stored = append(stored, there...)
	}
	return stored, nil
}

// values returns what is inserted: the records, or for submission_fields the rows that belong to them.
func values(table string, rows []row) ([]any, error) {
	values := make([]any, len(rows))
	for i := range rows {
		record, err := rows[i].record()
		if err != nil {
			return nil, err
		}
		values[i] = record
		if table == "submission_fields" {
			values[i], _ = record.(*schema.Submission).FieldsRow()
		}
	}
	return values, nil
}

// claimsAtOnce is how many rows are decoded at a time for their first touches.
const claimsAtOnce = 2000

// claimFirstTouches tells Redis of the touches in rows. Where that fails Redis knows less for a while; nothing depends on it.
func (f *Forwarder) claimFirstTouches(ctx context.Context, rows []row) {
	if f.config.Visitors == nil {
		return
	}
	for some := range slices.Chunk(rows, claimsAtOnce) {
		var arrivals []visitors.Arrival
		for i := range some {
			arrivals = appendArrivals(arrivals, &some[i])
		}
		if len(arrivals) == 0 {
			continue
		}
		err := f.config.Visitors.ClaimFirstTouches(ctx, arrivals)
		f.redisAnswered(ctx, err)
		if err != nil {
			return
		}
	}
}

func appendArrivals(arrivals []visitors.Arrival, r *row) []visitors.Arrival {
	decoded, err := r.record()
	if err != nil {
		return arrivals // it was decoded before
	}
	if schema.SuspicionOf(decoded) != "" {
		return arrivals // what reports leave out is nobody's first touch
	}
	switch record := decoded.(type) {
	case *schema.TouchRecord:
		return append(arrivals, visitors.Arrival{Site: record.SiteID, Visitor: record.VisitorID, Touch: &record.Touch})
	case *schema.Submission:
		return append(arrivals,
			visitors.Arrival{Site: record.SiteID, Visitor: record.VisitorID, Touch: &record.FirstTouch},
			visitors.Arrival{Site: record.SiteID, Visitor: record.VisitorID, Touch: &record.LatestTouch})
	default:
		return arrivals
	}
}

func (f *Forwarder) redisAnswered(ctx context.Context, err error) {
	switch {
	case err == nil:
		f.redis.works(nil)
	case ctx.Err() == nil:
		f.redis.fails(nil, "skipped", err)
	}
}
