package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/headwater/headwater/tools/dev/client"
	"github.com/headwater/headwater/tools/dev/stack"
)

// daysBetween is how long the person of the story thinks about the first ad.
const daysBetween = 9

// telling is what Headwater tells of the story, and what of it is wrong.
type telling struct {
	api    *client.Client
	who    person
	domain string // of the person's company
	wrong  []string
}

// newcomer returns a person that no earlier run has been, at a company that none has named.
func newcomer() person {
	mark := strings.ToLower(time.Now().UTC().Format("0102-150405.000"))
	mark = strings.ReplaceAll(mark, ".", "-")
	return person{name: "Ada Lovelace", email: "ada@lovelace-" + mark + ".example", company: "Lovelace Orchards " + mark}
}

// playSeedStory plays the story and reads the reports after each form.
func playSeedStory(chromium context.Context, s *stack.Stack, out io.Writer) (*telling, error) {
	v, err := newVisitor(chromium, s)
	if err != nil {
		return nil, err
	}
	defer v.end()
	t := &telling{api: apiClient(s), who: newcomer()}
	t.domain = t.who.email[strings.IndexByte(t.who.email, '@')+1:]
	say := func(format string, args ...any) { fmt.Fprintf(out, "· "+format+"\n", args...) }

	say("%d days ago: a LinkedIn ad brings a visitor, who looks at the prices and leaves", daysBetween)
	if err := inOrder(
		func() error { return v.travel(daysBetween * 24 * time.Hour) },
		func() error { return v.follow("linkedin") },
		func() error { return v.click("/pricing") },
		v.leave,
		func() error { return v.travel(0) },
	); err != nil {
		return nil, err
	}
	say("today: a Facebook ad brings the same browser back, and %s sends the sign-up form", t.who.email)
	if err := inOrder(
		func() error { return v.follow("facebook") },
		func() error { return v.click("/signup") },
		func() error { return v.send("signup", t.who) },
	); err != nil {
		return nil, err
	}
	card, err := t.waitForCard(v.tab, 1)
	if err != nil {
		return nil, err
	}
	created := t.check(card, 0)
	say("later: the newsletter brings %s to the webinar, and to its form", t.who.email)
	if err := inOrder(
		func() error { return v.follow("mail") },
		func() error { return v.send("webinar", t.who) },
	); err != nil {
		return nil, err
	}
	if card, err = t.waitForCard(v.tab, 2); err != nil {
		return nil, err
	}
	if after := t.check(card, 1); created != after {
		t.wrong = append(t.wrong, fmt.Sprintf("the second form has changed the card: from\n%sto\n%s", created, after))
	}
	return t, t.checkBreakdown(v.tab)
}

func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// waitForCard reads the person's card until it knows that many forms. A lead must be there within 2 s; on a machine
// that runs a browser, an engine and tests beside it, the story itself waits a little longer.
func (t *telling) waitForCard(ctx context.Context, forms int) (*client.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		card, err := t.api.Report(ctx, "contact_card", url.Values{"email": {t.who.email}})
		if err == nil && sentForms(card) == forms {
			return card, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the lead in the reports: %w (the last answer: %v, %v)", ctx.Err(), card, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// sentForms counts the submissions that a card knows: the one that created the contact, and the conversions.
func sentForms(card *client.Report) int {
	n := 0
	for _, row := range card.Rows {
		if row["data_point"] == "lead_creation" && row["form"] != "" || row["data_point"] == "conversion" {
			n++
		}
	}
	return n
}

// want is what a row of the card must say.
type want struct {
	point, source, medium, campaign, form, referrer string
	daysAgo                                         int
}

// check compares the card with what happened, and returns the part of it that must never change again.
func (t *telling) check(card *client.Report, conversions int) (frozen string) {
	wanted := []want{
		{"first_touch", "linkedin", "paid-social", "spring-planning", "signup", "linkedin.localhost", daysBetween},
		{"lead_creation", "facebook", "paid-social", "free-survey", "signup", "facebook.localhost", 0},
		{"company_source", "facebook", "paid-social", "free-survey", "signup", "facebook.localhost", 0},
	}
	if conversions > 0 {
		wanted = append(wanted, want{"conversion", "newsletter", "email", "monday-letter-38", "webinar", "", 0})
	}
	if len(card.Rows) != len(wanted) {
		t.wrong = append(t.wrong, fmt.Sprintf("the card has %d data points, want %d", len(card.Rows), len(wanted)))
	}
	for _, w := range wanted {
		t.checkPoint(card, w)
	}
	var kept strings.Builder
	for _, row := range card.Rows {
		if row["data_point"] != "conversion" {
			text, _ := json.Marshal(row)
			fmt.Fprintf(&kept, "  %s\n", text)
		}
	}
	return kept.String()
}

func (t *telling) checkPoint(card *client.Report, w want) {
	for _, row := range card.Rows {
		if row["data_point"] != w.point {
			continue
		}
		for column, wanted := range map[string]string{"status": "attributed", "source": w.source, "medium": w.medium, "campaign": w.campaign,
			"form": w.form, "referrer_domain": w.referrer} {
			if row[column] != wanted {
				t.wrong = append(t.wrong, fmt.Sprintf("%s: %s is %q, want %q", w.point, column, row[column], wanted))
			}
		}
		at, err := time.Parse(time.RFC3339, fmt.Sprint(row["touch_at"]))
		if age := time.Since(at) - time.Duration(w.daysAgo)*24*time.Hour; err != nil || age < -time.Minute || age > 30*time.Minute {
			t.wrong = append(t.wrong, fmt.Sprintf("%s: the touch was at %v, want about %d days ago", w.point, row["touch_at"], w.daysAgo))
		}
		return
	}
	t.wrong = append(t.wrong, "the card has no "+w.point)
}

// checkBreakdown looks for the story in the site's source breakdowns, which other visitors may share.
func (t *telling) checkBreakdown(ctx context.Context) error {
	for _, w := range []struct{ point, source, column string }{
		{"first_touch", "linkedin", "leads"}, {"lead_creation", "facebook", "leads"},
		{"conversion", "newsletter", "conversions"}, {"company_source", "facebook", "companies"},
	} {
		report, err := t.api.Report(ctx, "source_breakdown", url.Values{"by": {"source"}, "data_point": {w.point}})
		if err != nil {
			return err
		}
		if counted := number(report, w.source, w.column); counted < 1 {
			t.wrong = append(t.wrong, fmt.Sprintf("source_breakdown by %s: %s has %d %s, want at least 1", w.point, w.source, counted, w.column))
		}
	}
	return nil
}

func number(report *client.Report, source, column string) int64 {
	for _, row := range report.Rows {
		if n, ok := row[column].(json.Number); ok && row["source"] == source {
			count, _ := n.Int64()
			return count
		}
	}
	return 0
}

// print shows the reports as tables.
func (t *telling) print(ctx context.Context, out io.Writer) error {
	for _, shown := range []struct {
		title, name string
		parameters  url.Values
	}{
		{"The contact " + t.who.email, "contact_card", url.Values{"email": {t.who.email}}},
		{"The company " + t.who.company, "company_card", url.Values{"company": {t.domain}}},
		{"Where leads come from", "source_breakdown", url.Values{"by": {"source,medium"}}},
	} {
		text, err := t.api.ReportText(ctx, shown.name, "table", shown.parameters)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "\n%s\n\n%s\n", shown.title, text)
	}
	return nil
}
