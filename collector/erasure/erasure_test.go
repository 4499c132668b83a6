package erasure

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/forward"
	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/collector/visitors"
	"github.com/headwater/headwater/schema"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

var sites = []schema.Site{{ID: "a"}, {ID: "b"}}

// world is the services that the nodes of a test share.
type world struct {
	store    *store.Store
	visitors *visitors.Visitors
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	var err error
	if w.store, err = store.Open(t.Context(), collectortest.ClickHouse(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	if err := w.store.Migrate(t.Context(), store.MigrateConfig{}); err != nil {
		t.Fatal(err)
	}
	if w.visitors, err = visitors.Open(collectortest.Redis(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.visitors.Close() })
	return w
}

// node is one collector. Its loops do not run: tests take them step by step.
type node struct {
	*Erasures
	world *world
	dir   string
	spool *spool.Spool
}

func (w *world) node(t *testing.T) *node {
	t.Helper()
	n := &node{world: w, dir: t.TempDir()}
	var err error
	if n.spool, err = spool.Open(spool.Config{Dir: n.dir, ReplayAge: time.Hour, SealAfter: time.Hour, Log: quiet()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.spool.Close(context.Background()) })
	n.open(t)
	return n
}

// open is the start of a process.
func (n *node) open(t *testing.T) {
	t.Helper()
	var err error
	n.Erasures, err = Open(Config{
		Sites: sites, Secret: []byte("secret"), Store: n.world.store, Visitors: n.world.visitors, Spool: n.spool, SpoolDir: n.dir, Log: quiet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.appear(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// keep appends records and seals them.
func (n *node) keep(t *testing.T, records ...schema.Record) {
	t.Helper()
	for _, record := range records {
		payload, err := schema.Encode(record)
		if err == nil {
			err = n.spool.Append(t.Context(), payload)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := n.spool.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// forward runs a forwarder until ends is called.
func (n *node) forward(t *testing.T) (ends func()) {
	t.Helper()
	f := forward.New(forward.Config{Spool: n.spool, Store: n.world.store, Visitors: n.world.visitors, Erasures: n.Erasures, Log: quiet()})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = f.Run(ctx)
	}()
	ends = func() { cancel(); <-ended }
	t.Cleanup(ends)
	return ends
}

// eventually waits until what holds, for at most a minute.
func eventually(t *testing.T, what func() (string, bool)) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-tick.C {
		said, ok := what()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after a minute: %s", said)
		}
	}
}

func (n *node) forwarded(t *testing.T) {
	t.Helper()
	eventually(t, func() (string, bool) { return "records wait", n.spool.Stats().Bytes == 0 })
}

func (w *world) count(t *testing.T, from string) int {
	t.Helper()
	var n uint64
	if err := w.store.Conn().QueryRow(t.Context(), "SELECT count() FROM "+from).Scan(&n); err != nil {
		t.Fatalf("%s: %v", from, err)
	}
	return int(n)
}

func contactOf(name string) schema.ContactID {
	return schema.NewContactID(sites[0].ContactKey([]byte("secret")), name+"@example.com")
}

func touchOf(visitor schema.VisitorID, at time.Time) *schema.TouchRecord {
	return &schema.TouchRecord{SiteID: "a", VisitorID: visitor, ReceivedAt: at,
		Touch: schema.Touch{TouchID: schema.TouchID(uuid.NewString()), OccurredAt: at, UTMSource: "linkedin"}}
}

func formOf(name string, visitor schema.VisitorID, at time.Time) *schema.Submission {
	return &schema.Submission{SiteID: "a", SubmissionID: schema.SubmissionID(uuid.NewString()), VisitorID: visitor, Form: "signup",
		ContactID: contactOf(name), OccurredAt: at, ReceivedAt: at, Fields: map[string]string{"name": name}}
}

func newVisitor() schema.VisitorID { return schema.VisitorID(uuid.NewString()) }

var errCrash = errors.New("the process ends here")

// The process ends before every step, once each, and is started again: the erasure goes on and ends.
func TestCrashBetweenAnyTwoSteps(t *testing.T) {
	w := newWorld(t)
	n := w.node(t)
	ada, bob, at := newVisitor(), newVisitor(), time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	n.keep(t, touchOf(ada, at), touchOf(bob, at), formOf("ada", ada, at), formOf("bob", bob, at), formOf("bob", ada, at),
		&schema.Contact{SiteID: "a", ImportID: uuid.NewString(), ContactID: contactOf("ada"), CRMID: "7", CreatedAt: at, ReceivedAt: at},
		&schema.Deal{SiteID: "a", DealID: "d", ChangeID: uuid.NewString(), Status: "open", ContactCRMID: "7", ChangedAt: at, ReceivedAt: at})
	stop := n.forward(t)
	n.forwarded(t)
	stop()
	for _, name := range []string{"ada", "bob"} {
		if err := w.store.Insert(t.Context(), "desk", uuid.NewString(), []any{&schema.Entry{SiteID: "a", Kind: "lead_status", EntryID: name,
			ChangeID: uuid.NewString(), Version: 1, ContactID: contactOf(name), Body: "{}", ChangedAt: at}}); err != nil {
			t.Fatal(err)
		}
	}
	erased, err := n.Erase(t.Context(), schema.Person{Site: "a", Contact: contactOf("ada")}, "test", "")
	if err != nil {
		t.Fatal(err)
	}
	crashed := map[string]bool{}
	arm := func() {
		n.step = func(name string) error {
			if crashed[name] {
				return nil
			}
			crashed[name] = true
			return errCrash
		}
	}
	arm()
	eventually(t, func() (string, bool) {
		for _, do := range []func(context.Context) error{n.tend, n.sweep} {
			if err := do(t.Context()); errors.Is(err, errCrash) {
				n.open(t)
				arm()
			} else if err != nil {
				return err.Error(), false
			}
		}
		progress, err := n.Progress(t.Context(), "a", erased.ID)
		return err2text(err), err == nil && progress.Done
	})
	if len(crashed) < 11 {
		t.Errorf("only %d steps: %v", len(crashed), crashed)
	}
	for from, want := range map[string]int{
		"touches": 1, "submissions": 2, "submission_fields": 2, "contacts": 0, "deals": 1, "desk": 1,
		"deals WHERE contact_crm_id != ''":                                                                          0,
		"submissions WHERE visitor_id = '" + string(ada) + "'":                                                      0,
		"system.mutations WHERE database = currentDatabase() AND command LIKE '%" + string(contactOf("ada")) + "%'": 0,
	} {
		if got := w.count(t, from); got != want {
			t.Errorf("%d rows of %s, want %d", got, from, want)
		}
	}
	if _, known, err := w.visitors.FirstTouch(t.Context(), "a", ada); known || err != nil {
		t.Errorf("Redis knows Ada's first touch (%v)", err)
	}
	if _, known, err := w.visitors.FirstTouch(t.Context(), "a", bob); !known || err != nil {
		t.Errorf("Redis does not know Bob's first touch (%v)", err)
	}
}

func err2text(err error) string {
	if err != nil {
		return err.Error()
	}
	return "the erasure is not done"
}

// Another node has the person on its disk: what waits, and what it held. The erasure is done when that node is clean too, and
// of the further visitor that only its records give away.
func TestEveryNodeCleansItsDisk(t *testing.T) {
	w := newWorld(t)
	one, other := w.node(t), w.node(t)
	first, second, at := newVisitor(), newVisitor(), time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	one.keep(t, touchOf(first, at), touchOf(second, at), formOf("ada", first, at))
	stop := one.forward(t)
	one.forwarded(t)
	stop()
	other.keep(t, formOf("ada", second, at), formOf("bob", newVisitor(), at)) // and nobody forwards it yet
	erased, err := one.Erase(t.Context(), schema.Person{Site: "a", Contact: contactOf("ada")}, "test", "")
	if err != nil {
		t.Fatal(err)
	}
	round := func() schema.Erasure {
		for _, n := range []*node{one, other} {
			for _, do := range []func(context.Context) error{n.tend, n.sweep} {
				if err := do(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		progress, err := one.Progress(t.Context(), "a", erased.ID)
		if err != nil {
			t.Fatal(err)
		}
		return progress
	}
	for range 3 {
		if round().Done {
			t.Fatal("done, and records of Ada wait on the other node")
		}
	}
	other.forward(t)
	other.forwarded(t)
	eventually(t, func() (string, bool) { return "not done", round().Done })
	for from, want := range map[string]int{"touches": 0, "submissions": 1, "submission_fields": 1} {
		if got := w.count(t, from); got != want {
			t.Errorf("%d rows of %s, want %d", got, from, want)
		}
	}
	if other.Stats().Dropped != 1 {
		t.Errorf("%d records were dropped", other.Stats().Dropped)
	}
	// A backup of ClickHouse is restored: what it brings back goes when the erasures are done again.
	if err := w.store.Insert(t.Context(), "touches", uuid.NewString(), []any{touchOf(first, at)}); err != nil {
		t.Fatal(err)
	}
	if n, err := one.Repeat(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d erasures again, %v", n, err)
	}
	eventually(t, func() (string, bool) { return "not done again", round().Done })
	if got := w.count(t, "touches"); got != 0 {
		t.Errorf("%d touches came back with a backup", got)
	}
	if put, err := other.spool.Replay(t.Context(), spool.Selection{All: true}); err != nil || len(put.Segments) != 1 {
		t.Fatalf("%+v, %v", put, err)
	}
	other.forwarded(t)
	if other.Stats().Dropped != 1 {
		t.Error("the held segment still had Ada's form")
	}
}

// Without ClickHouse a node knows what it knew before, and lets nothing through until it could ask.
func TestStartWithoutClickHouse(t *testing.T) {
	w := newWorld(t)
	n := w.node(t)
	if _, err := n.Erase(t.Context(), schema.Person{Site: "a", Contact: contactOf("ada")}, "test", ""); err != nil {
		t.Fatal(err)
	}
	nowhere, err := store.Open(t.Context(), "http://127.0.0.1:1/nowhere")
	if err != nil {
		t.Fatal(err)
	}
	defer nowhere.Close()
	later, err := Open(Config{Sites: sites, Secret: []byte("secret"), Store: nowhere, Spool: n.spool, SpoolDir: n.dir, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	if later.node != n.node || later.Stats().Tombstones != 1 {
		t.Errorf("node %s knows %d tombstones, want %s and 1", later.node, later.Stats().Tombstones, n.node)
	}
	if _, _, err := later.Screen(t.Context(), touchOf(newVisitor(), time.Now())); err == nil {
		t.Error("a record was let through, and nobody asked for tombstones")
	}
	if _, err := later.Barred(t.Context(), "a", contactOf("ada"), ""); err == nil {
		t.Error("it is known whether Ada came back, without ClickHouse")
	}
	if barred, err := later.Barred(t.Context(), "a", contactOf("bob"), "8"); barred || err != nil {
		t.Errorf("Bob is barred: %v %v", barred, err)
	}
	if err := os.WriteFile(filepath.Join(n.dir, "erasures.json"), []byte("{broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.open(t) // ClickHouse has all of it
	if drop, _, err := n.Screen(t.Context(), formOf("ada", newVisitor(), time.Now().Add(-time.Hour))); !drop || err != nil {
		t.Errorf("a form of Ada's from before: dropped %v, %v", drop, err)
	}
}

// Records of Ada and of Bob come in and are forwarded all the time while she is erased: what she sent before goes, nothing of
// Bob's does.
func TestErasureWhileRecordsComeIn(t *testing.T) {
	w := newWorld(t)
	n := w.node(t)
	ada, bob, at := newVisitor(), newVisitor(), time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	n.keep(t, formOf("ada", ada, at))
	n.forward(t)
	n.forwarded(t)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- n.Run(ctx) }()
	const rounds = 60
	var erased schema.Erasure
	for i := range rounds {
		n.keep(t, touchOf(ada, at), touchOf(bob, at), formOf("ada", ada, at), formOf("bob", bob, at))
		if i == rounds/2 {
			var err error
			if erased, err = n.Erase(t.Context(), schema.Person{Site: "a", Contact: contactOf("ada")}, "test", ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.forwarded(t)
	eventually(t, func() (string, bool) {
		progress, err := n.Progress(t.Context(), "a", erased.ID)
		return err2text(err), err == nil && progress.Done
	})
	cancel()
	if err := <-ran; !errors.Is(err, context.Canceled) {
		t.Errorf("Run ends with %v", err)
	}
	for from, want := range map[string]int{
		"touches FINAL": rounds, "submissions FINAL": rounds, "submission_fields FINAL": rounds,
		"touches WHERE visitor_id = '" + string(ada) + "'":                  0,
		"submissions WHERE contact_id = '" + string(contactOf("ada")) + "'": 0,
	} {
		if got := w.count(t, from); got != want {
			t.Errorf("%d rows of %s, want %d", got, from, want)
		}
	}
}
