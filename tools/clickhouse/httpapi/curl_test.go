//go:build linux || darwin

package httpapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// get sends what curl sends for a bare URL. The query is already escaped.
func get(t *testing.T, address string, header ...string) answer {
	t.Helper()
	return send(t, http.MethodGet, address, "", header...)
}

func send(t *testing.T, method, address, body string, header ...string) answer {
	t.Helper()
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			request.Host = header[i+1]
			continue
		}
		request.Header.Set(header[i], header[i+1])
	}
	return do(t, request)
}

func TestFormats(t *testing.T) {
	base := serve(t)
	for _, check := range []struct{ format, contentType, contains string }{
		{"TabSeparated", "text/tab-separated-values; charset=UTF-8", "1\ta"},
		{"TSVWithNames", "text/tab-separated-values; charset=UTF-8", "n\ts\n1\ta"},
		{"CSV", "text/csv; charset=UTF-8; header=absent", "1,\"a\""},
		{"CSVWithNames", "text/csv; charset=UTF-8; header=present", "\"n\",\"s\"\n1,\"a\""},
		{"JSON", "application/json; charset=UTF-8", "\"rows\": 1"},
		{"JSONCompact", "application/json; charset=UTF-8", "[1, \"a\"]"},
		{"JSONEachRow", "application/x-ndjson; charset=UTF-8", "{\"n\":1,\"s\":\"a\"}"},
		{"Pretty", "text/plain; charset=UTF-8", "┃"},
		{"PrettyCompact", "text/plain; charset=UTF-8", "│"},
		{"Vertical", "text/plain; charset=UTF-8", "n: 1\ns: a"},
		{"Markdown", "text/plain; charset=UTF-8", "| n | s |"},
		{"XML", "application/xml; charset=UTF-8", "<n>1</n>"},
		{"Parquet", "application/octet-stream", "PAR1"},
		{"Native", "application/octet-stream", "\x02\x01\x01n"},
		{"RowBinary", "application/octet-stream", "\x01\x01a"},
		{"Values", "text/plain; charset=UTF-8", "(1,'a')"},
		{"SQLInsert", "text/plain; charset=UTF-8", "INSERT INTO"},
		{"Null", "text/plain; charset=UTF-8", ""},
	} {
		const query = "SELECT 1 AS n, 'a' AS s"
		byClause := get(t, base+"/?query="+url.QueryEscape(query+" FORMAT "+check.format))
		byParameter := get(t, base+"/?default_format="+check.format+"&query="+url.QueryEscape(query))
		byHeader := get(t, base+"/?query="+url.QueryEscape(query), "X-ClickHouse-Format", check.format)
		for name, got := range map[string]answer{"FORMAT": byClause, "default_format": byParameter, "X-ClickHouse-Format": byHeader} {
			if got.status != http.StatusOK || got.header.Get("Content-Type") != check.contentType || !strings.Contains(got.body, check.contains) {
				t.Errorf("%s by %s: %d %q %q", check.format, name, got.status, got.header.Get("Content-Type"), got.body)
			}
			if got.header.Get("X-ClickHouse-Format") != check.format {
				t.Errorf("%s by %s: X-ClickHouse-Format is %q", check.format, name, got.header.Get("X-ClickHouse-Format"))
			}
		}
	}
	got := get(t, base+"/?default_format=JSON&query=SELECT+1+FORMAT+CSV")
	if got.body != "1\n" {
		t.Errorf("the statement's own format must win: %q", got.body)
	}
	if got := get(t, base+"/?query=SELECT+1+FORMAT+Nobody"); got.status != http.StatusNotFound || got.header.Get("X-ClickHouse-Exception-Code") != "73" {
		t.Errorf("an unknown format: %d %s", got.status, got.body)
	}
}

func TestRoutes(t *testing.T) {
	base := serve(t)
	for _, check := range []struct {
		method, path, body string
		status             int
		contains           string
	}{
		{"GET", "/ping", "", 200, "Ok.\n"},
		{"GET", "/", "", 200, "Ok.\n"},
		{"GET", "/replicas_status", "", 200, "Ok.\n"},
		{"HEAD", "/ping", "", 200, ""},
		{"HEAD", "/?query=SELECT+1", "", 200, ""},
		{"OPTIONS", "/", "", 204, ""},
		{"PUT", "/?query=SELECT+1", "", 405, "POST"},
		{"DELETE", "/", "", 405, "POST"},
		{"GET", "/nobody", "", 404, "There is no handle /nobody"},
		{"POST", "/nobody", "SELECT 1", 404, "There is no handle"},
		{"POST", "/", "SELECT 1", 200, "1\n"},
		{"POST", "/?", "SELECT\n1", 200, "1\n"},
		{"POST", "/", "", 400, "Empty query"},
		{"GET", "/?query=", "", 400, "Empty query"},
		{"GET", "/?database=default", "", 400, "Empty query"},
		{"POST", "/?query=SELECT", "1 + 2", 200, "3\n"},
		{"POST", "/?query=SELECT+1", "+ 1", 200, "2\n"},
		{"GET", "/?query=SELECT+%zz", "", 400, "Cannot parse"},
		{"GET", "/?query=SELECT+1;SELECT+2", "", 400, ""},
		{"POST", "/", "SELECT 1; SELECT 2", 400, "Multi-statements"},
	} {
		got := send(t, check.method, base+check.path, check.body)
		if got.status != check.status || !strings.Contains(got.body, check.contains) {
			t.Errorf("%s %s %q: %d %q, want %d with %q", check.method, check.path, check.body, got.status, got.body, check.status, check.contains)
		}
	}
}

func TestGetOnlyReads(t *testing.T) {
	base := serve(t)
	database := newDatabase(t, base)
	for _, statement := range []string{"CREATE TABLE t (a Int8) ENGINE = Memory", "CREATE TABLE t (a Int8) ENGINE = Memory SETTINGS readonly = 0", "DROP DATABASE " + database} {
		for _, parameters := range []string{"", "&readonly=0"} {
			got := get(t, base+"/?database="+database+parameters+"&query="+url.QueryEscape(statement))
			if got.status == http.StatusOK {
				t.Errorf("GET %s%s succeeded", statement, parameters)
			}
		}
	}
	if got := get(t, base+"/?max_threads=2&query="+url.QueryEscape("SELECT getSetting('max_threads')")); got.body != "2\n" {
		t.Errorf("settings with GET: %q", got.body)
	}
}

// TestParameters holds that a parameter's text means what it means to a ClickHouse server: a TSV field.
func TestParameters(t *testing.T) {
	base := serve(t)
	for _, check := range []struct{ kind, value, want string }{
		{"String", "plain", "plain"},
		{"String", "it's \"quoted\"", "it's \"quoted\""},
		{"String", `a\tb\\c\nd`, "a\tb\\c\nd"},
		{"String", "", ""},
		{"String", "π 日本 🙂", "π 日本 🙂"},
		{"String", "' OR 1=1 --", "' OR 1=1 --"},
		{"String", "{x:String}", "{x:String}"},
		{"Array(String)", `['it\'s','b']`, "['it\\'s','b']"},
		{"Array(UInt8)", "[1,2]", "[1,2]"},
		{"Map(String, UInt8)", "{'a':1}", "{'a':1}"},
		{"Tuple(String, UInt8)", "('a',1)", "('a',1)"},
		{"Nullable(String)", `\N`, "\\N"},
		{"DateTime64(3, 'UTC')", "2026-01-02 03:04:05.678", "2026-01-02 03:04:05.678"},
		{"Decimal(18, 4)", "12.3456", "12.3456"},
		{"UUID", "61f0c404-5cb3-11e7-907b-a6006ad3dba0", "61f0c404-5cb3-11e7-907b-a6006ad3dba0"},
		{"Bool", "true", "true"},
	} {
		got := ask(t, base, "SELECT {v:"+check.kind+"} FORMAT TSVRaw", "param_v", check.value)
		if got.status != http.StatusOK || got.body != check.want+"\n" {
			t.Errorf("{v:%s} with %q: %d %q", check.kind, check.value, got.status, got.body)
		}
	}
	if got := must(t, base, "SELECT {a:UInt8} + {b:UInt8}", "param_a", "1", "param_b", "2"); got != "3\n" {
		t.Errorf("two parameters: %q", got)
	}
	if got := ask(t, base, "SELECT {v:UInt8}", "param_v", "x"); got.header.Get("X-ClickHouse-Exception-Code") != "457" {
		t.Errorf("a bad value: %d %s", got.status, got.body)
	}
	if got := must(t, base, "SELECT count() FROM {d:Identifier}.{t:Identifier}", "param_d", "system", "param_t", "one"); got != "1\n" {
		t.Errorf("identifiers: %q", got)
	}
	if got := ask(t, base, "SELECT {v:String}"); got.status == http.StatusOK || got.header.Get("X-ClickHouse-Exception-Code") != "456" {
		t.Errorf("a missing parameter: %d %s", got.status, got.body)
	}
}

func TestInserts(t *testing.T) {
	base := serve(t)
	database := newDatabase(t, base)
	must(t, base, "CREATE TABLE t (a UInt32, b String DEFAULT 'none') ENGINE = MergeTree ORDER BY a", "database", database)
	native := must(t, base, "SELECT toUInt32(9) AS a, 'native' AS b FORMAT Native")
	for _, check := range []struct{ name, query, body, want string }{
		{"values in the body", "", "INSERT INTO t VALUES (1, 'x'), (2, upper('y'))", "1\tx\n2\tY\n"},
		{"values continued in the body", "INSERT INTO t VALUES", "(1, 'x')", "1\tx\n"},
		{"values split", "INSERT INTO t VALUES (1, 'x'),", "(2, 'y')", "1\tx\n2\ty\n"},
		{"select", "INSERT INTO t SELECT number, 'n' FROM numbers(2)", "", "0\tn\n1\tn\n"},
		{"select continued", "INSERT INTO t SELECT number, 'n'", "FROM numbers(2)", "0\tn\n1\tn\n"},
		{"with", "", "INSERT INTO t WITH 5 AS x SELECT x, 'w'", "5\tw\n"},
		{"JSONEachRow in the body", "INSERT INTO t FORMAT JSONEachRow", `{"a":1,"b":"x"} {"a":2}`, "1\tx\n2\tnone\n"},
		{"CSV all in the body", "", "INSERT INTO t FORMAT CSV\n1,\"x, y\"\n2,\"INSERT INTO t FORMAT CSV\"\n", "1\tx, y\n2\tINSERT INTO t FORMAT CSV\n"},
		{"CSV with a trailing line end", "INSERT INTO t FORMAT CSV\n", "1,x\n", "1\tx\n"},
		{"TSV", "INSERT INTO t FORMAT TSV", "1\ta\\tb\n", "1\ta\\tb\n"},
		{"TSV that begins with an empty line's field", "INSERT INTO t (b) FORMAT TSV", "\nx\n", "0\t\n0\tx\n"},
		{"columns", "INSERT INTO t (b, a) FORMAT CSV", "x,1\n", "1\tx\n"},
		{"Native", "INSERT INTO t FORMAT Native", native, "9\tnative\n"},
		{"settings clause", "INSERT INTO t SETTINGS async_insert = 1, wait_for_async_insert = 1 FORMAT CSV", "1,x\n", "1\tx\n"},
		{"input()", "INSERT INTO t SELECT x * 2, 'i' FROM input('x UInt32') FORMAT CSV", "1\n2\n", "2\ti\n4\ti\n"},
		{"comment and case", "", "-- note\n/* x */ insert /* y */ into t format csv\n3,z\n", "3\tz\n"},
		{"quoted names", "INSERT INTO `t` (`a`, \"b\") FORMAT Values", "(1, 'x')", "1\tx\n"},
		{"no rows", "INSERT INTO t FORMAT JSONEachRow", "", ""},
		{"strings that look like clauses", "", "INSERT INTO t VALUES (1, 'x FORMAT CSV VALUES (')", "1\tx FORMAT CSV VALUES (\n"},
		{"parameters", "INSERT INTO t VALUES ({p:UInt32}, {s:String})", "", "7\tit\\'s\n"},
	} {
		must(t, base, "TRUNCATE TABLE t", "database", database)
		got := ask(t, base, check.body, "database", database, "query", check.query, "param_p", "7", "param_s", "it's")
		if got.status != http.StatusOK || got.body != "" {
			t.Errorf("%s: %d %q", check.name, got.status, got.body)
			continue
		}
		if stored := must(t, base, "SELECT * FROM t ORDER BY ALL", "database", database); stored != check.want {
			t.Errorf("%s: stored %q, want %q", check.name, stored, check.want)
		}
	}
	got := ask(t, base, "{\"a\":\"x\"}", "database", database, "query", "INSERT INTO t FORMAT JSONEachRow")
	if got.status != http.StatusBadRequest || !strings.Contains(got.body, "DB::Exception") {
		t.Errorf("bad data: %d %s", got.status, got.body)
	}
	var summary map[string]string
	got = ask(t, base, "1,x\n2,y\n", "database", database, "query", "INSERT INTO t FORMAT CSV")
	if err := json.Unmarshal([]byte(got.header.Get("X-ClickHouse-Summary")), &summary); err != nil || summary["written_rows"] != "2" {
		t.Errorf("summary of an INSERT: %v (%v)", summary, err)
	}
}

func TestLargeValues(t *testing.T) {
	base := serve(t)
	database := newDatabase(t, base)
	must(t, base, "CREATE TABLE t (a UInt32, b String) ENGINE = MergeTree ORDER BY a", "database", database)
	var values strings.Builder
	const rows = 200_000 // more than is held in memory to be judged
	text := strings.Repeat("x", 100)
	for i := range rows {
		if i > 0 {
			values.WriteByte(',')
		}
		values.WriteString("(7,'" + text + "')")
	}
	must(t, base, "INSERT INTO t VALUES "+values.String(), "database", database)
	if got := must(t, base, "SELECT count() FROM t", "database", database); got != "200000\n" {
		t.Errorf("stored %q rows", got)
	}
}

func TestExternalData(t *testing.T) {
	base := serve(t)
	for _, check := range []struct {
		name, parameters, part, data, want string
	}{
		{"structure", "given_structure=" + url.QueryEscape("x UInt8, s String") + "&given_format=CSV", "given", "1,a\n2,b\n", "2\t3\n"},
		{"types", "given_types=" + url.QueryEscape("UInt8,String"), "given", "1\ta\n", "1\t1\n"},
	} {
		column := "x"
		if check.name == "types" {
			column = "_1"
		}
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, err := form.CreateFormFile(check.part, "data")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(part, check.data)
		form.Close()
		got := send(t, http.MethodPost, base+"/?"+check.parameters+"&query="+url.QueryEscape("SELECT count(), sum("+column+") FROM given"), body.String(), "Content-Type", form.FormDataContentType())
		if got.status != http.StatusOK || got.body != check.want {
			t.Errorf("%s: %d %q", check.name, got.status, got.body)
		}
	}
	for _, structure := range []string{"", "x String DEFAULT file('" + testEngine.dir + "/canary.txt')", "x UInt8) ENGINE = Memory AS SELECT (1", "x UInt8); SELECT (1"} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, err := form.CreateFormFile("given", "data")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(part, "1\n")
		form.Close()
		got := send(t, http.MethodPost, base+"/?given_structure="+url.QueryEscape(structure)+"&query="+url.QueryEscape("SELECT * FROM given"), body.String(), "Content-Type", form.FormDataContentType())
		if got.status == http.StatusOK || strings.Contains(got.body, canary) {
			t.Errorf("structure %q: %d %s", structure, got.status, got.body)
		}
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	form.WriteField("query", "SELECT {p:String}")
	form.WriteField("param_p", "from a field")
	form.Close()
	if got := send(t, http.MethodPost, base+"/", body.String(), "Content-Type", form.FormDataContentType()); got.body != "from a field\n" {
		t.Errorf("form fields: %d %q", got.status, got.body)
	}
}

func TestHeadersOfAnAnswer(t *testing.T) {
	base := serve(t)
	got := ask(t, base, "SELECT number FROM numbers(5)", "query_id", "my-id", "wait_end_of_query", "1")
	for name, want := range map[string]string{
		"X-ClickHouse-Query-Id": "my-id", "X-ClickHouse-Server-Display-Name": testEngine.engine.Info().DisplayName,
		"X-ClickHouse-Timezone": testEngine.engine.Info().Timezone, "X-ClickHouse-Format": "TabSeparated",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.header.Get(name), want)
		}
	}
	var summary map[string]string
	if err := json.Unmarshal([]byte(got.header.Get("X-ClickHouse-Summary")), &summary); err != nil || summary["result_rows"] != "5" || summary["read_rows"] != "5" {
		t.Errorf("summary %v (%v)", summary, err)
	}
	if got := ask(t, base, "SELECT 1"); len(got.header.Get("X-ClickHouse-Query-Id")) != 36 {
		t.Errorf("a query without an id got %q", got.header.Get("X-ClickHouse-Query-Id"))
	}
	got = ask(t, base, "SELECT * FROM nobody")
	if got.status != http.StatusNotFound || got.header.Get("X-ClickHouse-Exception-Code") != "60" || !strings.HasPrefix(got.body, "Code: 60. DB::Exception: ") || !strings.Contains(got.body, "(UNKNOWN_TABLE) (version ") {
		t.Errorf("an exception: %d %v %q", got.status, got.header, got.body)
	}
}

func TestExceptionInTheMiddle(t *testing.T) {
	base := serve(t)
	const statement = "SELECT throwIf(number = 500000, 'late') FROM numbers(1000000) SETTINGS max_threads = 1"
	got := ask(t, base, statement)
	tag := got.header.Get("X-ClickHouse-Exception-Tag")
	if got.status != http.StatusOK || got.err == nil || !strings.Contains(got.body, "\r\n__exception__\r\n"+tag+"\r\nCode: 395. ") {
		t.Errorf("streamed: %d, error %v, tag %q, end %q", got.status, got.err, tag, got.body[max(0, len(got.body)-300):])
	}
	got = ask(t, base, statement, "wait_end_of_query", "1")
	if got.status != http.StatusInternalServerError || got.header.Get("X-ClickHouse-Exception-Code") != "395" {
		t.Errorf("with wait_end_of_query: %d %q", got.status, got.body)
	}
}

func TestTotalsAndExtremesComeOnce(t *testing.T) {
	base := serve(t)
	got := must(t, base, "SELECT number % 2 AS k, count() FROM numbers(10) GROUP BY k WITH TOTALS ORDER BY k", "max_block_size", "1")
	if got != "0\t5\n1\t5\n\n0\t10\n" {
		t.Errorf("totals: %q", got)
	}
	got = must(t, base, "SELECT number FROM numbers(3)", "extremes", "1", "max_block_size", "1")
	if got != "0\n1\n2\n\n0\n2\n" {
		t.Errorf("extremes: %q", got)
	}
	got = must(t, base, "SELECT number FROM numbers(2) FORMAT JSONEachRow SETTINGS output_format_json_array_of_rows = 1, max_block_size = 1")
	if !json.Valid([]byte(got)) {
		t.Errorf("array of rows: %q", got)
	}
}

func TestCompression(t *testing.T) {
	base := serve(t)
	const statement = "SELECT number % 10, 'some text' FROM numbers(100000)"
	plain := must(t, base, statement)
	for encoding, open := range map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
		"lz4":  func(r io.Reader) (io.Reader, error) { return lz4.NewReader(r), nil },
	} {
		got := send(t, http.MethodPost, base+"/?enable_http_compression=1", statement, "Accept-Encoding", encoding)
		reader, err := open(strings.NewReader(got.body))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if got.header.Get("Content-Encoding") != encoding || err != nil || string(text) != plain || len(got.body) >= len(plain) {
			t.Errorf("%s: Content-Encoding %q, %d bytes, %v", encoding, got.header.Get("Content-Encoding"), len(got.body), err)
		}
	}
	got := send(t, http.MethodPost, base+"/?enable_http_compression=0", statement, "Accept-Encoding", "gzip")
	if got.header.Get("Content-Encoding") != "" || got.body != plain {
		t.Errorf("turned off: Content-Encoding %q", got.header.Get("Content-Encoding"))
	}
	got = send(t, http.MethodPost, base+"/?compress=1", statement)
	text, err := io.ReadAll(compress.NewReader(strings.NewReader(got.body)))
	if string(text) != plain {
		t.Errorf("compress=1: %d bytes (%v)", len(text), err)
	}
	var body bytes.Buffer
	writer := gzip.NewWriter(&body)
	io.WriteString(writer, "SELECT 42")
	writer.Close()
	if got := send(t, http.MethodPost, base+"/", body.String(), "Content-Encoding", "gzip"); got.body != "42\n" {
		t.Errorf("a gzipped request: %d %q", got.status, got.body)
	}
	if got := send(t, http.MethodPost, base+"/", "SELECT 1", "Content-Encoding", "nobody"); got.status != http.StatusNotImplemented {
		t.Errorf("an unknown encoding: %d %q", got.status, got.body)
	}
	if got := send(t, http.MethodPost, base+"/", "SELECT 1", "Content-Encoding", "gzip"); got.status != http.StatusBadRequest {
		t.Errorf("no gzip at all: %d %q", got.status, got.body)
	}
}

// TestCutBodyStoresNothing holds that a batch whose request breaks off is not stored in part.
func TestCutBodyStoresNothing(t *testing.T) {
	base := serve(t)
	database := newDatabase(t, base)
	must(t, base, "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a", "database", database)
	block := compress.NewWriter(compress.LevelZero, compress.LZ4)
	native := must(t, base, "SELECT number AS a FROM numbers(1000) FORMAT Native")
	if err := block.Compress([]byte(native)); err != nil {
		t.Fatal(err)
	}
	whole := string(block.Data)
	query := "/?decompress=1&database=" + database + "&query=" + url.QueryEscape("INSERT INTO t FORMAT Native")
	got := send(t, http.MethodPost, base+query, whole[:len(whole)-10])
	if got.status == http.StatusOK {
		t.Errorf("a cut block was accepted: %d", got.status)
	}
	var body bytes.Buffer
	zipped := gzip.NewWriter(&body)
	io.WriteString(zipped, native)
	zipped.Close()
	query = "/?database=" + database + "&query=" + url.QueryEscape("INSERT INTO t FORMAT Native")
	if got := send(t, http.MethodPost, base+query, body.String()[:body.Len()-20], "Content-Encoding", "gzip"); got.status == http.StatusOK {
		t.Errorf("a cut gzip body was accepted: %d", got.status)
	}
	if got := must(t, base, "SELECT count() FROM t", "database", database); got != "0\n" {
		t.Errorf("%s rows of cut bodies were stored", got)
	}
}

func TestDatabase(t *testing.T) {
	base := serve(t)
	database := newDatabase(t, base)
	for name, got := range map[string]answer{
		"parameter": get(t, base+"/?query=SELECT+currentDatabase()&database="+database),
		"header":    get(t, base+"/?query=SELECT+currentDatabase()", "X-ClickHouse-Database", database),
	} {
		if got.body != database+"\n" {
			t.Errorf("by %s: %d %q", name, got.status, got.body)
		}
	}
	if got := get(t, base+"/?query=SELECT+1&database=nobody"); got.status != http.StatusNotFound || got.header.Get("X-ClickHouse-Exception-Code") != "81" {
		t.Errorf("an unknown database: %d %q", got.status, got.body)
	}
}

func TestUnsupportedParametersSaySo(t *testing.T) {
	base := serve(t)
	for _, parameter := range []string{"session_id=x", "role=x"} {
		got := get(t, base+"/?query=SELECT+1&"+parameter)
		if got.status != http.StatusNotImplemented || got.header.Get("X-ClickHouse-Exception-Code") != "48" {
			t.Errorf("%s: %d %q", parameter, got.status, got.body)
		}
	}
	if got := get(t, base+"/?query=SELECT+1&nobody=1"); got.status != http.StatusNotFound || got.header.Get("X-ClickHouse-Exception-Code") != "115" {
		t.Errorf("an unknown setting: %d %q", got.status, got.body)
	}
	if got := ask(t, base, "CREATE TABLE t ON CLUSTER c (a Int8) ENGINE = Memory"); got.status == http.StatusOK {
		t.Errorf("ON CLUSTER: %q", got.body)
	}
}
