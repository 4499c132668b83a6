package schema_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/headwater/headwater/schema"
)

// Column by column there are the same values as row by row.
func TestColumnsAreTheValuesOfAllRows(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.FixedZone("", 3600))
	touch := schema.Touch{TouchID: "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e", OccurredAt: at, UTMSource: "linkedin",
		Parameters: map[string]string{"ref": "a"}, Channel: schema.ChannelPaidSocial}
	for _, records := range [][]any{
		{&schema.TouchRecord{SiteID: "a", Touch: touch}, &schema.TouchRecord{VisitorID: "no uuid"}},
		{&schema.Submission{SiteID: "a", FirstTouch: touch}, &schema.Submission{LatestTouch: touch, ReceivedAt: at}},
		{schema.SubmissionFields{Fields: map[string]string{"email": "ada@example.com"}}, schema.SubmissionFields{ContactID: "c"}},
		{&schema.Deal{Amount: decimal.New(12345, -2), Status: schema.DealWon, ChangeID: "no uuid"}, &schema.Deal{}},
		{&schema.Spend{Date: at, Amount: decimal.New(5, 0), Clicks: 7}, &schema.Spend{Impressions: 9}},
	} {
		fields := schema.Fields(records[0])
		columns := schema.Columns(records, fields)
		for row, record := range records {
			for i, want := range schema.Values(record, fields) {
				got := reflect.ValueOf(columns[i]).Index(row).Interface()
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%T row %d, %s: %v (%T), want %v (%T)", record, row, fields[i].Name, got, got, want, want)
				}
			}
		}
	}
	if columns := schema.Columns([]any(nil), schema.Fields(schema.Deal{})); fmt.Sprint(columns[0]) != "<nil>" {
		t.Errorf("columns of nothing: %v", columns)
	}
}
