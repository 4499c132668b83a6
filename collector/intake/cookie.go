package intake

import (
	"net"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/publicsuffix"

	"github.com/headwater/headwater/schema"
)

// visitorCookieSeconds is 13 months, the longest that regulators accept and less than the 400 days browsers allow.
const visitorCookieSeconds = 395 * 24 * 60 * 60

var visitorCookieAttributes = "; Max-Age=" + strconv.Itoa(visitorCookieSeconds) + "; Secure; SameSite=Lax"

// cookieVisitor returns the visitor of the first cookie that holds a valid id: a sibling host may have set others.
func (a *arrival) cookieVisitor() schema.VisitorID {
	if len(a.c.Request().Header[echo.HeaderCookie]) == 0 {
		return ""
	}
	for _, cookie := range a.c.Request().CookiesNamed(schema.VisitorCookie) {
		if id, err := schema.ParseUUID("cookie", cookie.Value); err == nil {
			return schema.VisitorID(id)
		}
	}
	return ""
}

// answerCookie sets the visitor cookie where the browser has none yet. A request that the browser itself calls
// cross-site gets none: it would be a third-party cookie that no page of the site could ever read.
func (a *arrival) answerCookie() {
	if !a.setCookie || a.visitor == "" || a.c.Request().Header.Get("Sec-Fetch-Site") == "cross-site" {
		return
	}
	a.c.Response().Header().Add(echo.HeaderSetCookie, visitorCookie(a.visitor, cookieDomain(a.c.Request().Host)))
}

// visitorCookie is how http.Cookie writes the cookie of a visitor id, which needs no escapes, and of a domain that
// cookieDomain returned. Browsers take Secure cookies from localhost without TLS.
func visitorCookie(visitor schema.VisitorID, domain string) string {
	if domain != "" {
		domain = "; Domain=" + domain
	}
	return schema.VisitorCookie + "=" + string(visitor) + "; Path=/" + domain + visitorCookieAttributes
}

// cookieDomain is the registrable domain of the collector's host, "" (this host only) where there is none.
func cookieDomain(hostport string) string {
	host := strings.TrimSuffix(hostname(hostport), ".")
	if net.ParseIP(host) != nil || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return ""
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.ContainsFunc(label, notInHost) {
			return ""
		}
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	return domain
}

func notInHost(r rune) bool {
	return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_')
}

// hostname is a Host header without its port.
func hostname(hostport string) string {
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = name
	}
	return strings.ToLower(strings.Trim(hostport, "[]"))
}
