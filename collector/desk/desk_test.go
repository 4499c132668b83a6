package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

const kind schema.EntryKind = "thing"

type thing struct {
	Name  string `json:"name"`
	Count int    `json:"count,omitempty"`
}

func open(t *testing.T, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// newDesk is a desk over an empty database, with a clock that moves on by a millisecond with every look.
func newDesk(t *testing.T) *Desk {
	t.Helper()
	s := open(t, collectortest.ClickHouse(t))
	if err := s.Migrate(t.Context(), store.MigrateConfig{}); err != nil {
		t.Fatal(err)
	}
	return New(s, collectortest.SteppingClock(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC), time.Millisecond).Now)
}

func mustWrite(t *testing.T, d *Desk, drafts ...Draft) {
	t.Helper()
	if err := d.Write(t.Context(), "ada", drafts...); err != nil {
		t.Fatal(err)
	}
}

func mustRead(t *testing.T, d *Desk, key Key) Entry[thing] {
	t.Helper()
	entry, err := Read[thing](t.Context(), d, key)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// The life of an entry, each step read right after it was written.
func TestAnEntryIsReadAsItWasWritten(t *testing.T) {
	d := newDesk(t)
	key := Key{"acme", kind, "a"}
	if e := mustRead(t, d, key); e.Exists() || e.Version != 0 {
		t.Errorf("before it was written: %+v", e)
	}
	mustWrite(t, d, Draft{Key: key, Value: thing{"first", 1}, Summary: "added", Contact: "c1"})
	e := mustRead(t, d, key)
	if !e.Exists() || e.Version != 1 || e.Value != (thing{"first", 1}) || e.ChangedBy != "ada" || e.Contact != "c1" || e.ChangedAt.Location() != time.UTC && e.ChangedAt.UTC() != e.ChangedAt {
		t.Errorf("first version: %+v", e)
	}
	mustWrite(t, d, Draft{Key: key, Over: 1, Value: thing{Name: "second"}, Summary: "renamed"})
	mustWrite(t, d, Draft{Key: key, Over: 2, Remove: true, Summary: "removed"})
	if e := mustRead(t, d, key); e.Exists() || e.Version != 3 || !e.Removed {
		t.Errorf("after its removal: %+v", e)
	}
	mustWrite(t, d, Draft{Key: key, Over: 3, Value: thing{Name: "back"}, Summary: "added again"})
	if e := mustRead(t, d, key); !e.Exists() || e.Version != 4 || e.Value.Name != "back" {
		t.Errorf("added again: %+v", e)
	}
	// Other sites, kinds and ids are not affected.
	for _, other := range []Key{{"other", kind, "a"}, {"", kind, "a"}, {"acme", "another", "a"}, {"acme", kind, "b"}} {
		if e := mustRead(t, d, other); e.Exists() {
			t.Errorf("%v exists: %+v", other, e)
		}
	}
}

func TestListsHoldWhatExists(t *testing.T) {
	d := newDesk(t)
	for _, id := range []string{"b", "a", "c"} {
		mustWrite(t, d, Draft{Key: Key{"acme", kind, id}, Value: thing{Name: id}, Summary: "added"})
	}
	mustWrite(t, d, Draft{Key: Key{"acme", kind, "b"}, Over: 1, Remove: true, Summary: "removed"},
		Draft{Key: Key{"acme", kind, "c"}, Over: 1, Value: thing{Name: "c2"}, Summary: "renamed"})
	mustWrite(t, d, Draft{Key: Key{"other", kind, "a"}, Value: thing{Name: "theirs"}, Summary: "added"})
	list, err := List[thing](t.Context(), d, "acme", kind)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, fmt.Sprint(e.ID, e.Value.Name, e.Version))
	}
	if got := strings.Join(names, " "); got != "aa1 cc22" {
		t.Errorf("listed: %s", got)
	}
}

// Who did not see the latest version changes nothing, also not a part of what they wanted.
func TestNobodyOverwritesWhatTheyHaveNotSeen(t *testing.T) {
	d := newDesk(t)
	a, b := Key{"acme", kind, "a"}, Key{"acme", kind, "b"}
	mustWrite(t, d, Draft{Key: a, Value: thing{Name: "a"}, Summary: "added"})
	for _, over := range []uint64{0, 2, 7} {
		err := d.Write(t.Context(), "grace", Draft{Key: b, Value: thing{Name: "b"}, Summary: "added"}, Draft{Key: a, Over: over, Value: thing{Name: "lost"}, Summary: "renamed"})
		conflict, ok := errors.AsType[*Conflict](err)
		if !ok || conflict.Key != a || conflict.Version != 1 || conflict.ChangedBy != "ada" || !strings.Contains(err.Error(), "look at it again") {
			t.Errorf("over %d: %v", over, err)
		}
	}
	if err := d.Write(t.Context(), "grace", Draft{Key: b, Over: 1, Value: thing{}, Summary: "changed"}); !errors.As(err, new(*Conflict)) {
		t.Errorf("over a version that never was: %v", err)
	}
	if e := mustRead(t, d, a); e.Value.Name != "a" {
		t.Errorf("a is %+v", e)
	}
	if e := mustRead(t, d, b); e.Exists() {
		t.Errorf("half of a refused change is there: %+v", e)
	}
}

// Several nodes add to one counter at once: as many additions count as were told to have.
func TestConcurrentChangesOfOneEntry(t *testing.T) {
	dsn := collectortest.ClickHouse(t)
	if err := open(t, dsn).Migrate(t.Context(), store.MigrateConfig{}); err != nil {
		t.Fatal(err)
	}
	key := Key{"acme", kind, "counter"}
	const nodes, each = 4, 8
	clock := collectortest.SteppingClock(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC), time.Millisecond)
	var wait sync.WaitGroup
	for range nodes {
		d := New(open(t, dsn), clock.Now)
		wait.Go(func() {
			for done := 0; done < each; {
				e, err := Read[thing](t.Context(), d, key)
				if err != nil {
					t.Error(err)
					return
				}
				err = d.Write(t.Context(), "ada", Draft{Key: key, Over: e.Version, Value: thing{Count: e.Value.Count + 1}, Summary: "counted"})
				switch {
				case err == nil:
					done++
				case !errors.As(err, new(*Conflict)):
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	if e := mustRead(t, New(open(t, dsn), clock.Now), key); e.Value.Count != nodes*each || e.Version != nodes*each {
		t.Errorf("counted %d in version %d, want %d", e.Value.Count, e.Version, nodes*each)
	}
}

// A server that tells no two inserts of one token apart lets two versions of one number in. Then one of them counts, for everybody,
// and whose it is not is told so.
func TestTwoVersionsOfOneNumber(t *testing.T) {
	d := newDesk(t)
	key := Key{"acme", kind, "a"}
	mustWrite(t, d, Draft{Key: key, Value: thing{Name: "a"}, Summary: "added"})
	early, err := d.rows("early", []Draft{{Key: key, Over: 1, Value: thing{Name: "early"}, Summary: "renamed"}})
	if err != nil {
		t.Fatal(err)
	}
	late, err := d.rows("late", []Draft{{Key: key, Over: 1, Value: thing{Name: "late"}, Summary: "renamed"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range [][]any{late, early} {
		if err := d.store.Insert(t.Context(), "desk", uuid.NewString(), rows); err != nil {
			t.Fatal(err)
		}
	}
	if e := mustRead(t, d, key); e.Value.Name != "early" || e.Version != 2 {
		t.Errorf("the present version is %+v", e)
	}
	if err := d.beaten(t.Context(), early); err != nil {
		t.Errorf("the first one is told: %v", err)
	}
	if conflict, ok := errors.AsType[*Conflict](d.beaten(t.Context(), late)); !ok || conflict.ChangedBy != "early" {
		t.Errorf("the second one is told: %v", conflict)
	}
}

// What was forgotten is gone for good, and its number can come again although the server remembers the token.
func TestForgottenVersions(t *testing.T) {
	d := newDesk(t)
	key := Key{"acme", kind, "a"}
	mustWrite(t, d, Draft{Key: key, Value: thing{Name: "old secret"}, Summary: "added"})
	mustWrite(t, d, Draft{Key: key, Over: 1, Value: thing{Name: "new"}, Summary: "changed"})
	if err := d.ForgetBefore(t.Context(), key, 2); err != nil {
		t.Fatal(err)
	}
	history, err := d.History(t.Context(), Period{Kinds: []schema.EntryKind{kind}})
	if err != nil || len(history) != 1 || strings.Contains(history[0].Body, "secret") {
		t.Errorf("after forgetting: %+v, %v", history, err)
	}
	if err := d.ForgetBefore(t.Context(), key, 3); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, d, Draft{Key: key, Value: thing{Name: "again"}, Summary: "added"})
	if e := mustRead(t, d, key); e.Value.Name != "again" || e.Version != 1 {
		t.Errorf("added once more: %+v", e)
	}
}

func TestHistoryTellsWhoChangedWhat(t *testing.T) {
	d := newDesk(t)
	a, b, other := Key{"acme", kind, "a"}, Key{"acme", "secret", "b"}, Key{"other", kind, "a"}
	for i := range 5 {
		mustWrite(t, d, Draft{Key: a, Over: uint64(i), Value: thing{Count: i}, Summary: fmt.Sprintf("a %d", i)})
	}
	mustWrite(t, d, Draft{Key: b, Value: thing{}, Summary: "b"})
	if err := d.Write(t.Context(), "grace", Draft{Key: other, Value: thing{}, Summary: "other"}); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		period Period
		want   string
	}{
		"everything":  {Period{}, "other, b, a 4, a 3, a 2, a 1, a 0"},
		"a site":      {Period{Sites: []schema.SiteID{"acme"}}, "b, a 4, a 3, a 2, a 1, a 0"},
		"two sites":   {Period{Sites: []schema.SiteID{"", "other"}}, "other"},
		"a kind":      {Period{Kinds: []schema.EntryKind{"secret"}}, "b"},
		"without one": {Period{Without: []schema.EntryKind{kind}}, "b"},
		"an entry":    {Period{ID: "b"}, "b"},
		"a person":    {Period{ChangedBy: "grace"}, "other"},
		"few":         {Period{Limit: 2}, "other, b"},
	} {
		if got := summaries(t, d, test.period); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	var pages, preceding []string
	var before *schema.Entry
	for {
		page, err := d.History(t.Context(), Period{Limit: 3, Before: before})
		if err != nil {
			t.Fatal(err)
		}
		earlier, err := d.Preceding(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		for _, version := range earlier {
			preceding = append(preceding, version.Summary)
		}
		if len(page) == 0 {
			break
		}
		for _, change := range page {
			pages = append(pages, change.Summary)
		}
		before = &page[len(page)-1]
	}
	if got := strings.Join(pages, ", "); got != "other, b, a 4, a 3, a 2, a 1, a 0" {
		t.Errorf("page by page: %s", got)
	}
	slices.Sort(preceding)
	if got := strings.Join(preceding, ", "); got != "a 0, a 1, a 2, a 3" {
		t.Errorf("before these: %s", got)
	}
}

func summaries(t *testing.T, d *Desk, p Period) string {
	t.Helper()
	history, err := d.History(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, change := range history {
		list = append(list, change.Summary)
	}
	return strings.Join(list, ", ")
}

// Whatever stands in ids and texts comes back as it was.
func TestHostileTexts(t *testing.T) {
	d := newDesk(t)
	for i, text := range []string{`'; DROP TABLE desk; --`, "a\x00b\tc\nd\\e", `{"x":"</script>"}`, "\u202eünï", strings.Repeat("long", 1000), "{site:String}", `"`, "%", `\N`} {
		key := Key{schema.SiteID("site " + text[:1]), kind, text}
		value := thing{Name: text, Count: i}
		mustWrite(t, d, Draft{Key: key, Value: value, Summary: text})
		if e := mustRead(t, d, key); !reflect.DeepEqual(e.Value, value) {
			t.Errorf("%.40q came back as %.40q", text, e.Value.Name)
		}
		if got := summaries(t, d, Period{ID: text}); got != schema.CutText(text, maxSummary) {
			t.Errorf("the summary %.40q came back as %.40q", text, got)
		}
	}
}

func TestDraftsAreWhole(t *testing.T) {
	d := newDesk(t)
	good := Draft{Key: Key{"acme", kind, "a"}, Value: thing{}, Summary: "added"}
	for name, change := range map[string]func(*Draft){
		"no kind":     func(d *Draft) { d.Kind = "" },
		"no id":       func(d *Draft) { d.ID = "" },
		"no summary":  func(d *Draft) { d.Summary = "" },
		"no JSON":     func(d *Draft) { d.Value = func() {} },
		"a huge body": func(d *Draft) { d.Value = thing{Name: strings.Repeat("x", maxBody)} },
	} {
		draft := good
		change(&draft)
		if err := d.Write(t.Context(), "ada", draft); err == nil {
			t.Errorf("%s: it was written", name)
		}
	}
	if err := d.Write(t.Context(), "", good); err == nil {
		t.Error("nobody's change was written")
	}
	if err := d.Write(t.Context(), "ada", good, good); err == nil {
		t.Error("one entry was written twice at once")
	}
	if got := summaries(t, d, Period{}); got != "" {
		t.Errorf("written: %s", got)
	}
}

func TestTablesThatAreNotThereYet(t *testing.T) {
	d := New(open(t, collectortest.ClickHouse(t)), time.Now)
	key := Key{"acme", kind, "a"}
	_, err := Read[thing](t.Context(), d, key)
	if !errors.Is(err, ErrNoTable) {
		t.Errorf("read: %v", err)
	}
	if err := d.Copy(quiet, kind).Refresh(t.Context()); !errors.Is(err, ErrNoTable) {
		t.Errorf("copy: %v", err)
	}
}

// A copy knows at once what its node writes, and soon what others do; while ClickHouse is away it stays as it was.
func TestACopyFollows(t *testing.T) {
	engine := collectortest.StartClickHouse(t, t.TempDir())
	s := open(t, engine.DSN())
	if err := s.Migrate(t.Context(), store.MigrateConfig{}); err != nil {
		t.Fatal(err)
	}
	d, other := New(s, time.Now), New(open(t, engine.DSN()), time.Now)
	c := d.Copy(quiet, kind)
	changes := make(chan int, 100)
	c.OnChange(func() { changes <- len(Copied[thing](c, "acme", kind)) })
	key := Key{"acme", kind, "a"}
	if _, found := CopiedOne[thing](c, key); found || c.Ready() {
		t.Error("a copy that was never read knows something")
	}
	ctx, stop := context.WithCancel(t.Context())
	var following sync.WaitGroup
	following.Go(func() { c.Follow(ctx) })
	defer following.Wait()
	defer stop()
	if n := <-changes; n != 0 {
		t.Errorf("%d at the start", n)
	}
	mustWrite(t, other, Draft{Key: key, Value: thing{Name: "of another node"}, Summary: "added"})
	if n := <-changes; n != 1 {
		t.Errorf("%d after another node wrote one", n)
	}
	mustWrite(t, d, Draft{Key: key, Over: 1, Value: thing{Name: "ours"}, Summary: "renamed"}, Draft{Key: Key{"acme", "untold", "x"}, Value: thing{}, Summary: "added"})
	if err := c.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e, found := CopiedOne[thing](c, key); !found || e.Value.Name != "ours" || e.Version != 2 {
		t.Errorf("after our own change: %+v", e)
	}
	<-changes
	engine.Kill()
	if err := c.Refresh(t.Context()); err == nil {
		t.Error("a dead server answers")
	}
	if e, found := CopiedOne[thing](c, key); !found || e.Value.Name != "ours" {
		t.Errorf("while the server is away: %+v", e)
	}
	select {
	case <-changes:
		t.Error("the copy changed without a change")
	default:
	}
}
