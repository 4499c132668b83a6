package schema

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// place is where a referrer points: a page of a web host, or an app, whose host is its package id.
type place struct {
	host string
	path string // of the page, up to its query; "" and "/" are the same
	app  bool
}

// placeOf reads http(s):, android-app: and ios-app: referrers; anything else is no place. It does not use net/url, because a
// path that breaks the rules of URLs, as many old search engines have, does not hide the host.
func placeOf(referrer string) place {
	scheme, rest, found := strings.Cut(strings.TrimSpace(referrer), "://")
	app := strings.EqualFold(scheme, "android-app") || strings.EqualFold(scheme, "ios-app")
	if !found || !app && !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
		return place{}
	}
	path := ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest, path = rest[:end], rest[end:]
	}
	if strings.ContainsAny(rest, " \t\r\n\"<>\\^`{|}%") {
		return place{}
	}
	if app {
		return place{host: strings.ToLower(rest), app: true}
	}
	host, ok := hostname(rest)
	if !ok {
		return place{}
	}
	if end := strings.IndexAny(path, "?#"); end >= 0 {
		path = path[:end]
	}
	return place{host: cleanHost(host), path: path}
}

// hostname takes the user, the port and the brackets of an IPv6 address off; false where the port is no number.
func hostname(authority string) (string, bool) {
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	at := strings.LastIndexByte(authority, ':')
	if bracket := strings.LastIndexByte(authority, ']'); bracket >= 0 {
		if authority[0] != '[' || at < bracket && bracket != len(authority)-1 {
			return "", false
		}
		return authority[1:bracket], true
	}
	if at < 0 || authority[0] == '[' {
		return authority, authority != "" && authority[0] != '['
	}
	for _, c := range authority[at+1:] {
		if c < '0' || c > '9' {
			return "", false
		}
	}
	return authority[:at], at > 0
}

// cleanHost is how hosts are compared: lower case, IDNA ASCII form, no trailing point, no leading www.
func cleanHost(host string) string {
	if plainHost(host) {
		return strings.TrimPrefix(host, "www.")
	}
	return cleanAnyHost(host)
}

func cleanAnyHost(host string) string {
	host = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(host), "."))
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	return strings.TrimPrefix(host, "www.")
}

// plainHost tells whether host is in its IDNA ASCII form already, as nearly all are: nothing but a-z, 0-9, single - and points,
// none of them last. IDNA (xn--) and hosts that break its rules are looked at closer.
func plainHost(host string) bool {
	for i := range len(host) {
		switch c := host[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case (c == '-' || c == '.') && i > 0 && i < len(host)-1 && host[i-1] != '-' && host[i-1] != '.':
		default:
			return false
		}
	}
	return host != ""
}

func registrable(host string) string {
	host = cleanHost(host)
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}

func underHost(host, parent string) bool {
	return host == parent || len(host) > len(parent) && strings.HasSuffix(host, parent) && host[len(host)-len(parent)-1] == '.'
}
