//go:build linux || darwin

// Package httpapi serves ClickHouse's HTTP interface on an engine: what curl, clickhouse-go and
// @clickhouse/client send, and the answers they expect.
//
// The engine and its sessions belong to package engine, judging statements to package guard. Listening,
// flags and shutdown belong to the main package.
package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/headwater/headwater/tools/clickhouse/engine"
)

// A Handler answers ClickHouse's HTTP interface. Its fields must not change once it serves.
type Handler struct {
	Engine   *engine.Engine
	User     string       // the only user; empty for "default"
	Password string       // empty lets the user in without one
	Log      *slog.Logger // one line per statement at level Debug, failures of this program at Error; nil for none

	once    sync.Once
	formats map[string]format

	mutex   sync.Mutex
	running map[string]context.CancelFunc // statements by query_id
}

// init reads the formats once; an engine that can't list them can't answer anything else either.
func (h *Handler) init() {
	h.once.Do(func() {
		if h.Log == nil {
			h.Log = slog.New(slog.DiscardHandler)
		}
		h.running = map[string]context.CancelFunc{}
		formats, err := readFormats(h.Engine)
		if err != nil {
			h.Log.Error("list the output formats", "error", err)
		}
		h.formats = formats
	})
}

const noHandle = `There is no handle %s

Use / or /ping for health checks.
Or /replicas_status for more sophisticated health checks.

Send queries from your program with POST method or GET /?query=...

Use clickhouse-client:

For interactive data analysis:
    clickhouse-client

For batch query processing:
    clickhouse-client --query='SELECT 1' > result
    clickhouse-client < query > result
`

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.init()
	header := w.Header()
	setExact(header, "X-ClickHouse-Server-Display-Name", h.Engine.Info().DisplayName)
	header.Set("X-Content-Type-Options", "nosniff")
	if err := checkOrigin(r); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case r.Method == http.MethodOptions: // no CORS header: other origins learn nothing
		header.Set("Allow", "GET, HEAD, POST, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
	case isRead && (r.URL.Path == "/ping" || r.URL.Path == "/replicas_status" || r.URL.Path == "/" && r.URL.RawQuery == ""):
		header.Set("Content-Type", "text/html; charset=UTF-8") // as the real server does
		io.WriteString(w, "Ok.\n")
	case isRead && r.URL.Path == "/", r.Method == http.MethodPost && (r.URL.Path == "/" || r.URL.Path == "/query"):
		h.serveStatement(w, r)
	case isRead || r.Method == http.MethodPost:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, noHandle, r.URL.Path)
	default:
		header.Set("Allow", "GET, HEAD, POST, OPTIONS")
		http.Error(w, "Send queries with POST, or with GET for reading", http.StatusMethodNotAllowed)
	}
}

// serveStatement runs one statement and answers with its result or its exception.
func (h *Handler) serveStatement(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	x := &exchange{handler: h, w: w, r: r, started: started, tag: newExceptionTag()}
	header := w.Header()
	setExact(header, "X-ClickHouse-Timezone", h.Engine.Info().Timezone)
	setExact(header, "X-ClickHouse-Exception-Tag", x.tag)

	err := h.authenticate(r)
	if err == nil {
		x.request, err = parseRequest(r)
	}
	setExact(header, "X-ClickHouse-Query-Id", x.request.queryID)
	if err == nil {
		err = h.track(x.request, cancel)
	}
	if err == nil {
		defer h.untrack(x.request.queryID)
		err = x.run(ctx)
	}
	h.Log.Debug("statement", "query_id", x.request.queryID, "took", time.Since(started).Round(time.Microsecond),
		"read_rows", x.stats.ReadRows, "written_rows", x.stats.WrittenRows, "error", err, "query", shorten(x.text))
	if err != nil {
		x.fail(err)
	}
}

func shorten(text string) string {
	const limit = 300
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > limit {
		return text[:limit] + "…"
	}
	return text
}

func newExceptionTag() string {
	var random [8]byte
	rand.Read(random[:])
	return hex.EncodeToString(random[:])
}

// track registers a running statement under its query_id, which must be unique among them. With the setting
// replace_running_query the earlier one is cancelled instead.
func (h *Handler) track(q request, cancel context.CancelFunc) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if earlier, ok := h.running[q.queryID]; ok {
		if q.settings["replace_running_query"] != "1" {
			return exception(216, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING", "Query with id = %s is already running.", q.queryID)
		}
		earlier()
	}
	h.running[q.queryID] = cancel
	return nil
}

func (h *Handler) untrack(queryID string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	delete(h.running, queryID)
}
