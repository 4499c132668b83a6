package accounts

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

var (
	quiet = slog.New(slog.NewTextHandler(io.Discard, nil))
	sites = []schema.SiteID{"acme", "other"}
)

const goodPassword = "an otter reads maps"

// world is an installation with its own database, of which nodes know.
type world struct {
	t     *testing.T
	desk  *desk.Desk
	clock *collectortest.Clock
	*Accounts
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(t.Context(), collectortest.ClickHouse(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context(), store.MigrateConfig{}); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: collectortest.SteppingClock(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC), time.Millisecond)}
	w.desk = desk.New(s, w.clock.Now)
	w.Accounts = w.node()
	return w
}

// node is another node of the installation.
func (w *world) node() *Accounts {
	a := New(w.desk, w.clock.Now, quiet)
	if err := a.Refresh(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) add(address string, site schema.SiteID, role Role) User {
	w.t.Helper()
	user, _, err := w.Add(w.t.Context(), "test", address, "", site, role)
	if err != nil {
		w.t.Fatal(err)
	}
	return user
}

func (w *world) version(site schema.SiteID, id UserID) uint64 {
	w.t.Helper()
	for _, m := range w.Members(site) {
		if m.ID == id && m.AllSites == (site == AllSites) {
			return m.Version
		}
	}
	w.t.Fatalf("%s is no member of %q", id, site)
	return 0
}

// The set-up link makes the first account, once, and no second link is made after it.
func TestSetUpLinkMakesTheFirstAdmin(t *testing.T) {
	w := newWorld(t)
	first, err := w.SetUpLink(t.Context())
	if err != nil || first == "" {
		t.Fatalf("first link %q, %v", first, err)
	}
	second, err := w.node().SetUpLink(t.Context())
	if err != nil || second == "" || second == first {
		t.Fatalf("second node's link %q, %v", second, err)
	}
	link, err := w.Link(t.Context(), first)
	if err != nil || link.User != nil {
		t.Fatalf("%+v, %v", link, err)
	}
	if err := w.Use(t.Context(), link); err != nil {
		t.Fatal(err)
	}
	if err := w.Use(t.Context(), link); !errors.Is(err, ErrNoLink) {
		t.Errorf("used a second time: %v", err)
	}
	chief := w.add("ada@example.com", AllSites, Admin)
	for _, token := range []string{first, second, "", "nonsense", strings.Repeat("x", 5000)} {
		if _, err := w.Link(t.Context(), token); !errors.Is(err, ErrNoLink) {
			t.Errorf("%.20q leads somewhere: %v", token, err)
		}
	}
	if token, err := w.SetUpLink(t.Context()); token != "" || err != nil {
		t.Errorf("a set-up link beside an admin: %q %v", token, err)
	}
	if role := w.Role(chief.ID, "a site of the future"); role != Admin {
		t.Errorf("the chief is %q there", role)
	}
}

func TestSignInLinks(t *testing.T) {
	w := newWorld(t)
	ada := w.add("ada@example.com", "acme", Viewer)
	token, err := w.NewLink(t.Context(), "test", ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	link, err := w.node().Link(t.Context(), token)
	if err != nil || link.User == nil || link.User.Email != "ada@example.com" {
		t.Fatalf("%+v, %v", link, err)
	}
	// Several try at once; one gets through.
	var through atomic.Int32
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if w.Use(t.Context(), link) == nil {
				through.Add(1)
			}
		})
	}
	wait.Wait()
	if through.Load() != 1 {
		t.Errorf("%d got through", through.Load())
	}
	if token, err = w.NewLink(t.Context(), "test", ada.ID); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(LinkLife)
	if _, err := w.Link(t.Context(), token); !errors.Is(err, ErrNoLink) {
		t.Errorf("an old one: %v", err)
	}
	if _, err := w.NewLink(t.Context(), "test", "nobody"); !errors.Is(err, ErrNoUser) {
		t.Errorf("for nobody: %v", err)
	}
	history, err := w.desk.History(t.Context(), desk.Period{})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range history {
		if strings.Contains(change.Body+change.EntryID+change.Summary, token) {
			t.Error("the token itself is kept")
		}
	}
}

func TestPasswords(t *testing.T) {
	w := newWorld(t)
	ada := w.add(" Ada@Example.COM ", "acme", Viewer)
	signIn := func(a *Accounts, address, password string, want error) {
		t.Helper()
		user, err := a.SignIn(t.Context(), address, password)
		if !errors.Is(err, want) || want == nil && user.ID != ada.ID {
			t.Errorf("sign in as %q: %v, want %v", address, err, want)
		}
	}
	signIn(w.Accounts, "ada@example.com", "", ErrWrongPassword)
	if err := w.SetPassword(t.Context(), ada.ID, goodPassword); err != nil {
		t.Fatal(err)
	}
	signIn(w.Accounts, "ADA@example.com", goodPassword, nil)
	for _, wrong := range []string{"", goodPassword + " ", "An otter reads maps", strings.Repeat("x", 1<<20)} {
		signIn(w.Accounts, "ada@example.com", wrong, ErrWrongPassword)
	}
	for _, stranger := range []string{"bob@example.com", "", "no address", strings.Repeat("a", 5000) + "@example.com"} {
		signIn(w.Accounts, stranger, goodPassword, ErrWrongPassword)
	}
	// One that was kept at another cost counts, and is then kept at the present one.
	presentCost = cost{memory: 8 << 10, time: 1, lanes: 1}
	err := w.SetPassword(t.Context(), ada.ID, "zwölf Otter lesen Karten")
	presentCost = cost{memory: 64 << 10, time: 3, lanes: 4}
	if err != nil {
		t.Fatal(err)
	}
	other := w.node()
	signIn(other, "ada@example.com", "zwo\u0308lf Otter lesen Karten", nil) // the same text in another form of Unicode
	signIn(w.node(), "ada@example.com", "zwölf Otter lesen Karten", nil)
	history, err := w.desk.History(t.Context(), desk.Period{Kinds: []schema.EntryKind{KindPassword}})
	if err != nil || len(history) != 1 || !strings.Contains(history[0].Body, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Errorf("kept of three passwords: %+v, %v", history, err)
	}
	if user, _ := other.User(ada.ID); user.SignedOutAt.IsZero() {
		t.Error("another password left the sessions of before")
	}
}

func TestWeakPasswords(t *testing.T) {
	for password, weak := range map[string]bool{
		goodPassword: false, "kjh2 8sdf kj23": false, "четыре слова подряд": false, "日本語のながいことばです": false,
		"": true, "short": true, "elevenchars": true, strings.Repeat("x", 400): true, "aaaaaaaaaaaaaaaa": true, "abababababababab": true,
		"password1234": true, "Password-Password": true, "QwertyUiop123": true, "correct horse battery staple": true, "headwater2026": true,
		"ada.lovelace@example.com": true, "Ada.Lovelace1": true, "adalovelace2026": true, "ada lovelace likes otters": false,
	} {
		err := CheckPassword(password, "ada.lovelace@example.com")
		if got := errors.As(err, new(*WeakPassword)); got != weak {
			t.Errorf("%.40q: %v", password, err)
		}
	}
}

func TestRolesAreThoseOfTheSite(t *testing.T) {
	w := newWorld(t)
	chief := w.add("chief@example.com", AllSites, Admin)
	ada := w.add("ada@example.com", "acme", Marketer)
	w.add("ada@example.com", "other", Viewer)
	bob := w.add("bob@example.com", AllSites, Viewer)
	w.add("bob@example.com", "other", Admin)
	for _, test := range []struct {
		id   UserID
		site schema.SiteID
		want Role
	}{
		{chief.ID, "acme", Admin}, {ada.ID, "acme", Marketer}, {ada.ID, "other", Viewer}, {ada.ID, "third", ""}, {ada.ID, AllSites, ""},
		{bob.ID, "acme", Viewer}, {bob.ID, "other", Admin}, {"nobody", "acme", ""},
	} {
		if got := w.node().Role(test.id, test.site); got != test.want {
			t.Errorf("%s on %q is %q, want %q", test.id, test.site, got, test.want)
		}
	}
	for role, allowed := range map[Role][]Role{"": {}, Viewer: {Viewer}, Marketer: {Viewer, Marketer}, Admin: {Viewer, Marketer, Admin}, "root": {}} {
		for _, needed := range Roles() {
			if want := containsRole(allowed, needed); role.Allows(needed) != want {
				t.Errorf("%q allows %q: %v", role, needed, !want)
			}
		}
	}
	var listed []string
	for _, m := range w.Members("other") {
		listed = append(listed, m.Email+" "+string(m.Role))
	}
	if got := strings.Join(listed, ", "); got != "bob@example.com viewer, chief@example.com admin, ada@example.com viewer, bob@example.com admin" {
		t.Errorf("members of other: %s", got)
	}
	// A site's admin makes no link to somebody who is more than that elsewhere.
	for _, test := range []struct {
		who, other UserID
		may        bool
	}{{chief.ID, bob.ID, true}, {bob.ID, ada.ID, false}, {bob.ID, chief.ID, false}, {ada.ID, ada.ID, false}} {
		if got := w.MayLead(test.who, test.other, sites); got != test.may {
			t.Errorf("%s may lead %s: %v", test.who, test.other, got)
		}
	}
	eve := w.add("eve@example.com", "other", Viewer)
	if !w.MayLead(bob.ID, eve.ID, sites) {
		t.Error("an admin may not help a user of the own site")
	}
}

func containsRole(list []Role, role Role) bool {
	for _, r := range list {
		if r == role {
			return true
		}
	}
	return false
}

func TestChangesOfMembers(t *testing.T) {
	w := newWorld(t)
	chief := w.add("chief@example.com", AllSites, Admin)
	ada := w.add("ada@example.com", "acme", Viewer)
	w.add("ada@example.com", "other", Viewer)
	if err := w.SetPassword(t.Context(), ada.ID, goodPassword); err != nil {
		t.Fatal(err)
	}
	seen := w.version("acme", ada.ID)
	if err := w.SetRole(t.Context(), "test", ada.ID, "acme", seen, Admin); err != nil {
		t.Fatal(err)
	}
	if err := w.SetRole(t.Context(), "test", ada.ID, "acme", seen, Viewer); !errors.As(err, new(*desk.Conflict)) {
		t.Errorf("over an old version: %v", err)
	}
	for name, err := range map[string]error{
		"no role":             w.SetRole(t.Context(), "test", ada.ID, "acme", seen+1, "root"),
		"demote the last":     w.SetRole(t.Context(), "test", chief.ID, AllSites, w.version(AllSites, chief.ID), Viewer),
		"remove the last":     w.Remove(t.Context(), "test", chief.ID, AllSites, w.version(AllSites, chief.ID), sites),
		"nobody":              w.SetRole(t.Context(), "test", "nobody", "acme", 0, Viewer),
		"a membership of two": w.Remove(t.Context(), "test", ada.ID, "acme", 99, sites),
	} {
		if err == nil {
			t.Errorf("%s: it was done", name)
		}
	}
	if err := w.Remove(t.Context(), "test", ada.ID, "acme", w.version("acme", ada.ID), sites); err != nil {
		t.Fatal(err)
	}
	if _, err := w.node().SignIn(t.Context(), "ada@example.com", goodPassword); err != nil {
		t.Errorf("with a role on another site: %v", err)
	}
	if err := w.Remove(t.Context(), "test", ada.ID, "other", w.version("other", ada.ID), sites); err != nil {
		t.Fatal(err)
	}
	if _, found := w.node().User(ada.ID); found {
		t.Error("somebody without any role is still there")
	}
	// Who comes back gets no old password and no old session.
	again := w.add("ada@example.com", "acme", Viewer)
	if w.HasPassword(again.ID) || again.ID != ada.ID || !again.SignedOutAt.After(ada.SignedOutAt) {
		t.Errorf("came back as %+v, password %v", again, w.HasPassword(again.ID))
	}
	if err := w.Rename(t.Context(), ada.ID, "  Ada \n Lovelace "); err != nil {
		t.Fatal(err)
	}
	if user, _ := w.node().User(ada.ID); user.Called() != "Ada Lovelace" {
		t.Errorf("called %q", user.Called())
	}
	if _, _, err := w.Add(t.Context(), "test", "no address", "", "acme", Viewer); !errors.Is(err, ErrNoAddress) {
		t.Errorf("without an address: %v", err)
	}
}

func TestHashesAreRead(t *testing.T) {
	for _, kept := range []string{"", "x", "$argon2id$v=19$m=65536,t=3,p=4$AAAA$AAAA", "$argon2i$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=4294967295,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=65536,t=0,p=0$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		if _, _, err := newProof().check(t.Context(), kept, "x"); err == nil {
			t.Errorf("%q is a hash", kept)
		}
	}
	if right, _, err := newProof().check(t.Context(), nobody, ""); right || err != nil {
		t.Errorf("nobody's password: %v %v", right, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	p := newProof()
	for range provers {
		p.slots <- struct{}{}
	}
	if _, err := p.hash(ended, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("who went away waits on: %v", err)
	}
}
