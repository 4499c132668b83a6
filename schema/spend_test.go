package schema

import (
	"testing"
	"time"
)

// What a budget is called meets what its links are called, whichever way either is written.
func TestSpendResolvesAsTouchesDo(t *testing.T) {
	r, err := NewResolver(&Site{ID: "acme", Origins: []string{"https://www.example.com"}, SourceHosts: []SourceHost{{Host: "partner.example", Source: "Partner A"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		source, medium, campaign string
		want                     Spend
	}{
		{"fb", "Paid-Social", "Spring%20Sale", Spend{Source: "facebook", Medium: "paid-social", Campaign: "spring sale", Channel: ChannelPaidSocial}},
		{" Facebook ", "paid-social", " spring  sale", Spend{Source: "facebook", Medium: "paid-social", Campaign: "spring sale", Channel: ChannelPaidSocial}},
		{"www.google.com", "cpc", "", Spend{Source: "google", Medium: "cpc", Channel: ChannelPaidSearch}},
		{"partner.example", "affiliate", "", Spend{Source: "partner a", Medium: "affiliate", Channel: ChannelAffiliates}},
		{"Trade Fair", "Event", "Oslo 2026", Spend{Source: "trade fair", Medium: "event", Campaign: "oslo 2026", Channel: ChannelUnassigned}},
		{"google", "", "brand", Spend{Source: "google", Campaign: "brand"}}, // a touch would be organic
		{"google", " ", "brand", Spend{Source: "google", Campaign: "brand"}},
	} {
		spend := Spend{UTMSource: c.source, UTMMedium: c.medium, UTMCampaign: c.campaign}
		spend.Resolve(r)
		got := Spend{Source: spend.Source, Medium: spend.Medium, Campaign: spend.Campaign, Channel: spend.Channel}
		if got.Source != c.want.Source || got.Medium != c.want.Medium || got.Campaign != c.want.Campaign || got.Channel != c.want.Channel {
			t.Errorf("%q %q %q is %+v, want %+v", c.source, c.medium, c.campaign, got, c.want)
		}
		touch := Touch{UTMSource: c.source, UTMMedium: c.medium, UTMCampaign: c.campaign}
		r.Resolve(&touch)
		if c.want.Medium != "" && (touch.Source != got.Source || touch.Medium != got.Medium || touch.Campaign != got.Campaign || touch.Channel != got.Channel) {
			t.Errorf("a touch is %+v, its spend %+v", touch, got)
		}
	}
}

func TestKeysAreApart(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for _, record := range []Record{
		&Spend{Date: day, Source: "ab", Medium: "c", Currency: "EUR"}, &Spend{Date: day, Source: "a", Medium: "bc", Currency: "EUR"},
		&Spend{Date: day, Source: "ab", Medium: "c", Currency: "USD"}, &Spend{Date: day.AddDate(0, 0, 1), Source: "ab", Medium: "c", Currency: "EUR"},
		&Spend{Date: day, Source: "ab", Medium: "c", Campaign: "x", Currency: "EUR"},
		&Rate{Date: day, From: "EUR", To: "USD"}, &Rate{Date: day, From: "USD", To: "EUR"},
	} {
		if seen[record.ID()] {
			t.Errorf("%+v has the id of another", record)
		}
		seen[record.ID()] = true
	}
	first := &Spend{Date: day, Source: "ab", Currency: "EUR", Clicks: 1, UTMSource: "AB", ReceivedAt: at}
	if again := (&Spend{Date: day, Source: "ab", Currency: "EUR", Clicks: 2}); first.ID() != again.ID() {
		t.Error("a correction has another id")
	}
}

func TestParseMoneyTexts(t *testing.T) {
	for text, want := range map[string]string{"1": "1", " 1.0842 ": "1.0842", "0.00000000000001": "0.00000000000001", "0.087712345678901234": "0.0877123456789", "99999999999999": "99999999999999"} {
		if got, err := ParseRate(text); err != nil || got.String() != want {
			t.Errorf("ParseRate(%q) = %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "0.000000000000001", "-1", "1,08", "1e3", "x", "100000000000000"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("ParseRate(%q) = %s, want an error", text, got)
		}
	}
	for text, want := range map[string]string{"2026-03-01": "2026-03-01", " 2026-03-01T23:30:00-05:00": "2026-03-01", "2026-03-01T00:00:00.000Z": "2026-03-01"} {
		if got, err := ParseDate(text); err != nil || got.Format(time.DateTime) != want+" 00:00:00" {
			t.Errorf("ParseDate(%q) = %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "2026-02-30", "01.03.2026", "2026-03", "1772357400250"} {
		if got, err := ParseDate(text); err == nil {
			t.Errorf("ParseDate(%q) = %s, want an error", text, got)
		}
	}
	for text, want := range map[string]uint64{"": 0, "0": 0, "1200": 1200, " 7.0 ": 7, "999999999999999": 999999999999999} {
		if got, err := ParseCount("clicks", text); err != nil || got != want {
			t.Errorf("ParseCount(%q) = %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"-1", "1.5", "1,200", "1e3", "x", "1000000000000000"} {
		if got, err := ParseCount("clicks", text); err == nil {
			t.Errorf("ParseCount(%q) = %d, want an error", text, got)
		}
	}
}
