package schema

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tableRecords says which struct is a row of which table.
var tableRecords = map[string]any{
	"touches": TouchRecord{}, "submissions": Submission{}, "submission_fields": SubmissionFields{},
	"contacts": Contact{}, "companies": Company{}, "deals": Deal{}, "spend": Spend{}, "rates": Rate{},
	"erasures": Tombstone{}, "erasure_steps": ErasureStep{}, "nodes": Node{},
	"reclassifications": Reclassification{}, "reclassified": Reclassified{}, "desk": Entry{},
}

// derived are the tables that are made of others, which no struct fills; their rows are settled, or logged for a day.
var derived = map[string]bool{"changes": true, "settled_touches": true, "settled_journeys": true, "settled_paths": true, "settled_credits": true, "settlements": true}

// lasting are the tables without the configured retention: tombstones, and their proof, are kept so that nothing comes back; a
// journal is small, and what a reclassification found is not kept; what people decided counts until they decide otherwise.
// shared are those that belong to no site, whole those without partitions.
var (
	lasting = map[string]bool{"erasures": true, "erasure_steps": true, "nodes": true, "reclassifications": true, "reclassified": true, "desk": true}
	shared  = map[string]bool{"nodes": true}
	whole   = map[string]bool{"nodes": true, "desk": true}
)

var (
	createTable = regexp.MustCompile(`(?s)CREATE TABLE IF NOT EXISTS (\w+)\n\(\n(.*?)\n\)\n(.*?);`)
	columnLine  = regexp.MustCompile(`^    (\w+)\s+(\S.*?),?$`)
	alterTable  = regexp.MustCompile(`(?s)ALTER TABLE (\w+)\n(.*?);`)
	addedColumn = regexp.MustCompile(`^    ADD COLUMN IF NOT EXISTS (\w+)\s+(\S.*?)\s+AFTER (\w+),?$`)
	// Which row wins may be worked out anew; and columns with a DEFAULT or an ALIAS are an operator's, which no insert of ours fills.
	changedKeep  = regexp.MustCompile(`^    MODIFY COLUMN keep UInt64 MATERIALIZED \S.*$`)
	operatorsOwn = regexp.MustCompile(`^    ADD COLUMN IF NOT EXISTS (verdict|judged_at|suspicion|reclassified_at) .* (DEFAULT|ALIAS) .* AFTER \w+,$`)
)

// ddl is one CREATE TABLE with the ALTER TABLEs after it, read as text.
type ddl struct {
	columns []string // that an insert fills, in order
	types   map[string]string
	rest    string // behind the columns
}

func readTables(t *testing.T) map[string]ddl {
	t.Helper()
	files, err := fs.Glob(Tables, "tables/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]ddl{}
	for _, file := range files {
		text, err := fs.ReadFile(Tables, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range createTable.FindAllStringSubmatch(string(text), -1) {
			table := ddl{types: map[string]string{}, rest: found[3]}
			for _, line := range strings.Split(found[2], "\n") {
				column := columnLine.FindStringSubmatch(line)
				switch {
				case column == nil:
					t.Errorf("%s: can't read the line %q", file, line)
				case column[1] == "INDEX", strings.Contains(column[2], " MATERIALIZED "):
				default:
					table.columns = append(table.columns, column[1])
					table.types[column[1]] = column[2]
				}
			}
			tables[found[1]] = table
		}
		for _, found := range alterTable.FindAllStringSubmatch(string(text), -1) {
			tables[found[1]] = alter(t, file, tables[found[1]], found[2])
		}
	}
	return tables
}

// alter adds the columns of an ALTER TABLE to a table that an earlier file created.
func alter(t *testing.T, file string, table ddl, lines string) ddl {
	t.Helper()
	for _, line := range strings.Split(lines, "\n") {
		if changedKeep.MatchString(line) || operatorsOwn.MatchString(line) {
			continue
		}
		column := addedColumn.FindStringSubmatch(line)
		if column == nil {
			t.Errorf("%s: can't read the line %q", file, line)
			continue
		}
		after := slices.Index(table.columns, column[3])
		if after < 0 || table.types[column[1]] != "" {
			t.Errorf("%s: %s: there is no %s, or the column is there already", file, column[1], column[3])
			continue
		}
		table.columns = slices.Insert(table.columns, after+1, column[1])
		table.types[column[1]] = column[2]
	}
	return table
}

// A migration is one statement, so that every client can run the file as it is.
func TestOneStatementPerTableFile(t *testing.T) {
	files, err := fs.Glob(Tables, "tables/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(Tables, file)
		if err != nil {
			t.Fatal(err)
		}
		statement, rest, found := strings.Cut(regexp.MustCompile(`(?m)^--.*$`).ReplaceAllString(string(text), ""), ";")
		if !found || strings.TrimSpace(rest) != "" || strings.TrimSpace(statement) == "" {
			t.Errorf("%s is not one statement with a semicolon", file)
		}
	}
}

// The DDL is hand-written; here it is held to the structs. A test in collector/store does the same on a live database.
func TestTablesHaveTheColumnsOfTheStructs(t *testing.T) {
	tables := readTables(t)
	for name, record := range tableRecords {
		var fields []string
		for _, field := range Fields(record) {
			fields = append(fields, field.Name)
		}
		if columns := tables[name].columns; !slices.Equal(columns, fields) {
			t.Errorf("table %s\nhas the columns %v\nthe struct has   %v", name, columns, fields)
		}
		delete(tables, name)
	}
	for name := range tables {
		if !derived[name] {
			t.Errorf("table %s has no struct", name)
		}
	}
}

// What the protocol of design.md §4 needs of every table.
func TestTablesAreIdempotentAndIsolated(t *testing.T) {
	for name, table := range readTables(t) {
		wanted := []string{
			"ENGINE = ReplacingMergeTree(", "non_replicated_deduplication_window = ",
			"fsync_after_insert = 1", "fsync_part_directory = 1",
		}
		if derived[name] {
			wanted = []string{"MergeTree", "\nTTL ", "fsync_after_insert = 1", "fsync_part_directory = 1"}
		}
		if !shared[name] {
			wanted = append(wanted, "ORDER BY (site_id, ")
		}
		if !whole[name] && !derived[name] {
			wanted = append(wanted, "PARTITION BY toYYYYMM(")
		}
		if !lasting[name] && !derived[name] {
			wanted = append(wanted, "+ INTERVAL {retention_months} MONTH")
		}
		for _, want := range wanted {
			if !strings.Contains(table.rest, want) {
				t.Errorf("table %s lacks %q", name, want)
			}
		}
		for column, columnType := range table.types {
			if strings.HasSuffix(column, "_at") && !strings.HasPrefix(columnType, "DateTime64(3, 'UTC')") {
				t.Errorf("%s.%s is %s: times are UTC with milliseconds", name, column, columnType)
			}
			if strings.Contains(columnType, "Nullable") || strings.Contains(columnType, "Float") {
				t.Errorf("%s.%s is %s: no NULL, and no float for money", name, column, columnType)
			}
		}
	}
}
