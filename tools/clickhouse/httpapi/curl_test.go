//go:build linux || darwin

package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
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
		{"POST", "/", "1 + 2", 400, "SYNTAX_ERROR"}, // chDB by itself would take it for a SELECT
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
