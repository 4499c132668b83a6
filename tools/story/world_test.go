package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/headwater/headwater/schema"
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
