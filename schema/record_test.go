package schema

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

var at = time.Date(2026, 3, 1, 9, 30, 0, 250e6, time.UTC)

func fullRecords() []Record {
	touch := Touch{TouchID: "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e", OccurredAt: at, UTMSource: "LinkedIn", UTMCampaign: "Frühling 🌸", Source: "linkedin", Channel: ChannelPaidSocial}
	return []Record{
		&TouchRecord{SiteID: "acme", VisitorID: "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d60", Touch: touch, SnippetVersion: "0.1.0", ReceivedAt: at},
		&Submission{SiteID: "acme", SubmissionID: "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d61", Form: "signup", OccurredAt: at, FirstTouch: touch, ReceivedAt: at, Fields: map[string]string{"name": "Ada"}},
		&Contact{SiteID: "acme", ImportID: "i", ContactID: "c", CreatedAt: at, ReceivedAt: at},
		&Company{SiteID: "acme", ImportID: "i", CompanyID: "crm:1", CreatedAt: at, ReceivedAt: at},
		&Deal{SiteID: "acme", DealID: "d", ChangeID: "x", Status: DealWon, Amount: decimal.RequireFromString("1250.0001"), Currency: "EUR", ChangedAt: at, ReceivedAt: at},
		&Spend{SiteID: "acme", Date: at, Source: "linkedin", Currency: "EUR", Amount: decimal.RequireFromString("-0.0001"), Clicks: 7, UTMSource: "LinkedIn", ReceivedAt: at},
		&Rate{SiteID: "acme", Date: at, From: "NOK", To: "EUR", Rate: decimal.RequireFromString("0.08771234567891"), ReceivedAt: at},
	}
}

// Every member says its limit and who fills it, in one spelling: json == ch.
func TestFieldTags(t *testing.T) {
	for _, record := range []any{TouchRecord{}, Submission{}, SubmissionFields{}, Contact{}, Company{}, Deal{}, Spend{}, Rate{}} {
		checkTags(t, reflect.TypeOf(record))
		names := map[string]bool{}
		for _, field := range Fields(record) {
			if names[field.Name] {
				t.Errorf("%T: two fields called %s", record, field.Name)
			}
			names[field.Name] = true
		}
		if got := len(Values(record, Fields(record))); got != len(names) {
			t.Errorf("%T: %d values for %d fields", record, got, len(names))
		}
	}
}

func checkTags(t *testing.T, of reflect.Type) {
	for i := range of.NumField() {
		member := of.Field(i)
		if member.Anonymous {
			checkTags(t, member.Type)
			continue
		}
		name, _, _ := strings.Cut(member.Tag.Get("json"), ",")
		column := strings.TrimSuffix(member.Tag.Get("ch"), "_")
		if column != "-" && name != column {
			t.Errorf("%s.%s: json %q, ch %q: one word, one spelling", of.Name(), member.Name, name, column)
		}
		if by := member.Tag.Get("by"); by != "browser" && by != "crm" && by != "server" {
			t.Errorf("%s.%s: by:%q: who fills it?", of.Name(), member.Name, by)
		}
		if member.Type.Kind() == reflect.String && member.Tag.Get("by") != "server" && member.Tag.Get("max") == "" && !oneOf(column, "touch_id", "visitor_id", "submission_id", "status", "currency") {
			t.Errorf("%s.%s comes from outside and has no max", of.Name(), member.Name)
		}
	}
}

func TestBound(t *testing.T) {
	record := TouchRecord{Touch: Touch{UTMSource: strings.Repeat("ä", 700), UTMTerm: "a\x00b\xff", Gclid: strings.Repeat("x", 513)}}
	Bound(&record)
	if len(record.UTMSource) != 1024 || strings.Trim(record.UTMSource, "ä") != "" {
		t.Errorf("utm_source: %d bytes, or a rune was cut", len(record.UTMSource))
	}
	if record.UTMTerm != "ab�" || len(record.Gclid) != 512 {
		t.Errorf("utm_term %q, gclid of %d bytes", record.UTMTerm, len(record.Gclid))
	}
	if got := CutText("aä", 2); got != "a" {
		t.Errorf("CutText cuts at %q", got)
	}
}

func TestSetField(t *testing.T) {
	var submission Submission
	for name, text := range map[string]string{"first_touch_utm_source": "LinkedIn", "latest_touch_occurred_at": "1772357400250", "visitor_id": "v"} {
		if err := SetField(&submission, name, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if submission.FirstTouch.UTMSource != "LinkedIn" || !submission.LatestTouch.OccurredAt.Equal(at) || submission.VisitorID != "v" {
		t.Errorf("%+v", submission)
	}
	for name, text := range map[string]string{"nope": "", "fields": "x", "latest_touch_occurred_at": "yesterday"} {
		if err := SetField(&submission, name, text); err == nil {
			t.Errorf("SetField(%s, %q): want an error", name, text)
		}
	}
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		"":                              {},
		"1772357400250":                 at,
		"2026-03-01T09:30:00.25Z":       at,
		"2026-03-01T10:30:00.250+01:00": at,
		"2026-03-01":                    time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
	} {
		if got, err := ParseTime(text); err != nil || !got.Equal(want) {
			t.Errorf("ParseTime(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "123", "2026-13-01", "01.03.2026"} {
		if got, err := ParseTime(text); err == nil {
			t.Errorf("ParseTime(%q) = %v, want an error", text, got)
		}
	}
}
