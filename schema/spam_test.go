package schema

import (
	"strings"
	"testing"
)

func TestSpamHosts(t *testing.T) {
	hosts, err := ParseHosts(spamText)
	if err != nil || len(hosts) < 200 {
		t.Fatalf("%d hosts, %v", len(hosts), err)
	}
	for host, want := range map[string]bool{
		"semalt.com": true, "www.semalt.com": true, "a.b.semalt.com": true, "notsemalt.com": false, "semalt.com.example": false,
		"com": false, "": false, "google.com": false, "linkedin.com": false,
	} {
		if got := SpamHosts().Has(host); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
	// A source that people know can't be spam.
	for host := range hosts {
		if kind, ok := BuiltInSources().kinds[host]; ok {
			t.Errorf("%s is a source of sources.csv too (%s)", host, kind)
		}
	}
	own, err := ParseHosts("# mine\n\nSpam.Example.  # since March\r\nother.example\n")
	if err != nil || len(own) != 2 || !own.Has("x.spam.example") || own.Has("semalt.com") {
		t.Errorf("%v %v", own, err)
	}
	for _, broken := range []string{"https://spam.example/", "spam", "*.spam.example", "a b.example"} {
		if _, err := ParseHosts("good.example\n" + broken); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", broken, err)
		}
	}
}

func FuzzParseHosts(f *testing.F) {
	f.Add("semalt.com\n# x\n\xff.example\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		hosts, err := ParseHosts(text)
		for host := range hosts {
			if err != nil || host == "" || !hosts.Has("www."+host) {
				t.Errorf("%q of %q, %v", host, text, err)
			}
		}
	})
}
