package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/headwater/headwater/schema"
)

// pair is one name with its value, decoded once.
type pair struct{ name, value string }

// params are the parameters of a query, a fragment or a form, in the order they were sent.
type params []pair

// get returns the first value under name that is not blank; names are compared without regard to case.
func (p params) get(name string) string {
	for i := range p {
		if strings.EqualFold(p[i].name, name) && !blank(p[i].value) {
			return p[i].value
		}
	}
	return ""
}

// blank tells whether text says nothing: it is empty, or only what JavaScript's trim takes away (ECMA-262, WhiteSpace and
// LineTerminator), so that page and collector agree.
func blank(text string) bool {
	for _, r := range text {
		switch {
		case r >= '\t' && r <= '\r', r == '\uFEFF', r == '\u2028', r == '\u2029', unicode.Is(unicode.Zs, r):
		default:
			return false
		}
	}
	return true
}

// parseParams reads application/x-www-form-urlencoded text as browsers' URLSearchParams does, so that page, hidden
// field and collector agree: only & separates, + is a space, a broken escape stays as it is, bytes that are no UTF-8
// become U+FFFD. It never fails.
func parseParams(text string) params {
	return appendParams(nil, text, 0)
}

// appendParams stops after limit pairs where limit is not 0.
func appendParams(list params, text string, limit int) params {
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		if limit > 0 && len(list) >= limit {
			break
		}
		name, value, _ := strings.Cut(part, "=")
		list = append(list, pair{decodeParam(name), decodeParam(value)})
	}
	return list
}

// urlParams returns the parameters of a URL's query and then those of its fragment, so that the query wins. Links of
// single-page applications carry them in the fragment: #utm_source=x, #?utm_source=x or #/path?utm_source=x.
func urlParams(text string) params {
	before, fragment, _ := strings.Cut(text, "#")
	_, query, _ := strings.Cut(before, "?")
	if at := strings.IndexByte(fragment, '?'); at >= 0 {
		fragment = fragment[at+1:]
	}
	return appendParams(parseParams(query), fragment, 0)
}

func decodeParam(text string) string {
	if strings.IndexByte(text, '%') < 0 && strings.IndexByte(text, '+') < 0 {
		return replaceInvalid(text)
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '+':
			b.WriteByte(' ')
		case text[i] == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			b.WriteByte(unhex(text[i+1])<<4 | unhex(text[i+2]))
			i += 2
		default:
			b.WriteByte(text[i])
		}
	}
	return replaceInvalid(b.String())
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// replaceInvalid puts one U+FFFD for each maximal part of a broken sequence, as the Encoding standard (and so every
// browser) does; strings.ToValidUTF8 would put one for a whole run.
func replaceInvalid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			size = brokenLength(text)
		}
		b.WriteRune(r)
		text = text[size:]
	}
	return b.String()
}

// brokenLength is how many bytes at the start of text belong to one broken sequence: the longest prefix that a whole
// sequence could begin with, at least one byte.
func brokenLength(text string) int {
	low, high, want := byte(0x80), byte(0xBF), 0
	switch lead := text[0]; {
	case lead >= 0xC2 && lead <= 0xDF:
		want = 1
	case lead >= 0xE0 && lead <= 0xEF:
		want = 2
		if lead == 0xE0 {
			low = 0xA0
		} else if lead == 0xED {
			high = 0x9F
		}
	case lead >= 0xF0 && lead <= 0xF4:
		want = 3
		if lead == 0xF0 {
			low = 0x90
		} else if lead == 0xF4 {
			high = 0x8F
		}
	}
	n := 1
	for n < len(text) && n <= want && text[n] >= low && text[n] <= high {
		low, high = 0x80, 0xBF
		n++
	}
	return n
}

// touchParams are the names of the parameters that make a touch.
var touchParams = schema.URLParameters()

// TouchText returns the text member of t that the browser fills under name, nil where there is none. A test holds it
// against schema.Fields; a map by reflection would cost more than all the rest of decoding.
func TouchText(t *schema.Touch, name string) *string {
	switch name {
	case "utm_source":
		return &t.UTMSource
	case "utm_medium":
		return &t.UTMMedium
	case "utm_campaign":
		return &t.UTMCampaign
	case "utm_term":
		return &t.UTMTerm
	case "utm_content":
		return &t.UTMContent
	case "utm_id":
		return &t.UTMID
	case "gclid":
		return &t.Gclid
	case "gbraid":
		return &t.Gbraid
	case "wbraid":
		return &t.Wbraid
	case "msclkid":
		return &t.Msclkid
	case "fbclid":
		return &t.Fbclid
	case "ttclid":
		return &t.Ttclid
	case "twclid":
		return &t.Twclid
	case "li_fat_id":
		return &t.LiFatID
	case "dclid":
		return &t.Dclid
	case "epik":
		return &t.Epik
	case "rdt_cid":
		return &t.RdtCid
	case "sccid":
		return &t.ScCid
	case "yclid":
		return &t.Yclid
	case "landing_page":
		return &t.LandingPage
	case "referrer":
		return &t.Referrer
	}
	return nil
}
