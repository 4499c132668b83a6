package intake

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/visitors"
	"github.com/headwater/headwater/schema"
)

const linkedVisitor = "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e"

// linkNode is one node of a collector that serves the sites of the corpus; redisURL is "" for none.
type linkNode struct {
	*httptest.Server
	visitors *visitors.Visitors
	registry *prometheus.Registry
}

func newLinkNode(t *testing.T, clock *collectortest.Clock, redisURL string) *linkNode {
	t.Helper()
	node := &linkNode{registry: prometheus.NewRegistry()}
	config := Config{Sites: corpus.Sites(t, payloadDir), Secret: []byte(corpus.Secret), Now: clock.Now, Metrics: node.registry}
	if redisURL != "" {
		var err error
		if node.visitors, err = visitors.Open(redisURL); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { node.visitors.Close() })
		config.Links = node.visitors
	}
	in, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.HTTPErrorHandler = rejection.NewHandler(slog.New(slog.NewTextHandler(io.Discard, nil)), node.registry).Handle
	e.Use(rejection.Recover)
	in.Register(e)
	node.Server = httptest.NewServer(e)
	t.Cleanup(node.Close)
	return node
}

// post sends JSON as the snippet does; headers are names and values in turn. Host is the collector's.
func (n *linkNode) post(t *testing.T, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "text/plain")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	request.Host = request.Header.Get("Host")
	request.Header.Del("Host")
	answer, err := n.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	return answer, text(t, answer)
}

// link asks for a link of linkedVisitor.
func (n *linkNode) link(t *testing.T, site string) string {
	t.Helper()
	answer, body := n.post(t, "/link", `{"site_id":"`+site+`","visitor_id":"`+linkedVisitor+`"}`)
	var made struct{ Link string }
	if err := json.Unmarshal([]byte(body), &made); err != nil || answer.StatusCode != http.StatusOK || made.Link == "" {
		t.Fatalf("%s %s (%v)", answer.Status, body, err)
	}
	if cookies := answer.Cookies(); len(cookies) > 0 {
		t.Errorf("making a link sets %v", cookies)
	}
	return made.Link
}

// redeem wants the reason, "" for the visitor of the link.
func (n *linkNode) redeem(t *testing.T, site, link string, reason rejection.Reason) {
	t.Helper()
	answer, body := n.post(t, "/link/redeem", `{"site_id":"`+site+`","link":"`+link+`"}`)
	want := http.StatusOK
	if reason != "" {
		want = reason.Status()
	}
	if got := answer.Header.Get(rejection.Header); got != string(reason) || answer.StatusCode != want {
		t.Errorf("%.100q is answered %s, reason %q, not %q: %s", link, answer.Status, got, reason, body)
	}
	if reason == "" && body != `{"visitor_id":"`+linkedVisitor+`"}`+"\n" {
		t.Errorf("the answer is %s", body)
	}
}

func (n *linkNode) count(t *testing.T, name string) float64 {
	t.Helper()
	families, err := n.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		if family.GetName() == name {
			for _, metric := range family.GetMetric() {
				sum += metric.GetCounter().GetValue()
			}
		}
	}
	return sum
}

func TestLinkMakesTheVisitorKnown(t *testing.T) {
	node := newLinkNode(t, collectortest.FixedClock(corpus.Now), "")
	link := node.link(t, "acme")
	if len(link) != 87 || strings.Trim(link, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("the link %q is no text for a URL", link)
	}
	if again := node.link(t, "acme"); again == link {
		t.Error("two links are the same")
	}
	node.redeem(t, "acme", link, "")
	if made, rejected := node.count(t, "headwater_links_total"), node.count(t, "headwater_rejected_total"); made != 3 || rejected != 0 {
		t.Errorf("%v steps and %v rejections are counted", made, rejected)
	}
}

// Two minutes by the collector's clock, on whichever node.
func TestLinkExpires(t *testing.T) {
	for after, reason := range map[time.Duration]rejection.Reason{
		0:                          "",
		119_900 * time.Millisecond: "",
		120_000 * time.Millisecond: "",
		120_100 * time.Millisecond: rejection.LinkExpired,
		24 * time.Hour:             rejection.LinkExpired,
	} {
		clock := collectortest.FixedClock(corpus.Now)
		node := newLinkNode(t, clock, "")
		link := node.link(t, "acme")
		clock.Advance(after)
		node.redeem(t, "acme", link, reason)
	}
}

func TestLinkIsGoodForOneUse(t *testing.T) {
	clock := collectortest.FixedClock(corpus.Now)
	redis := collectortest.StartRedis(t)
	one, other := newLinkNode(t, clock, redis.URL()), newLinkNode(t, clock, redis.URL())
	link := one.link(t, "acme")
	one.redeem(t, "acme", link, "")
	one.redeem(t, "acme", link, rejection.LinkUsed)
	other.redeem(t, "acme", link, rejection.LinkUsed)
	link = one.link(t, "acme")
	other.redeem(t, "acme", link, "")
	one.redeem(t, "acme", link, rejection.LinkUsed)
	if rejected := one.count(t, "headwater_rejected_total"); rejected != 2 {
		t.Errorf("%v rejections are counted, not 2", rejected)
	}
}

// Without Redis each node knows its own: nothing that this node has seen used is good again.
func TestLinkWhileRedisIsDown(t *testing.T) {
	clock := collectortest.FixedClock(corpus.Now)
	redis := collectortest.StartRedis(t)
	one, other := newLinkNode(t, clock, redis.URL()), newLinkNode(t, clock, redis.URL())
	before, during, after := one.link(t, "acme"), one.link(t, "acme"), one.link(t, "acme")
	one.redeem(t, "acme", before, "")
	redis.Kill()
	one.redeem(t, "acme", before, rejection.LinkUsed)
	one.redeem(t, "acme", during, "")
	one.redeem(t, "acme", during, rejection.LinkUsed)
	if unshared := one.count(t, "headwater_links_unshared_total"); unshared != 1 {
		t.Errorf("%v unshared claims are counted, not 1", unshared)
	}
	redis.Restart() // it has forgotten everything
	waitFor(t, func() bool {
		_, err := one.visitors.ClaimLink(context.Background(), "acme", "probe", time.Minute)
		return err == nil
	})
	one.redeem(t, "acme", before, rejection.LinkUsed)
	one.redeem(t, "acme", during, rejection.LinkUsed)
	one.redeem(t, "acme", after, "")
	other.redeem(t, "acme", after, rejection.LinkUsed)
}

// waitFor waits for a condition for at most 20 seconds.
func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for !condition() {
		select {
		case <-deadline:
			t.Fatal("it does not come true")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestSecurityLinkForgeries(t *testing.T) {
	clock := collectortest.FixedClock(corpus.Now)
	node := newLinkNode(t, clock, "")
	link := node.link(t, "acme")
	raw, err := base64.RawURLEncoding.DecodeString(link)
	if err != nil {
		t.Fatal(err)
	}
	for at := range raw {
		changed := append([]byte(nil), raw...)
		changed[at] ^= 1
		node.redeem(t, "acme", base64.RawURLEncoding.EncodeToString(changed), rejection.InvalidLink)
	}
	swapped := append([]byte(nil), raw...)
	other := uuid.MustParse("0198c5a0-5b7e-7c3a-9d0e-000000000000")
	copy(swapped[1+8+nonceSize+siteMarkSize:], other[:])
	l := newLink("acme", other, corpus.Now)
	for name, forged := range map[string]string{
		"another visitor":  base64.RawURLEncoding.EncodeToString(swapped),
		"another key":      l.encode([]byte("another key")),
		"the bare secret":  l.encode([]byte(corpus.Secret)),
		"a prefix":         link[:len(link)-1],
		"more":             link + "A",
		"padding":          link + "=",
		"a line end":       link[:40] + `\n` + link[40:],
		"nothing":          "",
		"a visitor id":     linkedVisitor,
		"standard base64":  strings.Repeat("+", 87),
		"loose last bits":  link[:86] + string(base64Next(link[86])),
		"very long":        strings.Repeat("A", 60_000),
		"no text for JSON": "\\ud800",
	} {
		t.Run(name, func(t *testing.T) { node.redeem(t, "acme", forged, rejection.InvalidLink) })
	}
	node.redeem(t, "beta", link, rejection.LinkOtherSite)
	node.redeem(t, "nowhere", link, rejection.UnknownSite)
	node.redeem(t, "acme", link, "") // no forgery has used it up
}

// base64Next is the next letter of base64url: in the last place of 65 bytes it differs only in bits that are no byte's.
func base64Next(letter byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[(strings.IndexByte(alphabet, letter)+1)%64]
}

// A link proves nothing but itself: it is no visitor id, and keys made for other purposes make no link.
func TestSecurityLinkIsNothingElse(t *testing.T) {
	node := newLinkNode(t, collectortest.FixedClock(corpus.Now), "")
	link := node.link(t, "acme")
	site := corpus.Sites(t, payloadDir)[0]
	for path, body := range map[string]string{
		"/link": `{"site_id":"acme","visitor_id":"` + link + `"}`,
		"/t":    `{"site_id":"acme","touch_id":"` + linkedVisitor + `","visitor_id":"` + link + `"}`,
	} {
		if answer, body := node.post(t, path, body); answer.Header.Get(rejection.Header) != string(rejection.InvalidVisitorID) {
			t.Errorf("%s takes a link for a visitor: %s %s", path, answer.Status, body)
		}
	}
	if answer, body := node.post(t, "/link", `{"site_id":"acme"}`, "Cookie", "hw="+link); answer.Header.Get(rejection.Header) != string(rejection.InvalidVisitorID) {
		t.Errorf("a cookie with a link is a visitor: %s %s", answer.Status, body)
	}
	l := newLink("acme", uuid.MustParse(linkedVisitor), corpus.Now)
	for name, key := range map[string][]byte{
		"contacts": site.ContactKey([]byte(corpus.Secret)), "submissions": submissionKey([]byte(corpus.Secret), "acme"),
	} {
		t.Run(name, func(t *testing.T) { node.redeem(t, "acme", l.encode(key), rejection.InvalidLink) })
	}
}

func TestLinkPrivacySignals(t *testing.T) {
	node := newLinkNode(t, collectortest.FixedClock(corpus.Now), "")
	link := node.link(t, "acme")
	for _, signal := range []string{"Sec-GPC", "DNT"} {
		for path, body := range map[string]string{
			"/link":        `{"site_id":"acme","visitor_id":"` + linkedVisitor + `"}`,
			"/link/redeem": `{"site_id":"acme","link":"` + link + `"}`,
		} {
			answer, text := node.post(t, path, body, signal, "1", "Host", "t.acme.example", "Origin", "https://www.acme.example")
			if answer.StatusCode != http.StatusForbidden || answer.Header.Get(rejection.Header) != "privacy_signal" || len(answer.Cookies()) > 0 ||
				strings.Contains(text, linkedVisitor) || answer.Header.Get("Access-Control-Allow-Origin") == "" {
				t.Errorf("%s with %s: %s %v %s", path, signal, answer.Status, answer.Header, text)
			}
			if answer, text := node.post(t, "/link", body, signal, "0"); path == "/link" && answer.StatusCode != http.StatusOK {
				t.Errorf("%s: 0 is refused: %s", signal, text)
			}
		}
	}
	node.redeem(t, "acme", link, "") // the refusals have not used it up
}

func TestLinkCookie(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		domain  string // of the cookie, "none" for no cookie
	}{
		"beside the page":         {[]string{"Host", "t.acme.example", "Origin", "https://www.acme.example"}, "acme.example"},
		"in another's place":      {[]string{"Host", "t.acme.example", "Origin", "https://www.acme.example", "Cookie", "hw=0198c5a0-5b7e-7c3a-9d0e-111111111111"}, "acme.example"},
		"under a path":            {[]string{"Host", "www.acme.co.uk:8443", "Origin", "https://www.acme.co.uk:8443"}, "acme.co.uk"},
		"on this machine":         {[]string{"Host", "localhost:8080", "Origin", "http://localhost:8090"}, ""},
		"by address":              {[]string{"Host", "127.0.0.1:8080", "Origin", "http://127.0.0.1:8090"}, ""},
		"other domain":            {[]string{"Host", "t.acme.example", "Origin", "https://www.acme.test"}, "none"},
		"other site, same suffix": {[]string{"Host", "me.github.io", "Origin", "https://you.github.io"}, "none"},
		"other local name":        {[]string{"Host", "a.localhost", "Origin", "http://b.localhost"}, "none"},
		"no page":                 {[]string{"Host", "t.acme.example"}, "none"},
		"opaque page":             {[]string{"Host", "t.acme.example", "Origin", "null"}, "none"},
		"cross-site":              {[]string{"Host", "t.acme.example", "Origin", "https://www.acme.example", "Sec-Fetch-Site", "cross-site"}, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			node := newLinkNode(t, collectortest.FixedClock(corpus.Now), "")
			body := `{"site_id":"acme","link":"` + node.link(t, "acme") + `"}`
			answer, text := node.post(t, "/link/redeem", body, c.headers...)
			if answer.StatusCode != http.StatusOK {
				t.Fatal(answer.Status, text)
			}
			cookies := answer.Cookies()
			if c.domain == "none" {
				if len(cookies) > 0 {
					t.Errorf("it sets %v", cookies)
				}
				return
			}
			if len(cookies) != 1 || cookies[0].Name != "hw" || cookies[0].Value != linkedVisitor || cookies[0].Domain != c.domain ||
				!cookies[0].Secure || cookies[0].MaxAge != visitorCookieSeconds {
				t.Errorf("it sets %v", cookies)
			}
			if again, _ := node.post(t, "/link/redeem", body, c.headers...); len(again.Cookies()) > 0 {
				t.Errorf("a used link sets %v", again.Cookies())
			}
		})
	}
}

// CORS is that of /t: credentials for the site's exact origins only.
func TestLinkCORS(t *testing.T) {
	node := newLinkNode(t, collectortest.FixedClock(corpus.Now), "")
	own := corpus.Sites(t, payloadDir)[0].Origins[0]
	for origin, want := range map[string][2]string{own: {own, "true"}, "https://evil.example": {"*", ""}} {
		answer, _ := node.post(t, "/link", `{"site_id":"acme","visitor_id":"`+linkedVisitor+`"}`, "Origin", origin)
		got := [2]string{answer.Header.Get("Access-Control-Allow-Origin"), answer.Header.Get("Access-Control-Allow-Credentials")}
		if got != want || answer.Header.Get("Cache-Control") != "no-store" || !strings.Contains(answer.Header.Get("Vary"), "Origin") {
			t.Errorf("%s: %v %v", origin, got, answer.Header)
		}
	}
	for _, path := range []string{"/link", "/link/redeem"} {
		request, err := http.NewRequest(http.MethodOptions, node.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := node.Client().Do(request)
		if err != nil || answer.StatusCode != http.StatusNoContent || answer.Header.Get("Access-Control-Allow-Headers") != "Content-Type" {
			t.Errorf("OPTIONS %s: %v %v", path, answer.Status, err)
		}
		_ = answer.Body.Close()
		get, err := node.Client().Get(node.URL + path)
		if err != nil || get.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %v %v", path, get.Status, err)
		}
		_ = get.Body.Close()
	}
}

// The visitor of the cookie has a link too; a body that names one has the last word.
func TestLinkOfTheCookie(t *testing.T) {
	node := newLinkNode(t, collectortest.FixedClock(corpus.Now), "")
	_, body := node.post(t, "/link", `{"site_id":"acme"}`, "Cookie", "hw="+linkedVisitor)
	var made struct{ Link string }
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		t.Fatal(err, body)
	}
	node.redeem(t, "acme", made.Link, "")
}

func TestLinkRejections(t *testing.T) {
	node := newLinkNode(t, collectortest.FixedClock(corpus.Now), "")
	for _, path := range []string{"/link", "/link/redeem"} {
		for body, reason := range map[string]rejection.Reason{
			"":                                rejection.InvalidJSON,
			"[]":                              rejection.InvalidJSON,
			`{"site_id":"acme"`:               rejection.InvalidJSON,
			`{"site_id":{}}`:                  rejection.InvalidField,
			`{"link":[1],"visitor_id":[1]}`:   rejection.InvalidField,
			`{"site_id":"nowhere"}`:           rejection.UnknownSite,
			strings.Repeat("[", 70_000):       rejection.BodyTooLarge,
			strings.Repeat(`{"a":`, 20) + `1`: rejection.InvalidJSON,
			`{"site_id":"acme","x":` + strings.Repeat("[", 60_000): rejection.InvalidJSON,
		} {
			if answer, text := node.post(t, path, body); answer.Header.Get(rejection.Header) != string(reason) || answer.StatusCode >= 500 {
				t.Errorf("%s %.40q: %s %s", path, body, answer.Status, text)
			}
		}
		for header, reason := range map[[2]string]rejection.Reason{
			{"Content-Type", "application/x-www-form-urlencoded"}: rejection.ContentType,
			{"Content-Type", "image/png"}:                         rejection.ContentType,
			{"Content-Encoding", "gzip"}:                          rejection.ContentEncoding,
		} {
			if answer, text := node.post(t, path, `{"site_id":"acme"}`, header[0], header[1]); answer.Header.Get(rejection.Header) != string(reason) {
				t.Errorf("%s with %v: %s %s", path, header, answer.Status, text)
			}
		}
	}
	for body, reason := range map[string]rejection.Reason{
		`{"site_id":"acme"}`:                                          rejection.InvalidVisitorID,
		`{"site_id":"acme","visitor_id":null}`:                        rejection.InvalidVisitorID,
		`{"site_id":"acme","visitor_id":"x"}`:                         rejection.InvalidVisitorID,
		`{"site_id":"acme","visitor_id":"` + uuid.Nil.String() + `"}`: rejection.InvalidVisitorID,
	} {
		if answer, text := node.post(t, "/link", body); answer.Header.Get(rejection.Header) != string(reason) {
			t.Errorf("%s: %s %s", body, answer.Status, text)
		}
	}
}

// What Redis knows of the visitor's first touch comes along, as the snippet keeps it, to the site's own pages.
func TestLinkBringsTheFirstTouch(t *testing.T) {
	node := newLinkNode(t, collectortest.FixedClock(corpus.Now), collectortest.Redis(t))
	touch := schema.Touch{
		TouchID: "0198c5a0-5b7e-7c3a-9d0e-222222222222", OccurredAt: corpus.Now.Add(-time.Hour),
		UTMSource: "LinkedIn", Gclid: "AbC", LandingPage: "https://www.acme.example/?utm_source=LinkedIn", Source: "linkedin", Channel: "Paid Social",
	}
	err := node.visitors.ClaimFirstTouches(t.Context(), []visitors.Arrival{{Site: "acme", Visitor: linkedVisitor, Touch: &touch}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"visitor_id":"` + linkedVisitor + `","first_touch":{"gclid":"AbC","landing_page":"https://www.acme.example/?utm_source=LinkedIn",` +
		`"occurred_at":1773572400000,"touch_id":"0198c5a0-5b7e-7c3a-9d0e-222222222222","utm_source":"LinkedIn"}}` + "\n"
	own := corpus.Sites(t, payloadDir)[0].Origins[0]
	for origin, want := range map[string]string{own: want, "https://evil.example": `{"visitor_id":"` + linkedVisitor + `"}` + "\n"} {
		_, body := node.post(t, "/link/redeem", `{"site_id":"acme","link":"`+node.link(t, "acme")+`"}`, "Origin", origin)
		if body != want {
			t.Errorf("%s gets %s, not %s", origin, body, want)
		}
	}
}

// A claim is remembered for longer than its link lives, and the memory for it is bounded.
func TestClaimedLinks(t *testing.T) {
	var claimed claimedLinks
	now := corpus.Now
	claim := func(n byte, want bool) {
		t.Helper()
		if first, err := claimed.claim([nonceSize]byte{n}, now); err != nil || first != want {
			t.Errorf("claim of %d at %s: %v (%v), want %v", n, now, first, err, want)
		}
	}
	claim(1, true)
	now = now.Add(LinkValidity + claimMargin)
	claim(2, true) // at the end of the first generation
	now = now.Add(LinkValidity + claimMargin)
	claim(1, false)
	claim(2, false)
	claim(3, true)
	now = now.Add(LinkValidity + claimMargin + 1)
	claim(3, false)
	claim(1, true) // long expired: forgotten
	for i := range maxClaims + 10 {
		var nonce [nonceSize]byte
		nonce[0], nonce[1], nonce[2], nonce[3] = byte(i), byte(i>>8), byte(i>>16), 1
		if _, err := claimed.claim(nonce, now); err != nil {
			if rejection.From(err).Reason != rejection.NotReady || len(claimed.present) != maxClaims {
				t.Errorf("%v after %d claims", err, len(claimed.present))
			}
			return
		}
	}
	t.Error("claims are not bounded")
}

func FuzzDecodeLink(f *testing.F) {
	key := linkKey([]byte(corpus.Secret))
	l := newLink("acme", uuid.MustParse(linkedVisitor), corpus.Now)
	f.Add(l.encode(key))
	f.Add(l.encode([]byte("another key")))
	f.Add("")
	f.Add(strings.Repeat("A", 87))
	f.Fuzz(func(t *testing.T, text string) {
		l, err := decodeLink(key, text)
		if err != nil {
			if rejection.From(err).Reason != rejection.InvalidLink {
				t.Errorf("%q is refused with %v", text, err)
			}
			return
		}
		if l.encode(key) != text {
			t.Errorf("%q is taken, but made as %q", text, l.encode(key))
		}
	})
}
