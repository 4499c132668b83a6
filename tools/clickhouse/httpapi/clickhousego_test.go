//go:build linux || darwin

package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// open connects clickhouse-go to the server.
func open(t *testing.T, base, database string, method clickhouse.CompressionMethod) clickhouse.Conn {
	t.Helper()
	connection, err := clickhouse.Open(goOptions(t, base, database, method))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}

func goOptions(t *testing.T, base, database string, method clickhouse.CompressionMethod) *clickhouse.Options {
	t.Helper()
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	return &clickhouse.Options{
		Protocol: clickhouse.HTTP, Addr: []string{address.Host}, Auth: clickhouse.Auth{Database: database},
		Compression: &clickhouse.Compression{Method: method, Level: 3}, MaxOpenConns: 8,
		Settings: clickhouse.Settings{"max_execution_time": 60},
	}
}

var compressions = []clickhouse.CompressionMethod{
	clickhouse.CompressionNone, clickhouse.CompressionLZ4, clickhouse.CompressionLZ4HC, clickhouse.CompressionZSTD,
	clickhouse.CompressionGZIP, clickhouse.CompressionBrotli, clickhouse.CompressionDeflate,
}

const everyType = `CREATE TABLE every_type (
	id UUID, at DateTime64(3), service LowCardinality(String), level Enum8('info' = 1, 'warn' = 2, 'error' = 3),
	attributes Map(LowCardinality(String), String), numbers Array(UInt64), maybe Nullable(Float64), pair Tuple(a UInt8, b String),
	body String, day Date, ok Bool, address IPv6, amount Decimal(18, 4), fixed FixedString(4), duration UInt64,
	label LowCardinality(Nullable(String)), nested Array(Tuple(k String, v UInt32)), small Int8, precise DateTime64(9, 'UTC'),
	tags Array(LowCardinality(String)), second DateTime
) ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY (service, at) SETTINGS non_replicated_deduplication_window = 100`

func everyRow(i int, at time.Time) []any {
	number, label := float64(i), "x"
	maybe, maybeLabel := &number, &label
	if i%3 == 0 {
		maybe, maybeLabel = nil, nil
	}
	return []any{
		uuid.New(), at.Add(time.Duration(i) * time.Millisecond), fmt.Sprint("service", i%10), []string{"info", "warn", "error"}[i%3],
		map[string]string{"k": fmt.Sprint(i % 7), "host": "h"}, []uint64{uint64(i), 2}, maybe, []any{uint8(i), "t"}, "body " + fmt.Sprint(i), at,
		i%2 == 0, net.ParseIP("::1"), decimal.New(int64(i), -2), "abcd", uint64(i), maybeLabel, [][]any{{"k", uint32(i)}}, int8(i), at, []string{"a", "b"}, at,
	}
}

func TestClickHouseGo(t *testing.T) {
	base := serve(t)
	for _, method := range compressions {
		t.Run(method.String(), func(t *testing.T) {
			connection := open(t, base, newDatabase(t, base), method)
			for _, check := range []struct {
				name string
				run  func(*testing.T, clickhouse.Conn)
			}{
				{"batches", checkBatches}, {"parameters", checkParameters}, {"empty result", checkEmptyResult}, {"errors", checkErrors},
				{"large result", checkLargeResult}, {"external table", checkExternalTable},
			} {
				t.Run(check.name, func(t *testing.T) { check.run(t, connection) })
			}
		})
	}
}

func checkBatches(t *testing.T, connection clickhouse.Conn) {
	ctx := context.Background()
	if err := connection.Exec(ctx, everyType); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 10, 0, 0, 123e6, time.UTC)
	want := 0
	for _, rows := range []int{1, 1000, 20000} {
		batch, err := connection.PrepareBatch(ctx, "INSERT INTO every_type")
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			if err := batch.Append(everyRow(i, at)...); err != nil {
				t.Fatal(err)
			}
		}
		if err := batch.Send(); err != nil {
			t.Fatalf("batch of %d rows: %v", rows, err)
		}
		want += rows
	}
	batch, err := connection.PrepareBatch(ctx, "INSERT INTO every_type (id, service, at) VALUES")
	if err != nil {
		t.Fatal(err)
	}
	if err := batch.Append(uuid.New(), "few columns", at); err != nil {
		t.Fatal(err)
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	var count uint64
	if err := connection.QueryRow(ctx, "SELECT count() FROM every_type").Scan(&count); err != nil || count != uint64(want+1) {
		t.Errorf("count is %d (%v), want %d", count, err, want+1)
	}
	checkEveryType(t, connection, at)
}

func checkEveryType(t *testing.T, connection clickhouse.Conn, at time.Time) {
	var row struct {
		ID         uuid.UUID         `ch:"id"`
		At         time.Time         `ch:"at"`
		Service    string            `ch:"service"`
		Level      string            `ch:"level"`
		Attributes map[string]string `ch:"attributes"`
		Numbers    []uint64          `ch:"numbers"`
		Maybe      *float64          `ch:"maybe"`
		Pair       map[string]any    `ch:"pair"`
		Body       string            `ch:"body"`
		Day        time.Time         `ch:"day"`
		OK         bool              `ch:"ok"`
		Address    net.IP            `ch:"address"`
		Amount     decimal.Decimal   `ch:"amount"`
		Fixed      string            `ch:"fixed"`
		Duration   uint64            `ch:"duration"`
		Label      *string           `ch:"label"`
		Nested     []map[string]any  `ch:"nested"`
		Small      int8              `ch:"small"`
		Precise    time.Time         `ch:"precise"`
		Tags       []string          `ch:"tags"`
		Second     time.Time         `ch:"second"`
	}
	err := connection.QueryRow(context.Background(), "SELECT * FROM every_type WHERE service = {s:String} AND duration = {d:UInt64} LIMIT 1",
		clickhouse.Named("s", "service7"), clickhouse.Named("d", 17)).ScanStruct(&row)
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range []struct {
		column    string
		got, want any
	}{
		{"at", row.At.UnixMilli(), at.UnixMilli() + 17}, {"level", row.Level, "error"}, {"numbers", row.Numbers, []uint64{17, 2}},
		{"attributes", row.Attributes, map[string]string{"k": "3", "host": "h"}}, {"maybe", *row.Maybe, 17.0},
		{"pair", row.Pair, map[string]any{"a": uint8(17), "b": "t"}}, {"body", row.Body, "body 17"}, {"day", row.Day.Format(time.DateOnly), "2026-03-01"},
		{"ok", row.OK, false}, {"address", row.Address.String(), "::1"}, {"amount", row.Amount.String(), "0.17"}, {"fixed", row.Fixed, "abcd"},
		{"label", *row.Label, "x"}, {"nested", row.Nested, []map[string]any{{"k": "k", "v": uint32(17)}}}, {"small", row.Small, int8(17)},
		{"precise", row.Precise.UnixNano(), at.UnixNano()}, {"tags", row.Tags, []string{"a", "b"}}, {"second", row.Second.Unix(), at.Unix()},
	} {
		if !reflect.DeepEqual(check.got, check.want) {
			t.Errorf("column %s is %v, want %v", check.column, check.got, check.want)
		}
	}
}

func checkParameters(t *testing.T, connection clickhouse.Conn) {
	ctx := context.Background()
	at := time.Date(2026, 3, 1, 10, 0, 0, 123e6, time.UTC)
	const awkward = "it's \\ \"q\"\n\ttab π \x01 {x:String} `"
	var text string
	var list []uint64
	var moment time.Time
	err := connection.QueryRow(ctx, "SELECT {a:String} || 'x', {b:Array(UInt64)}, {c:DateTime64(3)}",
		clickhouse.Named("a", awkward), clickhouse.Named("b", []uint64{1, 2}), clickhouse.Named("c", at)).Scan(&text, &list, &moment)
	if err != nil {
		t.Fatal(err)
	}
	if text != awkward+"x" || !reflect.DeepEqual(list, []uint64{1, 2}) || !moment.Equal(at) {
		t.Errorf("parameters came back as %q, %v, %v", text, list, moment)
	}
	if err := connection.QueryRow(ctx, "SELECT ? || ?", awkward, "y").Scan(&text); err != nil || text != awkward+"y" {
		t.Errorf("positional arguments came back as %q (%v)", text, err)
	}
	var missing clickhouse.Exception
	err = connection.QueryRow(ctx, "SELECT {nobody:String}").Scan(&text)
	if exception := (*clickhouse.Exception)(nil); !errors.As(err, &exception) || exception.Code != 456 {
		t.Errorf("a missing parameter gives %v (%v), want code 456", err, missing.Code)
	}
}

func checkEmptyResult(t *testing.T, connection clickhouse.Conn) {
	for query, want := range map[string][]string{
		"SELECT service, at FROM every_type WHERE service = 'nobody'":              {"service", "at"},
		"SELECT number AS n, toString(number) AS s FROM numbers(0) FORMAT Native;": {"n", "s"},
		"SELECT count() AS c FROM every_type WHERE 0 GROUP BY service":             {"c"},
		"SHOW TABLES LIKE 'nobody'":                                                {"name"},
	} {
		rows, err := connection.Query(context.Background(), query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if !reflect.DeepEqual(rows.Columns(), want) || rows.Next() || rows.Err() != nil {
			t.Errorf("%s: columns %v, error %v; want %v and no row", query, rows.Columns(), rows.Err(), want)
		}
		rows.Close()
	}
}

func checkErrors(t *testing.T, connection clickhouse.Conn) {
	for query, want := range map[string]int32{
		"SELECT * FROM nobody":              60,
		"SELECT nobody FROM every_type":     47,
		"SELEC 1":                           62,
		"SELECT 1 SETTINGS nobody = 1":      115,
		"SELECT throwIf(1, 'at once')":      395,
		"SELECT nobody(1)":                  46,
		"SELECT * FROM nobody.nobody":       81,
		"SELECT file('/etc/hostname')":      497,
		"CREATE DATABASE x ENGINE = Nobody": 497, // a real server says 336
		"SELECT 1; SELECT 2":                62,
		"INSERT INTO nobody VALUES (1)":     60,
		"SELECT throwIf(number = 900000, 'in the middle') FROM numbers(1000000) SETTINGS max_threads = 1": 395,
	} {
		rows, err := connection.Query(context.Background(), query)
		if err == nil {
			for rows.Next() {
			}
			err = rows.Err()
			rows.Close()
		}
		var exception *clickhouse.Exception
		if !errors.As(err, &exception) || exception.Code != want {
			t.Errorf("%s: %v, want code %d", query, err, want)
		}
	}
}

func checkLargeResult(t *testing.T, connection clickhouse.Conn) {
	const want = 300_000
	rows, err := connection.Query(context.Background(), "SELECT number, toString(number) FROM numbers({n:UInt64})", clickhouse.Named("n", want))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var number, sum, count uint64
	var text string
	for rows.Next() {
		if err := rows.Scan(&number, &text); err != nil {
			t.Fatal(err)
		}
		sum, count = sum+number, count+1
	}
	if rows.Err() != nil || count != want || sum != want*(want-1)/2 {
		t.Errorf("read %d rows with sum %d (%v)", count, sum, rows.Err())
	}
}

func checkExternalTable(t *testing.T, connection clickhouse.Conn) {
	table, err := ext.NewTable("given", ext.Column("x", "UInt64"), ext.Column("s", "String"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if err := table.Append(uint64(i), "s"); err != nil {
			t.Fatal(err)
		}
	}
	var sum uint64
	ctx := clickhouse.Context(context.Background(), clickhouse.WithExternalTable(table))
	if err := connection.QueryRow(ctx, "SELECT sum(x) FROM given WHERE s = 's'").Scan(&sum); err != nil || sum != 45 {
		t.Errorf("sum over the external table is %d (%v), want 45", sum, err)
	}
}
