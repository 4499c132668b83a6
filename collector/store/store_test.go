package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/schema"
)

// tables are all the tables that rows go to, with the struct of a row.
var tables = map[string]any{
	"touches": schema.TouchRecord{}, "submissions": schema.Submission{}, "submission_fields": schema.SubmissionFields{},
	"contacts": schema.Contact{}, "companies": schema.Company{}, "deals": schema.Deal{}, "spend": schema.Spend{}, "rates": schema.Rate{},
	"erasures": schema.Tombstone{}, "erasure_steps": schema.ErasureStep{}, "desk": schema.Entry{},
}

func open(t *testing.T, dsn string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func migrated(t *testing.T) *Store {
	t.Helper()
	s := open(t, collectortest.ClickHouse(t))
	if err := s.Migrate(t.Context(), MigrateConfig{}); err != nil {
		t.Fatal(err)
	}
	return s
}

func count(t *testing.T, s *Store, query string) uint64 {
	t.Helper()
	var n uint64
	if err := s.Conn().QueryRow(t.Context(), "SELECT count() FROM "+query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// clickhouse-go skips a struct field that has no column without a word, and a column without a field stays empty: so
// they are compared.
func TestTablesHaveTheColumnsOfTheStructs(t *testing.T) {
	s := migrated(t)
	for table, record := range tables {
		types := map[string]string{}
		rows, err := s.Conn().Query(t.Context(), `SELECT name, type FROM system.columns
			WHERE database = currentDatabase() AND table = {table:String} AND default_kind = ''`,
			clickhouse.Named("table", table))
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var name, columnType string
			if err := rows.Scan(&name, &columnType); err != nil {
				t.Fatal(err)
			}
			types[name] = columnType
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		fields := schema.Fields(record)
		for i, value := range schema.Values(record, fields) {
			name := fields[i].Name
			if !fits(value, types[name], name) {
				t.Errorf("%s.%s is %q for a %T", table, name, types[name], value)
			}
			delete(types, name)
		}
		for name := range types {
			t.Errorf("%s.%s has no field", table, name)
		}
	}
}

// fits tells whether a column can hold every value of a field.
func fits(value any, column, name string) bool {
	switch value.(type) {
	case uuid.UUID:
		return column == "UUID"
	case time.Time:
		return column == "DateTime64(3, 'UTC')" || column == "Date" && name == "date"
	case decimal.Decimal:
		return column == "Decimal(18, 4)" || column == "Decimal(28, 14)" && name == "rate"
	case uint64:
		return column == "UInt64"
	case uint8:
		return column == "UInt8"
	case map[string]string:
		return column == "Map(String, String)" || column == "Map(LowCardinality(String), String)" && strings.HasSuffix(name, "parameters")
	case map[string]uint64:
		return column == "Map(String, UInt64)"
	case string:
		return column == "String" || column == "LowCardinality(String)" ||
			column == "UUID" && (name == "import_id" || name == "change_id") ||
			strings.HasPrefix(column, "Enum8") && name == "status"
	}
	return false
}

// filled returns a record every field of which has a value that no other has.
func filled(of any) any {
	v := reflect.New(reflect.TypeOf(of)).Elem()
	n := 0
	fill(v, "", &n)
	return v.Interface()
}

func fill(v reflect.Value, name string, n *int) {
	*n++
	switch member := v.Addr().Interface().(type) {
	case *time.Time:
		*member = time.Date(2026, 3, 1, 12, 30, 0, *n*1e6, time.UTC)
		if name == "Date" {
			*member = time.Date(2026, 3, *n, 0, 0, 0, 0, time.UTC)
		}
	case *decimal.Decimal:
		*member = decimal.New(-12345678901234*10000-1234, -4)
	case *map[string]string:
		*member = map[string]string{"e-mail": "ada@example.com", "Größe": "ü €🙂\n\t'\"\\", "": ""}
	case *schema.DealStatus:
		*member = schema.DealWon
	case *map[string]uint64:
		*member = map[string]uint64{"touches": 7, "": 0}
	case *schema.TouchID, *schema.VisitorID, *schema.SubmissionID, *schema.ErasureID:
		v.SetString(uuid.NewSHA1(uuid.Nil, []byte{byte(*n)}).String())
	default:
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i), v.Type().Field(i).Name, n)
			}
		case reflect.Uint64:
			v.SetUint(1<<63 + uint64(*n))
		case reflect.String:
			v.SetString(fmt.Sprintf("%s %d ü €🙂 '\"\\\n\t", name, *n))
			if name == "ImportID" || name == "ChangeID" {
				v.SetString(uuid.NewSHA1(uuid.Nil, []byte(name)).String())
			}
		}
	}
}

func TestEveryFieldComesBack(t *testing.T) {
	s := migrated(t)
	for table, record := range tables {
		wantComesBack(t, s, table, filled(record))
	}
}

// A record without optional fields: nil UUIDs, 1970-01-01 for zero times, empty text and maps.
func TestZeroValuesComeBack(t *testing.T) {
	s := migrated(t)
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	wantComesBack(t, s, "touches", schema.TouchRecord{SiteID: "zero", Touch: schema.Touch{OccurredAt: now}, ReceivedAt: now})
	wantComesBack(t, s, "submissions", schema.Submission{SiteID: "zero", OccurredAt: now, ReceivedAt: now})
	wantComesBack(t, s, "submission_fields", schema.SubmissionFields{SiteID: "zero", OccurredAt: now, ReceivedAt: now})
	wantComesBack(t, s, "deals", schema.Deal{SiteID: "zero", ChangeID: uuid.NewString(), Status: schema.DealOpen, ChangedAt: now, ReceivedAt: now})
}

func wantComesBack(t *testing.T, s *Store, table string, record any) {
	t.Helper()
	if err := s.Insert(t.Context(), table, uuid.NewString(), []any{record}); err != nil {
		t.Fatal(err)
	}
	wantOnlyRow(t, s, table, record)
}

// wantOnlyRow compares the one row of the record's site with the record.
func wantOnlyRow(t *testing.T, s *Store, table string, record any) {
	t.Helper()
	fields := schema.Fields(record)
	want := schema.Values(record, fields)
	names := make([]string, len(fields))
	got := make([]any, len(fields))
	for i := range fields {
		names[i] = fields[i].Name
		got[i] = reflect.New(reflect.TypeOf(want[i])).Interface()
	}
	site := reflect.ValueOf(record).FieldByName("SiteID").String()
	var n uint64
	counted := s.Conn().QueryRow(t.Context(), "SELECT count() FROM "+table+" FINAL WHERE site_id = {site:String}", clickhouse.Named("site", site))
	if err := counted.Scan(&n); err != nil || n != 1 {
		t.Fatalf("%s: %d rows of site %q, %v", table, n, site, err)
	}
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + table + " FINAL WHERE site_id = {site:String}"
	if err := s.Conn().QueryRow(t.Context(), query, clickhouse.Named("site", site)).Scan(got...); err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	for i := range fields {
		if value := reflect.ValueOf(got[i]).Elem().Interface(); !same(value, want[i]) {
			t.Errorf("%s.%s: %v came back for %v", table, names[i], value, want[i])
		}
	}
}

func same(a, b any) bool {
	switch a := a.(type) {
	case time.Time:
		return a.Equal(b.(time.Time))
	case decimal.Decimal:
		return a.Equal(b.(decimal.Decimal))
	case map[string]string:
		return len(a) == 0 && len(b.(map[string]string)) == 0 || reflect.DeepEqual(a, b)
	case map[string]uint64:
		return len(a) == 0 && len(b.(map[string]uint64)) == 0 || reflect.DeepEqual(a, b)
	}
	return a == b
}

func touchAt(at time.Time) *schema.TouchRecord {
	return &schema.TouchRecord{
		SiteID: "a", VisitorID: schema.VisitorID(uuid.NewString()), ReceivedAt: at,
		Touch: schema.Touch{TouchID: schema.TouchID(uuid.NewString()), OccurredAt: at, UTMSource: "linkedin"},
	}
}

func TestATokenInsertsOnce(t *testing.T) {
	s := migrated(t)
	rows := []any{touchAt(time.Now()), touchAt(time.Now())}
	for range 3 {
		if err := s.Insert(t.Context(), "touches", "seg:0", rows); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, s, "touches"); n != 2 {
		t.Errorf("%d rows after three inserts of two under one token", n)
	}
	if err := s.Insert(t.Context(), "touches", "seg:1", rows); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "touches FINAL"); n != 2 {
		t.Errorf("%d rows through FINAL after an insert under another token", n)
	}
	if err := s.Insert(t.Context(), "touches", "seg:2", nil); err != nil {
		t.Errorf("insert of nothing: %v", err)
	}
}

func TestABadRowIsNamed(t *testing.T) {
	s := migrated(t)
	good := filled(schema.Deal{}).(schema.Deal)
	bad := good
	bad.ChangeID = "no uuid"
	unknown := good
	unknown.Status = "maybe"
	for _, row := range []schema.Deal{bad, unknown} {
		err := s.Insert(t.Context(), "deals", "seg:0", []any{good, row})
		var rowError *RowError
		if !errors.As(err, &rowError) || rowError.Row != 1 || Classify(err) != Data {
			t.Errorf("insert with a bad row: %v", err)
		}
	}
	if n := count(t, s, "deals"); n != 0 {
		t.Errorf("%d rows of refused inserts", n)
	}
}

func TestInsertIntoWhatIsNotThere(t *testing.T) {
	s := open(t, collectortest.ClickHouse(t))
	if err := s.Insert(t.Context(), "touches", "t", []any{touchAt(time.Now())}); Classify(err) != Schema {
		t.Errorf("no table: %v is %v", err, Classify(err))
	}
	if err := s.Migrate(t.Context(), MigrateConfig{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Insert(t.Context(), "touches", "t", []any{touchAt(time.Now())}); err != nil {
		t.Errorf("after the migration: %v", err)
	}
	if err := s.Conn().Exec(t.Context(), "ALTER TABLE touches DROP COLUMN gclid"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // with the remembered types, and asking again
		if err := s.Insert(t.Context(), "touches", "u", []any{touchAt(time.Now())}); Classify(err) != Schema {
			t.Errorf("a dropped column: %v is %v", err, Classify(err))
		}
	}
}

func TestOpenWithoutAServer(t *testing.T) {
	s := open(t, "http://127.0.0.1:1/headwater")
	err := s.Insert(t.Context(), "touches", "t", []any{touchAt(time.Now())})
	if Classify(err) != Retry {
		t.Errorf("no server: %v is %v", err, Classify(err))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Ping(ctx); err == nil {
		t.Error("ping without a server")
	}
	for _, dsn := range []string{"", "127.0.0.1:8123", "http://%zz"} {
		if _, err := Open(t.Context(), dsn); err == nil || !strings.Contains(err.Error(), "clickhouse_dsn") {
			t.Errorf("Open(%q): %v", dsn, err)
		}
	}
}

func TestOldServersAreRefused(t *testing.T) {
	for version, ok := range map[string]bool{"26.7.3.1": true, "24.8.1.2": true, "24.7.9.9": false, "21.3": false, "custom": true} {
		if err := recentEnough(version); (err == nil) != ok {
			t.Errorf("version %s: %v", version, err)
		}
	}
}

// What takes longer than clickhouse-go waits has an answer by the patient pool only.
func TestPatientConnWaits(t *testing.T) {
	s := open(t, collectortest.ClickHouse(t)+"?read_timeout=300ms")
	const slow = "SELECT sleepEachRow(0.1) FROM numbers(10)"
	if err := s.Conn().Exec(t.Context(), slow); err == nil {
		t.Error("the pool waited longer than it was told to")
	}
	if err := s.PatientConn().Exec(t.Context(), slow); err != nil {
		t.Error(err)
	}
}
