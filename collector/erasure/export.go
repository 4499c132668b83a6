package erasure

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

// exports are the tables of an export and the columns that they show. What was typed is a row for each field.
var exports = []struct{ name, table, columns, from string }{
	{"touches", "touches", "* EXCEPT (site_id)", "touches FINAL"},
	{"submissions", "submissions", "* EXCEPT (site_id)", "submissions FINAL"},
	{"submission_fields", "submission_fields", "submission_id, occurred_at, pair.1 AS field, pair.2 AS value",
		"(SELECT * FROM submission_fields FINAL) ARRAY JOIN arrayZip(mapKeys(fields), mapValues(fields)) AS pair"},
	{"contacts", "contacts", "* EXCEPT (site_id)", "contacts FINAL"},
	{"deals", "deals", "* EXCEPT (site_id)", "deals FINAL"},
	{"desk", "desk", "* EXCEPT (site_id)", "desk FINAL"},
}

// Export returns everything that is held of a person: from ClickHouse, and from this node's disk what waits to be forwarded
// and the dead letters. Redis holds copies only. Columns are those of the tables; records of the disk are in JSON.
func (e *Erasures) Export(ctx context.Context, person schema.Person) ([]*reports.Result, error) {
	asker := person
	person, err := e.resolve(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	all := []*reports.Result{{Name: "person", Columns: []string{"site_id", "contact_id", "visitor_id", "exported_at"},
		Rows: [][]any{{string(person.Site), string(person.Contact), string(asker.Visitor), e.now()}}}}
	for _, table := range exports {
		result, err := e.query(ctx, person, table.name, "SELECT "+table.columns+" FROM "+table.from+" WHERE "+asked(person).where(table.table))
		if err != nil {
			return nil, fmt.Errorf("export %s: %w", table.name, err)
		}
		all = append(all, result)
	}
	companies, err := e.query(ctx, person, "companies", `SELECT DISTINCT company_id, company_name FROM
		(
			SELECT company_id, company_name FROM submissions FINAL WHERE `+asked(person).where("submissions")+`
			UNION ALL
			SELECT company_id, company_name FROM contacts FINAL WHERE `+asked(person).where("contacts")+`
		) WHERE company_id != ''`)
	if err != nil {
		return nil, fmt.Errorf("export companies: %w", err)
	}
	disk, err := e.exportDisk(ctx, person, all)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return append(append(all, companies), disk...), nil
}

func (e *Erasures) query(ctx context.Context, person schema.Person, name, query string) (*reports.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	rows, err := e.config.Store.Conn().Query(private(ctx, parameters(person)), query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	result := &reports.Result{Name: name, Columns: rows.Columns(), Rows: [][]any{}}
	types := rows.ColumnTypes()
	for rows.Next() {
		targets := make([]any, len(types))
		for i, column := range types {
			targets[i] = reflect.New(column.ScanType()).Interface()
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		for i := range targets {
			if targets[i], err = plain(reflect.ValueOf(targets[i]).Elem()); err != nil {
				return nil, fmt.Errorf("column %s: %w", result.Columns[i], err)
			}
		}
		result.Rows = append(result.Rows, targets)
	}
	return result, rows.Err()
}

// plain returns a column's value as a Result holds it: ids and money as text, maps as JSON, and nothing for an empty time.
func plain(v reflect.Value) (any, error) {
	switch value := v.Interface().(type) {
	case time.Time:
		if value.UnixMilli() == 0 {
			return nil, nil
		}
		return value.UTC(), nil
	case uuid.UUID:
		if value == uuid.Nil {
			return "", nil
		}
		return value.String(), nil
	case decimal.Decimal:
		return value.String(), nil
	case map[string]string:
		if len(value) == 0 {
			return "", nil
		}
		text, err := json.Marshal(value)
		return string(text), err
	}
	switch {
	case v.CanInt():
		return v.Int(), nil
	case v.CanUint():
		return int64(v.Uint()), nil
	case v.Kind() == reflect.String:
		return v.String(), nil
	case v.Kind() == reflect.Bool:
		return v.Bool(), nil
	}
	return nil, fmt.Errorf("a %s has no place in an export", v.Type())
}

// exportDisk returns what of the person lies on this node's disk: records that wait, but those that are in the export
// already since their segment is being forwarded, and dead letters.
func (e *Erasures) exportDisk(ctx context.Context, person schema.Person, exported []*reports.Result) ([]*reports.Result, error) {
	waiting := &reports.Result{Name: "waiting", Columns: []string{"kind", "record"}, Rows: [][]any{}}
	letters := &reports.Result{Name: "dead_letters", Columns: []string{"at", "table", "reason", "kind", "record"}, Rows: [][]any{}}
	if e.config.SpoolDir == "" {
		return []*reports.Result{waiting, letters}, nil
	}
	whose, err := e.acquaint(ctx, person)
	if err != nil {
		return nil, err
	}
	there := map[any]bool{}
	for _, table := range exported {
		for row := range table.Rows {
			for _, id := range []string{"touch_id", "submission_id", "import_id", "change_id"} {
				if value := table.Value(row, id); value != nil && table.Name != "submission_fields" {
					there[value] = true
					break
				}
			}
		}
	}
	err = spool.EachWaiting(e.config.SpoolDir, func(payload []byte) error {
		record, err := schema.Decode(payload)
		if err != nil || !whose.has(record, e.keyed) || there[record.ID()] {
			return nil
		}
		text, err := readable(payload)
		waiting.Rows = append(waiting.Rows, []any{kindName(record.Kind()), text})
		return err
	})
	if err != nil {
		return nil, err
	}
	err = spool.ReadLetters(e.config.SpoolDir, func(l *spool.Letter) bool {
		record, err := schema.Decode(l.Bytes())
		if err == nil && whose.has(record, e.keyed) {
			text, _ := readable(l.Bytes()) // it was read a moment ago
			letters.Rows = append(letters.Rows, []any{l.At.UTC(), l.Table, l.Reason, kindName(record.Kind()), text})
		}
		return true
	})
	return []*reports.Result{waiting, letters}, err
}

// acquaint returns a set that knows all ids of a person, those too that only records on this node's disk give away.
func (e *Erasures) acquaint(ctx context.Context, person schema.Person) (*set, error) {
	subjects, err := e.subjects(ctx, person)
	if err != nil {
		return nil, err
	}
	ends := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) // everything came before
	known := &set{}
	for _, key := range subjects {
		known = known.with([]schema.Tombstone{{SiteID: key.site, ErasureID: "export", Kind: key.kind, Subject: key.id, ErasedAt: ends}})
	}
	look := func(payload []byte) error {
		if record, err := schema.Decode(payload); err == nil {
			_, learned := known.judge(record, e.keyed)
			known = known.with(learned)
		}
		return nil
	}
	if err := spool.EachWaiting(e.config.SpoolDir, look); err != nil {
		return nil, err
	}
	err = spool.ReadLetters(e.config.SpoolDir, func(l *spool.Letter) bool { return look(l.Bytes()) == nil })
	return known, err
}

// has tells whether a record is the person's. It leaves the record as it is.
func (s *set) has(record schema.Record, crm func(schema.SiteID, string) string) bool {
	if deal, ok := record.(*schema.Deal); ok {
		return s.contactOf(deal, crm) != ""
	}
	v, _ := s.judge(record, crm)
	return v == gone
}

func readable(payload []byte) (string, error) {
	text, err := schema.Readable(payload)
	if err != nil || len(text) == 0 {
		return "", err
	}
	return string(text[1:]), nil
}

var kindNames = map[schema.Kind]string{
	schema.KindTouch: "touch", schema.KindSubmission: "submission", schema.KindContact: "contact", schema.KindDeal: "deal",
}

func kindName(kind schema.Kind) string { return kindNames[kind] }
