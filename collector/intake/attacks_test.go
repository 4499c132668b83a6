package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/schema"
)

// sent sends a request and returns the answer with the one record that was kept of it.
func (st *station) sent(t *testing.T, request *http.Request) (*http.Response, schema.Record) {
	t.Helper()
	answer := st.do(t, request)
	records := st.kept(t)
	if answer.StatusCode/100 > 3 || len(records) != 1 {
		t.Fatalf("%s %s: %s, %d records: %s", request.Method, request.URL, answer.Status, len(records), text(t, answer))
	}
	return answer, records[0]
}

// TestSecurityParameterPollution: of a name that comes twice the first value that is not blank counts, wherever it stands.
func TestSecurityParameterPollution(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	touch := func(target, body string) *http.Request {
		request := newRequest(t, st.URL+target, body)
		request.Header.Set("Content-Type", "text/plain")
		return request
	}
	form := func(target, body string) *http.Request { return newRequest(t, st.URL+target, body) }
	var twice bytes.Buffer
	parts := multipart.NewWriter(&twice)
	for _, value := range []string{"first", "second"} {
		if err := parts.WriteField("utm_source", value); err != nil {
			t.Fatal(err)
		}
	}
	if err := parts.Close(); err != nil {
		t.Fatal(err)
	}
	multi := form("/f/signup?site=acme", twice.String())
	multi.Header.Set("Content-Type", parts.FormDataContentType())
	const id = `"touch_id":"0195a000-0000-7000-8000-000000000001"`
	for name, request := range map[string]*http.Request{
		"landing page":          touch("/t", `{"site_id":"acme",`+id+`,"landing_page":"https://www.acme.example/?utm_source=first&utm_source=second#utm_source=third"}`),
		"blank, then a value":   touch("/t", `{"site_id":"acme",`+id+`,"landing_page":"https://www.acme.example/?utm_source=+&UTM_Source=first&utm_source=second"}`),
		"form field":            form("/f/signup?site=acme", "utm_source=first&utm_source=second"),
		"hidden field":          form("/f/signup?site=acme", "hw_latest_touch_utm_source=first&hw_latest_touch_utm_source=second"),
		"address of the form":   form("/f/signup?site=acme&utm_source=first&utm_source=second", "a=b"),
		"site in the address":   form("/f/signup?site=acme&site=beta&utm_source=first", "a=b"),
		"site in hidden fields": form("/f/signup?utm_source=first", "hw_site_id=acme&hw_site_id=beta"),
		"body before address":   form("/f/signup?site=beta&utm_source=first", "hw_site_id=acme"),
		"multipart":             multi,
	} {
		_, record := st.sent(t, request)
		site, source := schema.SiteID(""), ""
		switch record := record.(type) {
		case *schema.TouchRecord:
			site, source = record.SiteID, record.UTMSource
		case *schema.Submission:
			site, source = record.SiteID, record.LatestTouch.UTMSource
		}
		if site != "acme" || source != "first" {
			t.Errorf("%s: site %s, utm_source %q", name, site, source)
		}
	}
	// JSON has no first value of two by any standard: such a body is either refused or read as the first.
	answer := st.do(t, touch("/t", `{"site_id":"acme","site_id":"beta",`+id+`,"utm_source":"first","utm_source":"second"}`))
	for _, record := range st.kept(t) {
		if touch := record.(*schema.TouchRecord); touch.SiteID != "acme" || touch.UTMSource != "first" {
			t.Errorf("JSON (%s): site %s, utm_source %q", answer.Status, touch.SiteID, touch.UTMSource)
		}
	}
}

// TestSecurityCookieTossing: the visitor's cookie is a stranger's word. A sibling host may set others of the name, or hundreds.
func TestSecurityCookieTossing(t *testing.T) {
	const good, other = "0195a000-0000-7000-8000-00000000aaaa", "0195a000-0000-7000-8000-00000000bbbb"
	st := newStation(t, corpus.Sites(t, payloadDir))
	garbage := []string{"", "x", "../../etc/passwd", good + good, good[:35], `"`, "%00", "<script>", strings.Repeat("A", 4096), "0195A000_0000"}
	var hundred []string
	for i := range 100 {
		hundred = append(hundred, fmt.Sprintf("hw%d=%s", i, other))
	}
	for name, c := range map[string]struct{ cookies, want string }{
		"two":              {"hw=" + good + "; hw=" + other, good},
		"garbage first":    {"hw=garbage; hw=" + good, good},
		"a hundred others": {strings.Join(hundred, "; ") + "; hw=" + good, good},
		"other names":      {"HW=" + other + "; xhw=" + other + "; __Host-hw=" + other + "; hw=" + good, good},
	} {
		request := newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com")
		request.Header.Set("Cookie", c.cookies)
		answer, record := st.sent(t, request)
		if got := string(record.(*schema.Submission).VisitorID); got != c.want || len(answer.Cookies()) != 0 {
			t.Errorf("%s: visitor %s, cookies %v", name, got, answer.Cookies())
		}
	}
	for _, value := range garbage {
		request := newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com")
		request.Header.Set("Cookie", "hw="+value)
		answer, record := st.sent(t, request)
		visitor := string(record.(*schema.Submission).VisitorID)
		if _, err := schema.ParseUUID("visitor", visitor); err != nil || strings.Contains(value, visitor) {
			t.Errorf("%.40q: the visitor is %q", value, visitor)
		}
		if cookies := answer.Cookies(); len(cookies) != 1 || cookies[0].Value != visitor || !cookies[0].Secure || cookies[0].SameSite != http.SameSiteLaxMode {
			t.Errorf("%.40q: the answer sets %v", value, cookies)
		}
	}
}

// TestSecurityHostHeader: who calls the collector by another name, or says that a proxy did, changes neither where a person is
// sent nor for whom the cookie is. Nothing of it comes back in a header.
func TestSecurityHostHeader(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for _, host := range []string{"evil.example", "evil.example:80", "t.evil.example", "www.acme.example.evil.example", "evil.example@www.acme.example", "localhost", "127.0.0.1", "[::1]", "evil_host", "xn--80ak6aa92e.com"} {
		request := newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com")
		request.Host = host
		for name, value := range map[string]string{"X-Forwarded-Host": "evil.example", "X-Host": "evil.example", "X-Forwarded-Server": "evil.example", "X-Original-URL": "/t",
			"X-Rewrite-URL": "/t", "Forwarded": "host=evil.example;proto=https", "X-Forwarded-Prefix": "//evil.example"} {
			request.Header.Set(name, value)
		}
		answer := st.do(t, request)
		if answer.StatusCode == http.StatusBadRequest && len(st.kept(t)) == 0 {
			continue // net/http itself takes no such name
		}
		if got := answer.Header.Get("Location"); answer.StatusCode != http.StatusSeeOther || got != "https://www.acme.example/thank-you" {
			t.Errorf("Host %q: %s to %q", host, answer.Status, got)
		}
		for _, cookie := range answer.Cookies() {
			if cookie.Domain != "" && !strings.HasSuffix(hostname(host), cookie.Domain) {
				t.Errorf("Host %q: the cookie is for %s", host, cookie.Domain)
			}
		}
		for name, values := range answer.Header {
			if value := strings.Join(values, " "); name != "Set-Cookie" && strings.Contains(value, "evil") {
				t.Errorf("Host %q: the answer says %s: %s", host, name, value)
			}
		}
		st.kept(t)
	}
}

// TestSecuritySchemeSpoof: no header makes the collector believe in a scheme: the cookie is Secure, and addresses are as configured,
// whatever is said.
func TestSecuritySchemeSpoof(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for _, header := range []string{"X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Ssl", "X-Url-Scheme", "Front-End-Https", "Forwarded"} {
		for _, value := range []string{"http", "https", "on", "off", "javascript", "proto=http", "https\t,http"} {
			request := newRequest(t, st.URL+"/f/signup?site=acme", "email=ada%40example.com&_next=http://www.acme.example/x")
			request.Header.Set(header, value)
			answer, _ := st.sent(t, request)
			if cookies := answer.Cookies(); len(cookies) != 1 || !cookies[0].Secure || answer.Header.Get("Location") != "https://www.acme.example/thank-you" {
				t.Errorf("%s: %s: %v to %q", header, value, cookies, answer.Header.Get("Location"))
			}
		}
	}
}

// TestSecurityHeaderInjection: line breaks in what a stranger sends end no header of the answer.
func TestSecurityHeaderInjection(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for _, broken := range []string{"\r\nX-Injected: 1", "\nX-Injected: 1", "\rX-Injected: 1", "%0d%0aX-Injected:%201", "%E5%98%8A%E5%98%8DX-Injected: 1", "\u560a\u560dX-Injected: 1", "\x00X-Injected: 1", "\u2028X-Injected: 1"} {
		for _, request := range []*http.Request{
			newRequest(t, st.URL+"/f/signup?site=acme&hw_redirect="+escapeAll("https://www.acme.example/"+broken), "a=b"),
			newRequest(t, st.URL+"/f/signup?site=acme", "_next="+escapeAll("https://www.acme.example/"+broken)),
			newRequest(t, st.URL+"/f/"+escapeAll("signup"+broken)+"?site=acme", "a=b"),
			newRequest(t, st.URL+"/f/signup?site="+escapeAll("acme"+broken), "a=b"),
			newRequest(t, st.URL+"/f/kontakt?site=acme", "page="+escapeAll("https://www.acme.example/"+broken)+"&hw_visitor_id="+escapeAll(broken)),
			newGet(t, st.URL+"/f/signup/thanks?site=acme&back="+escapeAll("https://www.acme.example/"+broken)),
		} {
			answer := st.do(t, request)
			for name, values := range answer.Header {
				if strings.Contains(name, "Injected") || strings.ContainsAny(strings.Join(values, ""), "\r\n\x00") {
					t.Errorf("%q at %s: %s: %q", broken, request.URL.Path, name, values)
				}
			}
			if location := answer.Header.Get("Location"); strings.Contains(location, "Injected") && !strings.Contains(location, "%") {
				t.Errorf("%q at %s: sent to %q", broken, request.URL.Path, location)
			}
		}
	}
}

// escapeAll writes every byte as %XX.
func escapeAll(text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, "%%%02X", text[i])
	}
	return b.String()
}

// TestSecurityMultipart: parts without end, in each other, with long headers or without a boundary are bounded or refused; files are
// refused whatever they are called.
func TestSecurityMultipart(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	const contentType = "multipart/form-data; boundary=B"
	part := func(header, value string) string { return "--B\r\n" + header + "\r\n\r\n" + value + "\r\n" }
	field := `Content-Disposition: form-data; name="a"`
	for name, c := range map[string]struct {
		contentType, body string
		status            int
	}{
		"no boundary":          {"multipart/form-data", part(field, "x") + "--B--\r\n", 400},
		"never ends":           {contentType, part(field, "x"), 400},
		"nothing":              {contentType, "", 303},
		"long header":          {contentType, part(field+"\r\nX: "+strings.Repeat("x", 60<<10), "x") + "--B--\r\n", 303},
		"many headers":         {contentType, part(field+strings.Repeat("\r\nX: y", 10_200), "x") + "--B--\r\n", 400},
		"within each other":    {contentType, part(field+"\r\nContent-Type: multipart/mixed; boundary=C", "--C\r\n\r\nx\r\n--C--") + "--B--\r\n", 303},
		"many parts":           {contentType, strings.Repeat(part(field, ""), 1100) + "--B--\r\n", 303},
		"transfer encoding":    {contentType, part(field+"\r\nContent-Transfer-Encoding: base64", "PHNjcmlwdD4=") + "--B--\r\n", 303},
		"a file":               {contentType, part(`Content-Disposition: form-data; name="a"; filename="x.exe"`, "MZ") + "--B--\r\n", 415},
		"a file up the folder": {contentType, part(`Content-Disposition: form-data; name="a"; filename="../../x.exe"`, "MZ") + "--B--\r\n", 415},
		"a file by RFC 5987":   {contentType, part(`Content-Disposition: form-data; name="a"; filename*=UTF-8''x.exe`, "MZ") + "--B--\r\n", 415},
		"a file without name":  {contentType, part(`Content-Disposition: form-data; name="a"; filename=""`, "MZ") + "--B--\r\n", 415},
		"no file was chosen":   {contentType, part(`Content-Disposition: form-data; name="a"; filename=""`, "") + "--B--\r\n", 303},
	} {
		request := newRequest(t, st.URL+"/f/signup?site=acme", c.body)
		request.Header.Set("Content-Type", c.contentType)
		answer := st.do(t, request)
		records := st.kept(t)
		if answer.StatusCode != c.status || len(records) != map[bool]int{true: 1}[c.status == http.StatusSeeOther] {
			t.Errorf("%s: %s, %d records: %.200s", name, answer.Status, len(records), text(t, answer))
		}
		for _, record := range records {
			if fields := record.(*schema.Submission).Fields; len(fields) > 200 || fields["a"] == "<script>" {
				t.Errorf("%s: %d fields are kept", name, len(fields))
			}
		}
	}
}

// TestSecurityPrototypePollution: names that mean something to JavaScript are names like others, or none: nobody who reads the
// stored record with JSON.parse and copies its members gets another prototype from a member that we wrote.
func TestSecurityPrototypePollution(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	request := newRequest(t, st.URL+"/t", `{"site_id":"acme","touch_id":"0195a000-0000-7000-8000-000000000001","utm_source":"x","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},
		"landing_page":"https://www.acme.example/?__proto__[polluted]=1&constructor[prototype][polluted]=1&__proto__=2"}`)
	request.Header.Set("Content-Type", "text/plain")
	_, record := st.sent(t, request)
	form := newRequest(t, st.URL+"/f/signup?site=acme&__proto__=1", "__proto__=1&__proto__%5Bpolluted%5D=1&constructor.prototype.polluted=1&hw___proto__=1&hw_latest_touch___proto__=1&email=ada%40example.com")
	form.Header.Set("Accept", "application/json")
	answer, submission := st.sent(t, form)
	if strings.Contains(text(t, answer), "__proto__") {
		t.Error("the answer holds a member __proto__")
	}
	for _, kept := range []schema.Record{record, submission} {
		parameters := map[string]string{}
		switch kept := kept.(type) {
		case *schema.TouchRecord:
			parameters = kept.Parameters
		case *schema.Submission:
			parameters = kept.LatestTouch.Parameters
			if kept.Fields["email"] != "ada@example.com" || kept.Fields["hw___proto__"] != "" {
				t.Errorf("fields: %v", kept.Fields)
			}
		}
		if len(parameters) > 0 {
			t.Errorf("parameters that the site did not allow: %v", parameters)
		}
		whole, err := json.Marshal(kept)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(whole, &members); err != nil || members["__proto__"] != nil || members["constructor"] != nil {
			t.Errorf("the record has members %v (%v)", members, err)
		}
	}
}

// TestSecurityClockSkew: a browser's clock may be years off, or a liar's; what is kept lies within what the collector believes.
func TestSecurityClockSkew(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for _, at := range []string{"1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-15T12:00:00+23:59", corpus.Now.AddDate(-5, 0, 0).Format(time.RFC3339), corpus.Now.Add(time.Hour).Format(time.RFC3339)} {
		request := newRequest(t, st.URL+"/t", `{"site_id":"acme","touch_id":"0195a000-0000-7000-8000-000000000001","utm_source":"x","occurred_at":"`+at+`"}`)
		request.Header.Set("Content-Type", "text/plain")
		_, record := st.sent(t, request)
		kept := record.(*schema.TouchRecord)
		if kept.OccurredAt.Before(corpus.Now.AddDate(0, 0, -30)) || kept.OccurredAt.After(corpus.Now.Add(5*time.Minute)) || !kept.ReceivedAt.Equal(corpus.Now) {
			t.Errorf("%s is kept as %s, received %s", at, kept.OccurredAt, kept.ReceivedAt)
		}
	}
}
