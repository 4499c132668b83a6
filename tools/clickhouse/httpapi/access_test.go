//go:build linux || darwin

package httpapi

import (
	"net/http"
	"strings"
	"testing"
)

func TestAuthentication(t *testing.T) {
	open := serve(t)
	locked := serve(t, func(h *Handler) { h.User, h.Password = "anna", "secret ü" })
	withUser := func(base, user string) string { return strings.Replace(base, "http://", "http://"+user+"@", 1) }
	for _, check := range []struct {
		name, address string
		header        []string
		status        int
	}{
		{"nobody asked", open + "/?query=SELECT+1", nil, 200},
		{"default by URL", open + "/?query=SELECT+1&user=default&password=", nil, 200},
		{"default by header", open + "/?query=SELECT+1", []string{"X-ClickHouse-User", "default"}, 200},
		{"wrong password", open + "/?query=SELECT+1&user=default&password=x", nil, 403},
		{"wrong user", open + "/?query=SELECT+1&user=anna", nil, 403},
		{"no password", locked + "/?query=SELECT+1", nil, 401},
		{"basic", withUser(locked, "anna:secret%20%C3%BC") + "/?query=SELECT+1", nil, 200},
		{"basic, wrong", withUser(locked, "anna:secret") + "/?query=SELECT+1", nil, 403},
		{"headers", locked + "/?query=SELECT+1", []string{"X-ClickHouse-User", "anna", "X-ClickHouse-Key", "secret ü"}, 200},
		{"URL", locked + "/?query=SELECT+1&user=anna&password=secret+%C3%BC", nil, 200},
		{"two ways", withUser(locked, "anna:secret%20%C3%BC") + "/?query=SELECT+1&user=anna", nil, 403},
		{"ping needs none", locked + "/ping", nil, 200},
	} {
		got := get(t, check.address, check.header...)
		if got.status != check.status {
			t.Errorf("%s: %d %q, want %d", check.name, got.status, got.body, check.status)
		}
		if check.status == http.StatusForbidden && got.header.Get("X-ClickHouse-Exception-Code") != "516" {
			t.Errorf("%s: code %s, want 516", check.name, got.header.Get("X-ClickHouse-Exception-Code"))
		}
	}
}

func TestWebsitesAreKeptOut(t *testing.T) {
	base := serve(t)
	for _, check := range []struct {
		header []string
		status int
	}{
		{nil, 200},
		{[]string{"Host", "localhost:8123"}, 200},
		{[]string{"Host", "localhost."}, 200},
		{[]string{"Host", "[::1]:8123"}, 200},
		{[]string{"Host", "127.0.0.2"}, 200},
		{[]string{"Host", "clickhouse.localhost:8123"}, 200},
		{[]string{"Host", "evil.example"}, 403},
		{[]string{"Host", "evil.example:8123"}, 403},
		{[]string{"Host", "127.0.0.1.evil.example"}, 403},
		{[]string{"Host", "localhost.evil.example"}, 403},
		{[]string{"Host", "10.0.0.1:8123"}, 403},
		{[]string{"Host", "0.0.0.0:8123"}, 403},
		{[]string{"Origin", "http://localhost:3000"}, 200},
		{[]string{"Origin", "http://127.0.0.1:8123"}, 200},
		{[]string{"Origin", "https://evil.example"}, 403},
		{[]string{"Origin", "http://localhost.evil.example"}, 403},
		{[]string{"Origin", "null"}, 403},
		{[]string{"Origin", ""}, 403},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{[]string{"Sec-Fetch-Site", "none"}, 200},
		{[]string{"Sec-Fetch-Site", "same-origin"}, 200},
	} {
		for _, address := range []string{"/?query=SELECT+1", "/ping"} {
			got := get(t, base+address, check.header...)
			if got.status != check.status {
				t.Errorf("%v %s: %d %q, want %d", check.header, address, got.status, got.body, check.status)
			}
			for name := range got.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%v: the answer has %s", check.header, name)
				}
			}
		}
	}
	if got := send(t, http.MethodOptions, base+"/", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST"); got.status != http.StatusForbidden {
		t.Errorf("a preflight from a website: %d", got.status)
	}
}
