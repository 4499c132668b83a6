package demo

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"
)

// get fetches a page as a browser does that comes from where site says.
func get(t *testing.T, client *http.Client, address, site string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Dest", "document")
	request.Header.Set("Sec-Fetch-Site", site)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// TestClock: a visit through /travel is in the past on all its pages; the next arrival from elsewhere is in the present.
func TestClock(t *testing.T) {
	site := newPages(t, leadsView{})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	for _, step := range []struct {
		path, from string
		days       string // in the page, "" for the present
	}{
		{"/travel?days=12&to=%2Fpricing%3Futm_source%3Dx", "cross-site", "12"},
		{"/signup", "same-origin", "12"},
		{"/thank-you", "same-site", "12"},
		{"/", "cross-site", ""},
		{"/travel?days=4&to=%2F", "cross-site", "4"},
		{"/travel?days=0&to=%2Fpricing", "same-origin", ""},
		{"/travel?days=4&to=%2F", "cross-site", "4"},
		{"/pricing", "none", ""},
	} {
		status, body := get(t, browser, site.Demo+step.path, step.from)
		if status != http.StatusOK {
			t.Fatalf("%s: %d", step.path, status)
		}
		past := strings.Contains(body, `<script src="/assets/clock.js">`)
		if past != (step.days != "") || past && !strings.Contains(body, "set "+step.days+" days back") {
			t.Errorf("%s from %s: clock set back: %v, want %q days", step.path, step.from, past, step.days)
		}
	}
}

func TestTravelStaysOnTheWebsite(t *testing.T) {
	site := newPages(t, leadsView{})
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, query := range []string{
		"days=4&to=//evil.example/", "days=4&to=https://evil.example/", "days=4&to=/%5Cevil.example", "days=4&to=%09//evil.example", "days=4&to=evil",
		"days=4&to=", "days=-1&to=/", "days=30&to=/", "days=x&to=/", "to=/", "days=4&to=javascript:alert(1)", "days=4&to=/%0d%0aX:1",
	} {
		if status, _ := get(t, stay, site.Demo+"/travel?"+query, "cross-site"); status != http.StatusBadRequest {
			t.Errorf("/travel?%s: %d, want 400", query, status)
		}
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{nil, ""}, {"facebook", "facebook"}, {json.Number("12"), "12"}, {json.Number("1234567"), "1\u202f234\u202f567"}, {json.Number("-1234.5"), "-1\u202f234.5"},
		{map[string]any{"NOK": "1250000.00", "EUR": "12.50"}, "EUR 12.50\nNOK 1\u202f250\u202f000.00"}, {map[string]any{}, ""}, {true, "true"},
	} {
		if got := text(c.value); got != c.want {
			t.Errorf("text(%v) = %q, want %q", c.value, got, c.want)
		}
	}
}

// TestLeadsAreEscaped: what strangers typed, or put into a link, stays text.
func TestLeadsAreEscaped(t *testing.T) {
	evil := `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	site := newPages(t, leadsView{Version: evil, Problem: evil, Leads: []lead{{ContactID: "a", Who: evil, Name: evil, Company: evil, Form: evil, At: time.Now(), Sent: 1,
		Points: []dataPoint{{Label: "First touch", Known: true, Source: evil, Medium: evil, Campaign: evil, Referrer: evil, When: time.Now()}}}},
		Breakdown: []breakdown{{Title: evil, Hint: evil, Columns: []string{evil}, Rows: [][]string{{evil}}, Totals: []string{evil}}}})
	for _, path := range []string{"/leads", "/leads/latest"} {
		_, body := get(t, http.DefaultClient, site.Demo+path, "same-origin")
		if strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") {
			t.Errorf("%s shows markup that a stranger typed:\n%s", path, body)
		}
	}
}

// TestLatestIsSentOnce: a browser that has the present view gets no second copy.
func TestLatestIsSentOnce(t *testing.T) {
	site := newPages(t, sampleView())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site.Demo+"/leads/latest", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{http.StatusOK, http.StatusNotModified} {
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("GET /leads/latest: %s, want %d", response.Status, want)
		}
		request.Header.Set("If-None-Match", response.Header.Get("ETag"))
	}
}

// TestUnknownHost: a place that is none is not found.
func TestUnknownHost(t *testing.T) {
	site := newPages(t, leadsView{})
	if status, body := get(t, http.DefaultClient, site.Config.Outside+"/?days=4", "none"); status != http.StatusOK || !strings.Contains(body, "days=4") {
		t.Errorf("the page of places: %d", status)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site.Config.Outside+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "nowhere.localhost"
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown place: %s, want 404", response.Status)
	}
}
