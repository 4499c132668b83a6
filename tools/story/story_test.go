package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/tools/dev/browser"
	"github.com/headwater/headwater/tools/dev/client"
	"github.com/headwater/headwater/tools/dev/stack"
)

// TestStories plays visitors in a real Chromium against the whole stack: page, snippet, collector, Redis, ClickHouse,
// reports. Where hundreds of sign-ups are needed, one of each kind goes through the browser and the others through the
// public endpoints. The stories share a site, so their order matters: the shares of the webinar are of all leads so far.
func TestStories(t *testing.T) {
	if _, err := browser.Find(); err != nil && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	chromium := browser.ForTest(t)
	s := stack.ForTest(t, t.TempDir(), fmt.Sprintf("story-test-%d", time.Now().UnixNano()), io.Discard)
	w := &world{Stack: s.Stack, api: apiClient(s.Stack), chromium: chromium, clickhouse: openClickHouse(t, s.ClickHouseDSN)}
	t.Run("webinar", w.webinar)
	t.Run("partners", w.partners)
	t.Run("seed story", w.seedStory)
	t.Run("places", w.places)
	t.Run("existing customer", w.existingCustomer)
}

// webinar: a webinar promoted by a LinkedIn post, a Google ad and a newsletter. LinkedIn brings 50 % of the sign-ups;
// the newsletter's leads get deals at a rate 30 % above the others'.
func (w *world) webinar(t *testing.T) {
	w.play(t,
		signUps{"webinar", "utm_source=linkedin&utm_medium=social&utm_campaign=night-tariff", 100, 25},
		signUps{"webinar", "utm_source=google&utm_medium=cpc&utm_campaign=night-tariff&gclid=G-1", 60, 15},
		signUps{"webinar", "utm_source=newsletter&utm_medium=email&utm_campaign=night-tariff", 40, 13},
	)
	w.eventually(t, "conversion_rate", url.Values{"by": {"source"}}, func(r *client.Report) error {
		var wrong []error
		for source, want := range map[string]struct {
			leads, deals      int
			share, rate, lift float64
		}{
			"linkedin":   {100, 25, .5, .25, .25 / (28. / 100)},
			"google":     {60, 15, .3, .25, .25 / (38. / 140)},
			"newsletter": {40, 13, .2, .325, 1.3},
		} {
			got, err := row(r, map[string]string{"source": source})
			wrong = append(wrong, err, counts(got, map[string]int{"leads": want.leads, "leads_with_deal": want.deals}))
			for column, want := range map[string]float64{"share": want.share, "rate": want.rate, "lift": want.lift} {
				number, _ := got[column].(json.Number)
				if got, err := number.Float64(); err != nil || math.Abs(got-want) > 1e-6 {
					wrong = append(wrong, fmt.Errorf("%s of %s is %v, want %v", column, source, number, want))
				}
			}
		}
		return errors.Join(wrong...)
	})
}

// partners is the partner table: leads and deals of three partners, and everything sums up.
func (w *world) partners(t *testing.T) {
	before, err := w.api.Report(t.Context(), "source_breakdown", url.Values{"by": {"source,medium"}})
	if err != nil {
		t.Fatal(err)
	}
	table := []signUps{
		{"signup", "utm_source=partner-a&utm_medium=email", 30, 2},
		{"signup", "utm_source=partner-b&utm_medium=webinar", 50, 10},
		{"signup", "utm_source=partner-c&utm_medium=referral", 10, 1},
	}
	w.play(t, table...)
	for _, point := range []string{"first_touch", "lead_creation", "company_source"} {
		report := w.eventually(t, "source_breakdown", url.Values{"by": {"source,medium"}, "data_point": {point}}, func(r *client.Report) error {
			for _, kind := range table {
				query, _ := url.ParseQuery(kind.query)
				got, err := row(r, map[string]string{"source": query.Get("utm_source"), "medium": query.Get("utm_medium")})
				if err != nil {
					return err
				}
				if err := counts(got, map[string]int{"visitors": kind.leads, "leads": kind.leads, "conversions": 0, "companies": kind.leads,
					"deals": kind.deals, "won_deals": kind.deals}); err != nil {
					return err
				}
				if want := fmt.Sprintf("map[EUR:%.2f]", 1000.5*float64(kind.deals)); fmt.Sprint(got["won_amount"]) != want {
					return fmt.Errorf("won_amount of %s is %v, want %s", kind.query, got["won_amount"], want)
				}
			}
			return nil
		})
		checkSums(t, report)
		if leads := total(report.Totals, "leads") - total(before.Totals, "leads"); leads != 90 {
			t.Errorf("by %s the partners bring %d leads in all, want 90", point, leads)
		}
	}
}

// seedStory is what `go run ./tools/story` plays.
func (w *world) seedStory(t *testing.T) {
	told, err := playSeedStory(w.chromium, w.Stack, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	w.submissions += 2
	for _, wrong := range told.wrong {
		t.Error(wrong)
	}
	var printed strings.Builder
	if err := told.print(t.Context(), &printed); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{told.who.email, "first_touch", "lead_creation", "company_source", "conversion", "monday-letter-38"} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("the printed tables lack %q:\n%s", want, &printed)
		}
	}
}

// places follows every link of the outside world, each as a new visitor who then takes the newsletter.
func (w *world) places(t *testing.T) {
	places := []struct{ link, source, medium, channel, referrer string }{
		{"linkedin", "linkedin", "paid-social", "Paid Social", "linkedin.localhost"},
		{"facebook", "facebook", "paid-social", "Paid Social", "facebook.localhost"},
		{"mail", "newsletter", "email", "Email", ""},
		{"google-ad", "google", "cpc", "Paid Search", "google.localhost"},
		{"google", "google", "organic", "Organic Search", "google.localhost"},
		{"chatgpt", "chatgpt", "ai", "AI Assistants", "chatgpt.localhost"},
		{"partner", "partner.localhost", "referral", "Referral", "partner.localhost"},
		{"direct", "(direct)", "(none)", "Direct", ""},
	}
	for _, place := range places {
		v, err := newVisitor(w.chromium, w.Stack)
		if err != nil {
			t.Fatal(err)
		}
		err = inOrder(func() error { return v.follow(place.link) }, func() error {
			return v.send("newsletter", person{email: place.link + "@readers.example"})
		})
		v.end()
		if err != nil {
			t.Fatal(err)
		}
		w.submissions++
	}
	w.settle(t)
	for _, place := range places {
		w.eventually(t, "contact_card", url.Values{"email": {place.link + "@readers.example"}}, func(r *client.Report) error {
			for _, point := range []string{"first_touch", "lead_creation"} {
				if _, err := row(r, map[string]string{"data_point": point, "status": "attributed", "form": "newsletter", "source": place.source,
					"medium": place.medium, "channel": place.channel, "referrer_domain": place.referrer}); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// existingCustomer: whom the CRM knew before never gets a first touch or a lead creation, and its forms are conversions.
// A colleague is a new contact of a company that existed, which gets no company source.
func (w *world) existingCustomer(t *testing.T) {
	rows := []client.Row{{"email": "grace@hopper-farms.example", "crm_id": "77", "company_crm_id": "7", "company_name": "Hopper Farms", "created_at": "2021-05-04"}}
	if err := w.api.Import(t.Context(), client.Contacts, rows); err != nil {
		t.Fatal(err)
	}
	for _, who := range []person{{"Grace", "grace@hopper-farms.example", "Hopper Farms"}, {"Anita", "anita@hopper-farms.example", "Hopper Farms"}} {
		w.visit(t, "/signup?utm_source=partner-d&utm_medium=referral&utm_campaign=late", "signup", who)
	}
	w.settle(t)
	statuses := func(r *client.Report) []string {
		var list []string
		for _, row := range r.Rows {
			list = append(list, fmt.Sprintf("%v %v %v", row["data_point"], row["status"], row["source"]))
		}
		return list
	}
	for email, want := range map[string][]string{
		"grace@hopper-farms.example": {"first_touch existing ", "lead_creation existing ", "company_source existing ", "conversion attributed partner-d"},
		"anita@hopper-farms.example": {"first_touch attributed partner-d", "lead_creation attributed partner-d", "company_source existing "},
	} {
		w.eventually(t, "contact_card", url.Values{"email": {email}}, func(r *client.Report) error {
			if got := statuses(r); !slices.Equal(got, want) {
				return fmt.Errorf("the card of %s says %q, want %q", email, got, want)
			}
			return nil
		})
	}
}

// TestNoStack says what to do.
func TestNoStack(t *testing.T) {
	err := run(t.Context(), t.TempDir()+"/stack.json", false, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "start it with `make run` in another terminal") {
		t.Errorf("without a stack it returned %v", err)
	}
}
