package reports

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/schema"
)

// database returns a connection to an empty database with the tables of schema.
func database(tb testing.TB) driver.Conn {
	tb.Helper()
	options, err := clickhouse.ParseDSN(collectortest.ClickHouse(tb))
	if err != nil {
		tb.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	names, err := fs.Glob(schema.Tables, "tables/*.sql")
	if err != nil || len(names) == 0 {
		tb.Fatalf("no tables: %v", err)
	}
	for _, name := range names {
		ddl, err := fs.ReadFile(schema.Tables, name)
		if err != nil {
			tb.Fatal(err)
		}
		// Fifty years, so that the journeys never expire. (DateTime ends in 2106.)
		if err := conn.Exec(context.Background(), strings.ReplaceAll(string(ddl), "{retention_months}", "600")); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
	}
	return conn
}

var tables = map[schema.Kind]string{
	schema.KindTouch: "touches", schema.KindSubmission: "submissions", schema.KindContact: "contacts",
	schema.KindCompany: "companies", schema.KindDeal: "deals", schema.KindSpend: "spend", schema.KindRate: "rates",
}

// insert writes the records in their order, in one batch for each run of the same kind.
func insert(tb testing.TB, conn driver.Conn, records []schema.Record) {
	tb.Helper()
	for len(records) > 0 {
		n := 1
		for n < len(records) && records[n].Kind() == records[0].Kind() {
			n++
		}
		insertBatch(tb, conn, records[:n])
		records = records[n:]
	}
}

func insertBatch(tb testing.TB, conn driver.Conn, records []schema.Record) {
	tb.Helper()
	first := value(records[0])
	fields := schema.Fields(first)
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = field.Name
	}
	table := tables[records[0].Kind()]
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	// Without deduplication by content: the tests insert the same rows again to see that reports are none the wiser.
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"insert_deduplicate": 0}))
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		tb.Fatalf("insert %s: %v", table, err)
	}
	for _, record := range records {
		if err := batch.Append(schema.Values(value(record), fields)...); err != nil {
			tb.Fatalf("insert %s: %v", table, err)
		}
	}
	if err := batch.Send(); err != nil {
		tb.Fatalf("insert %s: %v", table, err)
	}
}

// value returns the struct behind a record, which schema.Fields and schema.Values take.
func value(record schema.Record) any {
	switch record := record.(type) {
	case *schema.TouchRecord:
		return *record
	case *schema.Submission:
		return *record
	case *schema.Contact:
		return *record
	case *schema.Company:
		return *record
	case *schema.Deal:
		return *record
	case *schema.Spend:
		return *record
	case *schema.Rate:
		return *record
	}
	panic("a record of no kind")
}
