package reports

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/schema"
)

// arriving is a connection to a site where a lead comes in right after each of the first queries.
type arriving struct {
	driver.Conn
	queries, leads int
	arrive         func(number int)
}

func (a *arriving) Query(ctx context.Context, query string, args ...any) (driver.Rows, error) {
	rows, err := a.Conn.Query(ctx, query, args...)
	a.queries++
	if a.queries <= a.leads {
		a.arrive(a.queries)
	}
	return rows, err
}

// Rows and totals are of one moment, also where leads come in while a report is read.
func TestLiveSiteAddsUp(t *testing.T) {
	conn := database(t)
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for leads := range 4 {
		site := schema.SiteID(fmt.Sprintf("live-%d", leads))
		live := &arriving{Conn: conn, leads: leads, arrive: func(number int) {
			insert(t, conn, []schema.Record{&schema.Submission{
				SiteID: site, SubmissionID: schema.SubmissionID(fmt.Sprintf("0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d%02d", number)),
				Form: "signup", ContactID: schema.ContactID(fmt.Sprint(number)), OccurredAt: at, ReceivedAt: at,
			}})
		}}
		result, err := Run(context.Background(), live, "source_breakdown", Params{Site: site})
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, result)
		if got := result.Totals[result.column("leads")]; got != int64(leads) {
			t.Errorf("%d leads came in, the report counts %v", leads, got)
		}
	}
}
