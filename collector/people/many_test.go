package people

import (
	"context"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/collector/reports"
)

// bounded refuses a query that reads more rows than it may.
type bounded struct {
	driver.Conn
	rows int
}

func (b *bounded) Query(ctx context.Context, query string, args ...any) (driver.Rows, error) {
	return b.Conn.Query(clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_rows_to_read": b.rows})), query, args...)
}

// The first page and the last read the settled table once, whatever they are sorted by; what is shown of a page's contacts is read by
// their keys, and not from everybody.
func TestAPageReadsTheTableOnce(t *testing.T) {
	const many = 150_000
	s := newStand(t)
	if err := reports.Settle(t.Context(), s.conn, acme.ID, true); err != nil {
		t.Fatal(err)
	}
	err := s.conn.Exec(t.Context(), `INSERT INTO settled_journeys
		(site_id, contact_id, kind, id, occurred_at, form, nth_of_contact, creates_contact, contact_is_new, contact_first_touch, contact_lead_creation, kept_from, settlement)
		SELECT 'acme', lower(hex(sipHash128(number))), 'submission', toString(number), toDateTime64('2026-03-01 00:00:00', 3, 'UTC') - number, 'signup', 1, true, true,
			touch, concat(touch, '\x01', touch, '\x01', substring(touch, 1, 15)), now64(3), 1
		FROM (SELECT number, concat('001772323200000', '00000000-0000-0000-0000-000000000000', '1', '\0', 'source', toString(number % 50), '\0cpc\0\0\0\0\0Paid Search\0\0\0') AS touch FROM numbers(150000))`)
	if err != nil {
		t.Fatal(err)
	}
	limit := &bounded{s.conn, many + many/20}
	s.conn = limit
	q := wanting("first_touch.source:begins_with:source")
	q.Sort = "created"
	n, err := s.Count(t.Context(), acme, q)
	if err != nil || n != many {
		t.Fatalf("%d contacts, %v", n, err)
	}
	statuses, err := s.Statuses(t.Context(), acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	var last []Contact
	for _, after := range []*Cursor{nil, {"0001", strings.Repeat("0", 32)}, {"0001772323199000", ""}} {
		for _, sort := range []Column{"created", "lead_creation.source"} {
			q.Sort = sort
			page, err := s.keys(t.Context(), acme, q, statuses.List, after, 50)
			if err != nil {
				t.Fatalf("after %v by %s: %v", after, sort, err)
			}
			if after == nil {
				last = page
			}
		}
	}
	limit.rows = many / 4
	if err := s.fillSome(t.Context(), acme, statuses.List, last); err != nil {
		t.Fatalf("what is shown of %d contacts is read from everybody: %v", len(last), err)
	}
	if len(last) != 50 || last[0].LeadCreation[0] != "source0" {
		t.Errorf("%d contacts, the first %+v", len(last), last[:min(1, len(last))])
	}
	limit.rows = many / 2
	if _, err := s.Count(t.Context(), acme, q); err == nil {
		t.Error("the bound bounds nothing")
	}
}
