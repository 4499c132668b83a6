package main

import (
	"os"
	"strings"
	"testing"

	"github.com/headwater/headwater/schema"
)

// What Google Analytics knows as search, social, video or shopping is that here too, by its name and as a referrer.
func TestGA4Sources(t *testing.T) {
	list, err := readShort(ga4Rows)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 800 {
		t.Errorf("%d names: GA4 lists more", len(list))
	}
	resolver, err := schema.NewResolver(&schema.Site{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{"search": "Search", "social": "Social", "video": "Video", "shopping": "Shopping"}
	for _, g := range list {
		kind := kinds[g.category]
		touches := map[schema.Channel]schema.Touch{
			schema.Channel("Paid " + kind):    {UTMSource: g.name, UTMMedium: "cpc"},
			schema.Channel("Organic " + kind): {UTMSource: g.name, UTMMedium: "referral"},
		}
		for want, touch := range touches {
			if got := resolver.Classify(&touch, ""); got.Channel != want {
				t.Errorf("utm_source %s is %s by %q, not %s", g.name, got.Channel, got.Rule, want)
			}
		}
		if !strings.Contains(g.name, ".") || resolver.Ignored(g.name) {
			continue
		}
		want := schema.Channel("Organic " + kind)
		if got := resolver.Classify(&schema.Touch{Referrer: "https://" + g.name + "/"}, ""); got.Channel != want {
			t.Errorf("from %s is %s by %q, not %s", g.name, got.Channel, got.Rule, want)
		}
	}
}

// schema/sources.csv is what the lists here make: every row of theirs is in it.
func TestSourcesCSVIsMadeOfTheLists(t *testing.T) {
	text, err := os.ReadFile("../../schema/sources.csv")
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(line, ",")
		made[name] = true
	}
	rows := map[string]row{}
	if err := addOwn(rows); err != nil {
		t.Fatal(err)
	}
	if err := addMore(rows); err != nil {
		t.Fatal(err)
	}
	if err := addGA4(rows); err != nil {
		t.Fatal(err)
	}
	for name := range rows {
		if !made[name] {
			t.Errorf("%s is not in schema/sources.csv: run go run ./tools/sources", name)
		}
	}
}

func TestReadShort(t *testing.T) {
	rows, err := readShort("# x\n[social]\na+ b.example=c\nname~d: e f~g\n\n[search paid]\ngoogle+=plus\n")
	want := []named{
		{"a", row{"a", "social", "", false}, false}, {"a.com", row{"a", "social", "", false}, false}, {"b.example", row{"c", "social", "", false}, true},
		{"e", row{"name d", "social", "", false}, true}, {"f g", row{"name d", "social", "", false}, true}, {"google+", row{"plus", "search", "paid", false}, true},
	}
	if err != nil || len(rows) != len(want) {
		t.Fatalf("%v %v", rows, err)
	}
	for i := range want {
		if rows[i] != want[i] {
			t.Errorf("%v, not %v", rows[i], want[i])
		}
	}
	for _, broken := range []string{"[social]\nFacebook", "[social]\na,b"} {
		if _, err := readShort(broken); err == nil {
			t.Errorf("%q passes", broken)
		}
	}
}
