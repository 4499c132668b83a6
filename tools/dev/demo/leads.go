package demo

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/tools/dev/client"
)

// leads reads what the page of leads shows: who sent a form lately, straight from the tables, since no report lists
// people; and what Headwater says about them, from the collector's API.
type leads struct {
	Config
	conn driver.Conn
	api  *client.Client

	looked atomic.Int64 // when a browser last asked for the page, Unix milliseconds

	// Only for the watching goroutine: the mark of what was read last, whether the reports were read too, and the cards
	// by contact.
	marked   string
	complete bool
	cards    map[string]cachedCard

	mu   sync.Mutex // guards view
	view leadsView
}

// leadsView is the page's data.
type leadsView struct {
	Version   string
	Problem   string // why nothing can be shown now
	Outside   string // address of the outside world
	Leads     []lead
	Breakdown []breakdown
	Rows      []totals
}

// totals counts what is stored.
type totals struct {
	What  string
	Count uint64
}

// lead is a person who sent a form, with the data points of the contact card.
type lead struct {
	ContactID string
	Who       string // e-mail, or what the form gave instead
	Name      string
	Company   string
	Form      string // of the latest submission
	At        time.Time
	Sent      uint64 // submissions
	Points    []dataPoint
}

type cachedCard struct {
	sent   uint64 // submissions of the contact
	at     time.Time
	points []dataPoint
}

const latestLeads = 6

func newLeads(_ context.Context, c Config) (*leads, error) {
	options, err := clickhouse.ParseDSN(c.ClickHouseDSN)
	if err != nil {
		return nil, fmt.Errorf("demo: ClickHouse DSN: %w", err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return nil, fmt.Errorf("demo: open ClickHouse: %w", err)
	}
	return &leads{Config: c, conn: conn, api: &client.Client{URL: c.Collector, Key: c.APIKey}, cards: map[string]cachedCard{}}, nil
}

// mark changes whenever a row of the site is stored. It counts without FINAL, which is cheap enough to ask for all the
// time.
func (l *leads) mark(ctx context.Context) (string, error) {
	var counts [5]uint64
	row := l.conn.QueryRow(ctx, `
		SELECT (SELECT count() FROM touches WHERE site_id = {site:String}), (SELECT count() FROM submissions WHERE site_id = {site:String}),
			(SELECT count() FROM deals WHERE site_id = {site:String}), (SELECT count() FROM contacts WHERE site_id = {site:String}),
			(SELECT count() FROM companies WHERE site_id = {site:String})`,
		clickhouse.Named("site", l.SiteID))
	if err := row.Scan(&counts[0], &counts[1], &counts[2], &counts[3], &counts[4]); err != nil {
		return "", fmt.Errorf("count rows: %w", err)
	}
	return fmt.Sprint(counts), nil
}

// stored counts what the site has.
func (l *leads) stored(ctx context.Context) ([]totals, error) {
	counted := []totals{{What: "touches"}, {What: "submissions"}, {What: "deals"}, {What: "contacts imported"}, {What: "companies imported"}}
	row := l.conn.QueryRow(ctx, `
		SELECT (SELECT count() FROM touches FINAL WHERE site_id = {site:String}), (SELECT count() FROM submissions FINAL WHERE site_id = {site:String}),
			(SELECT uniqExact(deal_id) FROM deals WHERE site_id = {site:String}), (SELECT uniqExact(contact_id) FROM contacts WHERE site_id = {site:String}),
			(SELECT uniqExact(company_id) FROM companies WHERE site_id = {site:String})`,
		clickhouse.Named("site", l.SiteID))
	if err := row.Scan(&counted[0].Count, &counted[1].Count, &counted[2].Count, &counted[3].Count, &counted[4].Count); err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	return counted, nil
}

// latest lists who sent a form most recently.
func (l *leads) latest(ctx context.Context) ([]lead, error) {
	rows, err := l.conn.Query(ctx, `
		SELECT contact_id, max(occurred_at) AS at, argMax(form, occurred_at), argMax(company_name, (company_name != '', occurred_at)), count(),
			argMax(fields['email'], (fields['email'] != '', occurred_at)), argMax(fields['name'], (fields['name'] != '', occurred_at))
		FROM (SELECT * FROM submissions FINAL WHERE site_id = {site:String} AND contact_id != '') AS sent
		LEFT JOIN (SELECT submission_id, fields FROM submission_fields FINAL WHERE site_id = {site:String}) AS typed USING (submission_id)
		GROUP BY contact_id ORDER BY at DESC LIMIT {limit:UInt8}`,
		clickhouse.Named("site", l.SiteID), clickhouse.Named("limit", fmt.Sprint(latestLeads)))
	if err != nil {
		return nil, fmt.Errorf("list the latest leads: %w", err)
	}
	defer rows.Close()
	var list []lead
	for rows.Next() {
		var one lead
		if err := rows.Scan(&one.ContactID, &one.At, &one.Form, &one.Company, &one.Sent, &one.Who, &one.Name); err != nil {
			return nil, fmt.Errorf("list the latest leads: %w", err)
		}
		if one.Who == "" {
			one.Who = "contact " + one.ContactID[:min(12, len(one.ContactID))]
		}
		list = append(list, one)
	}
	return list, rows.Err()
}
