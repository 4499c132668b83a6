package reports

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/schema"
)

func sqlNames(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := fs.Glob(schema.Attribution, pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files: %v", pattern, err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(path.Base(file), ".sql"))
	}
	return names
}

// TestEveryFileHasItsFunction holds the files of schema/attribution and the functions of this package together.
func TestEveryFileHasItsFunction(t *testing.T) {
	if files := sqlNames(t, "attribution/*.sql"); !slices.Equal(files, Names()) {
		t.Errorf("files %v, functions %v", files, Names())
	}
	for name, report := range reports {
		function := runtime.FuncForPC(reflect.ValueOf(report.run).Pointer()).Name()
		var camel string
		for word := range strings.SplitSeq(name, "_") {
			camel += strings.ToUpper(word[:1]) + word[1:]
		}
		if !strings.HasSuffix(function, "."+camel) {
			t.Errorf("%s.sql is run by %s, want %s", name, function, camel)
		}
		for _, param := range report.takes {
			if !slices.Contains(ParamNames(), param) {
				t.Errorf("%s takes %s, which ParseParams does not read", name, param)
			}
		}
	}
}

var (
	boundParam  = regexp.MustCompile(`\{(\w+):[A-Z]`)
	namedParams = regexp.MustCompile(`(?m)^--   (\w+(?:, \w+)*)  `)
)

// TestHeaders: every report says its question, its parameters (all, and no others) and what a row is.
func TestHeaders(t *testing.T) {
	for _, name := range Names() {
		file, err := readSQL(schema.Attribution, "attribution/"+name+".sql")
		if err != nil {
			t.Fatal(err)
		}
		if question := Question(name); len(question) < 20 || strings.Contains(question, "--") {
			t.Errorf("%s: question %q", name, question)
		}
		params, row, ok := strings.Cut(file.header, "\n-- A row: ")
		if _, after, found := strings.Cut(params, "\n-- Parameters:\n"); found && ok {
			params = after
		} else {
			t.Errorf("%s: the header needs the lines \"-- Parameters:\" and \"-- A row: …\"", name)
			continue
		}
		if len(row) < 20 {
			t.Errorf("%s: a row is %q", name, row)
		}
		text, err := SQL(name)
		if err != nil {
			t.Fatal(err)
		}
		bound := map[string]bool{}
		for _, line := range strings.Split(text, "\n") {
			if !strings.HasPrefix(line, "--") {
				for _, match := range boundParam.FindAllStringSubmatch(line, -1) {
					bound[match[1]] = true
				}
			}
		}
		documented := map[string]bool{}
		for _, match := range namedParams.FindAllStringSubmatch(params, -1) {
			for param := range strings.SplitSeq(match[1], ", ") {
				documented[param] = true
			}
		}
		if !reflect.DeepEqual(bound, documented) {
			t.Errorf("%s: documents %v, binds %v", name, documented, bound)
		}
	}
}

// TestFacts: every fact says what a row is, and is needed.
func TestFacts(t *testing.T) {
	needed := map[string]bool{"scope": true, "steps": true, "lead_paths": true} // asked by narrow, querySteps, and people where criteria name it
	for _, pattern := range []string{"attribution/*.sql", "attribution/facts/*.sql"} {
		files, _ := fs.Glob(schema.Attribution, pattern)
		for _, name := range files {
			file, err := readSQL(schema.Attribution, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, fact := range file.with {
				needed[fact] = true
			}
		}
	}
	files, _ := fs.Glob(schema.People, "people/*.sql") // asked by collector/people
	for _, name := range files {
		file, err := readSQL(schema.People, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, fact := range file.with {
			needed[fact] = true
		}
	}
	for _, fact := range sqlNames(t, "attribution/facts/*.sql") {
		if !needed[fact] {
			t.Errorf("facts/%s.sql: no report needs it", fact)
		}
		file, err := readSQL(schema.Attribution, "attribution/facts/"+fact+".sql")
		if err != nil || len(file.header) < 60 {
			t.Errorf("facts/%s.sql: say what a row is: %q, %v", fact, file.header, err)
		}
	}
}

func TestCompose(t *testing.T) {
	files := fstest.MapFS{
		"attribution/plain.sql":   {Data: []byte("-- Question: one?\nSELECT 1\n")},
		"attribution/with.sql":    {Data: []byte("-- with: b, a\nWITH\nown AS\n(\n    SELECT 3\n)\nSELECT * FROM own\n")},
		"attribution/calls.sql":   {Data: []byte("-- with: a, f\nSELECT f(1, 2) FROM a\n")},
		"attribution/facts/f.sql": {Data: []byte("-- F.\n(one, two) -> one + two\n")},
		"attribution/facts/a.sql": {Data: []byte("-- A.\nSELECT 1\n")},
		"attribution/facts/b.sql": {Data: []byte("-- with: a\n-- B.\nSELECT 2 FROM a\n")},
		"attribution/circle.sql":  {Data: []byte("-- with: c\nSELECT 1\n")},
		"attribution/facts/c.sql": {Data: []byte("-- with: d\nSELECT 1\n")},
		"attribution/facts/d.sql": {Data: []byte("-- with: c\nSELECT 1\n")},
	}
	for name, want := range map[string]string{
		"plain":   "-- Question: one?\nSELECT 1\n",
		"with":    "-- with: b, a\nWITH\na AS\n(\n-- A.\nSELECT 1\n),\n\nb AS\n(\n-- with: a\n-- B.\nSELECT 2 FROM a\n),\n\nown AS\n(\n    SELECT 3\n)\nSELECT * FROM own\n",
		"calls":   "-- with: a, f\nWITH\na AS\n(\n-- A.\nSELECT 1\n),\n\n-- F.\n(one, two) -> one + two AS f\n\nSELECT f(1, 2) FROM a\n",
		"facts/b": "-- with: a\n-- B.\nWITH\na AS\n(\n-- A.\nSELECT 1\n)\n\nSELECT 2 FROM a\n",
	} {
		if got, err := compose(files, name); err != nil || got != want {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
	for _, name := range []string{"circle", "missing"} {
		if text, err := compose(files, name); err == nil {
			t.Errorf("%s: no error, but %q", name, text)
		}
	}
}

// TestSecurityReportsAreReadOnly: what a report sends can't write, whatever its text.
func TestSecurityReportsAreReadOnly(t *testing.T) {
	conn := database(t)
	ctx := clickhouse.Context(context.Background(), clickhouse.WithSettings(settings()))
	for _, statement := range []string{
		"CREATE TABLE stolen (a Int8) ENGINE = Memory",
		"INSERT INTO touches (site_id) VALUES ('a')",
		"ALTER TABLE touches DELETE WHERE 1",
		"DROP TABLE touches",
	} {
		if err := conn.Exec(ctx, statement); err == nil {
			t.Errorf("%s: ran", statement)
		}
	}
}

// TestFailuresAreExplained: ClickHouse's own time limit, and tables that are not there, are told from other trouble.
func TestFailuresAreExplained(t *testing.T) {
	conn := database(t)
	limited := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 0.05}))
	for text, want := range map[string]error{
		"SELECT sum(cityHash64(number)) FROM numbers(1000000000000)": ErrTooSlow,
		"SELECT count() FROM touches_of_yesterday":                   ErrNoTables,
		"SELECT colour FROM touches":                                 ErrNoTables,
		"SELECT count() FROM elsewhere.touches":                      ErrNoTables,
		"SELECT throwIf(1)":                                          nil,
	} {
		var n uint64
		err := explained(conn.QueryRow(limited, text).Scan(&n))
		if err == nil || errors.Is(err, ErrTooSlow) != (want == ErrTooSlow) || errors.Is(err, ErrNoTables) != (want == ErrNoTables) {
			t.Errorf("%s: %v", text, err)
		}
		if err != nil && (strings.Contains(err.Error(), "SELECT count") || strings.Contains(err.Error(), "yesterday") || strings.Contains(err.Error(), "colour")) {
			t.Errorf("%s: the error quotes the query: %v", text, err)
		}
	}
}

// TestFlatView: the text of a report makes a parametrized view, for those who want one in the database.
func TestFlatView(t *testing.T) {
	conn := database(t)
	text, err := SQL("top_forms")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Exec(context.Background(), "CREATE VIEW top_forms AS "+text); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(context.Background(),
		"SELECT form FROM top_forms(site = 'a', since = '2026-01-01 00:00:00', until = '2027-01-01 00:00:00', contacts = [], by = [], suspects = 'exclude', limit = 10)")
	if err != nil {
		t.Fatal(err)
	}
	_ = rows.Close()
}
