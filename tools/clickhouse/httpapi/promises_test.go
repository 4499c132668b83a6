//go:build linux || darwin

package httpapi

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func TestDatabaseSQL(t *testing.T) {
	base := serve(t)
	db := clickhouse.OpenDB(goOptions(t, base, newDatabase(t, base), clickhouse.CompressionLZ4))
	defer db.Close()
	ctx := context.Background()
	if err := db.PingContext(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE t (name String, at DateTime, body String) ENGINE = MergeTree ORDER BY name"); err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	statement, err := tx.PrepareContext(ctx, "INSERT INTO t (name, at)")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := statement.Exec(fmt.Sprint(i), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO t (name, at, body) VALUES (?, ?, ?)", "q", time.Now(), "it's; a \\ test"); err != nil {
		t.Fatal(err)
	}
	var count int
	var body string
	if err := db.QueryRowContext(ctx, "SELECT count(), any(body) FROM t WHERE body != '' OR name = '1' HAVING count() = 2").Scan(&count, &body); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRowContext(ctx, "SELECT body FROM t WHERE name = 'q'").Scan(&body); err != nil || body != "it's; a \\ test" {
		t.Errorf("body is %q (%v)", body, err)
	}
	var null sql.NullString
	if err := db.QueryRowContext(ctx, "SELECT NULL::Nullable(String)").Scan(&null); err != nil || null.Valid {
		t.Errorf("NULL came back as %v (%v)", null, err)
	}
}

// TestDeduplication holds the collector's promise: a batch that is sent again under its token is stored once,
// in the table and in what materialized views make of it.
func TestDeduplication(t *testing.T) {
	base := serve(t)
	connection := open(t, base, newDatabase(t, base), clickhouse.CompressionLZ4)
	ctx := context.Background()
	for _, statement := range []string{
		"CREATE TABLE source (k UInt64, v UInt64) ENGINE = MergeTree ORDER BY k SETTINGS non_replicated_deduplication_window = 100",
		"CREATE TABLE sums (one UInt8, c AggregateFunction(count), s SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY one SETTINGS non_replicated_deduplication_window = 100",
		"CREATE MATERIALIZED VIEW view TO sums AS SELECT 1 AS one, countState() AS c, sum(v) AS s FROM source",
	} {
		if err := connection.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for _, token := range []string{"a:0", "a:0", "a:1", "a:0", "a:1"} {
		settings := clickhouse.Settings{"insert_deduplication_token": token, "deduplicate_blocks_in_dependent_materialized_views": 1, "async_insert": 0}
		batch, err := connection.PrepareBatch(clickhouse.Context(ctx, clickhouse.WithSettings(settings)), "INSERT INTO source")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			if err := batch.Append(uint64(i), uint64(1)); err != nil {
				t.Fatal(err)
			}
		}
		if err := batch.Send(); err != nil {
			t.Fatal(err)
		}
	}
	var rows, viewed, sum uint64
	if err := connection.QueryRow(ctx, "SELECT (SELECT count() FROM source), countMerge(c), sum(s) FROM sums").Scan(&rows, &viewed, &sum); err != nil {
		t.Fatal(err)
	}
	if rows != 2000 || viewed != 2000 || sum != 2000 {
		t.Errorf("two batches of 1000, sent five times: table %d, view %d, sum %d", rows, viewed, sum)
	}
}

func TestSettingsBelongToOneRequest(t *testing.T) {
	base := serve(t)
	connection := open(t, base, newDatabase(t, base), clickhouse.CompressionLZ4)
	ctx := context.Background()
	read := func(ctx context.Context) string {
		var value string
		if err := connection.QueryRow(ctx, "SELECT toString(getSetting('max_threads'))").Scan(&value); err != nil {
			t.Fatal(err)
		}
		return value
	}
	if got := read(clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_threads": 7}))); got != "7" {
		t.Errorf("max_threads is %s within the request, want 7", got)
	}
	if got := read(ctx); got == "7" {
		t.Error("the setting leaked into the next request")
	}
	for _, check := range []struct {
		settings  clickhouse.Settings
		statement string
		code      int32
	}{
		{clickhouse.Settings{"readonly": 1}, "CREATE TABLE x (a Int8) ENGINE = Memory", 164},
		{clickhouse.Settings{"readonly": 1, "max_threads": 2}, "SELECT 1 SETTINGS max_threads = 3", 164},
		{clickhouse.Settings{"max_memory_usage": 10_000_000}, "SELECT groupArray(toString(number)) FROM numbers(10000000)", 241},
		{clickhouse.Settings{"max_execution_time": 1}, "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1", 159},
		{clickhouse.Settings{"nobody": 1}, "SELECT 1", 115},
		{clickhouse.Settings{"format_template_row": "/etc/hostname"}, "SELECT 1", 452},
	} {
		err := connection.Exec(clickhouse.Context(ctx, clickhouse.WithSettings(check.settings)), check.statement)
		var exception *clickhouse.Exception
		if !errors.As(err, &exception) || exception.Code != check.code {
			t.Errorf("%v %s: %v, want code %d", check.settings, check.statement, err, check.code)
		}
	}
}

func TestAsyncInsertIsSynchronous(t *testing.T) {
	base := serve(t)
	connection := open(t, base, newDatabase(t, base), clickhouse.CompressionLZ4)
	ctx := context.Background()
	if err := connection.Exec(ctx, "CREATE TABLE t (k UInt64) ENGINE = MergeTree ORDER BY k"); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		//lint:ignore SA1019 what is tested is that callers of the older function lose nothing
		if err := connection.AsyncInsert(ctx, fmt.Sprintf("INSERT INTO t VALUES (%d)", i), false); err != nil {
			t.Fatal(err)
		}
	}
	var count uint64
	if err := connection.QueryRow(ctx, "SELECT count() FROM t").Scan(&count); err != nil || count != 5 {
		t.Errorf("%d rows right after asynchronous inserts (%v), want 5", count, err)
	}
}

func TestJSONAndFormats(t *testing.T) {
	base := serve(t)
	connection := open(t, base, newDatabase(t, base), clickhouse.CompressionLZ4)
	ctx := context.Background()
	if err := connection.Exec(ctx, "CREATE TABLE documents (id UInt64, doc JSON) ENGINE = MergeTree ORDER BY id"); err != nil {
		t.Fatal(err)
	}
	batch, err := connection.PrepareBatch(ctx, "INSERT INTO documents")
	if err != nil {
		t.Fatal(err)
	}
	if err := batch.Append(uint64(1), `{"a":{"b":5},"c":"x"}`); err != nil {
		t.Fatal(err)
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	var document clickhouse.JSON
	if err := connection.QueryRow(ctx, "SELECT doc FROM documents").Scan(&document); err != nil {
		t.Fatal(err)
	}
	if got, ok := document.ValueAtPath("c"); !ok || !strings.Contains(fmt.Sprint(got), "x") {
		t.Errorf("path c of the document is %v", got)
	}
	formats, ok := any(connection).(interface {
		QueryFormat(context.Context, string, string, ...any) (io.ReadCloser, error)
		InsertFormat(context.Context, string, string, io.Reader) error
	})
	if !ok {
		t.Fatal("clickhouse-go has no QueryFormat and InsertFormat any more")
	}
	if err := formats.InsertFormat(ctx, "JSONEachRow", "INSERT INTO documents", bytes.NewReader([]byte(`{"id":2,"doc":{"c":"y"}}`))); err != nil {
		t.Fatal(err)
	}
	result, err := formats.QueryFormat(ctx, "JSONEachRow", "SELECT id FROM documents ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	text, err := io.ReadAll(result)
	if err != nil || strings.Count(string(text), "\n") != 2 {
		t.Errorf("QueryFormat gives %q (%v), want two lines", text, err)
	}
}
