package reclassify

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/headwater/headwater/schema"
)

// whole is the journal's part that stands for a whole run.
const whole = "all"

// begin finds a run over the same range by the same rules that did not end, else gives up those that did not and begins a new one.
func (r *run) begin(ctx context.Context) (resumed bool, err error) {
	open, err := r.journal(ctx, "part = '"+whole+"' AND state = '"+schema.ReclassifyRunning+"'")
	if err != nil {
		return false, err
	}
	for _, one := range open {
		if !resumed && one.Rules == r.rules && one.Since.Equal(r.Since) && one.Until.Equal(r.Until) {
			r.id, resumed = one.ID, true
			continue
		}
		one.State = schema.ReclassifyGivenUp
		if err := r.note(ctx, &one); err != nil {
			return false, err
		}
	}
	if !resumed {
		r.id = newID()
		begun := r.part(whole)
		return false, r.note(ctx, &begun)
	}
	parts, err := r.journal(ctx, "reclassification_id = {id:UUID}")
	for _, p := range parts {
		r.parts[p.Part] = p
		r.batchAt = latestOf(r.batchAt, p.BatchAt)
	}
	return true, err
}

// end notes that the run is over, and forgets what it found.
func (r *run) end(ctx context.Context) error {
	if err := r.step("end"); err != nil {
		return err
	}
	over := r.part(whole)
	over.State = schema.ReclassifyDone
	if err := r.note(ctx, &over); err != nil {
		return err
	}
	return r.Store.Conn().Exec(r.with(ctx, clickhouse.Parameters{"id": string(r.id)}),
		"DELETE FROM reclassified WHERE site_id = {site:String} AND reclassification_id = {id:UUID}")
}

// journal reads the latest state of parts.
func (r *run) journal(ctx context.Context, condition string) ([]schema.Reclassification, error) {
	id := string(r.id)
	if id == "" {
		id = string(nilID)
	}
	rows, err := r.Store.Conn().Query(r.with(ctx, clickhouse.Parameters{"id": id}), `SELECT reclassification_id, part, since, until, rules, state, cursor, batch_at, looked, moved
		FROM reclassifications FINAL WHERE site_id = {site:String} AND `+condition+` ORDER BY reclassification_id DESC, part`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var parts []schema.Reclassification
	for rows.Next() {
		p := schema.Reclassification{SiteID: r.Site}
		var id, cursor uuid.UUID
		if err := rows.Scan(&id, &p.Part, &p.Since, &p.Until, &p.Rules, &p.State, &cursor, &p.BatchAt, &p.Looked, &p.Moved); err != nil {
			return nil, err
		}
		p.ID, p.Cursor = schema.ReclassificationID(id.String()), schema.RecordID(cursor.String())
		if p.BatchAt.Unix() <= 0 {
			p.BatchAt = time.Time{}
		}
		parts = append(parts, p)
	}
	return parts, rows.Err()
}

// note writes a part's row of the journal.
func (r *run) note(ctx context.Context, p *schema.Reclassification) error {
	if err := r.step("note " + p.Part); err != nil {
		return err
	}
	changed := r.Now().UTC().Truncate(time.Millisecond)
	if !changed.After(p.ChangedAt) {
		changed = p.ChangedAt.Add(time.Millisecond)
	}
	p.ChangedAt = changed
	if err := r.Store.Insert(ctx, "reclassifications", token(), []any{*p}); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// stage keeps what is to be put in.
func (r *run) stage(ctx context.Context, found []any, batchAt time.Time) error {
	if err := r.step("stage"); err != nil {
		return err
	}
	for i := range found {
		row := found[i].(schema.Reclassified)
		row.BatchAt = batchAt
		found[i] = row
	}
	if err := r.Store.Insert(ctx, "reclassified", token(), found); err != nil {
		return fmt.Errorf("keep what is to be put in: %w", err)
	}
	return nil
}

// put puts a batch into its table.
func (r *run) put(ctx context.Context, table string, since, until, batchAt time.Time) error {
	if err := r.step("put"); err != nil {
		return err
	}
	statement, err := fs.ReadFile(schema.Reclassifying, "reclassify/put_"+table+".sql")
	if err != nil {
		return err
	}
	if err := r.Store.Conn().Exec(r.with(ctx, clickhouse.Parameters{
		"since": schema.BindTime(since), "until": schema.BindTime(until), "id": string(r.id), "batch_at": schema.BindTime(batchAt),
	}), string(statement)); err != nil {
		return fmt.Errorf("put in: %w", err)
	}
	return r.step("put in")
}

// token is of an insert that nobody sends again.
func token() string { return uuid.NewString() }

// with gives a statement (a site's id has nothing to escape) the parameters that all have, and the settings on which its rows depend.
func (r *run) with(ctx context.Context, more clickhouse.Parameters) context.Context {
	parameters := clickhouse.Parameters{"site": string(r.Site), "since": schema.BindTime(r.Since), "until": schema.BindTime(r.Until)}
	for name, value := range more {
		parameters[name] = value
	}
	return clickhouse.Context(ctx, clickhouse.WithParameters(parameters), clickhouse.WithSettings(clickhouse.Settings{
		"async_insert": 0, "insert_deduplicate": 0, "optimize_move_to_prewhere_if_final": 0, "join_use_nulls": 0,
	}))
}
