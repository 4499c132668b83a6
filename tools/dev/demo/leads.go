package demo

import (
	"context"
	"fmt"
	"sync"
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

	mu      sync.Mutex // guards what follows
	version string     // changes whenever anything was stored
	view    leadsView
	cards   map[string]cachedCard
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
	version string // of the contact's submissions and of what the CRM sent
	at      time.Time
	points  []dataPoint
}

const latestLeads = 8

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

// stored counts the site's rows; together they tell whether anything changed.
func (l *leads) stored(ctx context.Context) ([]totals, error) {
	rows, err := l.conn.Query(ctx, `
		SELECT 'touches', count() FROM touches FINAL WHERE site_id = {site:String} UNION ALL
		SELECT 'submissions', count() FROM submissions FINAL WHERE site_id = {site:String} UNION ALL
		SELECT 'deals', uniqExact(deal_id) FROM deals WHERE site_id = {site:String} UNION ALL
		SELECT 'deal changes', count() FROM deals FINAL WHERE site_id = {site:String} UNION ALL
		SELECT 'contacts imported', uniqExact(contact_id) FROM contacts WHERE site_id = {site:String} UNION ALL
		SELECT 'companies imported', uniqExact(company_id) FROM companies WHERE site_id = {site:String}`,
		clickhouse.Named("site", l.SiteID))
	if err != nil {
		return nil, fmt.Errorf("count rows: %w", err)
	}
	defer rows.Close()
	var counted []totals
	for rows.Next() {
		var t totals
		if err := rows.Scan(&t.What, &t.Count); err != nil {
			return nil, fmt.Errorf("count rows: %w", err)
		}
		counted = append(counted, t)
	}
	return counted, rows.Err()
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
