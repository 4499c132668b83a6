package intake

import (
	"net"
	"net/url"
	"strings"

	"github.com/headwater/headwater/schema"
)

// A form, or the query of its action, may name the page to go to after it was sent.
const (
	redirectHidden = "hw_redirect"
	redirectField  = "_next"
)

// RedirectTarget returns text as the URL to send a person to, if it is a page of one of the site's own origins, by
// exact comparison. Everything that two parsers could read differently is refused.
func RedirectTarget(text string, site *schema.Site) (string, bool) {
	if text == "" || len(text) > 2048 || strings.ContainsFunc(text, unsafeInURL) {
		return "", false
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Opaque != "" || u.Host == "" {
		return "", false
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", false
	}
	if !site.HasOrigin(u.Scheme + "://" + u.Host) {
		return "", false
	}
	// u.Path is decoded: a slash, backslash or control character that hides behind a % is found as well.
	if strings.Contains(u.Path, "//") || strings.ContainsFunc(u.Path, unsafeInPath) {
		return "", false
	}
	return u.String(), true
}

// unsafeInURL finds what browsers drop or turn into something else before they read a URL.
func unsafeInURL(r rune) bool {
	return r <= ' ' || r == '\\' || r == 0x7F || r >= 0x80 && r <= 0xA0 || r == '�'
}

func unsafeInPath(r rune) bool {
	return r < ' ' || r == '\\' || r == 0x7F || r >= 0x80 && r < 0xA0 || r == '�'
}

// loopback tells whether host is this machine: only there a page may be without https.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
