package store

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/schema"
)

// RowError says that one row can't become a row of its table: its text is no UUID where one is needed, or the like.
type RowError struct {
	Row int // index among the rows of the call
	Err error
}

func (e *RowError) Error() string { return fmt.Sprintf("row %d: %v", e.Row, e.Err) }

// Unwrap returns what is wrong with the row.
func (e *RowError) Unwrap() error { return e.Err }

// Insert is InsertSome of rows that are in memory.
func (s *Store) Insert(ctx context.Context, table, token string, rows []any) error {
	return s.InsertSome(ctx, table, token, len(rows), func(from, to int) ([]any, error) { return rows[from:to], nil })
}

// rowsAtOnce is how many rows are asked for at a time.
const rowsAtOnce = 1000

// InsertSome adds count rows, structs of schema (or pointers to them) that are all of one type and one partition, in one
// block: all of them or none. It asks for them a few at a time. ctx should bound it: an insert that was given up may have
// happened all the same. ClickHouse remembers token, and a second insert under it adds nothing; so a token must name exactly
// these rows. What an error means is told by Classify.
func (s *Store) InsertSome(ctx context.Context, table, token string, count int, rows func(from, to int) ([]any, error)) error {
	if count == 0 {
		return nil
	}
	if err := s.insert(ctx, table, token, count, rows); err != nil {
		if Classify(err) == Schema {
			s.forget(table)
		}
		return fmt.Errorf("insert %s: %w", table, err)
	}
	return nil
}

// insert names every setting that guards a row: what a server or a user's profile sets by default has changed before.
func (s *Store) insert(ctx context.Context, table, token string, count int, rows func(from, to int) ([]any, error)) error {
	first, err := rows(0, 1)
	if err != nil {
		return err
	}
	fields := schema.Fields(first[0])
	columns, err := s.columnsOf(ctx, table, fields)
	if err != nil {
		return err
	}
	ctx = clickhouse.Context(ctx,
		clickhouse.WithSettings(clickhouse.Settings{
			"async_insert":               0,
			"optimize_on_insert":         0, // copies are told apart when parts merge, and by FINAL: not here as well
			"insert_deduplicate":         1,
			"insert_deduplication_token": token,
			// Table changes, which views fill: what a crash kept from it, the same insert sent again brings.
			"deduplicate_blocks_in_dependent_materialized_views": 1,
		}),
		clickhouse.WithColumnNamesAndTypes(columns))
	batch, err := s.conn.PrepareBatch(ctx, insertStatement(table, fields))
	if err != nil {
		return err
	}
	defer batch.Close()
	for from := 0; from < count; from += rowsAtOnce {
		some, err := rows(from, min(from+rowsAtOnce, count))
		if err == nil {
			err = appendRows(batch, from, some, fields)
		}
		if err != nil {
			return err
		}
	}
	// clickhouse-go's HTTP batch sends nothing, and says nothing, when its columns differ in length.
	for _, column := range batch.Columns() {
		if column.Rows() != count {
			return fmt.Errorf("column %s has %d values for %d rows", column.Name(), column.Rows(), count)
		}
	}
	return batch.Send()
}

// appendRows appends rows, the first of which is number from, column by column.
func appendRows(batch driver.Batch, from int, rows []any, fields []schema.Field) error {
	for i, values := range schema.Columns(rows, fields) {
		if err := batch.Column(i).Append(values); err != nil {
			return badRow(batch.Columns()[i], from, values, err)
		}
	}
	return nil
}

// badRow finds the row whose value the column refused: it tries one after the other.
func badRow(into column.Interface, from int, values any, err error) error {
	list := reflect.ValueOf(values)
	for i := range list.Len() {
		if err := into.AppendRow(list.Index(i).Interface()); err != nil {
			return &RowError{Row: from + i, Err: fmt.Errorf("column %s: %w", into.Name(), err)}
		}
	}
	return err
}

func insertStatement(table string, fields []schema.Field) string {
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fields[i].Name
	}
	return "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ")"
}

// columnsOf returns the types of the table's columns, as the server has them; asked once, so that a batch over HTTP
// needs no DESCRIBE of its own.
func (s *Store) columnsOf(ctx context.Context, table string, fields []schema.Field) ([]clickhouse.ColumnNameAndType, error) {
	s.mu.Lock()
	known := s.columns[table]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	types, err := s.columnTypes(ctx, table)
	if err != nil {
		return nil, err
	}
	columns := make([]clickhouse.ColumnNameAndType, len(fields))
	for i := range fields {
		name := fields[i].Name
		if types[name] == "" {
			return nil, &missingColumnError{table: table, column: name}
		}
		columns[i] = clickhouse.ColumnNameAndType{Name: name, Type: types[name]}
	}
	s.mu.Lock()
	s.columns[table] = columns
	s.mu.Unlock()
	return columns, nil
}

func (s *Store) columnTypes(ctx context.Context, table string) (map[string]string, error) {
	rows, err := s.conn.Query(ctx, `SELECT name, type FROM system.columns
		WHERE database = currentDatabase() AND table = {table:String}`, clickhouse.Named("table", table))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types := map[string]string{}
	for rows.Next() {
		var name, columnType string
		if err := rows.Scan(&name, &columnType); err != nil {
			return nil, err
		}
		types[name] = columnType
	}
	return types, rows.Err()
}

// forget has the types asked again, since the table is not what it was.
func (s *Store) forget(table string) {
	s.mu.Lock()
	delete(s.columns, table)
	s.mu.Unlock()
}

// missingColumnError is a table, or a column of it, that is not there.
type missingColumnError struct{ table, column string }

func (e *missingColumnError) Error() string {
	return fmt.Sprintf("table %s has no column %s: run headwater migrate", e.table, e.column)
}
