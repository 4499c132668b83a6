package reclassify

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/schema"
)

// spend names what was spent anew, month by month, so that it meets touches that are named anew. Rows that come to have the same key are
// added up, as who imports them is asked to; what is left behind is taken back by a row of 0.
func (r *run) spend(ctx context.Context) (Outcome, error) {
	outcome := Outcome{Moved: map[string]uint64{}}
	months, err := r.spendMonths(ctx)
	if err != nil {
		return outcome, fmt.Errorf("list its months: %w", err)
	}
	for _, month := range months {
		part, err := r.spendMonth(ctx, month)
		if err != nil {
			return outcome, fmt.Errorf("%s: %w", month.Format("2006-01"), err)
		}
		outcome.Looked += part.Looked
		for move, n := range part.Moved {
			addMove(outcome.Moved, move, n)
		}
	}
	return outcome, nil
}

func (r *run) spendMonths(ctx context.Context) ([]time.Time, error) {
	rows, err := r.Store.Conn().Query(r.with(ctx, clickhouse.Parameters{"zone": r.Zone}), `SELECT DISTINCT toStartOfMonth(date) AS month FROM spend
		WHERE site_id = {site:String} AND toDateTime64(date, 3, {zone:String}) >= {since:DateTime64(3, 'UTC')} AND toDateTime64(date, 3, {zone:String}) < {until:DateTime64(3, 'UTC')}
		ORDER BY month`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var months []time.Time
	for rows.Next() {
		var month time.Time
		if err := rows.Scan(&month); err != nil {
			return nil, err
		}
		months = append(months, month)
	}
	return months, rows.Err()
}

// spendMonth names a month anew. All of it goes in at once or nothing does, so that a run that was interrupted finds either the old rows
// or nothing to do; the journal has the count from before.
func (r *run) spendMonth(ctx context.Context, month time.Time) (schema.Reclassification, error) {
	p := r.part("spend " + month.Format("2006-01"))
	if p.State == schema.ReclassifyDone {
		return p, nil
	}
	was, err := r.readSpend(ctx, month)
	if err != nil {
		return p, fmt.Errorf("read: %w", err)
	}
	written, moved := renamedSpend(was, r.Resolver)
	if len(written) > 0 || p.Looked == 0 {
		p.Looked, p.Moved = uint64(len(was)), moved
	}
	if r.Progress != nil {
		r.Progress(p.Part, p.Looked)
	}
	if r.DryRun {
		return p, nil
	}
	if err := r.note(ctx, &p); err != nil {
		return p, err
	}
	if len(written) > 0 {
		if err := r.step("put spend"); err != nil {
			return p, err
		}
		if err := r.Store.Insert(ctx, "spend", token(), written); err != nil {
			return p, err
		}
		if err := r.step("put in spend"); err != nil {
			return p, err
		}
	}
	p.State = schema.ReclassifyDone
	return p, r.note(ctx, &p)
}

func (r *run) readSpend(ctx context.Context, month time.Time) ([]schema.Spend, error) {
	query, err := fs.ReadFile(schema.Reclassifying, "reclassify/read_spend.sql")
	if err != nil {
		return nil, err
	}
	rows, err := r.Store.Conn().Query(r.with(ctx, clickhouse.Parameters{"zone": r.Zone, "month": month.Format(time.DateOnly)}), string(query))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []schema.Spend
	for rows.Next() {
		s, channel := schema.Spend{SiteID: r.Site}, ""
		if err := rows.Scan(&s.Date, &s.Source, &s.Medium, &s.Campaign, &channel, &s.Amount, &s.Currency, &s.Clicks, &s.Impressions,
			&s.UTMSource, &s.UTMMedium, &s.UTMCampaign, &s.ReceivedAt); err != nil {
			return nil, err
		}
		s.Channel = schema.Channel(channel)
		all = append(all, s)
	}
	return all, rows.Err()
}

// spendKey is what rows of spend replace each other by.
type spendKey struct {
	day                                time.Time
	source, medium, campaign, currency string
}

func keyOf(s *schema.Spend) spendKey {
	return spendKey{s.Date.UTC(), s.Source, s.Medium, s.Campaign, s.Currency}
}

// renamedSpend names rows, of which no two have one key, anew. It returns the rows that are to be written, and counts how many go where. A
// written row is just later than what it is made of: what is imported after that counts.
func renamedSpend(was []schema.Spend, resolver *schema.Resolver) (written []any, moved map[string]uint64) {
	moved = map[string]uint64{}
	now := map[spendKey]*schema.Spend{}
	before := map[spendKey]*schema.Spend{}
	for i := range was {
		before[keyOf(&was[i])] = &was[i]
		named := was[i]
		named.Resolve(resolver)
		if move := spendMove(&was[i], &named); move != "" {
			addMove(moved, move, 1)
		}
		to := now[keyOf(&named)]
		if to == nil {
			now[keyOf(&named)] = &named
			continue
		}
		to.Amount = to.Amount.Add(named.Amount)
		to.Clicks, to.Impressions = to.Clicks+named.Clicks, to.Impressions+named.Impressions
		to.ReceivedAt = latestOf(to.ReceivedAt, named.ReceivedAt)
		if keyOf(&was[i]) == keyOf(&named) { // whose raw text stays
			to.UTMSource, to.UTMMedium, to.UTMCampaign = named.UTMSource, named.UTMMedium, named.UTMCampaign
		}
	}
	for i := range was {
		if key := keyOf(&was[i]); now[key] == nil {
			left := schema.Spend{SiteID: was[i].SiteID, Date: was[i].Date, Source: was[i].Source, Medium: was[i].Medium, Campaign: was[i].Campaign,
				Channel: was[i].Channel, Currency: was[i].Currency, UTMSource: was[i].UTMSource, UTMMedium: was[i].UTMMedium,
				UTMCampaign: was[i].UTMCampaign, ReceivedAt: was[i].ReceivedAt.Add(time.Millisecond)}
			written = append(written, left)
		}
	}
	for key, row := range now {
		if old := before[key]; old != nil {
			if sameSpend(old, row) {
				continue
			}
			row.ReceivedAt = latestOf(row.ReceivedAt, old.ReceivedAt)
		}
		row.ReceivedAt = row.ReceivedAt.Add(time.Millisecond)
		written = append(written, *row)
	}
	return written, moved
}

func sameSpend(a, b *schema.Spend) bool {
	return a.Channel == b.Channel && a.Amount.Equal(b.Amount) && a.Clicks == b.Clicks && a.Impressions == b.Impressions &&
		a.UTMSource == b.UTMSource && a.UTMMedium == b.UTMMedium && a.UTMCampaign == b.UTMCampaign
}

// spendMove says how a row of spend moves, as moveOf does of a touch.
func spendMove(was, now *schema.Spend) string {
	a := schema.Touch{Source: was.Source, Medium: was.Medium, Campaign: was.Campaign, Channel: was.Channel}
	b := schema.Touch{Source: now.Source, Medium: now.Medium, Campaign: now.Campaign, Channel: now.Channel}
	return moveOf(&a, &b)
}
