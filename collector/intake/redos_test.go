package intake

import (
	"strings"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/schema"
)

// readers are what looks at the text of strangers, piece by piece.
func readers(t *testing.T) map[string]func(string) {
	sites := corpus.Sites(t, payloadDir)
	resolver, err := schema.NewResolver(&sites[0])
	if err != nil {
		t.Fatal(err)
	}
	return map[string]func(string){
		"User-Agent, bots": func(text string) { schema.Bot(text) },
		"User-Agent, apps": func(text string) { schema.AppOf(text) },
		"parameters":       func(text string) { urlParams("https://a.example/?" + text + "#" + text) },
		"redirect":         func(text string) { RedirectTarget("https://www.acme.example/"+text, &sites[0]) },
		"e-mail":           func(text string) { _, _ = schema.NormaliseEmail(text + "@example.com") },
		"Content-Type":     func(text string) { _, _ = mediaOf("text/plain; x=" + text) },
		"Accept-Encoding":  func(text string) { accepts(text, "br") },
		"If-None-Match":    func(text string) { sameTag(text, `"x"`) },
		"Host":             func(text string) { cookieDomain(text + ".example.com") },
		"link":             func(text string) { _, _ = decodeLink([]byte("key"), text) },
		"form":             func(text string) { _ = decodeURLEncoded([]byte(text), &payload{}) },
		"multipart":        func(text string) { _, _ = multipartPairs([]byte(text), "B") },
		"JSON of a touch":  func(text string) { _ = decodeTouch([]byte(text), &payload{}) },
		"JSON of fields":   func(text string) { _ = decodeSubmission([]byte(`{"fields":{"a":"`+text+`"}}`), &payload{}) },
		"referrer and UTMs": func(text string) {
			resolver.Resolve(&schema.Touch{Referrer: "https://" + text, UTMSource: text, UTMMedium: text})
		},
		"spam hosts": func(text string) { _ = schema.SpamHosts().Has(text) },
		"cutting to lengths": func(text string) {
			schema.Bound(&schema.TouchRecord{Touch: schema.Touch{UTMSource: text, Referrer: text}})
		},
	}
}

// TestSecurityReDoS: sixteen times the text costs about sixteen times the work, of whatever it consists. Times are compared with
// each other, the least of many tries, so that a busy machine fails nothing; work that grows with the square would be 256 times.
func TestSecurityReDoS(t *testing.T) {
	const short, factor, most = 4 << 10, 16, 8 * 16
	parts := []string{"a", "Mozilla/5.0 (", "Googlebo", "bot", "[", `{"a":`, "AdsBot-Google-", "S[eE]mrushBo", "\x00", "é", "%", "%25", "&a", "a=", ";", ",", ".", "a.", "@", `\"`, `\u00`, "--B\r\n", "\r\n", " ", "/", "//", "-", "\xff", "\xe2\x80"}
	for name, read := range readers(t) {
		for _, part := range parts {
			few, many := strings.Repeat(part, short/len(part)), strings.Repeat(part, factor*short/len(part))
			least := func(text string, before time.Duration) time.Duration {
				started := time.Now()
				read(text)
				return min(before, time.Since(started))
			}
			slow, quick := time.Hour, time.Hour
			for try := 0; ; try++ {
				slow, quick = least(many, slow), least(few, quick)
				if slow < most*max(quick, 2*time.Microsecond) {
					break
				}
				if try == 100 {
					t.Errorf("%s: %q repeated: %s for %d bytes, %s for %d", name, part, quick, len(few), slow, len(many))
					break
				}
			}
		}
	}
}
