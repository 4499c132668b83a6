package intake

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/headwater/headwater/collector/rejection"
)

// maxDepth is how deep JSON may nest. Ours needs three levels; a few more are for fields of other people's making.
const maxDepth = 16

// jsonBody reads one JSON text. Members that have no escapes are parts of one copy of the whole: testdata/decoders tells what that
// saves beside other decoders.
type jsonBody struct {
	jsontext.Decoder
	buffer bytes.Buffer
	text   string // what the decoder reads
}

var jsonBodies = sync.Pool{New: func() any { return new(jsonBody) }}

func newJSONBody(text []byte) *jsonBody {
	d := jsonBodies.Get().(*jsonBody)
	d.text = string(text)
	d.buffer = *bytes.NewBuffer(text) // which the decoder reads in place
	d.Reset(&d.buffer, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return d
}

// free gives d back; nothing that it returned is affected.
func (d *jsonBody) free() {
	d.text, d.buffer = "", bytes.Buffer{}
	d.Reset(&d.buffer)
	jsonBodies.Put(d)
}

// readText reads a name, or a value that is no object or list: a string decoded, anything else as it was written.
func (d *jsonBody) readText() (string, error) {
	value, err := d.ReadValue()
	if err != nil {
		return "", err
	}
	end := int(d.InputOffset())
	text := d.text[end-len(value) : end]
	if text[0] != '"' {
		return text, nil
	}
	if inner := text[1 : len(text)-1]; strings.IndexByte(inner, '\\') < 0 && utf8.ValidString(inner) {
		return inner, nil
	}
	// The decoder has seen that it is a string; the only error left is text that is no UTF-8, which becomes U+FFFD.
	decoded, _ := jsontext.AppendUnquote(nil, text)
	return string(decoded), nil
}

// decodeTouch reads the flat object of POST /t. Unknown members that are no custom parameter of the site either are ignored,
// so that a newer snippet can talk to an older collector; of a repeated member the first value that is not blank stays.
func decodeTouch(body []byte, p *payload) error {
	return readObject(body, func(name string, d *jsonBody) error {
		switch name {
		case "site_id", "visitor_id", "snippet_version": // the others are a submission's, or mean the touch
			return readText(d, name, p.member(name))
		}
		return readTouchMember(d, name, &p.touch)
	})
}

// decodeSubmission reads the object of POST /f/{form}.
func decodeSubmission(body []byte, p *payload) error {
	return readObject(body, func(name string, d *jsonBody) error {
		switch name {
		case "first_touch":
			return readTouch(d, name, &p.first)
		case "latest_touch":
			return readTouch(d, name, &p.latest)
		case "fields":
			return readFields(d, name, &p.fields)
		}
		if member := p.member(name); member != nil {
			return readText(d, name, member)
		}
		return skip(d)
	})
}

// readObject calls member for each member of the one object that body holds; member must read the member's value.
func readObject(body []byte, member func(name string, d *jsonBody) error) error {
	d := newJSONBody(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	defer d.free()
	if d.PeekKind() != '{' {
		return notJSON(errors.New("the body does not begin with {"))
	}
	err := members(d, member)
	if err != nil {
		return notJSON(err)
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return notJSON(errors.New("more text follows the object"))
	}
	return nil
}

// members reads the object that d stands before.
func members(d *jsonBody, member func(name string, d *jsonBody) error) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.readText()
		if err != nil {
			return err
		}
		if err := member(strings.ToLower(name), d); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// notJSON makes a syntax error a rejection; rejections of a member stay.
func notJSON(err error) error {
	if rejected, ok := errors.AsType[*rejection.Error](err); ok {
		return rejected
	}
	return rejection.New(rejection.InvalidJSON, "The body is not one JSON object: %v. Send UTF-8 JSON such as {\"touch_id\": …}, or an HTML form without enctype=\"text/plain\".", err)
}

// wrongType tells that the value before which d stands is not what it must be, or that there is no value.
func wrongType(d *jsonBody, name, want string) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	return rejection.New(rejection.InvalidField, "The member %q must be %s.", name, want)
}

// readText reads a value that is text, or a number or a truth value as the text it was written as; null is "".
func readText(d *jsonBody, name string, target *string) error {
	kind := d.PeekKind()
	if kind == '{' || kind == '[' {
		return wrongType(d, name, "text")
	}
	text, err := d.readText()
	if err != nil {
		return err
	}
	if kind != 'n' {
		keepFirst(target, text)
	}
	return nil
}

func readTouch(d *jsonBody, name string, t *rawTouch) error {
	switch d.PeekKind() {
	case 'n':
		return skip(d)
	case '{':
		return members(d, func(name string, d *jsonBody) error {
			return readTouchMember(d, name, t)
		})
	}
	return wrongType(d, name, "an object with the members of a touch, or null")
}

// readTouchMember reads a member of a touch, or a text that may be a custom parameter of the site.
func readTouchMember(d *jsonBody, name string, t *rawTouch) error {
	if kind := d.PeekKind(); (kind == '{' || kind == '[') && t.member(name) == nil {
		return skip(d)
	}
	value := ""
	if err := readText(d, name, &value); err != nil {
		return err
	}
	t.set(name, value)
	return nil
}

// readFields reads an object of typed fields. Lists become several fields of one name; an object is kept as its JSON.
func readFields(d *jsonBody, name string, fields *params) error {
	switch d.PeekKind() {
	case 'n':
		return skip(d)
	case '{':
		if _, err := d.ReadToken(); err != nil {
			return err
		}
	default:
		return wrongType(d, name, "an object of texts, such as {\"email\": \"ada@example.com\"}")
	}
	for d.PeekKind() != '}' {
		name, err := d.readText()
		if err != nil {
			return err
		}
		if err := readField(d, name, fields); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func readField(d *jsonBody, name string, fields *params) error {
	list := d.PeekKind() == '['
	if list {
		if _, err := d.ReadToken(); err != nil {
			return err
		}
	}
	for {
		switch kind := d.PeekKind(); kind {
		case ']':
			if !list {
				return skip(d)
			}
			_, err := d.ReadToken()
			return err
		case '{', '[':
			text, err := nested(d)
			if err != nil {
				return err
			}
			*fields = append(*fields, pair{name, text})
		default:
			text, err := d.readText()
			if err != nil {
				return err
			}
			if kind != 'n' {
				*fields = append(*fields, pair{name, text})
			}
		}
		if !list {
			return nil
		}
	}
}

// nested returns the JSON text of an object or list, or an error where it is too deep.
func nested(d *jsonBody) (string, error) {
	value, err := d.ReadValue()
	if err != nil {
		return "", err
	}
	text := string(value)
	depth := 0
	inner := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for {
		if _, err := inner.ReadToken(); err != nil {
			break
		}
		depth = max(depth, inner.StackDepth())
	}
	if depth+d.StackDepth() > maxDepth {
		return "", tooDeep()
	}
	return strings.ToValidUTF8(text, "�"), nil
}

// skip reads past one value of any depth up to maxDepth.
func skip(d *jsonBody) error {
	depth := d.StackDepth()
	for {
		if _, err := d.ReadToken(); err != nil {
			return err
		}
		if d.StackDepth() > maxDepth {
			return tooDeep()
		}
		if d.StackDepth() <= depth {
			return nil
		}
	}
}

func tooDeep() error {
	return rejection.New(rejection.InvalidJSON, "The JSON nests deeper than %d levels: send a flat object.", maxDepth)
}
