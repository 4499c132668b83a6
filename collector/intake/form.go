package intake

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"strings"

	"github.com/headwater/headwater/collector/rejection"
)

// maxPairs bounds how many fields of a form are looked at: 200 typed ones and the hidden ones of the snippet fit well.
const maxPairs = 1000

// decodeURLEncoded reads application/x-www-form-urlencoded. It never fails: whatever arrives is some field.
func decodeURLEncoded(body []byte, p *payload) error {
	p.form = true
	p.takeForm(appendParams(nil, string(body), maxPairs))
	return nil
}

// decodeMultipart reads multipart/form-data. A file that was chosen is refused, a file input that was left empty is not.
func decodeMultipart(body []byte, boundary string, p *payload) error {
	p.form = true
	list, err := multipartPairs(body, boundary)
	if err != nil {
		return err
	}
	p.takeForm(list)
	return nil
}

// formPairs are the pairs of a form's body once more, as they were sent.
func (a *arrival) formPairs() (params, error) {
	if a.media.kind == mediaMultipart {
		return multipartPairs(a.body, a.media.boundary)
	}
	return appendParams(nil, string(a.body), maxPairs), nil
}

func multipartPairs(body []byte, boundary string) (params, error) {
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	var list params
	for len(list) < maxPairs {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, notMultipart(err)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, notMultipart(err)
		}
		switch isFile := part.FileName() != "" || strings.Contains(part.Header.Get("Content-Disposition"), "filename"); {
		case isFile && (part.FileName() != "" || len(value) > 0):
			return nil, rejection.New(rejection.FileUpload, "This form cannot take files. Remove the file %.64q and send the form again.", part.FileName())
		case !isFile:
			list = append(list, pair{replaceInvalid(part.FormName()), replaceInvalid(string(value))})
		}
	}
	return list, nil
}

func notMultipart(err error) error {
	return rejection.New(rejection.InvalidForm, "The body is not a whole multipart form: %v. Send the form again.", err)
}

// The prefixes of our hidden fields; what follows them is a member of a touch.
const (
	hiddenPrefix      = "hw_"
	hiddenFirstTouch  = "hw_first_touch_"
	hiddenLatestTouch = "hw_latest_touch_"
)

// takeForm tells our hidden fields from the form's own.
func (p *payload) takeForm(list params) {
	p.fields = make(params, 0, len(list))
	for _, f := range list {
		if !p.takeHidden(f) {
			p.fields = append(p.fields, f)
		}
	}
}

// takeHidden takes f if it is one of our hidden fields or a wish where to go next; these are never kept as fields.
func (p *payload) takeHidden(f pair) bool {
	if len(f.name) < len(hiddenPrefix) || !strings.EqualFold(f.name[:len(hiddenPrefix)], hiddenPrefix) {
		if f.name == redirectField {
			keepFirst(&p.redirect, f.value)
			return true
		}
		return false
	}
	name := strings.ToLower(f.name)
	if member, ok := strings.CutPrefix(name, hiddenFirstTouch); ok {
		p.first.set(member, f.value)
		return true
	}
	if member, ok := strings.CutPrefix(name, hiddenLatestTouch); ok {
		p.latest.set(member, f.value)
		return true
	}
	if name == redirectHidden {
		keepFirst(&p.redirect, f.value)
	} else if member := p.member(name[len(hiddenPrefix):]); member != nil {
		keepFirst(member, f.value)
	}
	return true
}
