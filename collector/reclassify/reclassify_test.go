package reclassify

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

var start = time.Date(2026, 1, 20, 12, 0, 0, 0, time.UTC)

func database(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), collectortest.ClickHouse(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(t.Context(), store.MigrateConfig{RetentionMonths: 600}); err != nil {
		t.Fatal(err)
	}
	return s
}

func resolver(t *testing.T, change func(*schema.Site)) *schema.Resolver {
	t.Helper()
	site := &schema.Site{ID: "acme", Origins: []string{"https://www.acme.example"}}
	if change != nil {
		change(site)
	}
	r, err := schema.NewResolver(site)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// raws are touches of each way to be named, one of which a partner's rule changes.
var raws = []schema.Touch{
	{UTMSource: "partner-a", UTMMedium: "banner", UTMCampaign: "Spring"},
	{Referrer: "https://www.google.com/"},
	{Referrer: "https://partner.example/x"},
	{},
	{Gclid: "x"},
	{UTMSource: "partner-b", Fbclid: "y"},
}

// fill stores touches over three months, and submissions with copies of them, as before rules were stored where old.
func fill(t *testing.T, s *store.Store, n int, old bool) {
	t.Helper()
	before := resolver(t, nil)
	byMonth := map[time.Month][2][]any{}
	for i := range n {
		at := start.Add(time.Duration(i) * 60 * 24 * time.Hour / time.Duration(n))
		id, _ := uuid.NewV7()
		record := schema.TouchRecord{SiteID: "acme", VisitorID: schema.VisitorID(uuid.NewString()), Touch: raws[i%len(raws)], ReceivedAt: at}
		record.TouchID, record.OccurredAt = schema.TouchID(id.String()), at
		record.LandingPage = fmt.Sprintf("https://www.acme.example/%d", i)
		before.Resolve(&record.Touch)
		if old {
			record.Rule = ""
		}
		lead := schema.Submission{SiteID: "acme", SubmissionID: schema.SubmissionID(uuid.NewString()), Form: "signup", OccurredAt: at, ReceivedAt: at, LatestTouch: record.Touch}
		if i%2 == 0 {
			lead.FirstTouch = record.Touch
		}
		rows := byMonth[at.Month()]
		byMonth[at.Month()] = [2][]any{append(rows[0], record), append(rows[1], lead)}
	}
	for month, rows := range byMonth {
		fillSpend(t, s, before, month)
		for i, table := range []string{"touches", "submissions"} {
			if err := s.Insert(t.Context(), table, fmt.Sprint(month, table), rows[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// fillSpend stores what a month cost: a row that partners' rule gives another channel, one that it gives another source, and, in January
// and March, one that was imported under that source already.
func fillSpend(t *testing.T, s *store.Store, resolver *schema.Resolver, month time.Month) {
	t.Helper()
	day := time.Date(2026, month, 20, 0, 0, 0, 0, time.UTC)
	var rows []any
	for source, amount := range map[string]int64{"partner-a": 10, "Partner.Example": 5, "partner c": 7} {
		if source == "partner c" && month == time.February {
			continue
		}
		spend := schema.Spend{SiteID: "acme", Date: day, UTMSource: source, UTMMedium: "banner", Amount: decimal.NewFromInt(amount), Currency: "EUR", Clicks: 1, ReceivedAt: day}
		spend.Resolve(resolver)
		rows = append(rows, spend)
	}
	if err := s.Insert(t.Context(), "spend", fmt.Sprint(month, "spend"), rows); err != nil {
		t.Fatal(err)
	}
}

// partners is a change of rules: partners are affiliates, and one host has a name.
func partners(site *schema.Site) {
	site.SourceRules = []schema.SourceRule{{UTMSource: "partner-*", Channel: schema.ChannelAffiliates}}
	site.SourceHosts = []schema.SourceHost{{Host: "partner.example", Source: "partner c"}}
}

func scalar[T any](t *testing.T, s *store.Store, query string) T {
	t.Helper()
	var value T
	if err := s.Conn().QueryRow(t.Context(), query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

// fingerprints of all that a run must leave alone, and of the whole.
const (
	rawOf = `SELECT toString(groupBitXor(cityHash64(touch_id, occurred_at, utm_source, utm_medium, utm_campaign, gclid, fbclid, referrer, landing_page, verdict, suspect, received_at))) FROM touches FINAL`
	allOf = `SELECT toString(groupBitXor(cityHash64(touch_id, source, medium, campaign, channel, referrer_domain, rule))) FROM touches FINAL`
)

func TestRun(t *testing.T) {
	s := database(t)
	const n = 600
	fill(t, s, n, false)
	raw := scalar[string](t, s, rawOf)
	config := Config{Store: s, Site: "acme", Resolver: resolver(t, partners), Batch: 50}
	dry := config
	dry.DryRun = true
	expected, err := Run(t.Context(), dry)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]uint64{
		"partner-a / banner in Display > partner-a / banner in Affiliates":          n / 6,
		"partner-b /  in Unassigned > partner-b /  in Affiliates":                   n / 6,
		"partner.example / referral in Referral > partner c / referral in Referral": n / 6,
	}
	if got := expected.Tables["touches"]; got.Looked != n || !maps.Equal(got.Moved, want) {
		t.Errorf("a dry run: %+v", got)
	}
	if changed := scalar[uint64](t, s, "SELECT countIf(reclassified_at > toDateTime64(0, 3)) FROM touches"); changed != 0 {
		t.Errorf("a dry run changed %d rows", changed)
	}
	got, err := Run(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	for table, outcome := range expected.Tables {
		if got.Tables[table].Looked != outcome.Looked || !maps.Equal(got.Tables[table].Moved, outcome.Moved) {
			t.Errorf("%s: %+v, and the dry run said %+v", table, got.Tables[table], outcome)
		}
	}
	if moved := got.Tables["submissions"].Moved["partner-a / banner in Display > partner-a / banner in Affiliates"]; moved != n/6*2 {
		t.Errorf("submissions: %d moved", moved) // each first touch of these is there: they are even
	}
	checkTables(t, s, n)
	if now := scalar[string](t, s, rawOf); now != raw {
		t.Error("raw values were changed")
	}
	if left := scalar[uint64](t, s, "SELECT count() FROM reclassified"); left != 0 {
		t.Errorf("%d rows are left in reclassified", left)
	}
	again, err := Run(t.Context(), config)
	if err != nil || len(again.Tables["touches"].Moved)+len(again.Tables["submissions"].Moved) != 0 || again.ID == got.ID {
		t.Errorf("a second run: %+v, %v", again, err)
	}
	back := config
	back.Resolver = resolver(t, nil)
	if _, err := Run(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	if named := scalar[uint64](t, s, "SELECT countIf(channel = 'Affiliates') FROM touches FINAL"); named != 0 {
		t.Errorf("%d are still named by the rules that were taken back", named)
	}
	if rows := scalar[uint64](t, s, "SELECT countIf(source = 'partner.example' AND amount = 5) FROM spend FINAL"); rows != 1 {
		t.Errorf("%d rows of spend that were added to none have their name back, want 1", rows)
	}
}

// checkTables: after partners' rules every record is there once, and named by them, in its copies as well.
func checkTables(t *testing.T, s *store.Store, n uint64) {
	t.Helper()
	for _, check := range []struct {
		query string
		want  uint64
	}{
		{"SELECT count() FROM touches FINAL", n},
		{"SELECT uniqExact(touch_id) FROM touches FINAL", n},
		{"SELECT count() FROM submissions FINAL", n},
		{"SELECT countIf(channel = 'Affiliates') FROM touches FINAL", n / 3},
		{"SELECT countIf(source = 'partner c' AND startsWith(rule, 'site rule host=partner.example > ')) FROM touches FINAL", n / 6},
		{"SELECT countIf(latest_touch_channel = 'Affiliates') FROM submissions FINAL", n / 3},
		{"SELECT countIf(first_touch_channel = 'Affiliates') FROM submissions FINAL", n / 6},
		{"SELECT countIf(first_touch_rule != '' AND first_touch_occurred_at = toDateTime64(0, 3)) FROM submissions FINAL", 0},
		{"SELECT toUInt64(sum(amount)) FROM spend FINAL", 3*10 + 3*5 + 2*7},
		{"SELECT sum(clicks) FROM spend FINAL", 3 + 3 + 2},
		{"SELECT countIf(source = 'partner-a' AND channel = 'Affiliates' AND amount = 10) FROM spend FINAL", 3},
		{"SELECT countIf(source = 'partner c' AND amount = 12) FROM spend FINAL", 2},
		{"SELECT countIf(source = 'partner c' AND amount = 5 AND utm_source = 'Partner.Example') FROM spend FINAL", 1},
		{"SELECT countIf(source = 'partner.example' AND (amount != 0 OR clicks != 0)) FROM spend FINAL", 0},
	} {
		if got := scalar[uint64](t, s, check.query); got != check.want {
			t.Errorf("%s: %d, want %d", check.query, got, check.want)
		}
	}
}

var errKilled = errors.New("killed")

// A run that is killed, wherever it is, goes on when it is asked again, and says in the end what a run says that was left alone.
func TestRunIsResumed(t *testing.T) {
	undisturbed := database(t)
	const n = 120
	fill(t, undisturbed, n, false)
	config := Config{Store: undisturbed, Site: "acme", Resolver: resolver(t, partners), Batch: 40}
	want, err := Run(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	s := database(t)
	fill(t, s, n, false)
	config.Store = s
	kills, resumed := 0, 0
	for at := 1; ; at++ {
		// Each attempt may take one step more than the one before, so that it is killed behind steps of every sort.
		steps := 0
		config.step = func(string) error {
			if steps++; steps > at {
				return errKilled
			}
			return nil
		}
		got, err := Run(t.Context(), config)
		if errors.Is(err, errKilled) {
			kills++
			if got.Resumed {
				resumed++
			}
			if rows := scalar[uint64](t, s, "SELECT count() FROM touches FINAL"); rows != n {
				t.Fatalf("after step %d there are %d touches", at, rows)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for table, outcome := range want.Tables {
			if got.Tables[table].Looked != outcome.Looked || !maps.Equal(got.Tables[table].Moved, outcome.Moved) {
				t.Errorf("%s, killed %d times: %+v, left alone %+v", table, kills, got.Tables[table], outcome)
			}
		}
		break
	}
	if kills < 8 || resumed < kills-2 {
		t.Errorf("killed %d times, resumed %d times", kills, resumed)
	}
	checkTables(t, s, n)
}

// Rules that change between two attempts make the first one's leftovers void.
func TestOtherRulesBeginAnew(t *testing.T) {
	s := database(t)
	const n = 60
	fill(t, s, n, false)
	calls := 0
	config := Config{Store: s, Site: "acme", Resolver: resolver(t, nil), Batch: 10, step: func(string) error {
		if calls++; calls > 3 {
			return errKilled
		}
		return nil
	}}
	if _, err := Run(t.Context(), config); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	config.Resolver, config.step = resolver(t, partners), nil
	got, err := Run(t.Context(), config)
	if err != nil || got.Resumed {
		t.Fatalf("%+v, %v", got, err)
	}
	checkTables(t, s, n)
	config.Resolver = resolver(t, nil)
	if got, err = Run(t.Context(), config); err != nil || got.Resumed {
		t.Errorf("the first one's journal was taken up again: %+v, %v", got, err)
	}
}

// An operator's verdict and a resend survive a reclassification, in whichever order they come.
func TestVerdictsAndResends(t *testing.T) {
	s := database(t)
	const n = 60
	fill(t, s, n, false)
	judge := func(verdict string) {
		t.Helper()
		if _, err := s.Judge(t.Context(), store.Judgement{Site: "acme", Verdict: verdict, Tables: []string{"touches"}, Source: "partner-a"}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	count := func(condition string, want uint64) {
		t.Helper()
		if got := scalar[uint64](t, s, "SELECT countIf("+condition+") FROM touches FINAL"); got != want {
			t.Errorf("%s: %d, want %d", condition, got, want)
		}
	}
	judge("operator")
	if _, err := Run(t.Context(), Config{Store: s, Site: "acme", Resolver: resolver(t, partners)}); err != nil {
		t.Fatal(err)
	}
	count("suspicion = 'operator' AND channel = 'Affiliates'", n/6)
	judge("clear")
	count("suspicion = '' AND channel = 'Affiliates' AND source = 'partner-a'", n/6)
	if err := s.Conn().Exec(t.Context(), `INSERT INTO touches SELECT * REPLACE ('Unassigned' AS channel, '' AS verdict, toDateTime64(0, 3, 'UTC') AS judged_at,
		toDateTime64(0, 3, 'UTC') AS reclassified_at, now64(3) AS received_at) FROM touches FINAL`); err != nil {
		t.Fatal(err)
	}
	count("channel = 'Affiliates'", n/3)
	if rows := scalar[uint64](t, s, "SELECT count() FROM touches FINAL"); rows != n {
		t.Errorf("%d touches", rows)
	}
}

// Rows of before rules were stored get one, and nothing else moves; what is not stored any more is not made up.
func TestOldRows(t *testing.T) {
	s := database(t)
	const n = 60
	fill(t, s, n, true)
	app := schema.TouchRecord{SiteID: "acme", ReceivedAt: start, Touch: schema.Touch{TouchID: schema.TouchID(uuid.NewString()), OccurredAt: start}}
	resolver(t, nil).ResolveInApp(&app.Touch, "instagram")
	forgotten := schema.TouchRecord{SiteID: "acme", ReceivedAt: start, Touch: schema.Touch{TouchID: schema.TouchID(uuid.NewString()), OccurredAt: start, Gclid: "x"}}
	resolver(t, nil).Resolve(&forgotten.Touch)
	forgotten.ForgetClick()
	app.Rule, forgotten.Rule = "", ""
	if err := s.Insert(t.Context(), "touches", "more", []any{app, forgotten}); err != nil {
		t.Fatal(err)
	}
	got, err := Run(t.Context(), Config{Store: s, Site: "acme", Resolver: resolver(t, nil)})
	if err != nil || !maps.Equal(got.Tables["touches"].Moved, map[string]uint64{OnlyRule: n + 2}) {
		t.Fatalf("%+v, %v", got, err)
	}
	for rule, want := range map[string]uint64{"in-app browser > social source": 1, "click_id gclid > search source, paid medium": n/6 + 1, "nothing > direct": n / 6, "": 0} {
		if got := scalar[uint64](t, s, "SELECT countIf(rule = '"+rule+"') FROM touches FINAL"); got != want {
			t.Errorf("%q: %d, want %d", rule, got, want)
		}
	}
}

// A range is half open, and another site is nobody's business.
func TestRange(t *testing.T) {
	s := database(t)
	const n = 60
	fill(t, s, n, false)
	if err := s.Conn().Exec(t.Context(), "INSERT INTO touches SELECT * REPLACE ('beta' AS site_id) FROM touches FINAL"); err != nil {
		t.Fatal(err)
	}
	from, to := start.Add(10*24*time.Hour), start.Add(40*24*time.Hour)
	got, err := Run(t.Context(), Config{Store: s, Site: "acme", Resolver: resolver(t, partners), Since: from, Until: to, Batch: 7})
	if err != nil || got.Tables["touches"].Looked != 30 {
		t.Fatalf("%+v, %v", got, err)
	}
	inside := "occurred_at >= '2026-01-30 12:00:00' AND occurred_at < '2026-03-01 12:00:00' AND site_id = 'acme'"
	if moved := scalar[uint64](t, s, "SELECT countIf(channel = 'Affiliates' AND "+inside+") FROM touches FINAL"); moved != 10 {
		t.Errorf("%d moved", moved)
	}
	if moved := scalar[uint64](t, s, "SELECT countIf(channel = 'Affiliates' AND NOT ("+inside+")) FROM touches FINAL"); moved != 0 {
		t.Errorf("%d moved outside", moved)
	}
}
