package api

import (
	"bytes"
	"testing"

	"github.com/headwater/headwater/schema"
)

func FuzzRows(f *testing.F) {
	f.Add(jsonLines, []byte("{\"email\":\"a@b.example\",\"created_at\":\"2020-01-01\"}\n{}"))
	f.Add(jsonText, []byte(`[{"deal_id":"1","status":"won","amount":1.5,"currency":"EUR"},{}]`))
	f.Add(jsonText, []byte(`{"name":"Acme"} {"domain":"acme.example"}`))
	f.Add(csvText, []byte("email,crm_id\na@b.example,1\n\"x\n"))
	f.Add(csvText, []byte("date,source,medium,campaign,currency,amount,clicks,impressions\n2026-03-01,fb,cpc,x,EUR,12.50,3,100\n"))
	f.Add(jsonText, []byte(`[{"date":"2026-03-01","from":"NOK","to":"EUR","rate":8.7e-2},{}]`))
	f.Add(csvText, []byte("deal_id;status;amount;currency\n1;open;5;EUR\n"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		read, err := rowsOf(contentType)
		if err != nil {
			return
		}
		resolver, err := schema.NewResolver(&schema.Site{ID: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		site := &siteOfKey{Site: &schema.Site{ID: "acme"}, contactKey: []byte("key"), resolver: resolver}
		for _, decode := range []func(*batch, row) ([]schema.Record, error){(*batch).contact, (*batch).company, (*batch).deal, (*batch).spend, (*batch).rate} {
			b := &batch{site: site, receivedAt: now}
			lastLine := 0
			_ = read(bytes.NewReader(body), func(line int, r row, err error) error {
				if line < lastLine {
					t.Fatalf("line %d after line %d", line, lastLine)
				}
				lastLine = line
				if err != nil {
					return nil
				}
				records, err := decode(b, r)
				if err != nil {
					return nil
				}
				for _, record := range records {
					checkRecord(t, record)
				}
				return nil
			})
		}
	})
}

// checkRecord fails where a record would not survive the way to its table.
func checkRecord(t *testing.T, record schema.Record) {
	t.Helper()
	if _, err := schema.ParseUUID("id", record.ID()); err != nil {
		t.Fatal(err)
	}
	payload, err := schema.Encode(record)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := schema.Decode(payload); err != nil {
		t.Fatalf("%s: %v", payload, err)
	}
	if deal, ok := record.(*schema.Deal); ok && (deal.Amount.Exponent() < -4 || deal.Currency == "" && !deal.Amount.IsZero()) {
		t.Fatalf("amount %s %s", deal.Amount, deal.Currency)
	}
	if spend, ok := record.(*schema.Spend); ok && (spend.Amount.Exponent() < -4 || spend.Currency == "" || spend.Source == "" || spend.Date.Year() < 1971) {
		t.Fatalf("%+v", spend)
	}
	if rate, ok := record.(*schema.Rate); ok && (!rate.Rate.IsPositive() || rate.Rate.Exponent() < -14 || rate.From == rate.To) {
		t.Fatalf("%+v", rate)
	}
}
