package reports

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestParamErrors(t *testing.T) {
	for _, test := range []struct {
		report string
		params map[string][]string
		want   string
	}{
		{"source_breakdown", nil, "site: say which site"},
		{"source_breakdown", map[string][]string{"site": {"a"}, "by": {"colour"}}, `by: "colour" is none of source, medium, campaign, term, content, referrer_domain, channel`},
		{"source_breakdown", map[string][]string{"site": {"a"}, "by": {"source", "source"}}, "by: source is named twice"},
		{"source_breakdown", map[string][]string{"site": {"a"}, "by": {"source,"}}, `by: "" is none of`},
		{"source_breakdown", map[string][]string{"site": {"a"}, "by": {"landing_page"}}, "is none of"},
		{"source_breakdown", map[string][]string{"site": {"a"}, "data_point": {"middle"}}, `data_point: "middle" is none of first_touch, lead_creation, conversion, company_source`},
		{"source_breakdown", map[string][]string{"site": {"a"}, "credit": {"linear"}}, `credit: "linear" is none of last_non_direct, last`},
		{"source_breakdown", map[string][]string{"site": {"a"}, "zone": {"Middle/Earth"}}, `zone: "Middle/Earth" is not an IANA time zone`},
		{"source_breakdown", map[string][]string{"site": {"a"}, "zone": {"Local"}}, "zone:"},
		{"source_breakdown", map[string][]string{"site": {"a"}, "zone": {"../../etc/passwd"}}, "zone:"},
		{"source_breakdown", map[string][]string{"site": {"a"}, "from": {"2026-03-02"}, "to": {"2026-03-01"}}, "from: 2026-03-02 is not before to, which is 2026-03-01 (and not included)"},
		{"source_breakdown", map[string][]string{"site": {"a"}, "from": {"2026-03-02"}, "to": {"2026-03-02"}}, "from: 2026-03-02 is not before to"},
		{"source_breakdown", map[string][]string{"site": {"a"}, "from": {"yesterday"}}, `from: "yesterday" is not a date such as 2026-03-01`},
		{"source_breakdown", map[string][]string{"site": {"a"}, "to": {"9999-01-01"}}, `to: "9999-01-01" is not within 1970-01-01 and 2100-01-01`},
		{"source_breakdown", map[string][]string{"site": {"a"}, "lookback_days": {"0"}}, `lookback_days: "0" is not a whole number from 1 to 730`},
		{"source_breakdown", map[string][]string{"site": {"a"}, "lookback_days": {"731"}}, "lookback_days:"},
		{"source_breakdown", map[string][]string{"site": {"a"}, "grain": {"day"}}, "grain: this report does not take it: it takes by, data_point, from, to"},
		{"source_breakdown", map[string][]string{"site": {"a"}, "colour": {"red"}}, "colour: no such parameter: there are site, by,"},
		{"source_breakdown", map[string][]string{"site": {"a", "b"}}, "site: given 2 times"},
		{"leads_over_time", map[string][]string{"site": {"a"}, "grain": {"hour"}}, `grain: "hour" is none of day, week, month`},
		{"leads_over_time", map[string][]string{"site": {"a"}, "from": {"1970-01-01"}, "to": {"2026-01-01"}}, "grain: the range has more than 10000 periods of a day"},
		{"contact_card", map[string][]string{"site": {"a"}}, "contact: say which contact"},
		{"company_card", map[string][]string{"site": {"a"}}, "company: say which company"},
		{"company_card", map[string][]string{"site": {"a"}, "company": {"."}}, "company: say which company"},
		{"compare_models", map[string][]string{"site": {"a"}, "outcome": {"clicks"}}, `outcome: "clicks" is none of leads, conversions, deals, won_deals, won_amount`},
		{"compare_models", map[string][]string{"site": {"a"}, "model": {"first"}}, "model: this report does not take it"},
		{"compare_models", map[string][]string{"site": {"a"}, "transforms": {"drop_direct,sort"}}, `transforms: "sort" is none of drop_direct, drop_last_direct, collapse_repeats, first_only`},
		{"compare_models", map[string][]string{"site": {"a"}, "transforms": {"drop_direct", "drop_direct"}}, "transforms: drop_direct is named twice"},
		{"compare_models", map[string][]string{"site": {"a"}, "weights": {"40/60"}}, `weights: "40/60" is not three numbers such as 40/20/40`},
		{"compare_models", map[string][]string{"site": {"a"}, "weights": {"0.000001/1/7777"}}, "weights: \"0.000001/1/7777\" has too many digits"},
		{"compare_models", map[string][]string{"site": {"a"}, "half_life_days": {"-1"}}, "half_life_days: -1 is not within 0.001 and 10000"},
		{"compare_models", map[string][]string{"site": {"a"}, "half_life_days": {"NaN"}}, "half_life_days: NaN is not within"},
		{"compare_models", map[string][]string{"site": {"a"}, "half_life_days": {"week"}}, `half_life_days: "week" is not a number of days`},
		{"compare_models", map[string][]string{"site": {"a"}, "order": {"11"}}, `order: "11" is not a whole number from 1 to 10`},
		{"compare_models", map[string][]string{"site": {"a"}, "losses": {"some"}}, `losses: "some" is none of exclude, include`},
		{"model_breakdown", map[string][]string{"site": {"a"}, "model": {"best"}}, `model: "best" is none of first, last,`},
		{"source_explained", map[string][]string{"site": {"a"}}, "contact: say which contact"},
		{"source_explained", map[string][]string{"site": {"a"}, "contact": {"x"}, "model": {"markov"}}, "model: markov shares by the paths of all contacts"},
		{"top_forms", map[string][]string{"site": {"a"}, "limit": {"-1"}}, `limit: "-1" is not a whole number from 1 to 100000`},
	} {
		p, err := ParseParams(test.params)
		if err == nil {
			_, err = Run(context.Background(), nil, test.report, p)
		}
		var wrong *ParamError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %v: error %v, want %s", test.report, test.params, err, test.want)
		}
	}
	if _, err := Run(context.Background(), nil, "source_breakdowns", Params{}); !errors.Is(err, ErrUnknownReport) || !strings.Contains(err.Error(), "source_breakdown,") {
		t.Errorf("unknown report: %v", err)
	}
}

func TestParamRange(t *testing.T) {
	for _, test := range []struct{ zone, text, want string }{
		{"UTC", "2026-03-01", "2026-03-01T00:00:00Z"},
		{"Europe/Oslo", "2026-03-01", "2026-02-28T23:00:00Z"},
		{"Europe/Oslo", "2026-07", "2026-06-30T22:00:00Z"},
		{"Europe/Oslo", "2026-07-01T09:30", "2026-07-01T07:30:00Z"},
		{"Europe/Oslo", "2026-07-01 09:30:15", "2026-07-01T07:30:15Z"},
		{"Europe/Oslo", "2026-07-01T09:30:00Z", "2026-07-01T09:30:00Z"},
		{"America/New_York", "2026-07-01T09:30:00.1239+05:30", "2026-07-01T04:00:00.123Z"},
	} {
		a, err := Params{Site: "a", Zone: test.zone, From: test.text}.checked("source_breakdown")
		if err != nil || a.since.Format(time.RFC3339Nano) != test.want {
			t.Errorf("%s in %s: %v, %v, want %s", test.text, test.zone, a.since, err, test.want)
		}
	}
}

func TestParamDefaults(t *testing.T) {
	a, err := Params{Site: "a"}.checked("source_breakdown")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.By, []Dimension{BySource}) || a.DataPoint != LeadCreation || a.Credit != LastNonDirect || a.LookbackDays != 30 || a.Zone != "UTC" {
		t.Errorf("%+v", a)
	}
	if a, err = (Params{Site: "a"}).checked("leads_over_time"); err != nil || len(a.By) != 0 {
		t.Errorf("leads_over_time by default by %v, %v", a.By, err)
	}
}

// TestSecuritySQLInjectionOfParameters: a site or contact of any text reaches ClickHouse as that text.
func TestSecuritySQLInjectionOfParameters(t *testing.T) {
	conn := database(t)
	for _, text := range []string{"' OR 1 = 1 --", `\`, "a\tb\nc\x00d\r\b\f", "{site:String}", "'; DROP TABLE touches; --", "\u202e", "%00", "\\N", "\xff"} {
		p, err := ParseParams(map[string][]string{"site": {text}, "contact": {text}})
		if err != nil {
			t.Fatal(err)
		}
		result, err := ContactCard(context.Background(), conn, p)
		if err != nil || len(result.Rows) != 0 {
			t.Errorf("%q: %v, %v", text, result, err)
		}
	}
}

func FuzzParseParams(f *testing.F) {
	f.Add("source,medium", "first_touch", "2026-03-01", "2026-04", "Europe/Oslo", "30", "week")
	f.Add("", "", "", "", "", "", "")
	f.Add("source'], ['", "x", "9999-12-31", "0000-01", "../..", "-1", "day")
	f.Fuzz(func(t *testing.T, by, point, from, to, zone, number, grain string) {
		for _, name := range Names() {
			values := map[string][]string{"site": {"a"}, "zone": {zone}, "lookback_days": {number}}
			for param, text := range map[string]string{"by": by, "data_point": point, "from": from, "to": to, "limit": number, "grain": grain} {
				if slices.Contains(Takes(name), param) {
					values[param] = []string{text}
				}
			}
			p, err := ParseParams(values)
			if err != nil {
				continue
			}
			a, err := p.checked(name)
			if err != nil {
				if !utf8.ValidString(err.Error()) {
					t.Errorf("error is no UTF-8: %q", err)
				}
				continue
			}
			for param, value := range a.parameters() {
				if param != "zone" && param != "by" && param != "outcomes" && strings.ContainsAny(value, "'\\\t\n") {
					t.Errorf("%s is bound to %q", param, value)
				}
			}
			for _, dimension := range a.By {
				if !slices.Contains(PathDimensions(), dimension) {
					t.Errorf("by %q", dimension)
				}
			}
			if a.since.Before(earliest) || a.until.After(latest) || a.LookbackDays < 1 || a.Limit < 0 {
				t.Errorf("%+v", a)
			}
		}
	})
}
