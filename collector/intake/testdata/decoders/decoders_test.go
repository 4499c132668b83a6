// Package decoders measures JSON decoders on the body of a touch, to choose the one that intake uses. It is a module of its
// own, so that none of those that were not chosen is a dependency of Headwater.
//
// `go test -run '^$' -bench . -benchmem` here, nanoseconds and allocations of a touch of 600 bytes: encoding/json 6,363 and 17, jsontext's values (what intake
// uses) 1,812 and 2, jsontext's tokens 4,393 and 23, json/v2 into a struct 1,424 and 3, goccy 1,050 and 13, sonic 1,617 and 3, easyjson's lexer 1,806 and 14,
// fastjson 2,034 and 15. TestStrictness says who takes what is no JSON.
package decoders

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/bytedance/sonic"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	goccy "github.com/goccy/go-json"
	"github.com/mailru/easyjson/jlexer"
	"github.com/valyala/fastjson"
)

// body is a touch of 600 bytes, as tools/load sends it.
var body = []byte(`{"site_id":"bench","visitor_id":"0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e","touch_id":"0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6f",` +
	`"occurred_at":1773561600000,"snippet_version":"load","utm_source":"linkedin","utm_medium":"paid-social","utm_campaign":"spring-planning",` +
	`"utm_term":"orchard-owners","utm_content":"video-a","li_fat_id":"7f3a9c52-4f0e-4d8e-9a55-0d1f2a3b4c5d",` +
	`"referrer":"https://www.linkedin.com/","landing_page":"https://www.brookandbale.example/?` + strings.Repeat("x", 148) + `"}`)

// touch has its time as the text that was sent, as intake wants it, or, for the decoders that fill structs, as a number.
type touch struct {
	SiteID         string `json:"site_id"`
	VisitorID      string `json:"visitor_id"`
	TouchID        string `json:"touch_id"`
	OccurredAt     int64  `json:"occurred_at"`
	SnippetVersion string `json:"snippet_version"`
	Source         string `json:"utm_source"`
	Medium         string `json:"utm_medium"`
	Campaign       string `json:"utm_campaign"`
	Term           string `json:"utm_term"`
	Content        string `json:"utm_content"`
	LiFatID        string `json:"li_fat_id"`
	Referrer       string `json:"referrer"`
	LandingPage    string `json:"landing_page"`

	at string
}

func (t *touch) member(name string) *string {
	switch name {
	case "site_id":
		return &t.SiteID
	case "visitor_id":
		return &t.VisitorID
	case "touch_id":
		return &t.TouchID
	case "occurred_at":
		return &t.at
	case "snippet_version":
		return &t.SnippetVersion
	case "utm_source":
		return &t.Source
	case "utm_medium":
		return &t.Medium
	case "utm_campaign":
		return &t.Campaign
	case "utm_term":
		return &t.Term
	case "utm_content":
		return &t.Content
	case "li_fat_id":
		return &t.LiFatID
	case "referrer":
		return &t.Referrer
	}
	return &t.LandingPage
}

// Each decoder decodes body into t.
var decoders = []struct {
	name   string
	decode func(t *touch) error
}{
	{"encoding-json", func(t *touch) error { return json.Unmarshal(body, t) }},
	{"json-v2", func(t *touch) error { return jsonv2.Unmarshal(body, t) }},
	{"goccy", func(t *touch) error { return goccy.Unmarshal(body, t) }},
	{"sonic", func(t *touch) error { return sonic.Unmarshal(body, t) }},
	{"fastjson", decodeFastJSON},
	{"easyjson-lexer", decodeLexer},
	{"jsontext-tokens", decodeTokens},
	{"jsontext-values", decodeValues},
}

var parsers fastjson.ParserPool

func decodeFastJSON(t *touch) error {
	parser := parsers.Get()
	defer parsers.Put(parser)
	value, err := parser.ParseBytes(body)
	if err != nil {
		return err
	}
	object, err := value.Object()
	if err != nil {
		return err
	}
	object.Visit(func(name []byte, value *fastjson.Value) {
		if value.Type() == fastjson.TypeString {
			text, _ := value.StringBytes()
			*t.member(string(name)) = string(text)
			return
		}
		*t.member(string(name)) = string(value.MarshalTo(nil))
	})
	return nil
}

func decodeLexer(t *touch) error {
	lexer := jlexer.Lexer{Data: body}
	lexer.Delim('{')
	for !lexer.IsDelim('}') {
		member := t.member(lexer.UnsafeFieldName(false))
		lexer.WantColon()
		if lexer.CurrentToken() == jlexer.TokenString {
			*member = lexer.String()
		} else {
			*member = string(lexer.Raw())
		}
		lexer.WantComma()
	}
	lexer.Delim('}')
	return lexer.Error()
}

func decodeTokens(t *touch) error {
	d := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		member := t.member(strings.ToLower(name.String()))
		value, err := d.ReadToken()
		if err != nil {
			return err
		}
		*member = value.String()
	}
	return ended(d)
}

// ended reads the end of the object and of the text.
func ended(d *jsontext.Decoder) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return errors.New("more text follows")
	}
	return nil
}

type jsonBody struct {
	jsontext.Decoder
	buffer bytes.Buffer
}

var bodies = sync.Pool{New: func() any { return new(jsonBody) }}

func decodeValues(t *touch) error {
	d := bodies.Get().(*jsonBody)
	defer bodies.Put(d)
	all := string(body)
	d.buffer = *bytes.NewBuffer(body)
	d.Reset(&d.buffer, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	read := func() (string, error) {
		value, err := d.ReadValue()
		end := int(d.InputOffset())
		text := all[end-len(value) : end]
		if len(text) > 1 && text[0] == '"' && strings.IndexByte(text, '\\') < 0 {
			text = text[1 : len(text)-1]
		}
		return text, err
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := read()
		if err != nil {
			return err
		}
		if *t.member(strings.ToLower(name)), err = read(); err != nil {
			return err
		}
	}
	return ended(&d.Decoder)
}

func BenchmarkDecoders(b *testing.B) {
	for _, decoder := range decoders {
		b.Run(decoder.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var t touch
				if err := decoder.decode(&t); err != nil || len(t.LandingPage) < 148 {
					b.Fatalf("%v, %+v", err, t)
				}
			}
		})
	}
}

// TestStrictness says which decoders take what is no JSON, or not one object: intake needs one that takes none of it.
func TestStrictness(t *testing.T) {
	sound := body
	defer func() { body = sound }()
	for _, text := range []string{`{"utm_source":"a",}`, `{"utm_source":"a"} x`, "{\"utm_source\":\"a\nb\"}", `{"utm_source":"\x"}`, `{"occurred_at":01}`, `{"utm_source":"\ud800`, `{"utm_source":"a"`} {
		body = []byte(text)
		for _, decoder := range decoders {
			if err := decoder.decode(new(touch)); err == nil {
				t.Logf("%-16s takes %q", decoder.name, text)
			}
		}
	}
}
