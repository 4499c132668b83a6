package store

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/schema"
)

func TestMigrateTwiceChangesNothing(t *testing.T) {
	s := open(t, collectortest.ClickHouse(t))
	before, err := s.Status(t.Context())
	if err != nil || before.Version != 0 || len(before.Pending) < 6 {
		t.Fatalf("status of an empty database: %+v, %v", before, err)
	}
	for range 2 {
		if err := s.Migrate(t.Context(), MigrateConfig{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, s, "schema_migrations"); n != uint64(len(before.Pending)) {
		t.Errorf("%d migrations written down, want %d", n, len(before.Pending))
	}
	after, err := s.Status(t.Context())
	if err != nil || after.Version != after.Latest || len(after.Pending) != 0 {
		t.Errorf("status after the migration: %+v, %v", after, err)
	}
}

// What the first version of Headwater stored is read after the migration, with nothing in the columns that it did not know;
// and a resend of such a record by this version merges with it.
func TestMigrateKeepsTheRowsOfTheFirstVersion(t *testing.T) {
	s := open(t, collectortest.ClickHouse(t))
	known, err := migrations(schema.Tables)
	if err != nil {
		t.Fatal(err)
	}
	const firstVersion = 6
	if err := s.migrate(t.Context(), known[:firstVersion], 600); err != nil {
		t.Fatal(err)
	}
	const touch, submission = "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e", "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d61"
	for _, statement := range []string{
		`INSERT INTO touches (site_id, touch_id, occurred_at, utm_source, utm_content, li_fat_id, landing_page, source, received_at)
			VALUES ('old', '` + touch + `', '2026-03-01 12:00:00.000', 'LinkedIn', 'blue', 'L-1', 'https://www.example.com/', 'linkedin', '2026-03-01 12:00:00.000')`,
		`INSERT INTO submissions (site_id, submission_id, occurred_at, first_touch_touch_id, first_touch_utm_source, latest_touch_li_fat_id, latest_touch_landing_page, received_at)
			VALUES ('old', '` + submission + `', '2026-03-01 12:00:00.000', '` + touch + `', 'LinkedIn', 'L-1', 'https://www.example.com/', '2026-03-01 12:00:00.000')`,
	} {
		if err := s.Conn().Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Migrate(t.Context(), MigrateConfig{RetentionMonths: 600}); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	old := schema.Touch{TouchID: touch, OccurredAt: at, UTMSource: "LinkedIn", UTMContent: "blue", LiFatID: "L-1", LandingPage: "https://www.example.com/", Source: "linkedin"}
	wantOnlyRow(t, s, "touches", schema.TouchRecord{SiteID: "old", Touch: old, ReceivedAt: at})
	wantOnlyRow(t, s, "submissions", schema.Submission{SiteID: "old", SubmissionID: submission, OccurredAt: at, ReceivedAt: at,
		FirstTouch:  schema.Touch{TouchID: touch, UTMSource: "LinkedIn"},
		LatestTouch: schema.Touch{LiFatID: "L-1", LandingPage: "https://www.example.com/"}})

	resent := schema.TouchRecord{SiteID: "old", Touch: old, ReceivedAt: at.Add(time.Hour)}
	resent.UTMID, resent.Yclid, resent.Parameters = "1", "Y-1", map[string]string{"ref": "anna"}
	if err := s.Insert(t.Context(), "touches", "resent", []any{resent}); err != nil {
		t.Fatal(err)
	}
	wantOnlyRow(t, s, "touches", schema.TouchRecord{SiteID: "old", Touch: old, ReceivedAt: at}) // the first received stays
	resent.SiteID = "new"
	wantComesBack(t, s, "touches", resent)
	if n := count(t, s, "system.mutations WHERE database = currentDatabase()"); n != 0 {
		t.Errorf("%d mutations: new columns must not rewrite parts", n)
	}
}

func TestMigrateMakesTheDatabase(t *testing.T) {
	dsn := collectortest.ClickHouse(t)
	outside := open(t, dsn)
	name := outside.options.Auth.Database
	if err := outside.Conn().Exec(t.Context(), "DROP DATABASE "+name+" SYNC"); err != nil {
		t.Fatal(err)
	}
	s := open(t, dsn)
	if status, err := s.Status(t.Context()); err != nil || status.Version != 0 {
		t.Errorf("status without a database: %+v, %v", status, err)
	}
	if err := s.Migrate(t.Context(), MigrateConfig{}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "touches"); n != 0 {
		t.Errorf("%d touches", n)
	}
}

func TestMigrateAtOnce(t *testing.T) {
	dsn := collectortest.ClickHouse(t)
	var wait sync.WaitGroup
	for range 4 {
		s := open(t, dsn)
		wait.Go(func() {
			if err := s.Migrate(t.Context(), MigrateConfig{}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if status, err := open(t, dsn).Status(t.Context()); err != nil || len(status.Pending) != 0 {
		t.Errorf("status: %+v, %v", status, err)
	}
}

func TestRetentionFollowsTheConfig(t *testing.T) {
	s := open(t, collectortest.ClickHouse(t))
	ttls := func() []string {
		rows, err := s.Conn().Query(t.Context(), `SELECT extract(engine_full, 'toIntervalMonth\\((\\d+)\\)') FROM system.tables
			WHERE database = currentDatabase() AND engine LIKE 'Replacing%'
			AND name NOT IN ('erasures', 'erasure_steps', 'nodes', 'reclassifications', 'reclassified', 'desk')`) // which have none, or one of their own
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var months []string
		for rows.Next() {
			var month string
			if err := rows.Scan(&month); err != nil {
				t.Fatal(err)
			}
			months = append(months, month)
		}
		slices.Sort(months)
		return slices.Compact(months)
	}
	for _, c := range []struct {
		months int
		want   string
	}{{0, "25"}, {13, "13"}, {13, "13"}, {120, "120"}} {
		if err := s.Migrate(t.Context(), MigrateConfig{RetentionMonths: c.months}); err != nil {
			t.Fatal(err)
		}
		if got := ttls(); !slices.Equal(got, []string{c.want}) {
			t.Errorf("retention_months %d: the tables have %v", c.months, got)
		}
	}
	if err := s.Migrate(t.Context(), MigrateConfig{RetentionMonths: -1}); err == nil {
		t.Error("a negative retention was taken")
	}
	checkExpire(t, s)
}

// checkExpire: whole months of one site go from every table that has the retention, and nothing else does. The tables keep rows for 120 months here.
func checkExpire(t *testing.T, s *Store) {
	t.Helper()
	known, err := migrations(schema.Tables)
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]string{}
	for _, m := range known {
		for _, found := range tableTTL.FindAllStringSubmatch(m.text, -1) {
			columns[found[1]] = keptBy.FindStringSubmatch(found[2])[1]
		}
	}
	for table, column := range columns {
		var keys, values string
		err := s.Conn().QueryRow(t.Context(), `SELECT arrayStringConcat(groupArray(', ' || name)), arrayStringConcat(groupArray(if(type = 'UUID', ', generateUUIDv4(number)', ', toString(generateUUIDv4(number))')))
			FROM system.columns WHERE database = currentDatabase() AND table = '`+table+`' AND is_in_sorting_key AND type IN ('UUID', 'String', 'LowCardinality(String)') AND name != 'site_id'`).Scan(&keys, &values)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Conn().Exec(t.Context(), `INSERT INTO `+table+` (site_id, `+column+keys+`)
			SELECT ['acme', 'beta', 'x\' OR 1'][number % 3 + 1], ['2026-04-30 23:59:59.999', '2026-05-01 00:00:00.000'][intDiv(number, 3) + 1]`+values+` FROM numbers(6)`)
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	mutations := func() (n uint64) {
		if err := s.Conn().QueryRow(t.Context(), "SELECT count() FROM system.mutations WHERE database = currentDatabase()").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, c := range []struct {
		site schema.SiteID
		gone int
	}{{"acme", len(columns)}, {"acme", 0}, {"x' OR 1", len(columns)}, {"nobody", 0}} {
		before := mutations()
		gone, err := s.Expire(t.Context(), c.site, 6, now)
		if err != nil || gone != uint64(c.gone) {
			t.Errorf("%s: %d rows are gone, want %d: %v", c.site, gone, c.gone, err)
		}
		if started := mutations() - before; started != uint64(c.gone) {
			t.Errorf("%s: %d mutations for %d rows", c.site, started, c.gone)
		}
	}
	for table, column := range columns {
		var left string
		err := s.Conn().QueryRow(t.Context(), `SELECT arrayStringConcat(arraySort(groupArray(site_id || ' ' || toString(toMonth(toDateTime64(`+column+`, 3, 'UTC'))))), ', ') FROM `+table).Scan(&left)
		if err != nil || left != "acme 5, beta 4, beta 5, x' OR 1 5" {
			t.Errorf("%s: %q is left: %v", table, left, err)
		}
	}
	if _, err := s.Expire(t.Context(), "acme", 0, now); err == nil {
		t.Error("no retention at all was taken")
	}
}

// An unchanged retention starts no mutation: that would read every part of every table.
func TestUnchangedRetentionRewritesNothing(t *testing.T) {
	s := migrated(t)
	if err := s.Migrate(t.Context(), MigrateConfig{}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "system.mutations WHERE database = currentDatabase()"); n != 0 {
		t.Errorf("%d mutations", n)
	}
}

func TestMigrateRefusesWhatItDoesNotKnow(t *testing.T) {
	s := migrated(t)
	known, err := migrations(schema.Tables)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.migrate(t.Context(), known[:len(known)-1], 25); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "upgrade") {
		t.Errorf("a newer database: %v", err)
	}
	edited := slices.Clone(known)
	edited[0].checksum = "another"
	if err := s.migrate(t.Context(), edited, 25); !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), known[0].name) {
		t.Errorf("an edited migration: %v", err)
	}
	more := append(slices.Clone(known), migration{
		version: 9999, name: "9999_more.sql", checksum: "c",
		text: "-- two; statements\nALTER TABLE touches ADD COLUMN IF NOT EXISTS extra String DEFAULT ';'; ALTER TABLE touches DROP COLUMN extra;",
	})
	if err := s.migrate(t.Context(), more, 25); err != nil {
		t.Errorf("one more migration: %v", err)
	}
	if err := s.Migrate(t.Context(), MigrateConfig{}); !errors.Is(err, ErrNewer) {
		t.Errorf("then the older version: %v", err)
	}
}

func TestMigrationNames(t *testing.T) {
	folder := func(names ...string) fstest.MapFS {
		files := fstest.MapFS{}
		for _, name := range names {
			files[name] = &fstest.MapFile{Data: []byte("SELECT 1")}
		}
		return files
	}
	for _, names := range [][]string{{"tables/0001_a.sql", "tables/0001_b.sql"}, {"tables/0000_a.sql"}, {"tables/one.sql"}, {"tables/1_a.sql"}, {}} {
		if _, err := migrations(folder(names...)); err == nil {
			t.Errorf("migrations %v were taken", names)
		}
	}
	known, err := migrations(folder("tables/0010_c.sql", "tables/0001_a.sql", "tables/0003_b.sql"))
	if err != nil || len(known) != 3 || known[0].version != 1 || known[1].version != 3 || known[2].version != 10 {
		t.Errorf("numbers with gaps: %v, %v", known, err)
	}
}

// A database that has a later migration, and not one that came to the program after it, gets it.
func TestMigrateFillsAGap(t *testing.T) {
	s := migrated(t)
	known, err := migrations(schema.Tables)
	if err != nil {
		t.Fatal(err)
	}
	later := migration{version: 9999, name: "9999_later.sql", checksum: "l", text: "CREATE TABLE IF NOT EXISTS later (n UInt8) ENGINE = MergeTree ORDER BY n"}
	between := migration{version: 9998, name: "9998_between.sql", checksum: "b", text: "CREATE TABLE IF NOT EXISTS between_them (n UInt8) ENGINE = MergeTree ORDER BY n"}
	for _, list := range [][]migration{append(slices.Clone(known), later), append(slices.Clone(known), between, later)} {
		if err := s.migrate(t.Context(), list, 25); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, s, "between_them"); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestStatements(t *testing.T) {
	got := statements("-- a; comment\nSELECT ';', `a;b`, \"c;\", 'it\\'s;' -- more;\n; ;\nSELECT 2 - 1")
	want := []string{"SELECT ';', `a;b`, \"c;\", 'it\\'s;'", "SELECT 2 - 1"}
	if !slices.Equal(got, want) {
		t.Errorf("statements %q, want %q", got, want)
	}
}

// A migration that fails leaves those before it applied and written down; mended, Migrate goes on with it.
func TestMigrateGoesOnAfterAFailure(t *testing.T) {
	s := open(t, collectortest.ClickHouse(t))
	known, err := migrations(schema.Tables)
	if err != nil {
		t.Fatal(err)
	}
	broken := slices.Clone(known)
	broken[3].text = "CREATE NOTHING;"
	if err := s.migrate(t.Context(), broken, schema.DefaultRetentionMonths); err == nil || !strings.Contains(err.Error(), known[3].name) {
		t.Fatalf("a migration that cannot be: %v, want its file named", err)
	}
	status, err := s.Status(t.Context())
	if err != nil || status.Version != known[2].version || len(status.Pending) != len(known)-3 || status.Pending[0] != known[3].name {
		t.Errorf("after it: %+v, %v", status, err)
	}
	if err := s.Migrate(t.Context(), MigrateConfig{}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "schema_migrations"); n != uint64(len(known)) {
		t.Errorf("%d migrations written down, want %d", n, len(known))
	}
}
