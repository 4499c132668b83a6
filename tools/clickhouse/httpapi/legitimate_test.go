//go:build linux || darwin

package httpapi

import (
	"net/http"
	"testing"
)

// legitimate statements hold the words that the guard looks for, where they are harmless.
var legitimate = []string{
	"SELECT 'INTO OUTFILE \\'/etc/passwd\\''",
	"SELECT 'file(''/etc/passwd'')' AS text",
	"SELECT $$file('/etc/passwd')$$",
	"SELECT 1 -- file('/etc/passwd') INTO OUTFILE 'x'",
	"SELECT /* url('http://example.com') */ 1 # s3('x')",
	"SELECT 1 AS file, 2 AS url, 3 AS remote, 4 AS outfile, 5 AS infile, 6 AS engine, 7 AS disk, 8 AS format, 9 AS source",
	"CREATE TABLE file (file String, url String, `values` String, format String, engine String, disk String, source String) ENGINE = MergeTree ORDER BY (file, url)",
	"CREATE TABLE IF NOT EXISTS url (`file` String, s3 UInt8) ENGINE = Memory",
	"CREATE TABLE outfile (a String) ENGINE = Memory",
	"CREATE TABLE infile (a String) ENGINE = Memory",
	"INSERT INTO file (file, url, `values`, format, engine, disk, source) VALUES ('f', 'u', 'v', 'file(''x'')', 'File', 'd', 's')",
	"INSERT INTO TABLE file (file, url) VALUES (concat('a', 'b'), lower('U'))",
	"INSERT INTO url (file, s3) VALUES ('x', 1)",
	"INSERT INTO outfile VALUES ('INTO OUTFILE')",
	"INSERT INTO infile SELECT a FROM outfile",
	"INSERT INTO infile VALUES ('x')",
	"SELECT * FROM infile",
	"SELECT file, url, format FROM file WHERE file IN ('f', 'g') AND url != '' ORDER BY file, format DESC",
	"SELECT lower(file), count(url), concat(file, '/', url), any(format) FROM file GROUP BY file, url",
	"SELECT file.file, f.url FROM file AS f JOIN url USING (file)",
	"SELECT url, count() FROM file GROUP BY url HAVING url != '' ORDER BY url FORMAT JSON",
	"SELECT arrayMap(file -> concat(file, '!'), ['a', 'b'])",
	"SELECT arrayMap(x -> x || file, ['a']) FROM file",
	"SELECT * APPLY(toString) FROM file",
	"SELECT engine = 'File' FROM system.tables LIMIT 1",
	"SELECT name FROM system.table_functions WHERE name IN ('file', 'url')",
	"SELECT format('{} of {}', file, 'x') FROM file",
	"SELECT format('{0} {1}', 'a', 'b')",
	"SELECT * FROM format(JSONEachRow, '{\"a\": \"file(1)\", \"default\": 2}')",
	"SELECT * FROM format(CSV, 'a UInt8, b String', '1,\"file(x)\"')",
	"SELECT * FROM values('a UInt8, b String', (1, 'file(x)'), (2, upper('y')))",
	"SELECT * FROM values((1, 'a'), (2, 'b'))",
	"SELECT 1 // a comment's quote\n+ 1",
	"SELECT x'68656c6c6f', b'01101000'",
	"SELECT number FROM numbers(3) WHERE number IN (SELECT 1)",
	"SELECT * FROM generateRandom('a UInt8, b Array(String)', 1, 3, 2) LIMIT 2",
	"SELECT * FROM merge(currentDatabase(), '^outfile$')",
	"SELECT * FROM view(SELECT 1 AS a)",
	"WITH file AS (SELECT 1 AS a) SELECT a FROM file",
	"WITH 1 AS url SELECT url",
	"SELECT cutToFirstSignificantSubdomain('https://www.example.com/file(1)'), domain('http://a/'), path('http://a/b')",
	"SELECT extractURLParameter('http://a/?file=1', 'file')",
	"SELECT (1, 2).1, [1, 2][1], map('file', 1)['file'], 1.5e-3, 0xFF, .5, 1_000",
	"SELECT {s:String}, {t:Identifier} FROM file",
	"SELECT 1 AS \"file\", 2 AS `url`, 3 AS \"a \\\" b\"",
	"SELECT 'tab\\t quote\\' backslash\\\\ unicode \\x41 π'",
	"CREATE VIEW file_view AS SELECT file, 'SELECT file(1)' AS text FROM file",
	"CREATE MATERIALIZED VIEW to_url TO url AS SELECT file, toUInt8(1) AS s3 FROM file",
	"CREATE DICTIONARY lookup (file String, url String) PRIMARY KEY file SOURCE(CLICKHOUSE(TABLE 'file' DB currentDatabase())) LIFETIME(0) LAYOUT(COMPLEX_KEY_HASHED())",
	"CREATE DICTIONARY nothing (k UInt64, v String) PRIMARY KEY k SOURCE(NULL()) LIFETIME(0) LAYOUT(FLAT())",
	"CREATE TABLE typed (id UUID, d DateTime64(3, 'UTC'), e Enum8('file' = 1, 'url' = 2), m Map(String, String), t Tuple(file String, url String)) ENGINE = ReplacingMergeTree(d) PARTITION BY toYYYYMM(d) ORDER BY id TTL toDateTime(d) + INTERVAL 1 DAY SETTINGS index_granularity = 8192",
	"ALTER TABLE typed ADD COLUMN disk String DEFAULT 'disk(x)', ADD INDEX file_index (t.file) TYPE minmax",
	"ALTER TABLE typed MODIFY COMMENT 'stored INTO OUTFILE \\'x\\' ENGINE = File'",
	"ALTER TABLE typed DELETE WHERE e = 'file' SETTINGS mutations_sync = 2",
	"DETACH TABLE typed",
	"ATTACH TABLE typed",
	"OPTIMIZE TABLE typed FINAL",
	"SHOW CREATE TABLE file",
	"EXPLAIN SELECT file FROM file",
	"EXPLAIN AST SELECT 1",
	"DESCRIBE TABLE file",
	"EXISTS TABLE file",
	"SHOW TABLES LIKE '%file%'",
	"CHECK TABLE file",
	"TRUNCATE TABLE outfile",
	"SET max_threads = 1",
	"SYSTEM STOP MERGES",
	"SYSTEM START MERGES",
	"KILL QUERY WHERE query_id = 'nothing' SYNC",
	"RENAME TABLE outfile TO backup",
	"SELECT * FROM backup",
	"DROP TABLE backup SYNC",
	"(SELECT 1) UNION ALL (SELECT 2)",
	"SELECT 1;",
	"CREATE TEMPORARY TABLE file (a UInt8)",
	"SELECT count() FROM system.settings WHERE name = 'format_template_row'",
	"SELECT 'x' LIKE '%file(%', match('url(', 'url\\\\(')",
	"SELECT quantile(0.5)(number) FROM numbers(10)",
	"SELECT sum(number) OVER (ORDER BY number) FROM numbers(3) SETTINGS max_threads = 1 FORMAT TSV",
	"SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'file' AND name = 'url'",
}

func TestLegitimateSQLPasses(t *testing.T) {
	base := serve(t)
	database := newDatabase(t, base)
	for _, statement := range legitimate {
		got := ask(t, base, statement, "database", database, "param_s", "file('x')", "param_t", "file")
		if got.status != http.StatusOK {
			t.Errorf("%s\n  answered %d %s", statement, got.status, got.body)
		}
	}
}
