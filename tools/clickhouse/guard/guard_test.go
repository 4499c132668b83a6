package guard

import (
	"errors"
	"strings"
	"testing"
)

// testPolicy knows some of what a real engine lists; the tests in package httpapi use a real one.
func testPolicy() *Policy {
	return New(Known{
		TableFunctions:  []string{"file", "url", "s3", "remote", "numbers", "format", "values", "brandNew", "view", "input", "null", "generateRandom"},
		TableEngines:    []string{"MergeTree", "File", "URL", "Memory", "BrandNewEngine"},
		DatabaseEngines: []string{"Atomic", "Memory", "Filesystem", "BrandNewDatabase"},
	})
}

func TestRefused(t *testing.T) {
	policy := testPolicy()
	for statement, what := range map[string]string{
		"SELECT * FROM brandNew(1)":                                                             "brandNew()", // what this package does not know is refused
		"CREATE TABLE t (a Int8) ENGINE = BrandNewEngine":                                       "BrandNewEngine",
		"CREATE DATABASE d ENGINE BrandNewDatabase":                                             "BrandNewDatabase",
		"SELECT file('x')":                                                                      "file()",
		"SELECT `fi\\x6ce` /* x */ ('x')":                                                       "file()",
		"SELECT arrayMap((file AS f), x)":                                                       "file()",
		"SELECT arrayMap({f:Identifier}, x)":                                                    "file()",
		"SELECT * APPLY(file) FROM t":                                                           "file()",
		"SELECT 1 INTO OUTFILE 'x'":                                                             "INTO OUTFILE",
		"INSERT INTO t FROM INFILE 'x'":                                                         "FROM INFILE",
		"BACKUP TABLE t TO File('x')":                                                           "BACKUP",
		"ATTACH TABLE t FROM 'x' (a Int8) ENGINE = MergeTree":                                   "ATTACH",
		"INSERT INTO FUNCTION file('x') SELECT 1":                                               "file()",
		"CREATE TABLE t (a Int8) SETTINGS disk = disk(type=a)":                                  "disk()",
		"CREATE DICTIONARY d (k Int8) PRIMARY KEY k SOURCE(HTTP(URL 'x'))":                      "HTTP",
		"CREATE DICTIONARY d (k Int8) PRIMARY KEY k SOURCE(CLICKHOUSE(HOST 'h' TABLE 't'))":     "HOST",
		"CREATE DICTIONARY d (k Int8) PRIMARY KEY k SOURCE(CLICKHOUSE(QUERY 'SELECT file(1)'))": "file()",
		"CREATE DICTIONARY d (k Int8) PRIMARY KEY k SOURCE(NULL()) LAYOUT(SSD_CACHE(PATH 'x'))": "SSD_CACHE",
		"EXPLAIN CREATE DICTIONARY d (k Int8) PRIMARY KEY k SOURCE(FILE(PATH 'x'))":             "FILE",
		"SELECT * FROM format(Values, '(file(1))')":                                             "file()",
		"SELECT * FROM format(JSONEachRow, 'a String DEFAULT file(1)', '{}')":                   "file()",
		"SELECT * FROM format(JSONEachRow, 'a ' || 'b', '{}')":                                  "literal",
		"SELECT * FROM values(s, 1)":                                                            "literal",
		"SELECT 1 PARALLEL WITH SELECT 2":                                                       "PARALLEL WITH",
	} {
		err := policy.Check(statement, map[string]string{"f": "file"})
		var refusal *Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s\n  gives %v, want a refusal of %s", statement, err, what)
		}
	}
	if err := policy.CheckValues("(1, 'file(1)'), (file(1), 2)"); err == nil {
		t.Error("VALUES data with a call of file() passed")
	}
	if err := policy.CheckStructure("a String DEFAULT file('x')"); err == nil {
		t.Error("a column with a default of file() passed")
	}
}

func TestAllowed(t *testing.T) {
	policy := testPolicy()
	for _, statement := range []string{
		"SELECT file, url FROM t", "SELECT 'file(1)'", "CREATE TABLE file (url String) ENGINE = MergeTree ORDER BY url", "INSERT INTO url (file) VALUES",
		"INSERT INTO db.file (a) SELECT 1", "SELECT lower(file), concat(file, 'x') FROM t", "SELECT arraySum(file), arrayElement(x, file) FROM t",
		"SELECT * FROM numbers(3)", "SELECT format('{}', file)", "SELECT * FROM infile", "SELECT a -- file('x')", "SELECT * FROM values('a UInt8', 1, now())",
		"CREATE DICTIONARY d (k Int8) PRIMARY KEY k SOURCE(CLICKHOUSE(TABLE 'port' DB 'host'))", "SELECT {file:String}, {t:Identifier}", "ATTACH TABLE db.t", "", "garbage (",
	} {
		if err := policy.Check(statement, map[string]string{"t": "file"}); err != nil {
			t.Errorf("%s\n  gives %v", statement, err)
		}
	}
	if err := policy.CheckValues("(1, 'it''s file(1)', now(), \"x\")"); err != nil {
		t.Errorf("VALUES data: %v", err)
	}
}

func FuzzCheckNeverPanics(f *testing.F) {
	policy := testPolicy()
	for _, seed := range []string{"SELECT file(", "CREATE DICTIONARY d SOURCE(", "format(Values,", "INSERT INTO", "arrayMap((((", "ATTACH", "CREATE TABLE a.", "{f:Identifier}(", "SOURCE(CLICKHOUSE(QUERY 'x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, statement string) {
		policy.Check(statement, map[string]string{"f": "file"})
		policy.CheckValues(statement)
	})
}
