package intake

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/schema"
)

// hostile are wishes where to go next that must not be granted.
var hostile = []string{
	// another place, plainly
	"https://evil.example", "https://evil.example/", "http://evil.example/", "//evil.example", "//evil.example/%2f..",
	"///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/%09/evil.example",
	"/%5cevil.example", "/%2f%2fevil.example", "https:evil.example", "https:/evil.example", "https:///evil.example",
	"https:\\\\evil.example", "https://evil.example\\@www.acme.example", "https://evil.example%5c@www.acme.example",
	// the site's name in the wrong place
	"https://www.acme.example@evil.example", "https://www.acme.example:443@evil.example", "https://www.acme.example%40evil.example",
	"https://user@www.acme.example/", "https://user:pass@www.acme.example/", "https://@www.acme.example/",
	"https://www.acme.example.evil.example/", "https://evil.example/www.acme.example", "https://evil.example?www.acme.example",
	"https://evil.example#www.acme.example", "https://evil-www.acme.example/", "https://acme.example/", "https://sub.www.acme.example/",
	"https://www.acme.example./", "https://www.acme.example\\.evil.example", "https://www.acme.example;.evil.example/",
	"https://www.acme.example%2eevil.example/", "https://www.acme.example%00.evil.example/", "https://www.acme.example\x00.evil.example/",
	// the same host, not the same origin
	"http://www.acme.example/", "https://www.acme.example:444/", "https://www.acme.example:443/", "https://www.acme.example:/",
	"ftp://www.acme.example/", "http://localhost/", "http://localhost:9998/", "https://localhost:9999/", "http://127.0.0.1:9999/",
	// not http at all
	"javascript:alert(1)", "JavaScript:alert(1)", "java\nscript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x",
	"blob:https://www.acme.example/1", "file:///etc/passwd", "view-source:https://www.acme.example/", "about:blank",
	"javascript://www.acme.example/%0aalert(1)",
	// characters that parsers disagree about
	" https://www.acme.example/", "https://www.acme.example/ ", "\thttps://www.acme.example/", "https://www.acme.example/\r\nSet-Cookie: x=1",
	"https://www.acme.example/%0d%0aSet-Cookie:x=1", "ht\ttps://www.acme.example/", "https://www.acme.example/\x7f", "https://www.acme.example/\u0085",
	"https://www.acme.example\u3002evil.example/", "https://www.acme.example\uff0fevil.example/", "https://www.\u0430cme.example/",
	"https://\uff57ww.acme.example/", "https://www.acm\u00e9.example/", "https://www.acme.example\u00a0/", "https://www.acme.example/\xff",
	// addresses in other forms
	"http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://[::1]:9999/", "http://[::ffff:127.0.0.1]:9999/", "http://127.1/",
	"https://[www.acme.example]/", "https://%77ww.acme.example/",
	// paths that a careless server would turn into a host again
	"https://www.acme.example//evil.example", "https://www.acme.example/%2fevil.example", "https://www.acme.example/\\evil.example",
	"https://www.acme.example/%5cevil.example", "https://www.acme.example/a//b", "https://www.acme.example/%09/evil.example",
	// nothing to go to
	"", "/", "/thanks", "thanks", "?x", "#x", "www.acme.example", "www.acme.example/thanks", "https://", "://", ":", "%", "https://www.acme.example/" + strings.Repeat("a", 2048),
}

func TestSecurityOpenRedirect(t *testing.T) {
	if len(hostile) < 60 {
		t.Errorf("only %d wishes", len(hostile))
	}
	st := newStation(t, corpus.Sites(t, payloadDir))
	for _, wish := range hostile {
		for _, name := range []string{redirectField, redirectHidden} {
			encoded := url.Values{name: {wish}}.Encode()
			for place, request := range map[string]*http.Request{
				"field": newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com&"+encoded),
				"query": newRequest(t, st.URL+"/f/signup?site=acme&"+encoded, "email=ada%40example.com"),
			} {
				answer := st.do(t, request)
				if got := answer.Header.Get("Location"); answer.StatusCode != http.StatusSeeOther || got != "https://www.acme.example/thank-you" {
					t.Errorf("%s %s=%q: %s to %q", place, name, wish, answer.Status, got)
				}
			}
		}
	}
	for _, wish := range hostile {
		answer := st.do(t, newGet(t, st.URL+"/f/signup/thanks?site=acme&back="+url.QueryEscape(wish)))
		page := text(t, answer)
		if answer.StatusCode != http.StatusOK || !strings.Contains(page, `href="https://www.acme.example"`) {
			t.Errorf("back=%q: %s %s", wish, answer.Status, page)
		}
	}
}

func TestRedirectTargetOwn(t *testing.T) {
	site := &schema.Site{Origins: []string{"https://www.acme.example", "https://shop.acme.example:8443", "http://localhost:9999", "http://[::1]:9999", "http://plain.example"}}
	for _, wish := range []string{
		"https://www.acme.example", "https://www.acme.example/", "https://www.acme.example/thanks?a=b&c=%2f#top", "https://www.acme.example/d%C3%A6nk",
		"https://www.acme.example/dænk?æ=ø", "https://shop.acme.example:8443/x", "http://localhost:9999/x", "http://[::1]:9999/x", "HTTPS://WWW.ACME.EXAMPLE/x",
	} {
		target, ok := RedirectTarget(wish, site)
		u, err := url.Parse(target)
		if !ok || err != nil || !site.HasOrigin(u.Scheme+"://"+u.Host) {
			t.Errorf("RedirectTarget(%q) = %q, %t", wish, target, ok)
		}
	}
	if target, ok := RedirectTarget("http://plain.example/", site); ok {
		t.Errorf("a page without https is gone to: %q", target)
	}
}

func FuzzRedirectTarget(f *testing.F) {
	for _, wish := range hostile {
		f.Add(wish)
	}
	f.Add("https://www.acme.example/thanks")
	site := &schema.Site{Origins: []string{"https://www.acme.example", "http://localhost:9999"}}
	f.Fuzz(func(t *testing.T, wish string) {
		target, ok := RedirectTarget(wish, site)
		if !ok {
			return
		}
		rest, isSite := strings.CutPrefix(target, "https://www.acme.example")
		if other, isLocal := strings.CutPrefix(target, "http://localhost:9999"); isLocal {
			rest, isSite = other, true
		}
		// The host must end right there, for every reader.
		if !isSite && !strings.HasPrefix(strings.ToLower(target), "https://www.acme.example") && !strings.HasPrefix(strings.ToLower(target), "http://localhost:9999") {
			t.Fatalf("%q becomes %q", wish, target)
		}
		if isSite && rest != "" && !strings.ContainsAny(rest[:1], "/?#") {
			t.Fatalf("%q becomes %q", wish, target)
		}
		for _, r := range target {
			if r <= ' ' || r == '\\' || r >= 0x7F {
				t.Fatalf("%q becomes %q", wish, target)
			}
		}
	})
}
