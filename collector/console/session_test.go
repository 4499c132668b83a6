package console

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestSecuritySessionCookie(t *testing.T) {
	s := newStand(t, noReports(t))
	a := s.post(t, "/console/sign-in", "", url.Values{"key": {" " + acmeKey + "\n"}})
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/console/sources?signed=in" {
		t.Fatalf("sign in: %s to %q", a.Status, a.Header.Get("Location"))
	}
	header := a.Header.Get("Set-Cookie")
	for _, part := range []string{"__Host-hw_console=", "; Path=/", "; Max-Age=43200", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if !strings.Contains(header, part) {
			t.Errorf("Set-Cookie %q lacks %q", header, part)
		}
	}
	if strings.Contains(header, "Domain") {
		t.Errorf("Set-Cookie %q names a domain", header)
	}
	if other := s.signIn(t, acmeKey); other == a.Cookies()[0].Value {
		t.Error("two sign-ins gave the same session")
	}
}

func TestSecuritySessionForgery(t *testing.T) {
	s := newStand(t, noReports(t))
	good := s.signIn(t, acmeKey)
	payload, mark, _ := strings.Cut(good, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	otherSite := strings.Replace(string(text), "|acme", "|other", 1)
	stranger, err := New(Config{Sites: testSites(), Secret: []byte("another installation's secret"), PublicURL: s.URL, Reports: noReports(t), Now: s.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	forgeries := map[string]string{
		"empty":                "x",
		"no mark":              payload,
		"empty mark":           payload + ".",
		"other site":           encode(otherSite) + "." + mark,
		"longer life":          encode(strings.Replace(string(text), "1|17", "1|97", 1)) + "." + mark,
		"flipped mark":         payload + "." + flip(mark),
		"mark of other text":   encode("1|9999999999|k|n|acme") + "." + mark,
		"another installation": stranger.seal(stranger.newSession(&stranger.keys[0])),
		"padding":              good + "=",
		"line break in mark":   payload + "." + mark[:4] + "\n" + mark[4:],
		"very long":            payload + "." + strings.Repeat("A", 5000),
		"unknown key": s.console.seal(&session{site: s.console.keys[0].site, keyID: "0123456789abcdef", nonce: "n",
			expires: testNow.Add(time.Hour)}),
		"key of the other site": s.console.seal(&session{site: s.console.keys[0].site, keyID: s.console.keys[1].id(), nonce: "n",
			expires: testNow.Add(time.Hour)}),
	}
	for name, value := range forgeries {
		if _, err := s.console.open(value); err == nil {
			t.Errorf("%s: %q is a session", name, value)
		}
	}
	if _, err := s.console.open(good); err != nil {
		t.Errorf("the real one is none: %v", err)
	}
	if a := s.get(t, "/console/script", "forged."+mark); a.StatusCode != http.StatusSeeOther {
		t.Errorf("a forged cookie got %s", a.Status)
	}
	r, _ := http.NewRequest(http.MethodGet, s.URL+"/console/script", nil)
	addCookie(r, good)
	addCookie(r, good)
	if a := s.do(t, r); a.StatusCode != http.StatusSeeOther {
		t.Errorf("two cookies of the name got %s", a.Status)
	}
}

// flip changes the first character, whose bits all count.
func flip(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}

func TestSecuritySessionExpires(t *testing.T) {
	s := newStand(t, noReports(t))
	cookie := s.signIn(t, acmeKey)
	s.clock.Advance(sessionLife - time.Second)
	if a := s.get(t, "/console/script", cookie); a.StatusCode != http.StatusOK {
		t.Errorf("a second before its end: %s", a.Status)
	}
	s.clock.Advance(time.Second)
	a := s.get(t, "/console/script", cookie)
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/console/sign-in?next=%2Fconsole%2Fscript" {
		t.Errorf("at its end: %s to %q", a.Status, a.Header.Get("Location"))
	}
	if a := s.get(t, "/console/leads.json", cookie); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("leads.json at its end: %s", a.Status)
	}
}

func TestSecuritySignOutEndsTheSession(t *testing.T) {
	s := newStand(t, noReports(t))
	cookie, kept := s.signIn(t, acmeKey), s.signIn(t, acmeKey)
	a := s.post(t, "/console/sign-out", cookie, nil)
	if a.StatusCode != http.StatusSeeOther || !strings.Contains(a.Header.Get("Set-Cookie"), cookieName+"=; Path=/; Max-Age=0") {
		t.Errorf("sign out: %s, Set-Cookie %q", a.Status, a.Header.Get("Set-Cookie"))
	}
	if a := s.get(t, "/console/script", cookie); a.StatusCode != http.StatusSeeOther {
		t.Errorf("a kept copy of the cookie still works: %s", a.Status)
	}
	if a := s.get(t, "/console/script", kept); a.StatusCode != http.StatusOK {
		t.Errorf("another session ended too: %s", a.Status)
	}
	again := s.post(t, "/console/sign-in", kept, url.Values{"key": {acmeKey}})
	if again.StatusCode != http.StatusSeeOther {
		t.Fatal(again.Status)
	}
	if a := s.get(t, "/console/script", kept); a.StatusCode != http.StatusSeeOther {
		t.Errorf("signing in again left the old session alive: %s", a.Status)
	}
}

func TestSecurityRemovedKeyEndsItsSessions(t *testing.T) {
	s := newStand(t, noReports(t))
	cookie := s.signIn(t, acmeKey)
	sites := testSites()
	sites[0].APIKeyHashes = []string{hashOf("hwk_a-new-key")}
	later, err := New(Config{Sites: sites, Secret: testSecret, PublicURL: s.URL, Reports: noReports(t), Now: s.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := later.open(cookie); err == nil {
		t.Error("the session outlived its key")
	}
}

func FuzzOpenSession(f *testing.F) {
	c, err := New(Config{Sites: testSites(), Secret: testSecret, PublicURL: "https://t.example", Reports: ReportsFunc(nil),
		Now: func() time.Time { return testNow }})
	if err != nil {
		f.Fatal(err)
	}
	// The same in every process of the fuzzer.
	good := c.seal(&session{site: c.keys[0].site, keyID: c.keys[0].id(), nonce: "nonce", expires: testNow.Add(time.Hour)})
	f.Add(good)
	f.Add(good + "A")
	f.Add(".")
	f.Add("MXw5OTk5OTk5OTk5fGt8bnxhY21l.AAAA")
	f.Fuzz(func(t *testing.T, value string) {
		s, err := c.open(value)
		if err == nil && value != good {
			t.Errorf("%q is a session of %s", value, s.site.ID)
		}
	})
}

func FuzzLocalTarget(f *testing.F) {
	for _, text := range []string{"/console/leads", "//evil.example", "/console/leads/../../x", "https://evil.example/console/leads", `/\evil.example`, "/console/leads\r\nX: y", "/console/contacts/ab?x=//evil", `/console/contact?\`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		target := localTarget(text)
		u, err := url.Parse(target)
		if err != nil || !strings.HasPrefix(target, "/console/") || u.Host != "" || strings.ContainsAny(target, "\\\r\n\t") || strings.Contains(u.Path, "..") {
			t.Errorf("%q leads to %q", text, target)
		}
	})
}
