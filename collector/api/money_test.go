package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/schema"
)

func TestSpend(t *testing.T) {
	d := newDesk(t)
	for name, c := range map[string]struct{ contentType, body string }{
		"object":     {jsonText, `{"date":"2026-03-01","source":"fb","medium":"Paid-Social","campaign":"Spring","currency":"eur","amount":12.50,"clicks":30,"impressions":4000}`},
		"array":      {jsonText, `[{"date":"2026-03-01","source":"fb","medium":"Paid-Social","campaign":"Spring","currency":"EUR","amount":"12.5","clicks":"30","impressions":4e3}]`},
		"JSON lines": {jsonLines, `{"day":"2026-03-01T00:00:00+02:00","utm_source":"fb","utm_medium":"Paid-Social","utm_campaign":"Spring","currency":"EUR","cost":12.5,"clicks":30.0,"impressions":4000}`},
		"CSV":        {csvText, "Date;Source;Medium;Campaign;Currency;Spend;Clicks;Impressions\r\n2026-03-01;fb;Paid-Social;Spring;EUR;12.50;30;4000\r\n"},
	} {
		told, records := d.rows(t, "/api/spend", c.contentType, c.body, http.StatusOK)
		if told.Accepted != 1 || told.Rejected != 0 || len(told.Ignored) != 0 || len(records) != 1 {
			t.Fatalf("%s: %+v, %d records", name, told, len(records))
		}
		got := *records[0].(*schema.Spend)
		want := schema.Spend{
			SiteID: "acme", Date: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Source: "facebook", Medium: "paid-social", Campaign: "spring",
			Channel: schema.ChannelPaidSocial, Amount: got.Amount, Currency: "EUR", Clicks: 30, Impressions: 4000,
			UTMSource: "fb", UTMMedium: "Paid-Social", UTMCampaign: "Spring", ReceivedAt: now,
		}
		if got != want || got.Amount.String() != "12.5" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The id follows the key: a correction has that of what it corrects.
func TestSpendIsKnownByItsKey(t *testing.T) {
	d := newDesk(t)
	ids := map[string]bool{}
	for _, body := range []string{
		`{"date":"2026-03-01","source":"facebook","medium":"cpc","campaign":"spring","currency":"EUR","amount":1}`,
		`{"date":"2026-03-01","source":"FB","medium":" CPC ","campaign":"Spring","currency":"eur","amount":-2.5,"clicks":7}`,
	} {
		d.now = d.now.Add(time.Hour)
		_, records := d.rows(t, "/api/spend", jsonText, body, http.StatusOK)
		ids[records[0].ID()] = true
	}
	if len(ids) != 1 {
		t.Errorf("ids: %v", ids)
	}
}

func TestFaultySpend(t *testing.T) {
	d := newDesk(t)
	lines := []struct{ row, wrong string }{
		{`{"date":"2026-03-01","source":"google","currency":"EUR","amount":0}`, ""},
		{`{"source":"google","currency":"EUR","amount":1}`, "date: missing"},
		{`{"date":"01.03.2026","source":"google","currency":"EUR","amount":1}`, "date: "},
		{`{"date":"1926-03-01","source":"google","currency":"EUR","amount":1}`, "date: 1926-03-01 is before"},
		{`{"date":"2062-03-01","source":"google","currency":"EUR","amount":1}`, "date: 2062-03-01 is still to come"},
		{`{"date":"2026-03-16","source":"google","currency":"EUR","amount":1}`, ""}, // it is that day in Auckland
		{`{"date":"2026-03-01","currency":"EUR","amount":1}`, "source: missing"},
		{`{"date":"2026-03-01","source":"()","currency":"EUR","amount":1}`, "source: "},
		{`{"date":"2026-03-01","source":"google","currency":"EUR"}`, "amount: missing"},
		{`{"date":"2026-03-01","source":"google","amount":1}`, "currency: missing"},
		{`{"date":"2026-03-01","source":"google","currency":"Euro","amount":1}`, "currency: "},
		{`{"date":"2026-03-01","source":"google","currency":"EUR","amount":"1,5"}`, "amount: "},
		{`{"date":"2026-03-01","source":"google","currency":"EUR","amount":"0.00001"}`, "amount: "},
		{`{"date":"2026-03-01","source":"google","currency":"USD","amount":1,"clicks":-1}`, "clicks: "},
		{`{"date":"2026-03-01","source":"google","currency":"USD","amount":1,"impressions":"many"}`, "impressions: "},
		{`{"date":"2026-03-01","source":"Google","currency":"EUR","amount":"0.00"}`, ""}, // line 1 again
		{`{"date":"2026-03-01","source":"Google","currency":"EUR","amount":7}`, "line 1 has the same date, source, medium, campaign and currency, and says otherwise: add them up"},
		{`{"date":"2026-03-01","source":"google","medium":"cpc","currency":"EUR","amount":7}`, ""},
	}
	var body strings.Builder
	var wrong []string
	for i, line := range lines {
		fmt.Fprintln(&body, line.row)
		if line.wrong != "" {
			wrong = append(wrong, fmt.Sprint(i+1, " ", line.wrong))
		}
	}
	told, records := d.rows(t, "/api/spend", jsonLines, body.String(), http.StatusOK)
	if told.Accepted != len(lines)-len(wrong) || len(records) != told.Accepted || told.Rejected != len(wrong) {
		t.Errorf("%d accepted, %d rejected, %d records", told.Accepted, told.Rejected, len(records))
	}
	for i, fault := range told.Errors {
		if got := fmt.Sprint(fault.Line, " ", fault.Message); i >= len(wrong) || !strings.HasPrefix(got, wrong[i]) {
			t.Errorf("error %d: %s", i, got)
		}
	}
}

func TestRates(t *testing.T) {
	d := newDesk(t)
	told, records := d.rows(t, "/api/rates", csvText, "date,from,to,rate\n2026-03-01,nok,EUR,0.0877\n2026-03-01,JPY,EUR,6.1e-3\n2026-03-01,USD,EUR,0.92770000000000001\n", http.StatusOK)
	if told.Accepted != 3 || len(records) != 3 {
		t.Fatalf("%+v", told)
	}
	for i, want := range []string{"NOK EUR 0.0877", "JPY EUR 0.0061", "USD EUR 0.9277"} {
		rate := records[i].(*schema.Rate)
		if got := fmt.Sprint(rate.From, " ", rate.To, " ", rate.Rate); got != want || rate.SiteID != "acme" || rate.Date.Format(time.DateOnly) != "2026-03-01" || !rate.ReceivedAt.Equal(now) {
			t.Errorf("%+v, want %s", rate, want)
		}
	}
	for body, want := range map[string]string{
		`{"from_currency":"NOK","to_currency":"EUR","rate":1}`:                            "date: missing",
		`{"date":"2026-03-01","from_currency":"NOK","to_currency":"Euro","rate":1}`:       "to_currency: ",
		`{"date":"2026-03-01","to_currency":"EUR","rate":1}`:                              "from_currency: ",
		`{"date":"2026-03-01","from_currency":"EUR","to_currency":"EUR","rate":1}`:        "to_currency: EUR is from_currency",
		`{"date":"2026-03-01","from_currency":"NOK","to_currency":"EUR"}`:                 "rate: ",
		`{"date":"2026-03-01","from_currency":"NOK","to_currency":"EUR","rate":0}`:        "rate: ",
		`{"date":"2026-03-01","from_currency":"NOK","to_currency":"EUR","rate":-1}`:       "rate: ",
		`{"date":"2026-03-01","from_currency":"NOK","to_currency":"EUR","rate":"0,0877"}`: "rate: ",
		`{"date":"2099-03-01","from_currency":"NOK","to_currency":"EUR","rate":"1"}`:      "date: 2099-03-01 is still to come",
	} {
		told, _ := d.rows(t, "/api/rates", jsonText, body, http.StatusUnprocessableEntity)
		if len(told.Errors) != 1 || !strings.HasPrefix(told.Errors[0].Message, want) {
			t.Errorf("%s: %+v", body, told)
		}
	}
	twice, _ := d.rows(t, "/api/rates", jsonLines, `{"date":"2026-03-01","from":"NOK","to":"EUR","rate":0.08}
{"date":"2026-03-01","from":"NOK","to":"EUR","rate":0.080}
{"date":"2026-03-01","from":"NOK","to":"EUR","rate":0.09}`, http.StatusOK)
	if twice.Accepted != 2 || len(twice.Errors) != 1 || twice.Errors[0].Line != 3 {
		t.Errorf("%+v", twice)
	}
}

// Without a key, or with another site's, there is neither.
func TestSecurityMoneyIsTheSites(t *testing.T) {
	d := newDesk(t)
	for _, path := range []string{"/api/spend", "/api/rates"} {
		if answer := d.send("POST", path+"?site=beta", jsonText, "{}"); answer.Code != http.StatusForbidden {
			t.Errorf("%s for another site: %d", path, answer.Code)
		}
		key := d.key
		d.key = "hwk_wrong"
		if answer := d.send("POST", path, jsonText, "{}"); answer.Code != http.StatusUnauthorized {
			t.Errorf("%s with a wrong key: %d", path, answer.Code)
		}
		d.key = key
		if answer := d.send("GET", path, "", ""); answer.Code != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, answer.Code)
		}
	}
}
