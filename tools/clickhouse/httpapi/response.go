//go:build linux || darwin

package httpapi

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/headwater/headwater/tools/clickhouse/engine"
)

// A format is an output format as the engine describes it.
type format struct{ name, contentType string }

// readFormats asks the engine for its formats, by lower-case name.
func readFormats(e *engine.Engine) (map[string]format, error) {
	out, err := e.Read("SELECT name, content_type FROM system.formats WHERE is_output")
	if err != nil {
		return nil, err
	}
	formats := map[string]format{}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		if name, contentType, ok := strings.Cut(line, "\t"); ok {
			formats[strings.ToLower(name)] = format{name, contentType}
		}
	}
	return formats, nil
}

// setExact keeps the header's name as ClickHouse spells it, for scripts that look for it by its letters;
// http.Header.Set would write X-Clickhouse-.
func setExact(header http.Header, name, value string) { header[name] = []string{value} }

// begin writes the answer's headers; what follows goes to x.body. The format is empty for an INSERT.
func (x *exchange) begin(formatName string) {
	header := x.w.Header()
	described, known := x.handler.formats[strings.ToLower(formatName)]
	switch {
	case known:
		header.Set("Content-Type", described.contentType)
		setExact(header, "X-ClickHouse-Format", described.name)
	default:
		header.Set("Content-Type", "text/plain; charset=UTF-8")
	}
	setExact(header, "X-ClickHouse-Summary", x.summary())
	x.body = newResponseBody(x)
}

// summary counts as far as the statement has got: to its end, except where a result is streamed.
func (x *exchange) summary() string {
	count := func(n uint64) string { return strconv.FormatUint(n, 10) }
	out, err := json.Marshal(struct {
		ReadRows     string `json:"read_rows"`
		ReadBytes    string `json:"read_bytes"`
		WrittenRows  string `json:"written_rows"`
		WrittenBytes string `json:"written_bytes"`
		TotalRows    string `json:"total_rows_to_read"`
		ResultRows   string `json:"result_rows"`
		ResultBytes  string `json:"result_bytes"`
		ElapsedNs    string `json:"elapsed_ns"`
	}{
		count(x.stats.ReadRows), count(x.stats.ReadBytes), count(x.stats.WrittenRows), count(x.stats.WrittenBytes), "0",
		count(x.stats.ResultRows), "0", count(uint64(time.Since(x.started).Nanoseconds())),
	})
	if err != nil {
		return "{}"
	}
	return string(out)
}

// A responseBody writes the answer in the encoding that the request asked for.
type responseBody struct {
	exchange *exchange
	encoder  io.WriteCloser // nil when nothing is encoded
}

func newResponseBody(x *exchange) *responseBody {
	b := &responseBody{exchange: x}
	q := x.request
	if q.compress {
		b.encoder = newBlockWriter(sentWriter{x}, q.settings)
		return b
	}
	if value, set := q.settings["enable_http_compression"]; set && !isOn(value) {
		return b
	}
	if name, encoder := chooseEncoder(x.r.Header.Get("Accept-Encoding"), sentWriter{x}); encoder != nil {
		x.w.Header().Set("Content-Encoding", name)
		x.w.Header().Add("Vary", "Accept-Encoding")
		b.encoder = encoder
	}
	return b
}

// Write sends one piece of the result.
func (b *responseBody) Write(piece []byte) (int, error) {
	if len(piece) == 0 {
		return 0, nil
	}
	if b.encoder != nil {
		return b.encoder.Write(piece)
	}
	return sentWriter{b.exchange}.Write(piece)
}

// Close ends the answer; an encoder's last bytes are part of it.
func (b *responseBody) Close() error {
	if b.encoder == nil {
		return nil
	}
	return b.encoder.Close()
}

// sentWriter notes that the answer has begun: from then on the status can't change.
type sentWriter struct{ x *exchange }

func (s sentWriter) Write(piece []byte) (int, error) {
	s.x.sent = true
	return s.x.w.Write(piece)
}
