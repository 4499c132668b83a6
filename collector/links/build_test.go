package links

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestBuild(t *testing.T) {
	full := Tags{Source: "linkedin", Medium: "paid-social", Campaign: "spring", Term: "crm", Content: "a", ID: "7"}
	tests := []struct {
		name, target string
		tags         Tags
		want         string
		replaced     []string
	}{
		{"order", "https://www.acme.example/offer", full, "https://www.acme.example/offer?utm_source=linkedin&utm_medium=paid-social&utm_campaign=spring&utm_term=crm&utm_content=a&utm_id=7", nil},
		{"empties left out", "https://acme.example/", Tags{Campaign: "x", Source: " s "}, "https://acme.example/?utm_source=s&utm_campaign=x", nil},
		{"nothing", "https://acme.example/", Tags{}, "https://acme.example/", nil},
		{"own query and fragment", "https://acme.example/a?b=1&b=2&c#part", Tags{Source: "s"}, "https://acme.example/a?b=1&b=2&c&utm_source=s#part", nil},
		{"own query as it was typed", "https://acme.example/?q=a+b%2Bc&x[]=1&flag&e=%zz", Tags{Source: "s"}, "https://acme.example/?q=a+b%2Bc&x[]=1&flag&e=%25zz&utm_source=s", nil},
		{"replaces", "https://acme.example/?utm_source=old&ref=1&UTM_Campaign=a%20b#utm_term=x", Tags{Source: "new"}, "https://acme.example/?ref=1&utm_source=new#utm_term=x", []string{"utm_source=old", "utm_campaign=a b"}},
		{"keeps other utm", "https://acme.example/?utm_source_platform=x", Tags{Source: "new"}, "https://acme.example/?utm_source_platform=x&utm_source=new", nil},
		{"encoding", "https://acme.example/", Tags{Source: "a&b=c #1+2%"}, "https://acme.example/?utm_source=a%26b%3Dc%20%231%2B2%25", nil},
		{"unicode", "https://acme.example/köln?ü=ö#ä", Tags{Source: "köln"}, "https://acme.example/k%C3%B6ln?%C3%BC=%C3%B6&utm_source=k%C3%B6ln#%C3%A4", nil},
		{"IDNA", "https://Bücher.example/", Tags{Source: "s"}, "https://xn--bcher-kva.example/?utm_source=s", nil},
		{"no scheme", " www.acme.example/x ", Tags{Source: "s"}, "https://www.acme.example/x?utm_source=s", nil},
		{"no scheme, port", "acme.example:8443", Tags{Source: "s"}, "https://acme.example:8443/?utm_source=s", nil},
		{"default port", "http://ACME.example:80", Tags{Source: "s"}, "http://acme.example/?utm_source=s", nil},
		{"IPv6", "http://[2001:DB8::1]:8080/", Tags{Source: "s"}, "http://[2001:db8::1]:8080/?utm_source=s", nil},
		{"empty query and fragment", "https://acme.example/?#", Tags{Source: "s"}, "https://acme.example/?utm_source=s", nil},
		{"router in the fragment", "https://acme.example/#/a?b=c d", Tags{Source: "s"}, "https://acme.example/?utm_source=s#/a?b=c%20d", nil},
	}
	for _, test := range tests {
		got, err := Build(test.target, test.tags)
		if err != nil || got.URL != test.want || !reflect.DeepEqual(got.Replaced, test.replaced) {
			t.Errorf("%s: %+v, %v\nwant %s %q", test.name, got, err, test.want, test.replaced)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	tests := map[string]string{
		"": "no_target", "javascript:alert(1)": "scheme", "data:text/html,x": "scheme", "ftp://acme.example/": "scheme", "mailto:a@b.example": "scheme",
		"https://": "target", "//acme.example/": "target", "https:acme.example": "target", "https://user:pass@acme.example/": "user",
		"https://a b.example/": "target", "https://acme.example/\x00": "target_control", `https://acme.example\@evil.example/`: "target_control",
		"https://" + strings.Repeat("a", 3000): "target_long", "https://-a-.example": "host", "https://a..example": "host", "nothing": "target",
		"https://acme.example/a\nb": "target_control", "https://[fe80::1%25eth0]/": "host",
	}
	for target, want := range tests {
		_, err := Build(target, Tags{Source: "s"})
		p := new(Problem)
		if !errors.As(err, &p) || p.ID != "links.problem."+want {
			t.Errorf("%.60q: %v, want %s", target, err, want)
		}
	}
	for _, value := range []string{"a\x00b", "\xff", strings.Repeat("a", 1025)} {
		if _, err := Build("https://acme.example/", Tags{Source: value}); err == nil {
			t.Errorf("a source of %.20q is taken", value)
		}
	}
}

// What was built is read again as it was, by Parse and by any other reader of URLs.
func FuzzBuild(f *testing.F) {
	f.Add("https://www.acme.example/a?b=c#d", "linkedin", "paid-social", "a&b=c #%+", "é", "\"'><", "id")
	f.Add("acme.example:80/?utm_source=x&%75tm_medium=y", "s", "", "%41", "a+b", " c ", "")
	f.Add("http://bücher.example/%zz?%&&=#/a?%zz#", "(direct)", "\u202e", "", "", "", "")
	f.Add("https://a.example/#%2f%zz ü`", "", "", "", "", "", "x")
	f.Fuzz(func(t *testing.T, target, source, medium, campaign, term, content, id string) {
		tags := Tags{source, medium, campaign, term, content, id}
		built, err := Build(target, tags)
		if err != nil {
			if p := new(Problem); !errors.As(err, &p) {
				t.Fatalf("%v is no problem", err)
			}
			return
		}
		gotTarget, gotTags, err := Parse(built.URL)
		if len(built.URL) > maxTarget {
			return
		}
		if err != nil || gotTarget != built.Target || gotTags != tags.Trimmed() {
			t.Fatalf("%q is read as %q %+v, %v\nwant %q %+v", built.URL, gotTarget, gotTags, err, built.Target, tags.Trimmed())
		}
		again, err := Build(built.Target, tags)
		if err != nil || again.URL != built.URL || again.Replaced != nil {
			t.Fatalf("built again: %+v, %v; first %q", again, err, built.URL)
		}
		u, err := url.Parse(built.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
			t.Fatalf("%q: %v", built.URL, err)
		}
		query, _ := url.ParseQuery(strings.ReplaceAll(u.RawQuery, ";", "%3B"))
		for _, part := range Parts() {
			if got, trimmed := query.Get(part.Parameter()), tags.Trimmed(); got != trimmed.Of(part) {
				t.Fatalf("%s of %q is %q, want %q", part, built.URL, got, trimmed.Of(part))
			}
		}
		for _, r := range built.URL {
			if r <= ' ' || r >= 0x7F || strings.ContainsRune("\"<>", r) {
				t.Fatalf("%q has a character that no address may have", built.URL)
			}
		}
	})
}
