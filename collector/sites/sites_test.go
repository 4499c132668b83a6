package sites

import (
	"errors"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func base() []schema.Site {
	return []schema.Site{
		{ID: "acme", Origins: []string{"https://www.acme.example"}, OwnDomains: []string{"acme.test"}, LookbackDays: 30, RetentionMonths: 13, APIKeyHashes: []string{"from the file"},
			Forms: []schema.Form{{ID: "signup", Honeypot: "website", ThankYou: "https://www.acme.example/thanks"}}},
		{ID: "beta", LookbackDays: 90, Forms: []schema.Form{{ID: "signup"}}},
	}
}

func is[T any](v T) *T { return &v }

func TestDecisionsCountInPlaceOfTheFile(t *testing.T) {
	for name, c := range map[string]struct {
		decided Settings
		want    func(*schema.Site)
	}{
		"nothing":                           {Settings{}, func(*schema.Site) {}},
		"transfer off":                      {Settings{Transfer: is(false)}, func(s *schema.Site) { s.NoTransfer = true }},
		"transfer on":                       {Settings{Transfer: is(true)}, func(*schema.Site) {}},
		"fewer months":                      {Settings{RetentionMonths: is(6)}, func(s *schema.Site) { s.RetentionMonths = 6 }},
		"no more months than the file says": {Settings{RetentionMonths: is(30)}, func(s *schema.Site) { s.RetentionMonths = 13 }},
		"no own domains":                    {Settings{OwnDomains: &[]string{}}, func(s *schema.Site) { s.OwnDomains = []string{} }},
		"the rest": {Settings{Consent: is(true), LookbackDays: is(7), IgnoredReferrers: &[]string{"bank.example"}}, func(s *schema.Site) {
			s.Consent, s.LookbackDays, s.IgnoredReferrers = true, 7, []string{"bank.example"}
		}},
		"forms keep what is not decided": {Settings{Forms: []Form{{ID: "signup", EmailField: "mail"}, {ID: "demo"}}}, func(s *schema.Site) {
			s.Forms = []schema.Form{{ID: "signup", Honeypot: "website", EmailField: "mail"}, {ID: "demo"}}
		}},
	} {
		want := base()[0]
		c.want(&want)
		if got := c.decided.over(base()[0]); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	many := make([]schema.Form, MaxForms+1)
	for setting, change := range map[string]func(*schema.Site){
		"":                  func(*schema.Site) {},
		"own_domains":       func(s *schema.Site) { s.OwnDomains = []string{"https://acme.test"} },
		"ignored_referrers": func(s *schema.Site) { s.IgnoredReferrers = []string{`"><script>`} },
		"lookback_days":     func(s *schema.Site) { s.LookbackDays = 731 },
		"retention_months":  func(s *schema.Site) { s.RetentionMonths = -1 },
		"no_form":           func(s *schema.Site) { s.Forms = nil },
		"too_many":          func(s *schema.Site) { s.Forms = many },
		"form_id":           func(s *schema.Site) { s.Forms = []schema.Form{{ID: "../t"}} },
		"form_twice":        func(s *schema.Site) { s.Forms = []schema.Form{{ID: "a"}, {ID: "a"}} },
		"thank_you":         func(s *schema.Site) { s.Forms = []schema.Form{{ID: "a", ThankYou: "https://evil.example/"}} },
		"field":             func(s *schema.Site) { s.Forms = []schema.Form{{ID: "a", EmailField: "HW_page"}} },
	} {
		site := base()[0]
		change(&site)
		problem, _ := errors.AsType[*Problem](Check(&site))
		if got := problem; (got == nil) != (setting == "") || got != nil && got.Setting != setting {
			t.Errorf("%s: %v", setting, got)
		}
	}
}

// Two nodes: what is decided on one counts on the other, of two decisions over one version the second is told, and a key that is
// revoked is gone.
func TestNodesFollowDecisions(t *testing.T) {
	db, err := store.Open(t.Context(), collectortest.ClickHouse(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context(), store.MigrateConfig{}); err != nil {
		t.Fatal(err)
	}
	clock := collectortest.SteppingClock(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC), time.Millisecond)
	here, there := New(base(), desk.New(db, clock.Now), quiet), New(base(), desk.New(db, clock.Now), quiet)
	told := 0
	there.Tell(func(sites []schema.Site) error { told++; return errors.New("told, and not pleased") })
	refresh := func() schema.Site {
		t.Helper()
		if err := errors.Join(here.Refresh(t.Context()), there.Refresh(t.Context())); err != nil {
			t.Fatal(err)
		}
		site, _, _, _ := there.Site("acme")
		return site
	}
	refresh()
	change := func(at *Sites, over uint64, decided Settings) error {
		return at.Change(t.Context(), "ada", "acme", over, decided, "changed")
	}
	if err := change(here, 0, Settings{LookbackDays: is(7)}); err != nil {
		t.Fatal(err)
	}
	if site := refresh(); site.LookbackDays != 7 || site.OwnDomains[0] != "acme.test" || there.All()[1].LookbackDays != 90 || told < 2 {
		t.Errorf("the other node has %+v, was told %d times", site, told)
	}
	if err := change(there, 0, Settings{}); !errors.As(err, new(*desk.Conflict)) {
		t.Errorf("over an older version: %v", err)
	}
	if err := change(there, 1, Settings{LookbackDays: is(0)}); !errors.As(err, new(*Problem)) {
		t.Errorf("what cannot be: %v", err)
	}
	if err := here.Change(t.Context(), "ada", "nowhere", 0, Settings{}, "changed"); !errors.As(err, new(*Problem)) {
		t.Errorf("a site that is none: %v", err)
	}
	key, err := here.NewKey(t.Context(), "ada", "acme", " CRM\x00 of\nours ")
	if err != nil {
		t.Fatal(err)
	}
	site, keys := refresh(), there.Keys("acme")
	if len(keys) != 1 || !strings.HasSuffix(key, keys[0].End) || len(site.APIKeyHashes) != 2 || site.APIKeyHashes[0] != "from the file" || len(there.All()[1].APIKeyHashes) != 0 {
		t.Fatalf("keys %+v, hashes %q", keys, site.APIKeyHashes)
	}
	page, err := there.History(t.Context(), []schema.SiteID{"acme"}, nil, 100)
	entries := page.List
	if err != nil || len(entries) != 2 || slices.ContainsFunc(entries, func(e schema.Entry) bool { return strings.Contains(e.Body+e.Summary, key) }) {
		t.Errorf("history %v %+v", err, entries)
	}
	if err := there.RevokeKey(t.Context(), "ada", "beta", keys[0].ID, keys[0].Version); !errors.As(err, new(*desk.Conflict)) {
		t.Errorf("another site revokes the key: %v", err)
	}
	if err := there.RevokeKey(t.Context(), "ada", "acme", keys[0].ID, keys[0].Version); err != nil {
		t.Fatal(err)
	}
	if site := refresh(); len(site.APIKeyHashes) != 1 || len(here.Keys("acme")) != 0 {
		t.Errorf("after it was revoked: %q", site.APIKeyHashes)
	}
}
