package intake

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
)

// MaxBody is how large a body may be: the quota of fetch keepalive and sendBeacon, so nothing of ours is larger.
const MaxBody = 64 << 10

// media is what a request's Content-Type says.
type media struct {
	kind     string // application/json, application/x-www-form-urlencoded or multipart/form-data
	plain    bool   // it called itself text/plain, which only scripts send (and forms that say so, which are refused)
	boundary string
}

const (
	mediaJSON       = "application/json"
	mediaURLEncoded = "application/x-www-form-urlencoded"
	mediaMultipart  = "multipart/form-data"
)

// read takes the whole body, bounded. Compressed bodies are refused: a small one may unpack to gigabytes, and no
// browser compresses what it sends by itself.
func (a *arrival) read() error {
	request := a.c.Request()
	if encoding := request.Header.Get(echo.HeaderContentEncoding); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return rejection.New(rejection.ContentEncoding, "Content-Encoding %.32q is not taken: send the body as it is.", encoding)
	}
	if request.ContentLength > MaxBody {
		return rejection.New(rejection.BodyTooLarge, "The body is larger than %d bytes: send less.", MaxBody)
	}
	var err error
	if a.media, err = mediaOf(request.Header.Get(echo.HeaderContentType)); err != nil {
		return err
	}
	if request.ContentLength > 0 { // net/http gives no byte more than this
		a.body = slices.Grow(a.body[:0], int(request.ContentLength))[:request.ContentLength]
		_, err = io.ReadFull(request.Body, a.body)
	} else {
		a.body, err = io.ReadAll(http.MaxBytesReader(a.c.Response(), request.Body, MaxBody))
	}
	if err != nil {
		rejected := rejection.From(err)
		if rejected.Reason == rejection.Internal {
			rejected = rejection.New(rejection.Incomplete, "The body ended early: send it again.")
		}
		return rejected
	}
	return nil
}

// mediaOf reads a Content-Type. JSON may call itself text/plain, because that spares browsers the preflight request.
func mediaOf(contentType string) (media, error) {
	switch contentType { // as nearly all say it
	case "text/plain", "text/plain;charset=UTF-8", "text/plain;charset=utf-8":
		return media{kind: mediaJSON, plain: true}, nil
	case mediaJSON:
		return media{kind: mediaJSON}, nil
	case mediaURLEncoded:
		return media{kind: mediaURLEncoded}, nil
	}
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return media{}, unknownMedia(contentType)
	}
	switch charset := strings.ToLower(parameters["charset"]); charset {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
	default:
		return media{}, rejection.New(rejection.ContentType, "The character set %.32q is not taken: send UTF-8.", charset)
	}
	switch kind {
	case "text/plain", mediaJSON:
		return media{kind: mediaJSON, plain: kind == "text/plain"}, nil
	case mediaURLEncoded:
		return media{kind: mediaURLEncoded}, nil
	case mediaMultipart:
		if parameters["boundary"] == "" {
			return media{}, rejection.New(rejection.InvalidForm, "The Content-Type names no boundary: let the browser set it, or send boundary=….")
		}
		return media{kind: mediaMultipart, boundary: parameters["boundary"]}, nil
	}
	return media{}, unknownMedia(contentType)
}

// isQuery tells whether text/plain is a query, as the snippet sends submissions, and not JSON. It is in one line without
// blanks, unlike what <form enctype="text/plain"> makes, which nobody can take apart.
func isQuery(body []byte) bool {
	return len(body) > 0 && body[0] != '{' && bytes.IndexByte(body, '=') > 0 && !bytes.ContainsAny(body, " \t\r\n")
}

func unknownMedia(contentType string) error {
	return rejection.New(rejection.ContentType, "The Content-Type %.64q is not taken: send JSON as text/plain or application/json, or (to /f/{form}) an HTML form as application/x-www-form-urlencoded or multipart/form-data.", contentType)
}

func (a *arrival) decodeTouch() error {
	if a.media.kind != mediaJSON {
		return rejection.New(rejection.ContentType, "A touch is JSON: send it as text/plain or application/json.")
	}
	return decodeTouch(a.body, &a.raw)
}

func (a *arrival) decodeSubmission() error {
	switch a.media.kind {
	case mediaURLEncoded:
		return decodeURLEncoded(a.body, &a.raw)
	case mediaMultipart:
		return decodeMultipart(a.body, a.media.boundary, &a.raw)
	}
	if a.media.plain && isQuery(a.body) {
		return decodeURLEncoded(a.body, &a.raw)
	}
	if err := decodeSubmission(a.body, &a.raw); err != nil {
		return err
	}
	// Scripts turn a whole FormData into JSON: our hidden fields are then among the fields.
	a.raw.takeForm(a.raw.fields)
	return nil
}
