package schema

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalValue is how UTM values are matched: one further percent-decoding where a tool encoded twice, Unicode NFC,
// white space trimmed and folded, lower case.
func normalValue(text string) string {
	if normal(text) {
		return text
	}
	return normaliseAny(text)
}

func normaliseAny(text string) string {
	text = decodeTwice(text)
	text = norm.NFC.String(text)
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	text = CutText(strings.ToLower(text), 1024)
	if strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") {
		// "(direct)", "(unattributed)" and their like are words of the reports: nobody can tag a link with them.
		text = strings.Trim(text, "()")
	}
	return text
}

// normal tells whether normalValue would change nothing, as with nearly all values: short and of lower-case ASCII without
// blanks, escapes and brackets.
func normal(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7F || c == '%' || c == '(' || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return len(text) <= 1024
}

// decodeTwice undoes a double encoding: "spring%20sale" that came decoded once already. Text with a bare % ("50% off")
// or with escapes that are no UTF-8 stays as it is.
func decodeTwice(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	decoded, err := url.PathUnescape(text)
	if err != nil || !utf8.ValidString(decoded) {
		return text
	}
	return decoded
}
