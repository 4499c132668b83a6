package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/stack"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

// TestAYearIsTheSameWheneverMade makes it on one day and the day after: the second has all of the first, with the same
// ids and values, and what happened since.
func TestAYearIsTheSameWheneverMade(t *testing.T) {
	first, second := newYear(at(t, "2026-03-14T10:00:00Z"), 12), newYear(at(t, "2026-03-15T10:00:00Z"), 12)
	touches := map[schema.TouchID]string{}
	for _, touch := range second.touches {
		text, _ := json.Marshal(touch)
		touches[touch.TouchID] = string(text)
	}
	for _, touch := range first.touches {
		if text, _ := json.Marshal(touch); touches[touch.TouchID] != string(text) {
			t.Fatalf("a touch is no more, or another:\n%s\n%s", text, touches[touch.TouchID])
		}
	}
	submissions := map[schema.SubmissionID]string{}
	for _, submission := range second.submissions {
		text, _ := json.Marshal(submission)
		submissions[submission.SubmissionID] = string(text)
	}
	for _, submission := range first.submissions {
		if text, _ := json.Marshal(submission); submissions[submission.SubmissionID] != string(text) {
			t.Fatalf("a submission is no more, or another:\n%s\n%s", text, submissions[submission.SubmissionID])
		}
	}
	deals := map[string]bool{}
	for _, change := range second.deals {
		deals[fmt.Sprint(change)] = true
	}
	for _, change := range first.deals {
		if !deals[fmt.Sprint(change)] {
			t.Fatalf("a change of a deal is no more: %v", change)
		}
	}
	if len(second.touches) <= len(first.touches) {
		t.Errorf("a day later there are %d touches, the day before %d", len(second.touches), len(first.touches))
	}
}

func TestAYearIsBelievable(t *testing.T) {
	now := at(t, "2026-03-14T10:00:00Z")
	y := newYear(now, 12)
	ids := map[string]bool{}
	for _, touch := range y.touches {
		if touch.OccurredAt.After(now) || ids[string(touch.TouchID)] {
			t.Fatalf("a touch in the future, or an id twice: %+v", touch)
		}
		ids[string(touch.TouchID)] = true
	}
	for _, submission := range y.submissions {
		if submission.OccurredAt.After(now) || submission.FirstTouch.OccurredAt.After(submission.LatestTouch.OccurredAt) ||
			submission.LatestTouch.OccurredAt.After(submission.OccurredAt) || ids[string(submission.SubmissionID)] {
			t.Fatalf("a submission out of order: %+v", submission)
		}
		ids[string(submission.SubmissionID)] = true
		if _, err := schema.NormaliseEmail(submission.Fields["email"]); err != nil {
			t.Fatal(err)
		}
	}
	currencies := map[string]int{}
	for _, deal := range y.deals {
		if _, err := schema.ParseAmount(deal["amount"]); err != nil {
			t.Fatal(err)
		}
		currencies[deal["currency"]]++
	}
	if currencies["EUR"] < 20 || currencies["NOK"] < 20 || len(currencies) != 2 {
		t.Errorf("changes of deals by currency: %v, want some of EUR and NOK", currencies)
	}
	if rate := float64(len(y.submissions)) / float64(len(y.touches)); rate < .02 || rate > .2 {
		t.Errorf("%d submissions of %d visits", len(y.submissions), len(y.touches))
	}
}

// TestSeedTwice fills a stack of its own twice: the second time adds nothing, and the programmes have their figures.
func TestSeedTwice(t *testing.T) {
	data, ctx := t.TempDir(), t.Context()
	s := stack.ForTest(t, data, fmt.Sprintf("seed-test-%d", time.Now().UnixNano()), io.Discard)
	now := time.Now()
	var totals []string
	for range 2 {
		var out bytes.Buffer
		if err := run(ctx, data+"/"+stack.FileName, 4, now, &out); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		report, err := apiClient(s.Stack).Report(ctx, "totals", nil)
		if err != nil {
			t.Fatal(err)
		}
		totals = append(totals, fmt.Sprint(report.Rows))
		if strings.Contains(out.String(), "are there already") != (len(totals) == 2) {
			t.Errorf("run %d printed\n%s", len(totals), &out)
		}
	}
	if totals[0] != totals[1] {
		t.Errorf("the second run has changed the totals:\n%s\n%s", totals[0], totals[1])
	}
	report, err := apiClient(s.Stack).Report(ctx, "source_breakdown", url.Values{"by": {"source,campaign"}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, row := range report.Rows {
		got[fmt.Sprint(row["source"], " ", row["campaign"])] = fmt.Sprint(row["leads"], "/", row["deals"])
	}
	for key, want := range map[string]string{
		"partner-a partner-programme": "30/2", "partner-b partner-programme": "50/10", "partner-c partner-programme": "10/1",
		"linkedin night-tariff-webinar": "100/25", "google night-tariff-webinar": "60/15", "newsletter night-tariff-webinar": "40/13",
	} {
		if got[key] != want {
			t.Errorf("%s has leads/deals %s, want %s", key, got[key], want)
		}
	}
}
