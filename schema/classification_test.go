package schema

import (
	"net/url"
	"os"
	"strings"
	"testing"
)

// publicCase is a line of testdata/classification/cases.txt.
type publicCase struct {
	system  string
	line    string
	touch   Touch
	source  string // "" where it does not matter
	channel Channel
}

func publicCases(t *testing.T) []publicCase {
	t.Helper()
	text, err := os.ReadFile("testdata/classification/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	var cases []publicCase
	part := publicCase{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if head, ok := strings.CutPrefix(line, "["); ok {
			system, channel, _ := strings.Cut(strings.TrimSuffix(head, "]"), " ")
			part = publicCase{system: system, channel: Channel(channel)}
			continue
		}
		c := part
		c.line = line
		members, source, _ := strings.Cut(line, " -> ")
		c.source = source
		if strings.Contains(strings.SplitN(members, "=", 2)[0], "://") {
			c.touch.Referrer = members
		} else {
			fillCase(t, &c.touch, members)
		}
		cases = append(cases, c)
	}
	return cases
}

func fillCase(t *testing.T, touch *Touch, members string) {
	t.Helper()
	for member := range strings.SplitSeq(members, "&") {
		name, value, _ := strings.Cut(member, "=")
		if err := SetField(touch, name, value); err != nil {
			t.Fatalf("%s: %v", members, err)
		}
	}
}

// What public systems agree about is so here too.
func TestPublicCases(t *testing.T) {
	resolver, err := NewResolver(&Site{})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, c := range publicCases(t) {
		counts[c.system]++
		got := resolver.Classify(&c.touch, "")
		if got.Channel != c.channel || c.source != "" && got.Source != c.source {
			t.Errorf("%s: %s\nis %s / %s in %s by %q, not %s in %s", c.system, c.line, got.Source, got.Medium, got.Channel, got.Rule, c.source, c.channel)
		}
	}
	for _, system := range []string{"snowplow", "matomo", "plausible", "posthog", "ga4", "umami"} {
		if counts[system] < 15 {
			t.Errorf("%d cases of %s", counts[system], system)
		}
	}
}

// Every rule that can be is said by some touch, and says both what named the source and what chose the channel.
func TestRulesAreAClosedVocabulary(t *testing.T) {
	known := map[string]bool{}
	for source := range sourceRuleCount {
		for click := range clickCount {
			for channel := range channelRuleCount {
				known[ruleTexts()[source][click][channel]] = true
			}
		}
	}
	resolver, err := NewResolver(&Site{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range publicCases(t) {
		if got := resolver.Classify(&c.touch, ""); !known[got.Rule] || len(got.Rule) > 255 {
			t.Errorf("%s: rule %q", c.line, got.Rule)
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for channel := range channelRuleCount {
		if !strings.Contains(string(readme), "`"+channelRules[channel].text+"`") {
			t.Errorf("README.md does not explain the rule %q", channelRules[channel].text)
		}
	}
	for source := range sourceRuleCount {
		if !strings.Contains(string(readme), "`"+sourceRuleTexts[source]) {
			t.Errorf("README.md does not explain the rule %q", sourceRuleTexts[source])
		}
	}
}

// A referrer hides behind nothing that browsers or old pages put into addresses.
func TestPlaces(t *testing.T) {
	for referrer, want := range map[string]place{
		"https://www.Example.COM:8443/a/b?c#d": {host: "example.com", path: "/a/b"},
		"HTTP://user:pass@example.com":         {host: "example.com"},
		"https://[2001:db8::1]:8080/":          {host: "2001:db8::1", path: "/"},
		"https://example.com./x%zz/y z":        {host: "example.com", path: "/x%zz/y z"},
		"https://bücher.example/":              {host: "xn--bcher-kva.example", path: "/"},
		"android-app://com.Slack/":             {host: "com.slack", app: true},
		" https://example.com ":                {host: "example.com"},
		"https://exa mple.com/":                {}, "https://example.com:port/": {}, "https://": {}, "https:///a": {}, "about:blank": {}, "example.com": {}, "": {},
		"javascript:alert(1)": {}, "file:///etc/passwd": {}, "https://a<b.example/": {}, "https://[::1": {}, "https://:80/": {},
	} {
		if got := placeOf(referrer); got != want {
			t.Errorf("%q is %+v, not %+v", referrer, got, want)
		}
	}
}

// placeOf never finds another host than a browser would.
func FuzzPlace(f *testing.F) {
	for _, seed := range []string{"https://www.google.com/search?q=x", "http://a@b:1/", "https://[::1]:1", "android-app://x", "https://a\\b", "https://é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := placeOf(text)
		if strings.ContainsAny(got.host, "/?#@ ") {
			t.Errorf("%q: host %q", text, got.host)
		}
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil || strings.Contains(text, "%") || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(u.Host, "%\"<>\\^`{|}[]") {
			return
		}
		if want := cleanHost(u.Hostname()); u.Hostname() != "" && got.host != want {
			t.Errorf("%q: host %q, by net/url %q", text, got.host, want)
		}
	})
}
