package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/headwater/headwater/collector/rejection"
)

const linkedVisitor = "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e"

// postJSON sends JSON from a page of the first site.
func (r *rig) postJSON(t *testing.T, base, path, body string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "text/plain")
	request.Header.Set("Origin", r.config.Sites[0].Origins[0])
	return r.send(t, request)
}

func (r *rig) newLink(t *testing.T) string {
	t.Helper()
	_, body := r.postJSON(t, r.base, "/link", `{"site_id":"`+string(r.config.Sites[0].ID)+`","visitor_id":"`+linkedVisitor+`"}`)
	var made struct{ Link string }
	if err := json.Unmarshal([]byte(body), &made); err != nil || made.Link == "" {
		t.Fatalf("no link: %s (%v)", body, err)
	}
	return made.Link
}

// A visitor goes from one domain to another, whose pages another node answers: there it is the same visitor, with the
// first touch that the first node took.
func TestLinkAcrossNodes(t *testing.T) {
	r := startRig(t)
	other := &rig{dsn: r.dsn, redis: r.redis, config: r.config, key: r.key}
	other.config.SpoolDir = t.TempDir()
	other.start(t)
	site := string(r.config.Sites[0].ID)
	if answer, body := r.postJSON(t, r.base, "/t", `{"site_id":"`+site+`","visitor_id":"`+linkedVisitor+`","touch_id":"0198c5a0-5b7e-7c3a-9d0e-222222222222","utm_source":"LinkedIn"}`); answer.StatusCode != http.StatusNoContent {
		t.Fatal(answer.Status, body)
	}
	r.forwarded(t)
	redeem := `{"site_id":"` + site + `","link":"` + r.newLink(t) + `"}`
	answer, body := r.postJSON(t, other.base, "/link/redeem", redeem)
	var got struct {
		VisitorID  string `json:"visitor_id"`
		FirstTouch struct {
			TouchID   string `json:"touch_id"`
			UTMSource string `json:"utm_source"`
			Source    string
		} `json:"first_touch"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status, body, err)
	}
	if got.VisitorID != linkedVisitor || got.FirstTouch.UTMSource != "LinkedIn" || got.FirstTouch.TouchID != "0198c5a0-5b7e-7c3a-9d0e-222222222222" || got.FirstTouch.Source != "" {
		t.Errorf("redeemed: %s", body)
	}
	for _, base := range []string{other.base, r.base} {
		if answer, body := r.postJSON(t, base, "/link/redeem", redeem); answer.Header.Get(rejection.Header) != string(rejection.LinkUsed) {
			t.Errorf("a second use: %s %s", answer.Status, body)
		}
	}
}

// A link opens nothing else, and what opens something else is no link.
func TestSecurityLinkOpensNothingElse(t *testing.T) {
	r := startRig(t)
	link := r.newLink(t)
	get := func(path, header, value string) *http.Response {
		request, err := http.NewRequest(http.MethodGet, r.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set(header, value)
		answer, _ := r.send(t, request)
		return answer
	}
	if answer := get("/api/reports", "Authorization", "Bearer "+link); answer.Header.Get(rejection.Header) != string(rejection.WrongKey) {
		t.Errorf("a link as an API key: %s", answer.Status)
	}
	if answer := get("/console/leads", "Cookie", "__Host-hw_console="+link); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("a link as a console session: %s", answer.Status)
	}
	if answer, body := r.postJSON(t, r.base, "/link/redeem", `{"site_id":"`+string(r.config.Sites[0].ID)+`","link":"`+r.key+`"}`); answer.Header.Get(rejection.Header) != string(rejection.InvalidLink) {
		t.Errorf("an API key as a link: %s %s", answer.Status, body)
	}
}
