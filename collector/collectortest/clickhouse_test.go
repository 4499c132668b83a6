package collectortest

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// connect opens a connection that the test closes.
func connect(t *testing.T, dsn string) clickhouse.Conn {
	t.Helper()
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatalf("parse %q: %v", dsn, err)
	}
	connection, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}

func TestClickHouseGivesAFreshDatabase(t *testing.T) {
	ctx := context.Background()
	first, second := ClickHouse(t), ClickHouse(t)
	if first == second {
		t.Fatalf("two calls returned the same database %q", first)
	}
	if os.Getenv("CLICKHOUSE_DSN") == "" {
		options, err := clickhouse.ParseDSN(first)
		if err != nil {
			t.Fatal(err)
		}
		if options.Protocol != clickhouse.HTTP || !strings.HasPrefix(options.Auth.Database, "test_") {
			t.Errorf("DSN %q parses to protocol %v, database %q", first, options.Protocol, options.Auth.Database)
		}
	}
	connection := connect(t, first)
	if err := connection.Exec(ctx, "CREATE TABLE numbers_kept (n UInt64) ENGINE = MergeTree ORDER BY n"); err != nil {
		t.Fatal(err)
	}
	var tables uint64
	if err := connect(t, second).QueryRow(ctx, "SELECT count() FROM system.tables WHERE database = currentDatabase()").Scan(&tables); err != nil {
		t.Fatal(err)
	}
	if tables != 0 {
		t.Errorf("a fresh database has %d tables", tables)
	}
}

func TestClickHouseDropsItsDatabase(t *testing.T) {
	var dsn string
	t.Run("user", func(t *testing.T) { dsn = ClickHouse(t) })
	if dsn == "" {
		t.Skip("the subtest was skipped")
	}
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := options.Auth.Database
	var left uint64
	if err := connect(t, ClickHouse(t)).QueryRow(context.Background(), "SELECT count() FROM system.databases WHERE name = ?", name).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left != 0 {
		t.Errorf("database %s outlived its test", name)
	}
}

func TestClickHouseHTTP(t *testing.T) {
	base, database := ClickHouseHTTP(t)
	response, err := http.Get(base + "/?query=SELECT+currentDatabase()&database=" + database)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(body)); got != database {
		t.Errorf("current database is %q, want %q", got, database)
	}
}

func TestStartClickHouseKeepsDataAcrossKill(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	engine := StartClickHouse(t, dir)
	connection := connect(t, engine.DSN())
	for _, statement := range []string{
		"CREATE DATABASE kept",
		"CREATE TABLE kept.t (n UInt64) ENGINE = MergeTree ORDER BY n",
		"INSERT INTO kept.t SELECT number FROM numbers(1000)",
	} {
		if err := connection.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	engine.Kill()

	engine = StartClickHouse(t, dir)
	var count uint64
	if err := connect(t, engine.DSN()).QueryRow(ctx, "SELECT count() FROM kept.t").Scan(&count); err != nil {
		t.Fatal(err)
	}
	if count != 1000 {
		t.Errorf("after a kill the table has %d rows, want 1000", count)
	}
	engine.Stop()
	engine.Stop() // harmless
}
