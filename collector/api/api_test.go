package api

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/schema"
)

// TestSecurityAddressesAreNotKept: of an import's addresses only the keyed hash is kept.
func TestSecurityAddressesAreNotKept(t *testing.T) {
	d := newDesk(t)
	d.send("POST", "/api/contacts", jsonLines, `{"email":"ada@example.com","crm_id":"7"}`)
	d.send("POST", "/api/deals", jsonLines, `{"deal_id":"d","status":"open","contact_email":"ada@example.com"}`)
	for _, record := range d.kept(t) {
		payload, err := schema.Encode(record)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(payload, []byte("ada")) {
			t.Errorf("kept: %s", payload)
		}
	}
}

func TestContentTypesAndErrors(t *testing.T) {
	d := newDesk(t)
	for _, contentType := range []string{"", "text/plain", "application/xml", "text/csv; charset=iso-8859-1", "multipart/form-data; boundary=x"} {
		if answer := d.send("POST", "/api/contacts", contentType, "x"); answer.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %d", contentType, answer.Code)
		}
	}
	for path, want := range map[string]int{"/api/": 200, "/api": 200, "/api/reports": 200, "/api/nothing": 404, "/api/contacts": 405} {
		if answer := d.send("GET", path, "", ""); answer.Code != want {
			t.Errorf("GET %s: %d %s", path, answer.Code, answer.Body)
		}
	}
}

func TestReports(t *testing.T) {
	d := newDesk(t)
	answer := d.send("GET", "/api/reports/source_breakdown?by=source,medium&data_point=conversion&from=2026-01&zone=Europe/Oslo&format=csv", "", "")
	if answer.Code != 200 || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/csv") || !strings.HasPrefix(answer.Body.String(), "source,leads") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if d.asked.Site != "acme" || len(d.asked.By) != 2 || d.asked.DataPoint != "conversion" || d.asked.From != "2026-01" || d.asked.Zone != "Europe/Oslo" {
		t.Errorf("%+v", d.asked)
	}
	answer = d.send("POST", "/api/reports/contact_card", "application/x-www-form-urlencoded; charset=utf-8", "email=Ada%40example.com&format=table")
	if answer.Code != 200 || d.asked.Contact != d.contactID("ada@example.com") {
		t.Errorf("%d %s %+v", answer.Code, answer.Body, d.asked)
	}
	for path, want := range map[string]rejection.Reason{
		"/api/reports/unknown":                          rejection.UnknownReport,
		"/api/reports/totals?format=xml":                rejection.InvalidParameter,
		"/api/reports/totals?colour=red":                rejection.InvalidParameter,
		"/api/reports/totals?limit=x":                   rejection.InvalidParameter,
		"/api/reports/contact_card?email=a@b.c":         rejection.InvalidParameter,
		"/api/reports/totals?site=beta":                 rejection.OtherSite,
		"/api/reports/totals?site=acme&site=beta":       "",
		"/api/reports/totals?site=acme&by=%27%3B--%00x": "",
	} {
		answer := d.send("GET", path, "", "")
		if got := answer.Header().Get("X-Headwater-Rejected"); got != string(want) {
			t.Errorf("%s: %s %s", path, got, answer.Body)
		}
		if d.asked.Site != "acme" {
			t.Fatalf("%s: asked for %s", path, d.asked.Site)
		}
	}
}

// TestReportsThatFail: who asks learns whether to ask for less, or to come again.
func TestReportsThatFail(t *testing.T) {
	d := newDesk(t)
	for name, c := range map[string]struct {
		reason    rejection.Reason
		says      string
		comeAgain bool
	}{
		"slow":  {rejection.ReportTooSlow, "shorter time", false},
		"early": {rejection.ReportUnavailable, "being made", true},
		"down":  {rejection.ReportUnavailable, "did not answer", true},
	} {
		answer := d.send("GET", "/api/reports/"+name, "", "")
		if answer.Code != c.reason.Status() || answer.Header().Get("X-Headwater-Rejected") != string(c.reason) || !strings.Contains(answer.Body.String(), c.says) ||
			(answer.Header().Get("Retry-After") != "") != c.comeAgain || strings.Contains(answer.Body.String(), "10.1.2.3") {
			t.Errorf("%s: %d %v %s", name, answer.Code, answer.Header(), answer.Body)
		}
	}
}

func TestNewKey(t *testing.T) {
	key, hash := NewKey()
	if len(key) != len(keyPrefix)+43 || hash != HashKey(key) || len(hash) != 64 {
		t.Errorf("%s %s", key, hash)
	}
	if _, err := New(Config{Sites: []schema.Site{{ID: "acme", APIKeyHashes: []string{key}}}}); err == nil || strings.Contains(err.Error(), key) {
		t.Errorf("a key instead of its hash: %v", err)
	}
}

// TestSlowImport: who has a key may take longer to send than the server's deadline for strangers.
func TestSlowImport(t *testing.T) {
	d := newDesk(t)
	server := httptest.NewUnstartedServer(d.echo)
	server.Config.ReadTimeout = 100 * time.Millisecond
	server.Start()
	defer server.Close()
	body, slow := io.Pipe()
	go func() {
		_, _ = io.WriteString(slow, "{\"email\":\"a@b.example\"}\n")
		<-time.After(3 * server.Config.ReadTimeout)
		_, _ = io.WriteString(slow, "{\"email\":\"c@d.example\"}\n")
		_ = slow.Close()
	}()
	request, err := http.NewRequest(http.MethodPost, server.URL+"/api/contacts", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+d.key)
	request.Header.Set("Content-Type", jsonLines)
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK || len(d.kept(t)) != 2 {
		t.Errorf("a slow import is answered with %s", answer.Status)
	}
}
