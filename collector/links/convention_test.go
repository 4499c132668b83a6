package links

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestConvention(t *testing.T) {
	strict := Convention{LowerCase: true, Separator: "_", ASCII: true, Sources: []string{"linkedin", "news_letter"}, Required: []Part{Source, Campaign}, MaxLength: 12}
	tests := []struct {
		name string
		c    Convention
		tags Tags
		want string // part:problem:suggestion …
	}{
		{"good", strict, Tags{Source: "linkedin", Campaign: "spring_26", Medium: "paid"}, ""},
		{"missing", strict, Tags{Medium: "paid"}, "source:missing: campaign:missing:"},
		{"not listed", strict, Tags{Source: "facebook", Campaign: "a"}, "source:not_listed:"},
		{"listed in another spelling", strict, Tags{Source: "LinkedIn", Campaign: "a"}, "source:not_listed:linkedin"},
		{"listed with a typing error", strict, Tags{Source: "linkdein", Campaign: "a"}, "source:not_listed:linkedin"},
		{"capitals", strict, Tags{Source: "linkedin", Campaign: "Spring"}, "campaign:case:spring"},
		{"other separator", strict, Tags{Source: "linkedin", Campaign: "spring-sale"}, "campaign:other_separator:spring_sale"},
		{"blank", strict, Tags{Source: "linkedin", Campaign: "spring sale"}, "campaign:blank:spring_sale"},
		{"a dash between words", Convention{Separator: "-"}, Tags{Campaign: "Köln Halle 7 – Stand B42"}, "campaign:blank:Köln-Halle-7-Stand-B42"},
		{"character", strict, Tags{Source: "linkedin", Campaign: "été"}, "campaign:character:ete"},
		{"long", strict, Tags{Source: "linkedin", Campaign: "spring_sale_2026"}, "campaign:too_long:spring_sale"},
		{"nothing left", strict, Tags{Source: "linkedin", Campaign: "***"}, "campaign:character:"},
		{"everything goes", Convention{}, Tags{Source: "Ä b/c", Content: "x y"}, ""},
		{"default", DefaultConvention(), Tags{Source: "linkedin", Medium: "paid-social", Campaign: "a_b-c.d"}, ""},
		{"default, hostile", DefaultConvention(), Tags{Source: "a", Medium: "b", Campaign: `"><script>alert(1)</script>`}, "campaign:character:script-alert-1-script"},
	}
	for _, test := range tests {
		var got []string
		for _, p := range test.c.CheckTags(test.tags) {
			got = append(got, fmt.Sprintf("%s:%s:%s", p.Part, strings.TrimPrefix(p.ID, "links.problem."), p.Suggestion))
		}
		if joined := strings.Join(got, " "); joined != test.want {
			t.Errorf("%s: %q, want %q", test.name, joined, test.want)
		}
	}
	if p := strict.Check(); p != nil {
		t.Error(p)
	}
	for want, c := range map[string]Convention{
		"separator": {Separator: "+"}, "max_length": {MaxLength: 256}, "required": {Required: []Part{"utm_source"}},
		"listed": {LowerCase: true, Mediums: []string{"CPC"}}, "list_long": {Sources: make([]string, 501)},
	} {
		if p := c.Check(); p == nil || p.ID != "links.problem."+want {
			t.Errorf("%+v: %v, want %s", c, p, want)
		}
	}
}

// What is suggested obeys the convention, and is suggested once.
func FuzzFix(f *testing.F) {
	f.Add("Été 2026! & more", "_", true, true, 20)
	f.Add("ﬃ\u0301 ½ İ ẞ", "-", true, true, 3)
	f.Fuzz(func(t *testing.T, value, separator string, lower, ascii bool, most int) {
		c := Convention{LowerCase: lower, Separator: separator, ASCII: ascii, MaxLength: most}
		if c.Check() != nil || strings.ToValidUTF8(value, "") != value {
			return
		}
		fixed := c.Fix(value)
		if fixed == "" {
			return
		}
		if p := c.spelling(Campaign, fixed); p != nil {
			t.Fatalf("%q becomes %q: %v", value, fixed, p)
		}
		if again := c.Fix(fixed); again != fixed {
			t.Fatalf("%q becomes %q becomes %q", value, fixed, again)
		}
	})
}

func TestNear(t *testing.T) {
	known := []string{"linkedin", "spring-sale", "webinar_sept2025", "cpc", "newsletter", "köln", "brand"}
	tests := map[string][]string{
		"linkedin": nil, "LinkedIn": {"linkedin"}, "linkdin": {"linkedin"}, "lnkedn": nil, "linekdin": {"linkedin"}, "linkedinn": {"linkedin"},
		"spring_sale": {"spring-sale"}, "springsale": {"spring-sale"}, "webinar_sept2026": nil, "webinar-sept2025": {"webinar_sept2025"},
		"webinar_spet2025": {"webinar_sept2025"}, "cpm": nil, "CPC": {"cpc"}, "news letter": {"newsletter"}, "koln": {"köln"}, "brnad": {"brand"}, "bland": {"brand"},
		"": nil, "---": nil, "facebook": nil,
	}
	for value, want := range tests {
		if got := Near(value, known); !slices.Equal(got, want) {
			t.Errorf("near %q: %q, want %q", value, got, want)
		}
	}
}
