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
)

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
