package links

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxTarget is how long a target may be, in bytes: what a touch keeps of its landing page (schema.Touch).
const maxTarget = 2048

// Built is an address with its tags.
type Built struct {
	URL string
	// Target is the address without tags, in the form in which it stands in URL.
	Target string
	// Replaced are the utm_* parameters that the target had and that the tags took the place of, as name=value.
	Replaced []string
}

// Build puts tags onto a target: in the order of Parts, after the target's own query, before its fragment, empty ones left out. What
// is wrong is a *Problem. A target without a scheme gets https.
func Build(target string, tags Tags) (*Built, error) {
	tags = tags.Trimmed()
	if err := tags.check(); err != nil {
		return nil, err
	}
	u, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	built := &Built{}
	var pairs []string
	for _, pair := range pairsOf(u.RawQuery) {
		if part, value := tagOf(pair); part != "" {
			built.Replaced = append(built.Replaced, part.Parameter()+"="+value)
			continue
		}
		pairs = append(pairs, pair)
	}
	u.RawQuery, u.ForceQuery = strings.Join(pairs, "&"), false
	built.Target = u.String()
	for _, part := range Parts() {
		if value := tags.Of(part); value != "" {
			pairs = append(pairs, part.Parameter()+"="+escape(value))
		}
	}
	u.RawQuery = strings.Join(pairs, "&")
	built.URL = u.String()
	return built, nil
}

// Parse takes an address apart into its target and its tags: of a repeated tag the first that is not blank counts, as in the
// snippet.
func Parse(address string) (target string, tags Tags, err error) {
	u, err := parseTarget(address)
	if err != nil {
		return "", tags, err
	}
	var pairs []string
	for _, pair := range pairsOf(u.RawQuery) {
		part, value := tagOf(pair)
		if part == "" {
			pairs = append(pairs, pair)
		} else if tags.Of(part) == "" {
			tags.Set(part, strings.TrimSpace(value))
		}
	}
	u.RawQuery, u.ForceQuery = strings.Join(pairs, "&"), false
	return u.String(), tags, nil
}

// parseTarget reads a target as a person types it, and writes host, path, query and fragment as they travel.
func parseTarget(text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, &Problem{ID: "links.problem.no_target"}
	case len(text) > maxTarget:
		return nil, &Problem{ID: "links.problem.target_long"}
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) || strings.Contains(text, `\`):
		return nil, &Problem{ID: "links.problem.target_control"}
	}
	if bare(text) {
		text = "https://" + text
	}
	text, fragment, hasFragment := strings.Cut(text, "#")
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "":
		return nil, &Problem{ID: "links.problem.target"}
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, &Problem{ID: "links.problem.scheme", Data: data("Scheme", u.Scheme)}
	case u.User != nil:
		return nil, &Problem{ID: "links.problem.user"}
	case u.Opaque != "" || u.Hostname() == "":
		return nil, &Problem{ID: "links.problem.target"}
	}
	if u.Host, err = asciiHost(u); err != nil {
		return nil, err
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.RawQuery = tidy(u.RawQuery)
	if hasFragment && fragment != "" {
		u.RawFragment = tidy(fragment)
		if u.Fragment, err = url.PathUnescape(u.RawFragment); err != nil {
			return nil, &Problem{ID: "links.problem.target"}
		}
		if u.EscapedFragment() != u.RawFragment {
			u.RawFragment = "" // written by net/url, the same for the same fragment
		}
	}
	return u, nil
}

// bare tells whether text is an address without its scheme, such as www.example.com/page. What looks like any other scheme is none.
func bare(text string) bool {
	host, _, _ := strings.Cut(text, "/")
	host, _, _ = strings.Cut(host, "?")
	host, _, _ = strings.Cut(host, "#")
	name, port, hasPort := strings.Cut(host, ":")
	if hasPort && (port == "" || strings.Trim(port, "0123456789") != "") {
		return false
	}
	return strings.Contains(name, ".")
}

// asciiHost writes a host in its IDNA ASCII form, in lower case.
func asciiHost(u *url.URL) (string, error) {
	host := strings.TrimSuffix(u.Hostname(), ".")
	wrong := &Problem{ID: "links.problem.host", Data: data("Host", host)}
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return "", wrong
		}
		host = addr.String()
		if addr.Is6() {
			host = "[" + host + "]"
		}
	} else {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil || slices.Contains(strings.Split(ascii, "."), "") || strings.ContainsFunc(ascii, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
		}) {
			return "", wrong
		}
		host = ascii
	}
	if port := u.Port(); port != "" && !(u.Scheme == "https" && port == "443") && !(u.Scheme == "http" && port == "80") {
		host += ":" + port
	}
	return host, nil
}

func pairsOf(query string) []string {
	return slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool { return pair == "" })
}

// tagOf tells which tag a pair of a query is, "" for none. Names count in any case, as in the snippet.
func tagOf(pair string) (Part, string) {
	name, value, _ := strings.Cut(pair, "=")
	name = strings.ToLower(unescape(name))
	for _, part := range Parts() {
		if name == part.Parameter() {
			return part, unescape(value)
		}
	}
	return "", ""
}

// unescape decodes as browsers do: what is no escape stays as it is.
func unescape(text string) string {
	if decoded, err := url.QueryUnescape(tidy(text)); err == nil {
		return strings.ToValidUTF8(decoded, "\uFFFD")
	}
	return text
}

// escape writes a value for a query, blanks as %20: + is a plus sign to some servers.
func escape(value string) string { return strings.ReplaceAll(url.QueryEscape(value), "+", "%20") }

// tidy escapes what browsers escape in a query (WHATWG URL, special-query percent-encode set), and leaves everything else as it was
// typed.
func tidy(text string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		isEscape := c == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2])
		if c <= ' ' || c >= 0x7F || strings.IndexByte("\"'<>#", c) >= 0 || c == '%' && !isEscape {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
