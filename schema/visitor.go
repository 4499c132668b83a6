package schema

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// VisitorID names one browser on one site; it is not a person. The browser makes it, or the collector where the
// browser could not; the cookie `hw` carries it.
type VisitorID string

// VisitorCookie is the name of the cookie that carries the visitor id.
const VisitorCookie = "hw"

// ParseUUID returns the canonical lower-case form of a UUID sent by a browser, or an error that says what to send.
// Its dashes may stand anywhere or nowhere: the snippet, which has no byte to spare, looks no closer at what it finds in
// storage. Braces and URNs, which uuid.Parse takes too, are refused.
func ParseUUID(field, text string) (string, error) {
	if canonicalUUID(text) {
		return text, nil
	}
	text = strings.TrimSpace(text)
	digits := strings.ReplaceAll(text, "-", "")
	id, err := uuid.Parse(digits)
	if err != nil || len(digits) != 32 || len(text) > 40 || id == uuid.Nil {
		return "", fmt.Errorf("%s: %.64q is not a UUID: send one such as %s", field, text, "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e")
	}
	return id.String(), nil
}

// canonicalUUID tells whether text is how nearly all of them come: as ParseUUID returns them.
func canonicalUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	zero := true
	for i := range len(text) {
		switch c := text[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f':
			zero = zero && c == '0'
		default:
			return false
		}
	}
	return !zero
}
