package intake

import (
	"bytes"
	"encoding/json"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/headwater/headwater/collector/intake/corpus"
	"github.com/headwater/headwater/schema"
)

// addBodies seeds a fuzz test with the corpus's bodies of one kind.
func addBodies(f *testing.F, contentType string) {
	f.Helper()
	for _, kind := range []string{"accepted", "rejected"} {
		for _, payload := range corpus.Read(f, filepath.Join(payloadDir, kind)) {
			if strings.Contains(payload.Header.Get("Content-Type"), contentType) {
				f.Add(payload.Body)
			}
		}
	}
}

// wellFormed fails where a decoder let text through that is no UTF-8.
func wellFormed(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !utf8.ValidString(text) {
			t.Fatalf("%q is no UTF-8", text)
		}
	}
}

func (p *payload) texts() []string {
	texts := []string{p.siteID, p.visitorID, p.submissionID, p.occurredAt, p.page, p.snippetVersion, p.redirect}
	for _, touch := range []*rawTouch{&p.touch, &p.first, &p.latest} {
		texts = append(texts, touch.id, touch.at, touch.LandingPage, touch.Referrer)
		for _, name := range touchParams {
			texts = append(texts, *TouchText(&touch.Touch, name))
		}
		for _, other := range touch.others {
			texts = append(texts, other.name, other.value)
		}
	}
	for _, f := range p.fields {
		texts = append(texts, f.name, f.value)
	}
	return texts
}

func FuzzDecodeTouch(f *testing.F) {
	addBodies(f, "text/plain")
	f.Fuzz(func(t *testing.T, body []byte) {
		var p payload
		err := decodeTouch(body, &p)
		if err != nil {
			return
		}
		wellFormed(t, p.texts()...)
		// Whatever is taken is JSON for the standard library too.
		if trimmed := bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")); !json.Valid(trimmed) {
			t.Fatalf("taken, but no JSON: %q", body)
		}
	})
}

func FuzzDecodeSubmission(f *testing.F) {
	addBodies(f, "text/plain")
	addBodies(f, "application/json")
	f.Fuzz(func(t *testing.T, body []byte) {
		var p payload
		if err := decodeSubmission(body, &p); err != nil {
			return
		}
		p.takeForm(p.fields)
		wellFormed(t, p.texts()...)
		for _, field := range p.fields {
			if strings.HasPrefix(strings.ToLower(field.name), hiddenPrefix) {
				t.Fatalf("%q is among the fields", field.name)
			}
		}
	})
}

func FuzzDecodeURLEncoded(f *testing.F) {
	addBodies(f, "urlencoded")
	f.Fuzz(func(t *testing.T, body []byte) {
		var p payload
		if err := decodeURLEncoded(body, &p); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, p.texts()...)
		if len(p.fields) > maxPairs {
			t.Fatalf("%d fields", len(p.fields))
		}
	})
}

func FuzzDecodeMultipart(f *testing.F) {
	addBodies(f, "multipart")
	f.Fuzz(func(t *testing.T, body []byte) {
		var p payload
		if err := decodeMultipart(body, "X-BOUNDARY-1", &p); err != nil {
			return
		}
		wellFormed(t, p.texts()...)
	})
}

// FuzzParseParams compares with net/url where that accepts the text at all: it refuses broken escapes and semicolons.
func FuzzParseParams(f *testing.F) {
	for _, text := range []string{"a=b&c=d", "a=%F0%9F%9A%80", "a=%E9", "a=%zz", "=x", "&&", "a=b+c%20d", "a;b=c", "utm_source=%2525"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list := parseParams(text)
		for _, p := range list {
			wellFormed(t, p.name, p.value)
		}
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		got := url.Values{}
		for _, p := range list {
			got.Add(p.name, p.value)
		}
		for name, texts := range values {
			if !utf8.ValidString(name) || !utf8.ValidString(strings.Join(texts, "")) {
				return
			}
			if strings.Join(got[name], "\x00") != strings.Join(texts, "\x00") {
				t.Fatalf("%q: %q is %q, net/url says %q", text, name, got[name], texts)
			}
		}
	})
}

func FuzzURLParams(f *testing.F) {
	for _, text := range []string{"https://a.example/?utm_source=x#utm_medium=y", "https://a.example/?ScCid=x&ref=y#/r?REF=z", "#?utm_source=x", "?%", "https://a.example/#/r?utm_source=%E2%82"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, address string) {
		var touch schema.Touch
		fillTouch(&touch, urlParams(address))
		for _, name := range touchParams {
			if value := *TouchText(&touch, name); !utf8.ValidString(value) || value != "" && blank(value) {
				t.Fatalf("%s of %q is %q", name, address, value)
			}
			if value, campaign := *TouchText(&touch, name), CampaignOf(address, "ref"); value != campaign[name] {
				t.Fatalf("%s of %q is %q, CampaignOf says %q", name, address, value, campaign[name])
			}
		}
	})
}

func FuzzParseMoment(f *testing.F) {
	for _, text := range []string{"1773561600000", "1773561600000.5", "2026-03-15T08:00:00Z", "1e12", "NaN", "Inf", "", "-1", "99999999999999999999"} {
		f.Add(text)
	}
	a := &arrival{receivedAt: corpus.Now}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := parseMoment("occurred_at", text)
		if err != nil {
			return
		}
		if clamped := a.clamp(at); clamped.Before(corpus.Now.Add(-oldest)) || clamped.After(corpus.Now.Add(earliest)) {
			t.Fatalf("%q becomes %s", text, clamped)
		}
	})
}
