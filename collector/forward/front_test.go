package forward

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/schema"
)

// front stands before the real ClickHouse and misbehaves when rows come.
type front struct {
	server *httptest.Server
	real   http.Handler

	mu      sync.Mutex
	trouble func(w http.ResponseWriter, r *http.Request, pass http.Handler)
	asked   int
}

// newFront returns a front and the DSN through it.
func newFront(t *testing.T, dsn string) (*front, string) {
	t.Helper()
	target, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: target.Host})
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	f := &front{real: proxy}
	f.server = httptest.NewServer(f)
	f.server.Config.ErrorLog = proxy.ErrorLog
	t.Cleanup(func() { f.server.CloseClientConnections(); f.server.Close() })
	return f, strings.Replace(dsn, target.Host, f.server.Listener.Addr().String(), 1)
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	trouble := func(w http.ResponseWriter, r *http.Request, pass http.Handler) { pass.ServeHTTP(w, r) }
	if r.URL.Query().Has("insert_deduplication_token") {
		f.mu.Lock()
		f.asked++
		if f.trouble != nil {
			trouble = f.trouble
		}
		f.mu.Unlock()
	}
	trouble(w, r, f.real)
}

// set has inserts meet with trouble, nil for none.
func (f *front) set(trouble func(w http.ResponseWriter, r *http.Request, pass http.Handler)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trouble, f.asked = trouble, 0
}

// inserts is how many inserts came since set.
func (f *front) inserts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

// answers refuses with a code of ClickHouse, as it does.
func answers(code int) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-ClickHouse-Exception-Code", fmt.Sprint(code))
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "Code: %d. DB::Exception: made up for a test. (NAME)", code)
	}
}

// hangs takes the rows and never answers.
func hangs(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// commitsAndCuts lets ClickHouse store the rows and then closes the connection instead of answering.
func commitsAndCuts(_ http.ResponseWriter, r *http.Request, pass http.Handler) {
	pass.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// cutsAtOnce closes the connection in the middle of the rows.
func cutsAtOnce(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.CopyN(io.Discard, r.Body, 64)
	panic(http.ErrAbortHandler)
}

// ofSite makes records those of a site, so that a test can share the tables with others. A site's name is text without quotes.
func ofSite(site schema.SiteID, records ...schema.Record) []schema.Record {
	for _, record := range records {
		switch record := record.(type) {
		case *schema.TouchRecord:
			record.SiteID = site
		case *schema.Submission:
			record.SiteID = site
		}
	}
	return records
}

// wantEachOnce looks up every record, all of one site: it must be there, once, and no other.
func (r *rig) wantEachOnce(t *testing.T, table, id string, records []schema.Record) {
	t.Helper()
	want := map[string]bool{}
	for _, record := range records {
		want[record.ID()] = true
	}
	rows, err := r.store.Conn().Query(t.Context(), "SELECT toString("+id+"), count() FROM "+table+
		" FINAL WHERE site_id = '"+string(records[0].Site())+"' GROUP BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var found string
		var n uint64
		if err := rows.Scan(&found, &n); err != nil {
			t.Fatal(err)
		}
		if n != 1 || !want[found] {
			t.Errorf("%s %s: %d rows, wanted: %v", table, found, n, want[found])
		}
		delete(want, found)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for lost := range want {
		t.Errorf("%s %s is lost", table, lost)
	}
}

// migratedDatabase is the DSN of a database with its tables.
func migratedDatabase(t *testing.T) string {
	t.Helper()
	dsn := collectortest.ClickHouse(t)
	if err := openStore(t, dsn).Migrate(t.Context(), migrateConfig); err != nil {
		t.Fatal(err)
	}
	return dsn
}

// troubled is a rig behind a front, which waits no longer than patience for an answer.
func troubled(t *testing.T, dsn string, patience time.Duration) (*rig, *front) {
	t.Helper()
	way, through := newFront(t, dsn)
	r := rigOn(t, openSpool(t, t.TempDir(), time.Hour), openStore(t, through), openVisitors(t, collectortest.Redis(t)))
	r.forward.config.InsertTimeout = patience
	return r, way
}

func (r *rig) seal(t *testing.T) {
	t.Helper()
	if err := r.spool.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Whatever ClickHouse answers to rows, once it works again each is there once.
func TestTroubleOfEveryKindPasses(t *testing.T) {
	dsn := migratedDatabase(t)
	for name, c := range map[string]struct {
		trouble func(http.ResponseWriter, *http.Request, http.Handler)
		state   string // while it lasts
	}{
		"hangs":             {hangs, "retry"},
		"cuts":              {cutsAtOnce, "retry"},
		"commits and cuts":  {commitsAndCuts, "retry"},
		"too many parts":    {answers(252), "retry"},
		"no memory":         {answers(241), "retry"},
		"read only":         {answers(242), "retry"},
		"no table":          {answers(60), "schema"},
		"no column":         {answers(16), "schema"},
		"not enough rights": {answers(497), "unknown"},
		"wrong password":    {answers(516), "unknown"},
		"nobody knows":      {answers(99999), "unknown"},
		"a bad gateway":     {func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(502) }, "retry"},
		"a login page":      {func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(401) }, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patience, tries := time.Minute, 4
			if name == "hangs" {
				patience, tries = 2*time.Second, 2 // long enough for an insert on a machine that is busy
			}
			r, way := troubled(t, dsn, patience)
			way.set(c.trouble)
			records := ofSite(schema.SiteID(name), append(touches(30, march), touches(30, march.AddDate(0, 1, 0))...)...)
			r.keep(t, records...)
			r.seal(t)
			r.start(t)
			eventually(t, func() error {
				if state, n := r.forward.Stats().ClickHouse, way.inserts(); state != c.state || n < tries {
					return fmt.Errorf("state is %s after %d inserts, want %s", state, n, c.state)
				}
				return nil
			})
			if bytes := r.spool.Stats().Bytes; bytes == 0 {
				t.Error("the spool gave up records that are not stored")
			}
			way.set(nil)
			r.drain(t)
			r.wantEachOnce(t, "touches", "touch_id", records)
			if stats := r.forward.Stats(); stats.DeadLetters != 0 || stats.ClickHouse != "ok" {
				t.Errorf("stats %+v", stats)
			}
		})
	}
}

// A block that is refused for its data is halved; here nothing is wrong with any row, so all arrive.
func TestDataErrorsThatPassLoseNothing(t *testing.T) {
	dsn := migratedDatabase(t)
	for _, code := range []int{6, 27, 38, 41, 53, 69, 70, 72, 117, 131} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			r, way := troubled(t, dsn, time.Minute)
			refuse := answers(code)
			left := 4
			way.set(func(w http.ResponseWriter, req *http.Request, pass http.Handler) {
				way.mu.Lock()
				left--
				refused := left >= 0
				way.mu.Unlock()
				if refused {
					refuse(w, req, pass)
					return
				}
				pass.ServeHTTP(w, req)
			})
			records := ofSite(schema.SiteID(fmt.Sprint(code)), touches(64, march)...)
			r.keep(t, records...)
			r.start(t)
			r.drain(t)
			r.wantEachOnce(t, "touches", "touch_id", records)
		})
	}
}

// Redis and ClickHouse are away at once and come back one after the other.
func TestBothDownThenBack(t *testing.T) {
	redis := collectortest.StartRedis(t)
	way, through := newFront(t, migratedDatabase(t))
	r := rigOn(t, openSpool(t, t.TempDir(), time.Hour), openStore(t, through), openVisitors(t, redis.URL()))
	r.start(t)
	records := touches(40, march)
	r.keep(t, records...)
	r.seal(t)
	way.set(cutsAtOnce)
	redis.Kill()
	late := touches(40, march)
	r.keep(t, late...)
	r.keep(t, records...) // resent while nothing works
	r.seal(t)
	eventually(t, func() error {
		if stats := r.forward.Stats(); stats.ClickHouse != "retry" {
			return fmt.Errorf("stats %+v", stats)
		}
		return nil
	})
	redis.Restart()
	way.set(nil)
	r.keep(t, late...)
	r.drain(t)
	r.wantEachOnce(t, "touches", "touch_id", append(records, late...))
}
