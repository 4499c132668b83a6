package sample

import (
	"reflect"
	"testing"
	"time"

	"github.com/headwater/headwater/schema"
)

// The same hour makes the same records, all of the site beside the real one, none of them to come, and enough of each kind to look at.
func TestRecords(t *testing.T) {
	site := &schema.Site{ID: "acme"}
	now := time.Date(2026, 3, 12, 9, 41, 7, 0, time.UTC)
	records, err := recordsOf(site, []byte("a secret of an installation, 32 b"), now)
	if err != nil {
		t.Fatal(err)
	}
	again, err := recordsOf(site, []byte("a secret of an installation, 32 b"), now.Add(10*time.Minute))
	if err != nil || !reflect.DeepEqual(records, again) {
		t.Errorf("the same hour makes other records (%v)", err)
	}
	kinds, won := map[schema.Kind]int{}, 0
	for _, record := range records {
		kinds[record.Kind()]++
		if record.Site() != "sample:acme" || record.PartitionTime().After(now) || record.PartitionTime().Before(now.AddDate(0, 0, -days-1)) {
			t.Fatalf("%+v is of another site or time", record)
		}
		if deal, is := record.(*schema.Deal); is && deal.Status == schema.DealWon {
			won++
		}
	}
	if kinds[schema.KindTouch] < visitors || kinds[schema.KindSubmission] < 80 || kinds[schema.KindDeal] < 15 || won < 5 || kinds[schema.KindSpend] != 4*days {
		t.Errorf("%d touches, %d submissions, %d deals (%d won), %d rows of spend", kinds[schema.KindTouch], kinds[schema.KindSubmission], kinds[schema.KindDeal], won, kinds[schema.KindSpend])
	}
}

func TestIDs(t *testing.T) {
	if real, is := RealOf(SiteOf("acme")); !is || real != "acme" {
		t.Errorf("%q, %t", real, is)
	}
	if _, is := RealOf("acme"); is {
		t.Error("a real site is one of sample data")
	}
}
