package reclassify

import (
	"context"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/headwater/headwater/schema"
)

// record is a stored touch, or a submission with the touches that travel in it.
type record struct {
	id      schema.RecordID
	touches []stored
}

// stored is a touch as it is stored; which is its name in the tables.
type stored struct {
	which string
	touch schema.Touch
}

// months lists the months of a table that have records of the range.
func (r *run) months(ctx context.Context, table string) ([]time.Time, error) {
	rows, err := r.Store.Conn().Query(r.with(ctx, nil), `SELECT DISTINCT toStartOfMonth(occurred_at) AS month FROM `+table+`
		WHERE site_id = {site:String} AND occurred_at >= {since:DateTime64(3, 'UTC')} AND occurred_at < {until:DateTime64(3, 'UTC')} ORDER BY month`)
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
		months = append(months, time.Date(month.Year(), month.Month(), 1, 0, 0, 0, 0, time.UTC))
	}
	return months, rows.Err()
}

// read returns the next records of a range behind a cursor.
func (r *run) read(ctx context.Context, table string, since, until time.Time, cursor schema.RecordID) ([]record, error) {
	query, err := fs.ReadFile(schema.Reclassifying, "reclassify/read_"+table+".sql")
	if err != nil {
		return nil, err
	}
	rows, err := r.Store.Conn().Query(r.with(ctx, clickhouse.Parameters{
		"since": schema.BindTime(since), "until": schema.BindTime(until), "cursor": string(cursor), "batch": fmt.Sprint(r.Batch),
	}), string(query))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var batch []record
	for rows.Next() {
		next := record{touches: make([]stored, len(tables[table]))}
		for i, which := range tables[table] {
			next.touches[i].which = which
		}
		var id uuid.UUID
		into, err := members(rows.Columns(), &id, next.touches)
		if err != nil {
			return nil, err
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		next.id = schema.RecordID(id.String())
		batch = append(batch, next)
	}
	return batch, rows.Err()
}

// members returns where each column of a read statement goes.
func members(columns []string, id *uuid.UUID, touches []stored) ([]any, error) {
	into := make([]any, len(columns))
	for i, column := range columns {
		if column == "record_id" {
			into[i] = id
			continue
		}
		for j := range touches {
			name, ok := column, touches[j].which == "touch"
			if !ok {
				name, ok = strings.CutPrefix(column, touches[j].which+"_")
			}
			if ok {
				into[i] = member(&touches[j].touch, name)
			}
		}
		if into[i] == nil {
			return nil, fmt.Errorf("a touch has no %s", column)
		}
	}
	return into, nil
}

// member returns a pointer to the text or time member of a touch, nil where it has none of that name.
func member(t *schema.Touch, name string) any {
	index, ok := memberIndex[name]
	if !ok {
		return nil
	}
	v := reflect.ValueOf(t).Elem().Field(index)
	if v.Kind() == reflect.String { // a channel's type is its own
		return v.Addr().Convert(reflect.TypeFor[*string]()).Interface()
	}
	return v.Addr().Interface()
}

var memberIndex = func() map[string]int {
	index := map[string]int{}
	touch := reflect.TypeFor[schema.Touch]()
	for i := range touch.NumField() {
		index[touch.Field(i).Tag.Get("ch")] = i
	}
	return index
}()

// changes names the touches of a batch anew, returns what is to be put in, and counts what moves.
func (r *run) changes(table string, p *schema.Reclassification, batch []record) []any {
	var found []any
	for _, record := range batch {
		for _, was := range record.touches {
			if was.which != "touch" && was.touch.OccurredAt.Unix() <= 0 {
				continue // there is none
			}
			now := was.touch
			r.Resolver.ResolveStored(&now)
			move := moveOf(&was.touch, &now)
			if move == "" {
				continue
			}
			addMove(p.Moved, move, 1)
			found = append(found, schema.Reclassified{
				SiteID: r.Site, ID: r.id, Which: was.which, RecordID: record.id,
				Source: now.Source, Medium: now.Medium, Campaign: now.Campaign, Term: now.Term, Content: now.Content,
				Channel: now.Channel, ReferrerDomain: now.ReferrerDomain, Rule: now.Rule,
			})
		}
	}
	return found
}

// moveOf says how a touch moves, "" where it stays as it is.
func moveOf(was, now *schema.Touch) string {
	switch {
	case was.Source != now.Source || was.Medium != now.Medium || was.Channel != now.Channel:
		return called(was) + " > " + called(now)
	case was.Campaign != now.Campaign || was.Term != now.Term || was.Content != now.Content || was.ReferrerDomain != now.ReferrerDomain:
		return OnlyDetails
	case was.Rule != now.Rule:
		return OnlyRule
	}
	return ""
}

func called(t *schema.Touch) string {
	return schema.CutText(t.Source+" / "+t.Medium+" in "+string(t.Channel), 300)
}
