package intake

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/schema"
)

const (
	browser = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
	crawler = "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"
)

// suspicionOf sends a request, wants it answered like all else, and returns what is thought of the record.
func (st *station) suspicionOf(t testing.TB, request *http.Request) schema.Suspicion {
	t.Helper()
	answer := st.do(t, request)
	records := st.kept(t)
	if answer.StatusCode >= 400 || len(records) != 1 {
		t.Fatalf("%s: %s, %d records", request.URL, answer.Status, len(records))
	}
	return schema.SuspicionOf(records[0])
}

// TestSecurityForgedOrigin: a page on a foreign origin is a reason to doubt, and never more.
func TestSecurityForgedOrigin(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	const forged = schema.SuspectForgedOrigin
	for _, c := range []struct {
		origin, referer string
		want            schema.Suspicion
	}{
		{"", "", ""}, // a program, or a browser that hides it
		{"https://www.acme.example", "", ""},
		{"https://WWW.acme.example", "", ""},
		{"http://localhost:9999", "", ""},
		{"https://blog.acme.example", "", ""}, // the site's registrable domain
		{"null", "", ""},
		{"null", "https://evil.example/", ""},
		{"file://", "", ""},
		{"https://www-acme-example.translate.goog", "", ""},
		{"", "https://www.acme.example/pricing?x=y", ""},
		{"https://www.acme.example", "https://evil.example/", ""}, // Origin is the better witness
		{"https://evil.example", "", forged},
		{"http://localhost:3000", "", ""}, // somebody builds the site
		{"http://shop.localhost:3000", "", ""},
		{"http://[::1]:3000", "", ""},
		{"https://evil.example", "https://www.acme.example/", forged},
		{"", "https://evil.example/www.acme.example", forged},
		{"https://www.acme.example.evil.example", "", forged},
		{"https://www.beta.example", "", forged}, // another site's
		{"https://evil-translate.goog", "", forged},
	} {
		for _, request := range []*http.Request{newTouch(t, st.URL, touchBody), newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com")} {
			if c.origin != "" {
				request.Header.Set("Origin", c.origin)
			}
			if c.referer != "" {
				request.Header.Set("Referer", c.referer)
			}
			if got := st.suspicionOf(t, request); got != c.want {
				t.Errorf("%s %+v: %q", request.URL.Path, c, got)
			}
		}
	}
	own := newTouch(t, st.URL, touchBody)
	own.Header.Set("Origin", st.URL) // the collector's page that sends a form again
	if got := st.suspicionOf(t, own); got != "" {
		t.Errorf("the collector's own page is %q", got)
	}
}

// TestSecurityBots: crawlers are kept and left out; a site's backend that passes its forms on is no crawler.
func TestSecurityBots(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for agent, want := range map[string]schema.Suspicion{
		browser: "", "": "", "Go-http-client/1.1": "", "curl/8.5.0": "", "WordPress/6.7; https://www.acme.example": "",
		crawler: schema.SuspectBot, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36": "",
		strings.Repeat("a ", 6<<10) + crawler: "", // beyond what is looked at
	} {
		for _, request := range []*http.Request{newTouch(t, st.URL, touchBody), newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com")} {
			request.Header.Set("User-Agent", agent)
			if got := st.suspicionOf(t, request); got != want {
				t.Errorf("%s %.80q: %q", request.URL.Path, agent, got)
			}
		}
	}
}

func TestSecurityReferrerSpam(t *testing.T) {
	touch := func(members string) string { return strings.TrimSuffix(touchBody, "}") + "," + members + "}" }
	form := func(members string) string {
		return `{"fields":{"email":"ada@example.com"},"latest_touch":{"utm_medium":"x"` + members + `},"first_touch":{"referrer":"https://semalt.com/","occurred_at":"2026-03-01T00:00:00Z"}}`
	}
	own := filepath.Join(t.TempDir(), "spam.txt")
	if err := os.WriteFile(own, []byte("# ours\nspam.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	hosts, err := ReadSpamHosts(own)
	if err != nil {
		t.Fatal(err)
	}
	for list, spam := range map[string]string{"built-in": "semalt.com", "own": "spam.example"} {
		st := newStationWith(t, corpus.Sites(t, payloadDir), func(c *Config) {
			if list == "own" {
				c.SpamHosts = hosts
			}
		})
		for members, want := range map[string]schema.Suspicion{
			`"referrer":"https://www.google.com/"`:                      "",
			`"referrer":"https://` + spam + `/x?y"`:                     schema.SuspectReferrerSpam,
			`"referrer":"http://a.b.` + spam + `.:80/"`:                 schema.SuspectReferrerSpam,
			`"referrer":"https://not` + spam + `/"`:                     "",
			`"landing_page":"https://www.acme.example/?r=` + spam + `"`: "",
		} {
			body := touch(members)
			body = strings.Replace(body, `"utm_source":"newsletter",`, "", 1)
			if got := st.suspicionOf(t, newTouch(t, st.URL, body)); got != want {
				t.Errorf("%s list: a touch with %s: %q", list, members, got)
			}
			request := newRequest(t, st.URL+"/f/signup?site=acme", form(","+members))
			request.Header.Set("Content-Type", "application/json")
			if got := st.suspicionOf(t, request); got != want {
				t.Errorf("%s list: a form whose latest touch has %s: %q", list, members, got)
			}
		}
	}
}

// defended are the sites with a form that has all the defences.
func defended(t *testing.T, token string) []schema.Site {
	sites := corpus.Sites(t, payloadDir)
	sites[0].Forms[0].Honeypot, sites[0].Forms[0].Token = "Website", token
	return sites
}

func TestSecurityHoneypot(t *testing.T) {
	st := newStation(t, defended(t, ""))
	for body, want := range map[string]schema.Suspicion{
		"email=ada%40example.com":                              "",
		"email=ada%40example.com&website=":                     "",
		"email=ada%40example.com&WEBSITE=%20%0a":               "",
		"email=ada%40example.com&website=http%3A%2F%2Fx.com":   schema.SuspectHoneypot,
		"email=ada%40example.com&website=&wEbsite=x":           schema.SuspectHoneypot,
		"email=ada%40example.com&mywebsite=http%3A%2F%2Fx.com": "",
	} {
		st.do(t, newRequest(t, st.URL+"/f/signup?site=acme", body))
		records := st.kept(t)
		sent := records[0].(*schema.Submission)
		if sent.Suspect != want || sent.Fields["email"] == "" {
			t.Errorf("%s: %q, %v", body, sent.Suspect, sent.Fields)
		}
		for name := range sent.Fields {
			if strings.EqualFold(name, "website") {
				t.Errorf("%s: the honeypot is kept: %v", body, sent.Fields)
			}
		}
	}
	ids := map[string]bool{}
	for _, body := range []string{"email=ada%40example.com", "email=ada%40example.com&website=", "email=ada%40example.com&website=x"} {
		st.do(t, newRequest(t, st.URL+"/f/signup?site=acme", body))
		ids[st.kept(t)[0].ID()] = true
	}
	if len(ids) != 2 {
		t.Errorf("%d ids: whoever sends a form again without the honeypot must not be taken for the same", len(ids))
	}
}

func (st *station) token(t testing.TB, form string) string {
	t.Helper()
	answer := st.do(t, newGet(t, st.URL+"/f/"+form+"/token?site=acme"))
	var told struct{ Token string }
	if err := json.Unmarshal([]byte(text(t, answer)), &told); err != nil || answer.StatusCode != http.StatusOK || told.Token == "" {
		t.Fatalf("%s: %v", answer.Status, err)
	}
	if answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the headers are %v", answer.Header)
	}
	return told.Token
}

// TestSecurityFormToken: too young, too old, another form's, changed or missing: kept under suspicion, or to be sent again.
func TestSecurityFormToken(t *testing.T) {
	clock := collectortest.FixedClock(corpus.Now)
	watch := newStationWith(t, defended(t, schema.TokenWatch), func(c *Config) { c.Now = clock.Now })
	require := newStationWith(t, defended(t, schema.TokenRequire), func(c *Config) { c.Now = clock.Now })
	good := watch.token(t, "signup")
	if require.token(t, "signup") != good {
		t.Error("two nodes make tokens under different keys")
	}
	other := newStationWith(t, corpus.Sites(t, payloadDir), func(c *Config) { c.Now, c.Secret = clock.Now, []byte("another secret of 32 bytes or more") })
	changed := []byte(good)
	changed[9] ^= 1
	for _, c := range []struct {
		age   time.Duration
		token string
		want  schema.Suspicion
	}{
		{0, good, schema.SuspectTooFast}, {2*time.Second - time.Millisecond, good, schema.SuspectTooFast}, {2 * time.Second, good, ""},
		{time.Hour, good, ""}, {24 * time.Hour, good, ""}, {24*time.Hour + time.Millisecond, good, schema.SuspectNoToken},
		{-30 * time.Second, good, schema.SuspectTooFast}, // another node's clock is ahead
		{-2 * time.Minute, good, schema.SuspectNoToken},
		{time.Hour, "", schema.SuspectNoToken}, {time.Hour, "x", schema.SuspectNoToken}, {time.Hour, string(changed), schema.SuspectNoToken},
		{time.Hour, good + "A", schema.SuspectNoToken}, {time.Hour, strings.Repeat("A", len(good)), schema.SuspectNoToken},
		{time.Hour, watch.token(t, "kontakt"), schema.SuspectNoToken}, {time.Hour, other.token(t, "signup"), schema.SuspectNoToken},
	} {
		clock.Set(corpus.Now.Add(c.age))
		body := "email=ada%40example.com&hw_token=" + c.token
		request := newRequest(t, watch.URL+"/f/signup?site=acme", body)
		if got := watch.suspicionOf(t, request); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
		answer := require.do(t, newRequest(t, require.URL+"/f/signup?site=acme", body))
		records := require.kept(t)
		if c.want == "" && (answer.StatusCode != http.StatusSeeOther || len(records) != 1 || schema.SuspicionOf(records[0]) != "") ||
			c.want != "" && (answer.StatusCode != http.StatusUnprocessableEntity || answer.Header.Get("X-Headwater-Rejected") != "form_token" || len(records) != 0) {
			t.Errorf("require, %+v: %s, %d records", c, answer.Status, len(records))
		}
	}
}

// TestFormIsSentAgainFromThePage: a person whose form is not taken sees a page that sends it again with all that it had, and no
// password; a program gets the token.
func TestFormIsSentAgainFromThePage(t *testing.T) {
	clock := collectortest.FixedClock(corpus.Now)
	st := newStationWith(t, defended(t, schema.TokenRequire), func(c *Config) { c.Now = clock.Now })
	request := newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com&say=%3Cb%3E%22hello%22+%26+more%0D%0Ahere&password=secret&hw_token=old")
	request.Header.Set("Accept", "text/html")
	request.Header.Set("Referer", "https://www.acme.example/pricing?utm_source=linkedin")
	answer := st.do(t, request)
	page := text(t, answer)
	if answer.StatusCode != http.StatusUnprocessableEntity || strings.Contains(page, "secret") || strings.Contains(page, "<b>") || strings.Contains(page, `value="old"`) {
		t.Fatalf("%s %s", answer.Status, page)
	}
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "form-action 'self'") {
		t.Errorf("the policy is %q", policy)
	}
	clock.Advance(3 * time.Second)
	again := newRequest(t, st.URL+"/f/signup?site=acme", formOf(page).Encode())
	again.Header.Set("Origin", "null") // the page says no-referrer
	if got := st.do(t, again); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("sent again: %s %s", got.Status, text(t, got))
	}
	sent := st.kept(t)[0].(*schema.Submission)
	if sent.Suspect != "" || sent.Fields["say"] != "<b>\"hello\" & more\r\nhere" || sent.Page != "https://www.acme.example/pricing?utm_source=linkedin" || sent.LatestTouch.Source != "linkedin" || len(sent.Fields) != 2 {
		t.Errorf("sent again: %+v", sent)
	}

	program := newRequest(t, st.URL+"/f/signup?site=acme", `{"fields":{"email":"ada@example.com"}}`)
	program.Header.Set("Content-Type", "application/json")
	var told struct {
		Error   string
		Details struct{ Token string }
	}
	if err := json.Unmarshal([]byte(text(t, st.do(t, program))), &told); err != nil || told.Error != "form_token" || told.Details.Token == "" {
		t.Fatalf("%+v %v", told, err)
	}
	clock.Advance(3 * time.Second)
	program = newRequest(t, st.URL+"/f/signup?site=acme", `{"fields":{"email":"ada@example.com"},"token":"`+told.Details.Token+`"}`)
	program.Header.Set("Content-Type", "application/json")
	if got := st.do(t, program); got.StatusCode != http.StatusOK {
		t.Errorf("a program sends it again: %s", got.Status)
	}
}

// TestSuspicionsInOrder: of several suspicions the first in the list is kept.
func TestSuspicionsInOrder(t *testing.T) {
	st := newStation(t, defended(t, schema.TokenWatch))
	request := newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com&website=x")
	request.Header.Set("Origin", "https://evil.example")
	if got := st.suspicionOf(t, request); got != schema.SuspectHoneypot {
		t.Errorf("honeypot, no token and a forged origin: %q", got)
	}
	request = newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com&website=x")
	request.Header.Set("User-Agent", crawler)
	if got := st.suspicionOf(t, request); got != schema.SuspectBot {
		t.Errorf("a bot in a honeypot: %q", got)
	}
}

func FuzzToken(f *testing.F) {
	key := tokenKey([]byte(corpus.Secret))
	f.Add(newToken(key, "acme", "signup", corpus.Now))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		made, ok := tokenTime(key, text, "acme", "signup")
		if ok && newToken(key, "acme", "signup", made) != text {
			t.Errorf("%q is taken for %s", text, made)
		}
	})
}

var hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// formOf reads the hidden fields of a page.
func formOf(page string) url.Values {
	values := url.Values{}
	for _, found := range hiddenInput.FindAllStringSubmatch(page, -1) {
		values.Add(html.UnescapeString(found[1]), html.UnescapeString(found[2]))
	}
	return values
}
