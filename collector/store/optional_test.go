package store

import (
	"errors"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/schema"
)

func TestSettingsAreLeftOut(t *testing.T) {
	names := []string{"a", "b"}
	for statement, want := range map[string]string{
		"CREATE TABLE t\nORDER BY x\nSETTINGS a = 1, keep = 2, b = 1": "CREATE TABLE t\nORDER BY x\nSETTINGS keep = 2",
		"CREATE TABLE t\nORDER BY x\nSETTINGS a = 1,b = 1":            "CREATE TABLE t\nORDER BY x",
		"CREATE TABLE t\nORDER BY a":                                  "CREATE TABLE t\nORDER BY a",
		"SELECT 1\nSETTINGS keep = 1":                                 "SELECT 1\nSETTINGS keep = 1",
	} {
		if got := withoutSettings(statement, names); got != want {
			t.Errorf("%q became %q", statement, got)
		}
	}
}

// Every table of ours has the optional settings, so that they can be left out.
func TestTablesHaveTheOptionalSettings(t *testing.T) {
	s := migrated(t)
	known, err := migrations(schema.Tables)
	if err != nil {
		t.Fatal(err)
	}
	tables := 0
	for _, m := range known {
		for _, statement := range statements(withRetention(m.text, 25)) {
			if withoutSettings(statement, optionalSettings) != statement {
				tables++
			}
		}
	}
	made := count(t, s, "system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name != 'schema_migrations'")
	if tables == 0 || uint64(tables) != made {
		t.Errorf("%d statements have optional settings, %d tables were made", tables, made)
	}
	if n := count(t, s, "system.tables WHERE database = currentDatabase() AND engine_full LIKE '%fsync_after_insert = 1, fsync_part_directory = 1%'"); n != made {
		t.Errorf("%d of %d tables are synced after an insert, and this server can", n, made)
	}
}

// A server without an optional setting gets the table without it, and all others.
func TestAServerWithoutAnOptionalSetting(t *testing.T) {
	s := open(t, collectortest.ClickHouse(t))
	const statement = "CREATE TABLE t (x UInt8)\nENGINE = MergeTree\nORDER BY x\nSETTINGS fsync_of_the_future = 1, index_granularity = 4096"
	var exception *clickhouse.Exception
	if err := s.apply(t.Context(), statement, nil); !errors.As(err, &exception) || exception.Code != 115 {
		t.Fatalf("an unknown setting: %v", err)
	}
	if err := s.apply(t.Context(), statement, []string{"fsync_of_the_future"}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "system.tables WHERE database = currentDatabase() AND engine_full LIKE '%index_granularity = 4096%'"); n != 1 {
		t.Error("the other settings are gone too")
	}
	const wrong = "CREATE TABLE u (x NoType)\nENGINE = MergeTree\nORDER BY x\nSETTINGS fsync_of_the_future = 1"
	if err := s.apply(t.Context(), wrong, []string{"fsync_of_the_future"}); err == nil {
		t.Error("a wrong statement worked")
	}
}
