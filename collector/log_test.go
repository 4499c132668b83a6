package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/collectortest"
)

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// strangers is what the log must never hold of a visitor: everything that he or his browser sent.
var strangers = map[string]string{
	"address":   "203.0.113.77",
	"agent":     "PeculiarBrowser/7.7",
	"e-mail":    "ada.lovelace@private.example",
	"typed":     "analytical-engine-enquiry",
	"utm":       "campaign-nobody-else-has",
	"referrer":  "clinic.example",
	"page":      "my-secret-page",
	"form":      "form-that-is-not-there",
	"key":       "hw_stolen_key_0123456789",
	"cookie":    "cookie-value-of-ada",
	"parameter": "parameter-of-ada",
}

// tellAll sends a request with all that a browser may say of its person.
func (r *rig) tellAll(t *testing.T, method, path, contentType, body string) {
	t.Helper()
	request, err := http.NewRequest(method, r.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Forwarded-For", strangers["address"])
	request.Header.Set("User-Agent", strangers["agent"])
	request.Header.Set("Referer", "https://"+strangers["referrer"]+"/"+strangers["page"])
	request.Header.Set("Cookie", "hw="+strangers["cookie"])
	request.Header.Set("Authorization", "Bearer "+strangers["key"])
	request.Header.Set("Content-Type", contentType)
	r.send(t, request)
}

// TestPrivacyOfErrors: where a connection to ClickHouse breaks, the error of the HTTP client has the whole URL, with who was asked about.
func TestPrivacyOfErrors(t *testing.T) {
	way := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer way.Close()
	_, err := http.Post(way.URL+"/?database=headwater&param_contact=0123456789abcdef&query_id=1", "text/plain", nil)
	if err == nil || !strings.Contains(err.Error(), "0123456789abcdef") {
		t.Fatalf("the client's error has changed: %v", err)
	}
	for _, format := range []string{"text", "json"} {
		var written lockedBuffer
		log, logErr := newLog(&written, Config{LogLevel: "info", LogFormat: format})
		if logErr != nil {
			t.Fatal(logErr)
		}
		log.Error("request failed", "error", fmt.Errorf("report contact_card: %w", err), "again_in", time.Second, "count", 3)
		if text := written.String(); strings.Contains(text, "0123456789abcdef") || !strings.Contains(text, way.URL) || !strings.Contains(text, "report contact_card") {
			t.Errorf("%s: %s", format, text)
		}
	}
}

// TestPrivacyOfTheLog: at its most talkative, whatever goes wrong, the log says nothing of who visited.
func TestPrivacyOfTheLog(t *testing.T) {
	r := &rig{dsn: collectortest.ClickHouse(t), redis: collectortest.Redis(t)}
	r.config, r.key = testConfig(t, r.dsn, r.redis)
	r.config.TrustedProxies, r.config.LogLevel = []string{"127.0.0.1"}, "debug"
	var written lockedBuffer
	log, err := newLog(&written, r.config)
	if err != nil {
		t.Fatal(err)
	}
	r.startWith(t, log)
	r.migratedUp(t)
	// A table that refuses what people send, and says it in its message: one by one, then all of them.
	r.exec(t, "ALTER TABLE touches ADD COLUMN trap UInt64 MATERIALIZED toUInt64(utm_campaign)")
	r.exec(t, "ALTER TABLE submission_fields ADD COLUMN trap UInt64 MATERIALIZED toUInt64(fields['note'])")
	s := strangers
	form := "email=" + s["e-mail"] + "&note=" + s["typed"] + "&utm_source=" + s["utm"] + "&page=https://www.acme.example/" + s["page"]
	for range 2*100 + 20 {
		r.tellAll(t, "POST", "/t", "text/plain", `{"site_id":"acme","touch_id":"`+uuid.NewString()+`","utm_campaign":"`+s["utm"]+`","referrer":"https://`+s["referrer"]+`/"}`)
	}
	r.tellAll(t, "POST", "/f/signup?site=acme&"+s["parameter"]+"=1", "application/x-www-form-urlencoded", form)
	r.tellAll(t, "POST", "/f/"+s["form"]+"?site=acme&email="+s["e-mail"], "application/x-www-form-urlencoded", form)
	r.tellAll(t, "POST", "/f/signup?site="+s["parameter"], "application/json", `{"fields":{"email":"`+s["e-mail"]+`"}}`)
	r.tellAll(t, "POST", "/t", "application/json", `{"site_id":"acme","touch_id":"`+s["typed"]+`"`)
	r.tellAll(t, "POST", "/t", s["typed"], s["typed"])
	r.tellAll(t, "POST", "/t", "text/plain", strings.Repeat(s["typed"], 10_000))
	r.tellAll(t, "GET", "/"+s["page"]+"?email="+s["e-mail"], "", "")
	r.tellAll(t, "GET", "/api/reports/contact_card?email="+s["e-mail"], "", "")
	r.tellAll(t, "POST", "/api/contacts", "text/csv", "email\n"+s["e-mail"]+"\n")
	r.tellAll(t, "POST", "/console/sign-in", "application/x-www-form-urlencoded", "email="+s["e-mail"]+"&password="+s["key"])
	rawAnswers(t, r.Addr().String(), "GET /"+s["page"]+" HTTP/1.1\r\nHost: x\r\nBroken "+s["typed"]+"\r\n\r\n")
	waitFor(t, 60*time.Second, func() (string, bool) {
		return "the table is not held: " + written.String(), strings.Contains(written.String(), "state=data")
	})
	r.mustSpool(t, []string{"deadletters", "drop", "--all", "--yes"})
	r.exec(t, "ALTER TABLE touches DROP COLUMN trap")
	r.stop(t)
	for what, secret := range strangers {
		for line := range strings.Lines(written.String()) {
			if strings.Contains(line, secret) {
				t.Errorf("the log holds the %s: %s", what, line)
			}
		}
	}
	if !strings.Contains(written.String(), "set aside") {
		t.Error("the log says nothing of the dead letters")
	}
}
