package intake

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

const touchBody = `{"visitor_id":"0195a000-0000-7000-8000-00000000aaaa","touch_id":"0195a000-0000-7000-8000-000000000001","site_id":"acme","utm_source":"newsletter"}`

func newTouch(t testing.TB, address, body string) *http.Request {
	t.Helper()
	request := newRequest(t, address+"/t", body)
	request.Header.Set("Content-Type", "text/plain")
	return request
}

func TestSecurityCORS(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for origin, allowed := range map[string]bool{
		"https://www.acme.example": true, "http://localhost:9999": true,
		"https://www.beta.example":              false, // another site's page, and this touch is acme's
		"https://www.acme.example.evil.example": false,
		"https://evil.example":                  false,
		"http://www.acme.example":               false,
		"https://www.acme.example:444":          false,
		"null":                                  false,
		"":                                      false,
		"https://acme.example":                  false,
		"https://www.acme.example, https://evil.exampl": false,
	} {
		request := newTouch(t, st.URL, touchBody)
		request.Header.Set("Origin", origin)
		answer := st.do(t, request)
		want, credentials := "*", ""
		if allowed {
			want, credentials = origin, "true"
		}
		if got := answer.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("origin %q: Access-Control-Allow-Origin is %q", origin, got)
		}
		if got := answer.Header.Get("Access-Control-Allow-Credentials"); got != credentials {
			t.Errorf("origin %q: Access-Control-Allow-Credentials is %q", origin, got)
		}
		if got := answer.Header.Get("Vary"); got != "Origin" {
			t.Errorf("origin %q: Vary is %q", origin, got)
		}
	}
}

func TestSecurityCORSPreflight(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for _, path := range []string{"/t", "/f/signup"} {
		for origin, credentials := range map[string]string{"https://www.beta.example": "true", "https://evil.example": ""} {
			request, err := http.NewRequest(http.MethodOptions, st.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Origin", origin)
			request.Header.Set("Access-Control-Request-Method", "POST")
			request.Header.Set("Access-Control-Request-Headers", "content-type")
			answer := st.do(t, request)
			if answer.StatusCode != http.StatusNoContent || answer.Header.Get("Access-Control-Allow-Methods") != "POST" ||
				answer.Header.Get("Access-Control-Allow-Headers") != "Content-Type" || answer.Header.Get("Access-Control-Allow-Credentials") != credentials {
				t.Errorf("%s from %s: %s %v", path, origin, answer.Status, answer.Header)
			}
		}
	}
}

func TestSecurityDecompressionBomb(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(w, zeros{}, 50<<20); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, encoding := range []string{"gzip", "GZIP", "br", "deflate", "zstd", "gzip, identity", "x-gzip"} {
		request := newTouch(t, st.URL, bomb.String())
		request.Header.Set("Content-Encoding", encoding)
		answer := st.do(t, request)
		if answer.StatusCode != http.StatusUnsupportedMediaType || answer.Header.Get("X-Headwater-Rejected") != "content_encoding" {
			t.Errorf("%s: %s", encoding, answer.Status)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestSecurityBodyLimitWithoutLength(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for size, want := range map[int]int{MaxBody: http.StatusNoContent, MaxBody + 1: http.StatusRequestEntityTooLarge, 10 << 20: http.StatusRequestEntityTooLarge} {
		body := touchBody + strings.Repeat(" ", size-len(touchBody))
		request, err := http.NewRequest(http.MethodPost, st.URL+"/t", io.MultiReader(strings.NewReader(body))) // chunked
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "text/plain")
		answer, err := st.Client().Do(request)
		if err != nil {
			if want == http.StatusRequestEntityTooLarge {
				continue // the server hung up while the rest was still being sent
			}
			t.Fatal(err)
		}
		if answer.StatusCode != want {
			t.Errorf("%d bytes: %s", size, answer.Status)
		}
		_ = answer.Body.Close()
	}
}

func TestSecurityMethodOverride(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for _, edit := range []func(*http.Request){
		func(r *http.Request) { r.Header.Set("X-HTTP-Method-Override", "POST") },
		func(r *http.Request) { r.URL.RawQuery = "_method=POST" },
	} {
		request := newGet(t, st.URL+"/t")
		edit(request)
		if answer := st.do(t, request); answer.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("a GET became a POST: %s", answer.Status)
		}
	}
}

func TestSecurityNoJSONP(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	request := newRequest(t, st.URL+"/f/signup?site=acme&callback=alert&jsonp=alert", "email=ada%40example.com")
	request.Header.Set("Accept", "application/json")
	answer := st.do(t, request)
	if body := text(t, answer); strings.Contains(body, "alert") || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v %s", answer.Header, body)
	}
}

// TestSecurityMarkupInErrorPages: what a stranger sends comes back as text only.
func TestSecurityMarkupInErrorPages(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	const markup = `<script>alert(1)</script>`
	for _, request := range []*http.Request{
		newRequest(t, st.URL+"/f/%3Cscript%3Ealert(1)%3C%2Fscript%3E?site=acme", "a=b"),
		newRequest(t, st.URL+"/f/signup?site=%3Cscript%3Ealert(1)%3C%2Fscript%3E", "a=b"),
		newRequest(t, st.URL+"/f/signup", "hw_site_id=%3Cscript%3Ealert(1)%3C%2Fscript%3E"),
	} {
		request.Header.Set("Accept", "text/html")
		answer := st.do(t, request)
		if body := text(t, answer); strings.Contains(body, markup) || answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s %s", request.URL, answer.Status, body)
		}
		if policy := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("the policy is %q", policy)
		}
	}
}

// brokenKeeper stands for a disk that refuses, and for a fault of ours.
type brokenKeeper struct{ err error }

func (k brokenKeeper) Append(context.Context, ...[]byte) error {
	if k.err == nil {
		panic("the secret is 42")
	}
	return k.err
}

func TestSecurityFaultsGiveNoDetail(t *testing.T) {
	for name, keeper := range map[string]brokenKeeper{"error": {errors.New("the secret is 42")}, "panic": {}} {
		in, err := New(Config{Sites: corpus.Sites(t, payloadDir), Secret: []byte(corpus.Secret), Keeper: keeper})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		e := echo.New()
		e.HTTPErrorHandler = rejection.NewHandler(slog.New(slog.NewTextHandler(&log, nil)), prometheus.NewRegistry()).Handle
		e.Use(rejection.Recover)
		in.Register(e)
		answer := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodPost, "/t?email=ada@example.com", strings.NewReader(touchBody))
		request.Header.Set("Content-Type", "text/plain")
		e.ServeHTTP(answer, request)
		want := http.StatusServiceUnavailable
		if keeper.err == nil {
			want = http.StatusInternalServerError
		}
		if answer.Code != want || strings.Contains(answer.Body.String(), "42") || len(answer.Result().Cookies()) > 0 {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
		if want == http.StatusServiceUnavailable && answer.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", name)
		}
		if text := log.String(); !strings.Contains(text, "42") || strings.Contains(text, "ada@example.com") || strings.Contains(text, "192.0.2.1") {
			t.Errorf("%s: the log says %s", name, text)
		}
	}
}

// TestSecurityNoClientAddress: nothing that is kept knows from where it came.
func TestSecurityNoClientAddress(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for _, request := range []*http.Request{newTouch(t, st.URL, touchBody), newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com")} {
		request.Header.Set("X-Forwarded-For", "203.0.113.77")
		request.Header.Set("X-Real-IP", "203.0.113.77")
		request.Header.Set("Forwarded", "for=203.0.113.77")
		request.Header.Set("User-Agent", "203.0.113.77")
		st.do(t, request)
	}
	for _, record := range st.kept(t) {
		payload, err := schema.Encode(record)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(payload, []byte("203.0.113.77")) || bytes.Contains(payload, []byte("127.0.0.1")) {
			t.Errorf("kept: %s", payload)
		}
	}
}

// TestSecurityDerivedIDsAreKeyed: the id of a form that holds only an address does not give the address away.
func TestSecurityDerivedIDsAreKeyed(t *testing.T) {
	fields := params{{"email", "ada@example.com"}}
	ids := map[schema.SubmissionID]bool{}
	for _, secret := range []string{"one", "two"} {
		for _, site := range []schema.SiteID{"acme", "beta"} {
			ids[contentID(&tenant{submissionKey: submissionKey([]byte(secret), site)}, "signup", fields, corpus.Now)] = true
		}
	}
	if len(ids) != 4 {
		t.Errorf("%d ids, not 4", len(ids))
	}
}

func TestContentID(t *testing.T) {
	site := &tenant{submissionKey: []byte("key")}
	at := corpus.Now
	same := contentID(site, "signup", params{{"a", "1"}, {"b", "2"}}, at)
	if contentID(site, "signup", params{{"b", "2"}, {"a", "1"}}, at.Add(time.Hour)) != same {
		t.Error("another order or hour is another id")
	}
	if _, err := schema.ParseUUID("id", string(same)); err != nil || same[14] != '8' {
		t.Errorf("%s is no UUID version 8 (%v)", same, err)
	}
	for name, id := range map[string]schema.SubmissionID{
		"day":    contentID(site, "signup", params{{"a", "1"}, {"b", "2"}}, at.Add(24*time.Hour)),
		"form":   contentID(site, "other", params{{"a", "1"}, {"b", "2"}}, at),
		"value":  contentID(site, "signup", params{{"a", "1"}, {"b", "3"}}, at),
		"bounds": contentID(site, "signup", params{{"a", "1b"}, {"", "2"}}, at),
		"fewer":  contentID(site, "signup", params{{"a", "1"}}, at),
	} {
		if id == same {
			t.Errorf("another %s is the same id", name)
		}
	}
}
