package links

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/desk"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

var testNow = time.Date(2026, 3, 12, 9, 41, 7, 0, time.UTC)

func testSites() []schema.Site {
	return []schema.Site{{ID: "acme", Origins: []string{"https://www.acme.example"}}, {ID: "other", Origins: []string{"https://other.example"}}}
}

func newRegistry(t *testing.T) (*Registry, *store.Store, *collectortest.Clock) {
	t.Helper()
	db, err := store.Open(t.Context(), collectortest.ClickHouse(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context(), store.MigrateConfig{RetentionMonths: 600}); err != nil {
		t.Fatal(err)
	}
	clock := collectortest.FixedClock(testNow)
	r, err := NewRegistry(desk.New(db, clock.Now), testSites(), schema.BuiltInSources(), clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return r, db, clock
}

// visits puts what links bring into the database.
type visits struct {
	t        *testing.T
	db       *store.Store
	resolver *schema.Resolver
}

func (v *visits) insert(table string, row any) {
	v.t.Helper()
	if err := v.db.Insert(v.t.Context(), table, uuid.NewString(), []any{row}); err != nil {
		v.t.Fatal(err)
	}
}

// lead is a visit that sends a form and becomes a won deal of one euro; with no touch it is a form alone.
func (v *visits) lead(name string, touch *schema.Touch) {
	visitor, submission := schema.VisitorID(uuid.NewString()), &schema.Submission{}
	at := testNow.Add(-48 * time.Hour)
	if touch != nil {
		touch.TouchID, touch.OccurredAt = schema.TouchID(uuid.NewString()), at
		v.resolver.Resolve(touch)
		v.insert("touches", &schema.TouchRecord{SiteID: "acme", VisitorID: visitor, Touch: *touch, ReceivedAt: at})
		submission.FirstTouch, submission.LatestTouch = *touch, *touch
	}
	submission.SiteID, submission.SubmissionID, submission.VisitorID = "acme", schema.SubmissionID(uuid.NewString()), visitor
	submission.Form, submission.ContactID = "signup", schema.ContactID(name)
	submission.OccurredAt, submission.ReceivedAt = at.Add(time.Minute), at.Add(time.Minute)
	v.insert("submissions", submission)
	later := at.Add(time.Hour)
	v.insert("deals", &schema.Deal{SiteID: "acme", DealID: schema.DealID("D-" + name), ChangeID: uuid.NewString(), Status: schema.DealWon, Currency: "EUR",
		Amount: decimal.NewFromInt(1), ContactID: schema.ContactID(name), CreatedAt: later, ChangedAt: later, WonAt: later, ReceivedAt: later})
}

func tagged(source, content, id string) *schema.Touch {
	return &schema.Touch{UTMSource: source, UTMMedium: "paid-social", UTMCampaign: "Spring", UTMContent: content, UTMID: id, LandingPage: "https://www.acme.example/"}
}

// Each link gets what came by it: by its id and names, by its id, by its names; the rest is in rows of its own, and all rows sum to the
// totals. Archiving changes nothing of it.
func TestResultsOfLinks(t *testing.T) {
	r, db, clock := newRegistry(t)
	add := func(source, content, id string) string {
		t.Helper()
		clock.Advance(time.Second)
		ids, err := r.Add(t.Context(), "acme", "ada", Draft{Target: "www.acme.example", Tags: Tags{Source: source, Medium: "paid-social", Campaign: "Spring", Content: content, ID: id}})
		if err != nil {
			t.Fatal(err)
		}
		return ids[0]
	}
	called := map[string]string{add("LinkedIn", "a", "7"): "a", add("linkedin", "b", "7"): "b", add("facebook", "", "9"): "facebook", add("facebook", "", "10"): "later twin"}
	v := &visits{t, db, r.resolvers["acme"]}
	v.lead("1", tagged("linkedin", "a", "7"))  // id and names
	v.lead("2", tagged("linkedin", "b", "7"))  // the same id, other names
	v.lead("3", tagged("LINKEDIN", "c", "7"))  // the id alone: the earliest link with it
	v.lead("4", tagged("linkedin", "b", ""))   // names alone
	v.lead("5", tagged("linkedin", "b", "88")) // names, with an id that no link has
	v.lead("6", tagged("Facebook", "", "10"))  // its id and names
	v.lead("7", tagged("Facebook", "", ""))    // names that two links have: the earlier one
	v.lead("8", tagged("xing", "", ""))        // no link
	v.lead("9", &schema.Touch{})               // direct: no link
	v.lead("10", nil)                          // unattributed
	want := map[string]int64{"a": 2, "b": 3, "later twin": 1, "facebook": 1, "(no link)": 2, "(unattributed)": 1}
	check := func() {
		t.Helper()
		result, err := reports.Run(t.Context(), db.Conn(), "link_results", reports.Params{Site: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		got, sums := map[string]int64{}, make([]int64, len(result.Columns))
		for i, row := range result.Rows {
			name := row[0].(string)
			if known := called[name]; known != "" {
				name = known
			}
			got[name] = row[2].(int64)
			for j := range row {
				n, _ := row[j].(int64)
				sums[j] += n
			}
			if won := result.Value(i, "won_amount").(reports.Amounts); len(won) != 1 || !won[0].Value.Equal(decimal.NewFromInt(row[2].(int64))) {
				t.Errorf("%s: won %v", name, won)
			}
		}
		for name, leads := range want {
			if got[name] != leads {
				t.Errorf("%s has %d leads, want %d", name, got[name], leads)
			}
		}
		if len(got) != len(want) {
			t.Errorf("rows %v", got)
		}
		for j := 1; j < len(sums)-1; j++ {
			if total := result.Totals[j]; total != sums[j] {
				t.Errorf("%s: the rows sum to %d, the total is %v", result.Columns[j], sums[j], total)
			}
		}
	}
	check()
	saved, err := r.List(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range saved {
		if err := r.SetArchived(t.Context(), "acme", "ada", link.ID, link.Version, true); err != nil {
			t.Fatal(err)
		}
	}
	check()
	values, err := reports.Run(t.Context(), db.Conn(), "used_values", reports.Params{Site: "acme", Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	var used []string
	for _, row := range values.Rows {
		used = append(used, row[0].(string)+"="+row[1].(string))
	}
	if got := strings.Join(used, " "); got != "source=linkedin source=facebook medium=paid-social campaign=spring content=b content=a" {
		t.Errorf("used values: %s", got)
	}
}

func TestRegistry(t *testing.T) {
	r, _, clock := newRegistry(t)
	ctx := t.Context()
	ids, err := r.Add(ctx, "acme", "ada", Draft{Target: "https://www.acme.example/?utm_source=old", Tags: Tags{Source: " LinkedIn "}, Note: " for Monday "})
	if err != nil {
		t.Fatal(err)
	}
	link, err := r.Find(ctx, "acme", ids[0])
	if err != nil || !link.Exists() {
		t.Fatal(link, err)
	}
	got := link.Value
	if got.Source != "LinkedIn" || got.Target != "https://www.acme.example/" || got.Note != "for Monday" || got.Owner != "ada" || !strings.HasPrefix(got.ID, "hw-") ||
		!slices.Equal(got.Names, []string{"linkedin", "social", "", "", ""}) || !strings.HasSuffix(got.URL(), "/?utm_source=LinkedIn&utm_id="+got.ID) {
		t.Errorf("%+v", got)
	}
	if other, err := r.Find(ctx, "other", ids[0]); err != nil || other.Exists() {
		t.Errorf("another site finds it: %v", err)
	}
	if err := r.SetNote(ctx, "other", "eve", ids[0], 1, "x"); !errors.Is(err, ErrNoLink) {
		t.Errorf("another site changes it: %v", err)
	}
	if err := r.SetNote(ctx, "acme", "bob", ids[0], 1, "mine"); err != nil {
		t.Error(err)
	}
	err = r.SetArchived(ctx, "acme", "bob", ids[0], 1, true)
	if _, ok := errors.AsType[*desk.Conflict](err); !ok {
		t.Errorf("over an older version: %v", err)
	}
	clock.Advance(time.Minute)
	// A list is written as a whole: one wrong link, and none is there.
	_, err = r.Add(ctx, "acme", "ada", Draft{Target: "https://www.acme.example/", Tags: Tags{Source: "x"}}, Draft{Target: "javascript:1"})
	if problem := new(Problem); !errors.As(err, &problem) {
		t.Errorf("a wrong one: %v", err)
	}
	if list, err := r.List(ctx, "acme"); err != nil || len(list) != 1 {
		t.Errorf("%d links, %v", len(list), err)
	}
	c, over, err := r.Convention(ctx, "acme")
	if err != nil || over != 0 || !c.LowerCase {
		t.Errorf("%+v, %d, %v", c, over, err)
	}
	c.Separator, c.Sources = "_", []string{"linked_in"}
	if err := r.SetConvention(ctx, "acme", "ada", 0, c); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := r.RegisterCampaign(ctx, "acme", "ada", "Autumn Sale"); err != nil {
			t.Error(err)
		}
	}
	if c, over, err = r.Convention(ctx, "acme"); err != nil || over != 2 || !slices.Equal(c.Campaigns, []string{"Autumn Sale"}) || c.Separator != "_" {
		t.Errorf("%+v, %d, %v", c, over, err)
	}
	if campaigns, err := r.Campaigns(ctx, "acme"); err != nil || !slices.Equal(campaigns, []string{"autumn sale"}) {
		t.Errorf("campaigns %q, %v", campaigns, err)
	}
	if c, _, err := r.Convention(ctx, "other"); err != nil || c.Separator != "" {
		t.Errorf("another site has %+v, %v", c, err)
	}
}
