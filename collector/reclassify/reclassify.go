// Package reclassify finds the resolved values of stored touches and of spend anew, from their raw values, by the rules of now: after a list
// of sources or a site's rules were changed.
//
// Belongs here: a run over a site's months, its journal, and what moved. Does not belong here: the rules themselves, which are
// schema's, and the statements, which are in schema/reclassify.
package reclassify

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

// Config says what a run is to do.
type Config struct {
	Store    *store.Store
	Site     schema.SiteID
	Resolver *schema.Resolver
	// Since and Until are the range of the records' times, half open; zero: from the first, to the last.
	Since, Until time.Time
	// Zone is where the days of spend begin; "": UTC.
	Zone string
	// DryRun only finds out what would move.
	DryRun bool
	// Batch is how many records are looked at together; 0: 20,000, which is some 30 MB.
	Batch int
	Now   func() time.Time // nil: time.Now
	// Progress hears after each batch of a part, such as "touches 2026-03", how many records of it were looked at; nil: nobody does.
	Progress func(part string, looked uint64)

	step func(name string) error // tests stop a run with it
}

// Result says what a run did, together with what it had done before it was interrupted.
type Result struct {
	ID      schema.ReclassificationID
	Resumed bool
	Tables  map[string]Outcome
}

// Outcome is what became of one table.
type Outcome struct {
	Looked uint64            // records
	Moved  map[string]uint64 // touches, or rows of spend, by "from > to"
}

// OnlyRule and OnlyDetails stand in Moved for touches whose source, medium and channel stay: only the rule that says why is new, or
// the campaign, term, content or referrer domain is another.
const (
	OnlyRule    = "(only the rule)"
	OnlyDetails = "(only campaign, term, content or referrer domain)"
	Others      = "(others)" // what is behind the first 1,000 moves
)

// tables with touches, and what each calls those.
var tables = map[string][]string{
	"touches":     {"touch"},
	"submissions": {"first_touch", "latest_touch"},
}

// The widest range.
var (
	earliest = time.Unix(0, 0).UTC()
	latest   = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// run is one run over a site.
type run struct {
	Config
	id      schema.ReclassificationID
	rules   string
	parts   map[string]schema.Reclassification // the journal, by part
	batchAt time.Time                          // of the latest batch: no two have the same
}

// Run goes over the site's stored touches, submissions and spend. A run over the same range by the same rules that was interrupted goes on
// where it was.
func Run(ctx context.Context, config Config) (Result, error) {
	if config.Since.IsZero() {
		config.Since = earliest
	}
	if config.Until.IsZero() {
		config.Until = latest
	}
	config.Batch = cmp.Or(config.Batch, 20_000)
	config.Zone = cmp.Or(config.Zone, schema.DefaultTimeZone)
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.step == nil {
		config.step = func(string) error { return nil }
	}
	r := &run{Config: config, rules: config.Resolver.Fingerprint(), parts: map[string]schema.Reclassification{}}
	result := Result{Tables: map[string]Outcome{}}
	if !config.DryRun {
		var err error
		if result.Resumed, err = r.begin(ctx); err != nil {
			return result, fmt.Errorf("open the journal: %w", err)
		}
	}
	result.ID = r.id
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		outcome, err := r.table(ctx, table)
		if err != nil {
			return result, fmt.Errorf("reclassify %s: %w", table, err)
		}
		result.Tables[table] = outcome
	}
	outcome, err := r.spend(ctx)
	if err != nil {
		return result, fmt.Errorf("reclassify spend: %w", err)
	}
	if outcome.Looked > 0 {
		result.Tables["spend"] = outcome
	}
	if config.DryRun {
		return result, nil
	}
	if err := r.end(ctx); err != nil {
		return result, fmt.Errorf("close the journal: %w", err)
	}
	return result, nil
}

// table goes over all months of a table.
func (r *run) table(ctx context.Context, table string) (Outcome, error) {
	outcome := Outcome{Moved: map[string]uint64{}}
	months, err := r.months(ctx, table)
	if err != nil {
		return outcome, fmt.Errorf("list its months: %w", err)
	}
	for _, month := range months {
		part, err := r.month(ctx, table, month)
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

// month goes over a month of a table, batch by batch in the order of ids, from where the journal says.
func (r *run) month(ctx context.Context, table string, month time.Time) (schema.Reclassification, error) {
	p := r.part(table + " " + month.Format("2006-01"))
	if p.State == schema.ReclassifyDone {
		return p, nil
	}
	since, until := latestOf(r.Since, month), earliestOf(r.Until, month.AddDate(0, 1, 0))
	if !p.BatchAt.IsZero() {
		// The batch that the journal tells of may not be in. Put in twice it is the same.
		if err := r.put(ctx, table, since, until, p.BatchAt); err != nil {
			return p, err
		}
	}
	for {
		batch, err := r.read(ctx, table, since, until, p.Cursor)
		if err != nil {
			return p, fmt.Errorf("read: %w", err)
		}
		if err := r.batch(ctx, table, since, until, &p, batch); err != nil {
			return p, err
		}
		if r.Progress != nil {
			r.Progress(p.Part, p.Looked)
		}
		if p.State == schema.ReclassifyDone {
			return p, nil
		}
	}
}

// batch notes what a batch changes, and puts it in: first what is to be put in, then the journal, then the rows.
func (r *run) batch(ctx context.Context, table string, since, until time.Time, p *schema.Reclassification, batch []record) error {
	found := r.changes(table, p, batch)
	p.Looked += uint64(len(batch))
	if len(batch) > 0 {
		p.Cursor = batch[len(batch)-1].id
	}
	if len(batch) < r.Batch {
		p.State = schema.ReclassifyDone
	}
	if r.DryRun {
		return nil
	}
	p.BatchAt = time.Time{}
	if len(found) > 0 {
		p.BatchAt = r.nextBatch()
		if err := r.stage(ctx, found, p.BatchAt); err != nil {
			return err
		}
	}
	// A part is done only when its last batch is in.
	done := p.State == schema.ReclassifyDone
	if done && len(found) > 0 {
		p.State = schema.ReclassifyRunning
	}
	if err := r.note(ctx, p); err != nil {
		return err
	}
	if len(found) > 0 {
		if err := r.put(ctx, table, since, until, p.BatchAt); err != nil {
			return err
		}
	}
	if done && p.State != schema.ReclassifyDone {
		p.State, p.BatchAt = schema.ReclassifyDone, time.Time{}
		return r.note(ctx, p)
	}
	return nil
}

// nextBatch is when a batch is made, at least as much later than the one before as the tables tell versions apart.
func (r *run) nextBatch() time.Time {
	const apart = 10 * time.Millisecond
	at := r.Now().UTC().Truncate(apart)
	if !at.After(r.batchAt) {
		at = r.batchAt.Add(apart)
	}
	r.batchAt = at
	return at
}

// part returns the journal's row of a part, a new one where it has none.
func (r *run) part(name string) schema.Reclassification {
	if p, ok := r.parts[name]; ok {
		return p
	}
	return schema.Reclassification{
		SiteID: r.Site, ID: r.id, Part: name, Since: r.Since, Until: r.Until, Rules: r.rules,
		State: schema.ReclassifyRunning, Cursor: nilID, Moved: map[string]uint64{},
	}
}

// nilID is before all ids.
const nilID = schema.RecordID("00000000-0000-0000-0000-000000000000")

// maxMoves bounds the journal's rows.
const maxMoves = 1000

func addMove(moved map[string]uint64, move string, n uint64) {
	if _, known := moved[move]; !known && len(moved) >= maxMoves {
		move = Others
	}
	moved[move] += n
}

func newID() schema.ReclassificationID {
	return schema.ReclassificationID(uuid.Must(uuid.NewV7()).String())
}

func latestOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliestOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
