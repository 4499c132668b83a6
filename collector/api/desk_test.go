package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

var now = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)

const secret = "the secret of these tests, 32 bytes"

// desk is the API on a real spool.
type desk struct {
	echo  *echo.Echo
	spool *spool.Spool
	site  *schema.Site
	key   string
	asked reports.Params
	now   time.Time
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	silent := slog.New(slog.NewTextHandler(io.Discard, nil))
	s, err := spool.Open(spool.Config{Dir: t.TempDir(), SealAfter: time.Hour, Log: silent})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	key, hash := NewKey()
	_, other := NewKey()
	sites := []schema.Site{{ID: "beta", APIKeyHashes: []string{other}}, {ID: "acme", APIKeyHashes: []string{strings.ToUpper(hash)}}}
	d := &desk{echo: echo.New(), spool: s, site: &sites[1], key: key, now: now}
	a, err := New(Config{Sites: sites, Secret: []byte(secret), Keeper: s, Reports: d, Now: func() time.Time { return d.now }, Metrics: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	d.echo.HTTPErrorHandler = rejection.NewHandler(silent, prometheus.NewRegistry()).Handle
	d.echo.Use(rejection.Recover)
	a.Register(d.echo)
	return d
}

// Report remembers what was asked; reports themselves are tested where they are.
func (d *desk) Report(_ context.Context, site *schema.Site, name string, params reports.Params) (*reports.Result, error) {
	if err := map[string]error{"unknown": reports.ErrUnknownReport, "slow": reports.ErrTooSlow, "early": reports.ErrNoTables, "down": errors.New("dial tcp 10.1.2.3:9000")}[name]; err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	params.Site = site.ID
	d.asked = params
	return &reports.Result{Name: name, Columns: []string{"source", "leads"}, Rows: [][]any{{"linkedin", int64(2)}}}, nil
}

func (d *desk) send(method, path, contentType, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+d.key)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer := httptest.NewRecorder()
	d.echo.ServeHTTP(answer, request)
	return answer
}

// rows posts rows and returns what was answered and kept.
func (d *desk) rows(t testing.TB, path, contentType, body string, status int) (outcome, []schema.Record) {
	t.Helper()
	answer := d.send(http.MethodPost, path, contentType, body)
	if answer.Code != status {
		t.Fatalf("%s answers %d, not %d: %s", path, answer.Code, status, answer.Body)
	}
	var told struct {
		outcome
		Details *outcome
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &told); err != nil {
		t.Fatal(err)
	}
	if told.Details != nil {
		told.outcome = *told.Details
	}
	return told.outcome, d.kept(t)
}

func (d *desk) kept(t testing.TB) []schema.Record {
	t.Helper()
	return collectortest.Kept(t, d.spool)
}

func (d *desk) contactID(address string) schema.ContactID {
	return schema.NewContactID(d.site.ContactKey([]byte(secret)), address)
}

const (
	jsonLines = "application/x-ndjson"
	csvText   = "text/csv"
	jsonText  = "application/json"
)
