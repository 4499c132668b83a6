package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

func readFile(t *testing.T, kind, name, text string) (File, error) {
	t.Helper()
	site := &schema.Site{ID: "acme"}
	resolver, err := schema.NewResolver(site)
	if err != nil {
		t.Fatal(err)
	}
	return ReadFile(kind, site, resolver, now, name, strings.NewReader(text))
}

// A file says what a call with the same rows says, whatever it is called.
func TestReadFile(t *testing.T) {
	const object = `{"date":"2026-03-01","source":"fb","medium":"Paid-Social","currency":"eur","amount":12.50}`
	for name, text := range map[string]string{
		"a.csv":   "\xef\xbb\xbfDate,Source,Medium,Currency,Cost\r\n2026-03-01,fb,Paid-Social,EUR,12.50\r\n",
		"a.tsv":   "day\tutm_source\tutm_medium\tcurrency\tspend\n2026-03-01\tfb\tPaid-Social\tEUR\t12.50\n",
		"a.jsonl": object + "\n", "a.json": "[" + object + "]", "-": " \n" + object, "a": "[" + object + "]",
	} {
		got, err := readFile(t, "spend", name, text)
		if err != nil || got.Rows != 1 || len(got.Records) != 1 || len(got.Faults) != 0 || len(got.Ignored) != 0 {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		spend := got.Records[0].(*schema.Spend)
		if told := fmt.Sprint(spend.SiteID, spend.Date.Format(time.DateOnly), spend.Source, spend.Medium, spend.Amount, spend.Currency); told != "acme2026-03-01facebookpaid-social12.5EUR" || !spend.ReceivedAt.Equal(now) {
			t.Errorf("%s: %s", name, told)
		}
	}
}

// Every fault is named with the line on which its row begins, however many there are, and beyond what one call may have.
func TestReadFileNamesFaults(t *testing.T) {
	var text strings.Builder
	text.WriteString("date,from,to,rate,note\n")
	const rows = MaxRows + 5000
	for i := range rows {
		rate := "0.0877"
		if i%2 == 1 {
			rate = "0,0877"
		}
		fmt.Fprintf(&text, "%s,NOK,EUR,%q,\"two\nlines\"\n", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -i%18_000).Format(time.DateOnly), rate)
	}
	got, err := readFile(t, "rates", "a.csv", text.String())
	if err != nil || got.Rows != rows/2 || len(got.Faults) != rows/2 || fmt.Sprint(got.Ignored) != "[note]" {
		t.Fatalf("%d rows, %d faults, %v ignored, %v", got.Rows, len(got.Faults), got.Ignored, err)
	}
	if last := got.Faults[len(got.Faults)-1]; last.Line != 2*rows || !strings.HasPrefix(last.Message, "rate: ") {
		t.Errorf("the last fault: %+v", last)
	}
}

func TestReadFileTurnsAway(t *testing.T) {
	if _, err := readFile(t, "deals", "a.csv", ""); err == nil || !strings.Contains(err.Error(), "neither spend nor rates") {
		t.Error(err)
	}
	_, err := readFile(t, "spend", "a.csv", "what,is,this\n1,2,3\n")
	if rejected, ok := errors.AsType[*rejection.Error](err); !ok || !strings.Contains(rejected.Message, "first line must name the columns") {
		t.Error(err)
	}
	if got, err := readFile(t, "spend", "a.csv", ""); err != nil || got.Rows != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}
