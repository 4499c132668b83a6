package intake

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/headwater/headwater/collector/rejection"
)

// maxDepth is how deep JSON may nest. Ours needs three levels; a few more are for fields of other people's making.
const maxDepth = 16

// decodeTouch reads the flat object of POST /t. Unknown members that are no custom parameter of the site either are ignored,
// so that a newer snippet can talk to an older collector; of a repeated member the first value that is not blank stays.
func decodeTouch(body []byte, p *payload) error {
	return readObject(body, func(name string, d *jsontext.Decoder) error {
		switch name {
		case "site_id", "visitor_id", "snippet_version": // the others are a submission's, or mean the touch
			return readText(d, name, p.member(name))
		}
		return readTouchMember(d, name, &p.touch)
	})
}

// decodeSubmission reads the object of POST /f/{form}.
func decodeSubmission(body []byte, p *payload) error {
	return readObject(body, func(name string, d *jsontext.Decoder) error {
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
func readObject(body []byte, member func(name string, d *jsontext.Decoder) error) error {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	d := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
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
func members(d *jsontext.Decoder, member func(name string, d *jsontext.Decoder) error) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := member(strings.ToLower(name.String()), d); err != nil {
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
func wrongType(d *jsontext.Decoder, name, want string) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	return rejection.New(rejection.InvalidField, "The member %q must be %s.", name, want)
}

// readText reads a value that is text, or a number or a truth value as the text it was written as; null is "".
func readText(d *jsontext.Decoder, name string, target *string) error {
	switch d.PeekKind() {
	case '{', '[':
		return wrongType(d, name, "text")
	}
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != 'n' && *target == "" {
		keepFirst(target, token.String())
	}
	return nil
}

func readTouch(d *jsontext.Decoder, name string, t *rawTouch) error {
	switch d.PeekKind() {
	case 'n':
		return skip(d)
	case '{':
		return members(d, func(name string, d *jsontext.Decoder) error {
			return readTouchMember(d, name, t)
		})
	}
	return wrongType(d, name, "an object with the members of a touch, or null")
}

// readTouchMember reads a member of a touch, or a text that may be a custom parameter of the site.
func readTouchMember(d *jsontext.Decoder, name string, t *rawTouch) error {
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
func readFields(d *jsontext.Decoder, name string, fields *params) error {
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
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := readField(d, token.String(), fields); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func readField(d *jsontext.Decoder, name string, fields *params) error {
	list := d.PeekKind() == '['
	if list {
		if _, err := d.ReadToken(); err != nil {
			return err
		}
	}
	for {
		switch d.PeekKind() {
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
			token, err := d.ReadToken()
			if err != nil {
				return err
			}
			if token.Kind() != 'n' {
				*fields = append(*fields, pair{name, token.String()})
			}
		}
		if !list {
			return nil
		}
	}
}

// nested returns the JSON text of an object or list, or an error where it is too deep.
func nested(d *jsontext.Decoder) (string, error) {
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
func skip(d *jsontext.Decoder) error {
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
