//go:build linux || darwin

package httpapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

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
