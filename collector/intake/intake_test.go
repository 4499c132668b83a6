package intake

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/schema"
)

func newRequest(t testing.TB, address, form string) *http.Request {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return request
}

func newGet(t testing.TB, address string) *http.Request {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func text(t testing.TB, answer *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestTouchTextFollowsTheSchema: the switch in TouchText and the list of parameters are the browser's fields.
func TestTouchTextFollowsTheSchema(t *testing.T) {
	parameters := 0
	for _, field := range schema.Fields(schema.Touch{}) {
		var touch schema.Touch
		target := TouchText(&touch, field.Name)
		isText := field.By == "browser" && field.Max > 0
		if (target != nil) != isText {
			t.Errorf("TouchText knows %s: %t", field.Name, target != nil)
		}
		if target == nil {
			continue
		}
		*target = "here"
		var want schema.Touch
		if err := schema.SetField(&want, field.Name, "here"); err != nil || !reflect.DeepEqual(touch, want) {
			t.Errorf("TouchText(%s) is another member (%v)", field.Name, err)
		}
		if field.Name != "landing_page" && field.Name != "referrer" {
			parameters++
		}
	}
	if parameters != len(touchParams) {
		t.Errorf("%d parameters of %d", len(touchParams), parameters)
	}
}

// TestURLs reads the table that the snippet's tests read too: both must see the same parameters in an address.
func TestURLs(t *testing.T) {
	data, err := os.ReadFile("../../schema/testdata/urls.json")
	if err != nil {
		t.Fatal(err)
	}
	var table []struct {
		Name, URL string
		Want      map[string]string
	}
	if err := json.Unmarshal(data, &table); err != nil || len(table) == 0 {
		t.Fatalf("read urls.json: %d rows, %v", len(table), err)
	}
	for _, row := range table {
		t.Run(row.Name, func(t *testing.T) {
			var touch schema.Touch
			fillTouch(&touch, urlParams(row.URL))
			campaign := CampaignOf(row.URL)
			for _, name := range touchParams {
				if got := *TouchText(&touch, name); got != row.Want[name] {
					t.Errorf("%s of %s is %q, not %q", name, row.URL, got, row.Want[name])
				}
				if got := campaign[name]; got != row.Want[name] {
					t.Errorf("CampaignOf: %s of %s is %q, not %q", name, row.URL, got, row.Want[name])
				}
			}
		})
	}
}

func TestURLParams(t *testing.T) {
	for address, want := range map[string]string{
		"https://a.example/?utm_source=x":                           "x",
		"https://a.example/?utm_source=x#utm_source=y":              "x",
		"https://a.example/#utm_source=y":                           "y",
		"https://a.example/#?utm_source=y":                          "y",
		"https://a.example/#/route?utm_source=y":                    "y",
		"https://a.example/?a=1#utm_source=y":                       "y",
		"https://a.example/?utm_source=+%20&utm_source=z":           "z",
		"https://a.example/?utm_source":                             "",
		"https://a.example/?utm_source=a=b":                         "a=b",
		"https://a.example/?&&utm_source=x&&":                       "x",
		"https://a.example/?UTM_SOURCE=x":                           "x",
		"https://a.example/?utm%5Fsource=x":                         "x",
		"https://a.example/?utm_source=%F0%9F%9A%80":                "🚀",
		"https://a.example/?utm_source=%ED%A0%80":                   "\ufffd\ufffd\ufffd", // a surrogate is no UTF-8
		"https://a.example/?utm_source=%F0%9F%9A":                   "\ufffd",
		"https://a.example/?utm_source=%f0%28%8c%bc":                "\ufffd(\ufffd\ufffd",
		"https://a.example/?utm_source=%C0%AF":                      "\ufffd\ufffd",
		"not a url at all?utm_source=x":                             "x",
		"?utm_source=x":                                             "x",
		"https://a.example/utm_source=x":                            "",
		"https://a.example/?utm_source=%25252525":                   "%252525",
		"https://a.example/?utm_source=a%2Bb+c":                     "a+b c",
		"https://a.example/?utm_source[]=x":                         "",
		"https://a.example/?__proto__=x&constructor=y&utm_source=z": "z",
	} {
		if got := urlParams(address).get("utm_source"); got != want {
			t.Errorf("utm_source of %s is %q, not %q", address, got, want)
		}
	}
}

func TestCookieDomain(t *testing.T) {
	for host, want := range map[string]string{
		"t.example.com": "example.com", "t.example.com:8080": "example.com", "T.Example.COM": "example.com", "example.com": "example.com",
		"t.shop.example.co.uk": "example.co.uk", "me.github.io": "me.github.io", "github.io": "", "co.uk": "", "com": "",
		"localhost": "", "localhost:8080": "", "demo.localhost:8080": "", "127.0.0.1": "", "127.0.0.1:8080": "", "[::1]:8080": "", "::1": "",
		"collector": "", "": "", ".": "", "a..b": "", "t.example.com.": "example.com", "evil.com;domain=x": "", "a b.example.com": "",
	} {
		if got := cookieDomain(host); got != want {
			t.Errorf("cookieDomain(%q) = %q, not %q", host, got, want)
		}
		const visitor = "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e"
		library := http.Cookie{Name: "hw", Value: visitor, Path: "/", Domain: want, MaxAge: 395 * 24 * 60 * 60, Secure: true, SameSite: http.SameSiteLaxMode}
		if got := visitorCookie(visitor, want); got != library.String() {
			t.Errorf("the cookie is %q, and as net/http writes it %q", got, library.String())
		}
	}
}

func TestVisitorCookie(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	request := newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com")
	request.Host = "t.shop.acme.co.uk"
	cookies := st.do(t, request).Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	c := cookies[0]
	_, err := schema.ParseUUID("cookie", c.Value)
	if c.Name != "hw" || err != nil || c.Domain != "acme.co.uk" || c.Path != "/" || c.MaxAge != 395*24*3600 || !c.Secure || c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %s", c.Raw)
	}
	if kept := st.kept(t)[0].(*schema.Submission); string(kept.VisitorID) != c.Value {
		t.Errorf("the visitor is %s, the cookie %s", kept.VisitorID, c.Value)
	}
	request = newRequest(t, st.URL+"/f/nope?site=acme", "email=ada%40example.com")
	if cookies := st.do(t, request).Cookies(); len(cookies) != 0 {
		t.Errorf("a rejection sets %v", cookies)
	}
}

func TestOnlySite(t *testing.T) {
	sites := corpus.Sites(t, payloadDir)
	st := newStation(t, sites[1:])
	if answer := st.do(t, newRequest(t, st.URL+"/f/demo", "email=ada%40example.com")); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("the only site is not found: %s", answer.Status)
	}
	request := newRequest(t, st.URL+"/f/demo", "email=ada%40example.com")
	request.Header.Set("Origin", "https://elsewhere.example")
	if answer := st.do(t, request); answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a foreign page: %s", answer.Status)
	}
}

func TestThanksPage(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	request := newRequest(t, st.URL+"/f/kontakt?site=acme", "email=ada%40example.com")
	request.Header.Set("Referer", "https://www.acme.example/kontakt?utm_source=x")
	st.Client().CheckRedirect = nil
	answer := st.do(t, request)
	page := text(t, answer)
	if answer.StatusCode != http.StatusOK || answer.Request.URL.Path != "/f/kontakt/thanks" {
		t.Fatalf("%s at %s", answer.Status, answer.Request.URL)
	}
	for _, want := range []string{"Thank you", `href="https://www.acme.example/kontakt"`, "Back to www.acme.example", `name="viewport"`, `lang="en"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page says nothing of %s: %s", want, page)
		}
	}
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("the policy is %q", policy)
	}
}

func TestScript(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	latest := st.do(t, newGet(t, st.URL+"/hw.js"))
	pinned := st.do(t, newGet(t, st.URL+"/hw.0123456789abcdef.js"))
	for _, answer := range []*http.Response{latest, pinned} {
		if body := text(t, answer); body != "void 0;" || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/javascript") {
			t.Errorf("%s: %s %q", answer.Request.URL, answer.Header.Get("Content-Type"), body)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", answer.Request.URL, name, got)
			}
		}
	}
	if got := pinned.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("pinned: %q", got)
	}
	if got := latest.Header.Get("Cache-Control"); !strings.HasPrefix(got, "public, max-age=300") {
		t.Errorf("latest: %q", got)
	}
	again := newGet(t, st.URL+"/hw.js")
	again.Header.Set("If-None-Match", `"x", W/`+latest.Header.Get("Etag"))
	if answer := st.do(t, again); answer.StatusCode != http.StatusNotModified {
		t.Errorf("If-None-Match: %s", answer.Status)
	}
	old := st.do(t, newGet(t, st.URL+"/hw.fedcba9876543210.js"))
	if old.StatusCode != http.StatusNotFound || old.Header.Get("X-Headwater-Rejected") != "unknown_script" || old.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("another version: %s %v", old.Status, old.Header)
	}
}

func TestHealth(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for _, path := range []string{"/healthz", "/readyz", "/.well-known/gpc.json"} {
		if answer := st.do(t, newGet(t, st.URL+path)); answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
}
