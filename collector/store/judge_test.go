package store

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/schema"
)

// TestVerdicts: an operator's word beats the collector's, later words beat earlier ones, and no resend undoes one.
func TestVerdicts(t *testing.T) {
	s := migrated(t)
	now := time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)
	touch := func(site schema.SiteID, source string, suspect schema.Suspicion) schema.TouchRecord {
		return schema.TouchRecord{SiteID: site, ReceivedAt: now, Suspect: suspect,
			Touch: schema.Touch{TouchID: schema.TouchID(uuid.NewString()), OccurredAt: now, Source: source}}
	}
	bot, ad, theirs := touch("acme", "bots", schema.SuspectBot), touch("acme", "o'ad\\", ""), touch("beta", "bots", schema.SuspectBot)
	lead := schema.Submission{SiteID: "acme", SubmissionID: schema.SubmissionID(uuid.NewString()), Form: "signup", OccurredAt: now, ReceivedAt: now, Suspect: schema.SuspectRate}
	send := func(token string) {
		t.Helper()
		for i, row := range []any{bot, ad, theirs} {
			if err := s.Insert(t.Context(), "touches", token+string(rune('a'+i)), []any{row}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Insert(t.Context(), "submissions", token, []any{lead}); err != nil {
			t.Fatal(err)
		}
	}
	judge := func(j Judgement, at time.Duration, touches, submissions uint64) {
		t.Helper()
		j.Site, j.Tables = "acme", []string{"touches", "submissions"}
		counts, err := s.Judge(t.Context(), j, now.Add(at))
		if err != nil || counts["touches"] != touches || counts["submissions"] != submissions {
			t.Fatalf("%+v: %v, %v", j, counts, err)
		}
	}
	want := func(suspicions ...string) {
		t.Helper()
		for i, where := range []string{"touches FINAL WHERE touch_id = '" + string(bot.TouchID), "touches FINAL WHERE touch_id = '" + string(ad.TouchID), "submissions FINAL WHERE site_id = 'acme"} {
			var got string
			if err := s.Conn().QueryRow(t.Context(), "SELECT suspicion FROM "+where+"'").Scan(&got); err != nil || got != suspicions[i] {
				t.Errorf("%s: %q (%v), want %q", where, got, err, suspicions[i])
			}
		}
	}
	send("first")
	want("bot", "", "rate")
	judge(Judgement{Verdict: schema.VerdictClear, Reason: schema.SuspectBot}, time.Second, 1, 0)
	want("", "", "rate")
	judge(Judgement{Verdict: schema.VerdictClear, Reason: schema.SuspectBot}, 2*time.Second, 0, 0)
	judge(Judgement{Verdict: "operator", Source: "o'ad\\"}, 3*time.Second, 1, 0)
	judge(Judgement{Verdict: "operator", Source: "x' OR '1'='1"}, 4*time.Second, 0, 0)
	judge(Judgement{Verdict: schema.VerdictClear, Form: "other"}, 5*time.Second, 0, 0)
	judge(Judgement{Verdict: schema.VerdictClear, Form: "signup", Until: now}, 6*time.Second, 0, 0)
	judge(Judgement{Verdict: schema.VerdictClear, IDs: []string{string(lead.SubmissionID)}, Since: now}, 7*time.Second, 0, 1)
	want("", "operator", "")
	send("again") // under other tokens, as after a replay
	if err := s.Conn().Exec(t.Context(), "OPTIMIZE TABLE touches FINAL"); err != nil {
		t.Fatal(err)
	}
	want("", "operator", "")
	judge(Judgement{Verdict: "operator", Source: "bots"}, 8*time.Second, 1, 0)
	judge(Judgement{Verdict: schema.VerdictClear, Source: "bots"}, 8*time.Second+10*time.Millisecond, 1, 0)
	want("", "operator", "")
	if n := count(t, s, "touches FINAL WHERE site_id = 'beta' AND suspicion = 'bot'"); n != 1 {
		t.Error("another site's touch was judged too")
	}
}
