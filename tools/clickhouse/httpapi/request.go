//go:build linux || darwin

package httpapi

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/headwater/headwater/tools/clickhouse/chdb"
)

// A request is what the URL, the headers and a multi-part body say, in the engine's terms.
type request struct {
	query      string    // from the URL or a form field; the body continues it
	body       io.Reader // decompressed
	queryID    string
	database   string
	format     string // output format where the statement names none
	settings   map[string]string
	parameters chdb.Parameters
	externals  []external

	compress      bool // answer in ClickHouse's own compressed blocks
	waitForEnd    bool
	isNativeHello bool // sent by a client that decodes newer Native revisions
}

// reserved parameters of the URL are no settings.
var reserved = map[string]bool{
	"query": true, "database": true, "default_format": true, "query_id": true, "user": true, "password": true, "quota_key": true,
	"compress": true, "decompress": true, "buffer_size": true, "wait_end_of_query": true, "stacktrace": true, "role": true,
	"session_id": true, "session_timeout": true, "session_check": true, "close_session": true, "client_protocol_version": true,
}

// parseRequest reads everything but the statement's text and data. The query id is set even with an error.
func parseRequest(r *http.Request) (request, error) {
	values := r.URL.Query()
	q := request{
		queryID:       firstOf(values.Get("query_id"), r.Header.Get("X-ClickHouse-Query-Id")),
		database:      firstOf(r.Header.Get("X-ClickHouse-Database"), values.Get("database")),
		format:        firstOf(r.Header.Get("X-ClickHouse-Format"), values.Get("default_format"), "TabSeparated"),
		compress:      isOn(values.Get("compress")),
		waitForEnd:    isOn(values.Get("wait_end_of_query")) || isOn(values.Get("http_wait_end_of_query")),
		isNativeHello: values.Has("client_protocol_version"),
		settings:      map[string]string{},
		parameters:    chdb.Parameters{},
	}
	if q.queryID == "" {
		q.queryID = uuid.NewString()
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return q, exception(36, "BAD_ARGUMENTS", "Cannot parse the URL's parameters: %s", err)
	}
	if err := refuseUnsupported(values); err != nil {
		return q, err
	}
	var err error
	if q.body, err = decode(r.Body, r.Header.Get("Content-Encoding"), isOn(values.Get("decompress"))); err != nil {
		return q, err
	}
	if err := q.readForm(r, values); err != nil {
		return q, err
	}
	q.query = values.Get("query")
	for name, value := range values {
		switch {
		case strings.HasPrefix(name, "param_"):
			q.parameters[strings.TrimPrefix(name, "param_")] = value[0]
		case !reserved[name] && !q.describesExternal(name):
			q.settings[name] = value[0]
		}
	}
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && (q.settings["readonly"] == "" || q.settings["readonly"] == "0") {
		q.settings["readonly"] = "2"
	}
	return q, nil
}

func refuseUnsupported(values url.Values) error {
	if values.Get("session_id") != "" {
		return exception(48, "NOT_IMPLEMENTED", "HTTP sessions (session_id) are not available in the embedded ClickHouse: give the settings with each request, and use ordinary tables instead of temporary ones")
	}
	if values.Get("role") != "" {
		return exception(48, "NOT_IMPLEMENTED", "Roles are not available in the embedded ClickHouse: leave out the parameter role")
	}
	return nil
}

// maxForm bounds what a multi-part body may hold in memory.
const maxForm = 256 << 20

// readForm reads a multi-part body: its part "query" belongs to the statement, parts named param_… are
// parameters, every other part is an external table.
func (q *request) readForm(r *http.Request, values url.Values) error {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil
	}
	reader := multipart.NewReader(io.LimitReader(q.body, maxForm), parameters["boundary"])
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return exception(36, "BAD_ARGUMENTS", "Cannot read the multi-part body: %s", err)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return exception(36, "BAD_ARGUMENTS", "Cannot read the multi-part body: %s", err)
		}
		name := part.FormName()
		switch {
		case name == "query" && part.FileName() == "":
			values.Set("query", values.Get("query")+string(data))
		case strings.HasPrefix(name, "param_") && part.FileName() == "":
			values.Set(name, string(data))
		default:
			q.externals = append(q.externals, external{name: name, data: data})
		}
	}
	q.body = bytes.NewReader(nil)
	for i := range q.externals {
		if err := q.externals[i].describe(values); err != nil {
			return err
		}
	}
	return nil
}

func (q *request) describesExternal(parameter string) bool {
	for _, table := range q.externals {
		for _, suffix := range []string{"_format", "_structure", "_types"} {
			if parameter == table.name+suffix {
				return true
			}
		}
	}
	return false
}

func firstOf(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}

func isOn(value string) bool { return value == "1" || value == "true" }
