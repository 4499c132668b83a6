package forward

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/collector/visitors"
	"github.com/headwater/headwater/schema"
)

var march = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

var migrateConfig = store.MigrateConfig{}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// rig is a way from spool to ClickHouse for one test.
type rig struct {
	spool    *spool.Spool
	store    *store.Store
	visitors *visitors.Visitors
	forward  *Forwarder
}

func openStore(tb testing.TB, dsn string) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

func migratedStore(tb testing.TB) *store.Store {
	tb.Helper()
	s := openStore(tb, collectortest.ClickHouse(tb))
	if err := s.Migrate(tb.Context(), store.MigrateConfig{}); err != nil {
		tb.Fatal(err)
	}
	return s
}

func openVisitors(tb testing.TB, redisURL string) *visitors.Visitors {
	tb.Helper()
	v, err := visitors.Open(redisURL)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { v.Close() })
	return v
}

func openSpool(tb testing.TB, dir string, sealAfter time.Duration) *spool.Spool {
	tb.Helper()
	sp, err := spool.Open(spool.Config{Dir: dir, Node: "test", SealAfter: sealAfter, Log: quiet()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { sp.Close(context.Background()) })
	return sp
}

// newRig is a rig on a database and a Redis of its own. Segments are sealed every 20 ms.
func newRig(t *testing.T) *rig {
	t.Helper()
	return rigOn(t, openSpool(t, t.TempDir(), 20*time.Millisecond), migratedStore(t), openVisitors(t, collectortest.Redis(t)))
}

func rigOn(t *testing.T, sp *spool.Spool, st *store.Store, v *visitors.Visitors) *rig {
	t.Helper()
	return &rig{spool: sp, store: st, visitors: v, forward: New(Config{
		Spool: sp, Store: st, Visitors: v, Log: quiet(), RetryMin: time.Millisecond, RetryMax: 50 * time.Millisecond,
	})}
}

// start runs the forwarder until the test ends or it is drained.
func (r *rig) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = r.forward.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-ended })
}

// drain forwards all that is in the spool.
func (r *rig) drain(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.forward.Drain(ctx); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) keep(tb testing.TB, records ...schema.Record) {
	tb.Helper()
	payloads := make([][]byte, len(records))
	for i, record := range records {
		payload, err := schema.Encode(record)
		if err != nil {
			tb.Fatal(err)
		}
		payloads[i] = payload
	}
	if err := r.spool.Append(context.Background(), payloads...); err != nil {
		tb.Fatal(err)
	}
}

func (r *rig) count(tb testing.TB, from string) int {
	tb.Helper()
	n, err := r.tryCount(from)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func (r *rig) tryCount(from string) (int, error) {
	var n uint64
	err := r.store.Conn().QueryRow(context.Background(), "SELECT count() FROM "+from).Scan(&n)
	return int(n), err
}

func (r *rig) wantCount(tb testing.TB, want int, from string) {
	tb.Helper()
	if got := r.count(tb, from); got != want {
		tb.Errorf("%d rows in %s, want %d", got, from, want)
	}
}

// eventually waits until what returns no error, for at most a minute.
func eventually(tb testing.TB, what func() error) {
	tb.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for err := what(); err != nil; err = what() {
		select {
		case <-deadline.C:
			tb.Fatalf("still: %v", err)
		case <-tick.C:
		}
	}
}

func touchAt(at time.Time) *schema.TouchRecord {
	return &schema.TouchRecord{
		SiteID: "shop", VisitorID: schema.VisitorID(uuid.NewString()), ReceivedAt: at.Add(time.Second),
		Touch: schema.Touch{TouchID: schema.TouchID(uuid.NewString()), OccurredAt: at, UTMSource: "linkedin", Source: "linkedin", Channel: schema.ChannelPaidSocial},
	}
}

func submissionAt(at time.Time) *schema.Submission {
	first := touchAt(at.Add(-time.Hour))
	return &schema.Submission{
		SiteID: "shop", SubmissionID: schema.SubmissionID(uuid.NewString()), VisitorID: first.VisitorID, Form: "signup",
		OccurredAt: at, ReceivedAt: at, ContactID: "c", FirstTouch: first.Touch, LatestTouch: first.Touch,
		Fields: map[string]string{"email": "ada@example.com"},
	}
}

func touches(n int, at time.Time) []schema.Record {
	records := make([]schema.Record, n)
	for i := range records {
		records[i] = touchAt(at)
	}
	return records
}

// copySegments copies the segments of one spool folder into another, as if the checkpoint and the removal had never
// happened.
func copySegments(t *testing.T, from, to string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(from, "seg-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, filepath.Base(name)), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// proxy is a TCP proxy in front of the real ClickHouse, which stays where it is while the server behind it comes and goes,
// and which can cut the way back of inserts: the server does what it was asked, and the client never hears of it.
type proxy struct {
	listener net.Listener

	mu     sync.Mutex
	target string // "" refuses
	deaf   bool
}

// newProxy returns a proxy and the DSN that leads through it.
func newProxy(t *testing.T, dsn string) (*proxy, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	p := &proxy{listener: listener}
	p.point(dsn)
	go p.serve()
	return p, strings.Replace(dsn, hostOf(dsn), listener.Addr().String(), 1)
}

// hostOf cuts host:port out of a DSN.
func hostOf(dsn string) string {
	_, rest, _ := strings.Cut(dsn, "://")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	host, _, _ := strings.Cut(rest, "/")
	return host
}

func (p *proxy) point(dsn string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = hostOf(dsn)
}

func (p *proxy) setDeaf(deaf bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = deaf
}

func (p *proxy) isDeaf() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.deaf
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		target := p.target
		p.mu.Unlock()
		go p.join(client, target)
	}
}

func (p *proxy) join(client net.Conn, target string) {
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	var inserting atomic.Bool // a request on this connection is an insert
	go func() {
		defer server.Close()
		request := make([]byte, 64<<10)
		for {
			n, err := client.Read(request)
			if err != nil {
				return
			}
			if bytes.Contains(request[:n], []byte("insert_deduplication_token")) {
				inserting.Store(true)
			}
			if _, err := server.Write(request[:n]); err != nil {
				return
			}
		}
	}()
	answer := make([]byte, 64<<10)
	for {
		n, err := server.Read(answer)
		if err != nil || inserting.Load() && p.isDeaf() {
			return
		}
		if _, err := client.Write(answer[:n]); err != nil {
			return
		}
	}
}
