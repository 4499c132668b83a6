//go:build linux || darwin

package httpapi

import (
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// checkOrigin keeps websites away from the analyst's database. A page can make a browser send requests to
// loopback: its Origin or Sec-Fetch-Site then gives it away. A page whose own name was rebound to 127.0.0.1
// shows in the Host header.
func checkOrigin(r *http.Request) error {
	if !isLoopbackHost(r.Host) {
		return errors.New("this ClickHouse answers only to loopback names (localhost, 127.0.0.1, [::1]), not to Host: " + r.Host)
	}
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return errors.New("this ClickHouse refuses requests that other websites make")
	}
	for _, origin := range r.Header.Values("Origin") {
		parsed, err := url.Parse(origin)
		if err != nil || !isLoopbackHost(parsed.Host) {
			return errors.New("this ClickHouse refuses requests that other websites make, such as " + origin)
		}
	}
	return nil
}

func isLoopbackHost(hostPort string) bool {
	host := hostPort
	if name, _, err := net.SplitHostPort(hostPort); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// authenticate checks the one user. Name and password come from the X-ClickHouse headers, basic
// authentication or the URL, never from two of them.
func (h *Handler) authenticate(r *http.Request) error {
	query := r.URL.Query()
	user, password := r.Header.Get("X-ClickHouse-User"), r.Header.Get("X-ClickHouse-Key")
	byHeader := user != "" || password != ""
	basicUser, basicPassword, byBasic := r.BasicAuth()
	byURL := query.Has("user") || query.Has("password")
	switch {
	case byHeader && byBasic, byHeader && byURL, byBasic && byURL:
		return exception(516, "AUTHENTICATION_FAILED", "Invalid authentication: it is not allowed to use X-ClickHouse HTTP headers, the Authorization HTTP header and URL parameters simultaneously")
	case byBasic:
		user, password = basicUser, basicPassword
	case byURL:
		user, password = query.Get("user"), query.Get("password")
	}
	if user == "" {
		user = "default"
	}
	want := h.User
	if want == "" {
		want = "default"
	}
	sameUser := subtle.ConstantTimeCompare([]byte(user), []byte(want)) == 1
	samePassword := subtle.ConstantTimeCompare([]byte(password), []byte(h.Password)) == 1
	if !sameUser || !samePassword {
		if !byHeader && !byBasic && !byURL {
			return exception(194, "REQUIRED_PASSWORD", "%s: Authentication failed: password is required.", user)
		}
		return exception(516, "AUTHENTICATION_FAILED", "%s: Authentication failed: password is incorrect, or there is no user with such name.", user)
	}
	return nil
}
