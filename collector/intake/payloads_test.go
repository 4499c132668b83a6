package intake

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

const payloadDir = "../../schema/testdata/payloads"

// station is the real intake on a real spool behind a real server.
type station struct {
	*httptest.Server
	intake   *Intake
	spool    *spool.Spool
	registry *prometheus.Registry
}

// newStation starts intake for the sites, as of corpus.Now.
func newStation(t testing.TB, sites []schema.Site) *station {
	t.Helper()
	return newStationWith(t, sites, func(*Config) {})
}

// newStationWith starts intake with a changed config.
func newStationWith(t testing.TB, sites []schema.Site, change func(*Config)) *station {
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
	st := &station{spool: s, registry: prometheus.NewRegistry()}
	config := Config{
		Sites:   sites,
		Secret:  []byte(corpus.Secret),
		Scripts: testScripts(),
		Keeper:  s,
		Now:     func() time.Time { return corpus.Now },
		Metrics: st.registry,
	}
	change(&config)
	st.intake, err = New(config)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.HTTPErrorHandler = rejection.NewHandler(silent, st.registry).Handle
	e.Use(rejection.Recover)
	st.intake.Register(e)
	st.Server = httptest.NewServer(e)
	t.Cleanup(st.Close)
	st.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return st
}

// kept takes all records out of the spool that were kept since the last call.
func (st *station) kept(t testing.TB) []schema.Record {
	t.Helper()
	return collectortest.Kept(t, st.spool)
}

func (st *station) do(t testing.TB, request *http.Request) *http.Response {
	t.Helper()
	answer, err := st.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func TestAcceptedPayloads(t *testing.T) {
	sites := corpus.Sites(t, payloadDir)
	st := newStation(t, sites)
	payloads := corpus.Read(t, filepath.Join(payloadDir, "accepted"))
	if len(payloads) < 40 {
		t.Errorf("only %d payloads", len(payloads))
	}
	for _, payload := range payloads {
		t.Run(payload.Name, func(t *testing.T) {
			for _, wrong := range payload.Want.Check(st.do(t, payload.Request(t, st.URL))) {
				t.Error(wrong)
			}
			records := st.kept(t)
			if payload.Want.Kept != nil && !*payload.Want.Kept {
				if len(records) > 0 {
					t.Errorf("kept %d records, not none", len(records))
				}
				return
			}
			if len(records) != 1 {
				t.Fatalf("kept %d records, not 1", len(records))
			}
			site := siteByID(sites, records[0].Site())
			for _, wrong := range payload.Want.CheckRecord(site, records[0]) {
				t.Error(wrong)
			}
		})
	}
}

func siteByID(sites []schema.Site, id schema.SiteID) *schema.Site {
	return &sites[slices.IndexFunc(sites, func(s schema.Site) bool { return s.ID == id })]
}

func TestRejectedPayloads(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	payloads := corpus.Read(t, filepath.Join(payloadDir, "rejected"))
	if len(payloads) < 25 {
		t.Errorf("only %d payloads", len(payloads))
	}
	for _, payload := range payloads {
		t.Run(payload.Name, func(t *testing.T) {
			for _, wrong := range payload.Want.Check(st.do(t, payload.Request(t, st.URL))) {
				t.Error(wrong)
			}
			if records := st.kept(t); len(records) > 0 {
				t.Errorf("kept %d records", len(records))
			}
		})
	}
}

// TestResentPayloadsKeepTheirIdentity holds the first half of "sending anything 100 times is one row": the id and the
// partition of a resend are those of the first.
func TestResentPayloadsKeepTheirIdentity(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for _, payload := range corpus.Read(t, filepath.Join(payloadDir, "accepted")) {
		for range 3 {
			st.do(t, payload.Request(t, st.URL))
		}
		records := st.kept(t)
		for _, record := range records {
			first := records[0]
			if record.ID() != first.ID() || record.Site() != first.Site() || !record.PartitionTime().Equal(first.PartitionTime()) {
				t.Errorf("%s: %s of %s at %s, then %s of %s at %s", payload.Name, first.ID(), first.Site(), first.PartitionTime(),
					record.ID(), record.Site(), record.PartitionTime())
			}
		}
	}
}
