package main

import (
	"context"
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

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/browser"
	"github.com/headwater/headwater/tools/dev/client"
	"github.com/headwater/headwater/tools/dev/stack"
)

// world is a stack of the test's own, a browser, and the site's side of the API.
type world struct {
	*stack.Stack
	api         *client.Client
	chromium    context.Context
	clickhouse  driver.Conn
	submissions uint64 // sent so far
	deals       uint64
}

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

func openClickHouse(t *testing.T, dsn string) driver.Conn {
	t.Helper()
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// settle waits until ClickHouse has everything that was sent: much cheaper to ask for again and again than a report.
func (w *world) settle(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var submissions, deals uint64
		err := w.clickhouse.QueryRow(t.Context(), "SELECT (SELECT count() FROM submissions FINAL WHERE site_id = ?), (SELECT count() FROM deals FINAL WHERE site_id = ?)",
			w.Site, w.Site).Scan(&submissions, &deals)
		if err != nil {
			t.Fatal(err)
		}
		if submissions >= w.submissions && deals >= w.deals {
			if submissions > w.submissions || deals > w.deals {
				t.Fatalf("ClickHouse has %d submissions and %d deals, sent were %d and %d", submissions, deals, w.submissions, w.deals)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s ClickHouse has %d of %d submissions and %d of %d deals", submissions, w.submissions, deals, w.deals)
		}
	}
}

// signUps is a number of leads of one source, of which the first deals get a deal.
type signUps struct {
	form         schema.FormID
	query        string // of the link that brought them
	leads, deals int
}

// play makes the leads: the first by a visitor in the browser, the others by what a browser would send.
func (w *world) play(t *testing.T, all ...signUps) {
	t.Helper()
	var deals []client.Row
	for i, kind := range all {
		for n := range kind.leads {
			who := person{name: "Lead", email: fmt.Sprintf("lead%d@%s-%d-%d.example", n, kind.form, i, n)}
			if n == 0 {
				w.visit(t, "/"+string(kind.form)+"?"+kind.query, string(kind.form), who)
			} else {
				w.send(t, kind, who)
			}
			if n < kind.deals {
				deals = append(deals, client.Row{"deal_id": who.email, "status": "won", "amount": "1000.50", "currency": "EUR", "contact_email": who.email})
			}
		}
	}
	if err := w.api.Import(t.Context(), client.Deals, deals); err != nil {
		t.Fatal(err)
	}
	w.deals += uint64(len(deals))
	w.settle(t)
}

// visit is one visitor with a browser of their own, who arrives at path and sends the form there.
func (w *world) visit(t *testing.T, path, form string, who person) {
	t.Helper()
	v, err := newVisitor(w.chromium, w.Stack)
	if err != nil {
		t.Fatal(err)
	}
	defer v.end()
	if form == "signup" && who.company == "" {
		who.company = "Company of " + who.email
	}
	if err := inOrder(func() error { return v.open(path) }, func() error { return v.send(form, who) }); err != nil {
		t.Fatal(err)
	}
	w.submissions++
}

// send is a visitor without a browser: a touch, and a submission that carries it.
func (w *world) send(t *testing.T, kind signUps, who person) {
	t.Helper()
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	touch := schema.Touch{TouchID: schema.TouchID(newID(t)), OccurredAt: at, LandingPage: w.Demo + "/" + string(kind.form) + "?" + kind.query}
	query, err := url.ParseQuery(kind.query)
	if err != nil {
		t.Fatal(err)
	}
	for name := range query {
		if err := schema.SetField(&touch, name, query.Get(name)); err != nil {
			t.Fatal(err)
		}
	}
	visitor := schema.VisitorID(newID(t))
	err = errors.Join(
		w.api.Touch(t.Context(), &schema.TouchRecord{VisitorID: visitor, Touch: touch}),
		w.api.Submit(t.Context(), &schema.Submission{
			SubmissionID: schema.SubmissionID(newID(t)), VisitorID: visitor, Form: kind.form, OccurredAt: at.Add(time.Minute),
			FirstTouch: touch, LatestTouch: touch, Fields: map[string]string{"email": who.email, "name": who.name},
		}))
	if err != nil {
		t.Fatal(err)
	}
	w.submissions++
}

func newID(t *testing.T) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// eventually reads a report until check has no complaint.
func (w *world) eventually(t *testing.T, name string, parameters url.Values, check func(*client.Report) error) *client.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		report, err := w.api.Report(ctx, name, parameters)
		if err == nil {
			if err = check(report); err == nil {
				return report
			}
		}
		select {
		case <-ctx.Done():
			text, _ := w.api.ReportText(t.Context(), name, "table", parameters)
			t.Fatalf("report %s: %v\n%s", name, err, text)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// row returns the row in which the columns have the values, and what it has in the others.
func row(report *client.Report, values map[string]string) (map[string]any, error) {
	for _, row := range report.Rows {
		fits := true
		for column, value := range values {
			fits = fits && fmt.Sprint(row[column]) == value
		}
		if fits {
			return row, nil
		}
	}
	return nil, fmt.Errorf("no row with %v", values)
}

// counts checks numbers of a row.
func counts(row map[string]any, wanted map[string]int) error {
	for column, want := range wanted {
		if got := fmt.Sprint(row[column]); got != fmt.Sprint(want) {
			return fmt.Errorf("%s is %s, want %d, in %v", column, got, want, row)
		}
	}
	return nil
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

func total(row map[string]any, column string) int64 {
	number, _ := row[column].(json.Number)
	count, _ := number.Int64()
	return count
}

// checkSums holds the rows of a breakdown against its totals, which are counted apart from them.
func checkSums(t *testing.T, report *client.Report) {
	t.Helper()
	for _, column := range []string{"visitors", "leads", "conversions", "companies", "deals", "won_deals"} {
		sum := int64(0)
		for _, row := range report.Rows {
			sum += total(row, column)
		}
		if want := total(report.Totals, column); sum != want {
			t.Errorf("the rows have %d %s, the total is %d", sum, column, want)
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
