//go:build linux || darwin

package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/headwater/headwater/tools/clickhouse/chdb"
	"github.com/headwater/headwater/tools/clickhouse/guard"
)

// exception makes an error in the form that ClickHouse gives its own.
func exception(code int, name, format string, args ...any) *chdb.Error {
	return &chdb.Error{Code: code, Text: fmt.Sprintf("Code: %d. DB::Exception: %s (%s)", code, fmt.Sprintf(format, args...), name)}
}

// statusByCode is ClickHouse's own table (exceptionCodeToHTTPStatus.cpp); 500 for the rest.
var statusByCode = map[int]int{
	194: http.StatusUnauthorized,
	192: http.StatusForbidden, 193: http.StatusForbidden, 497: http.StatusForbidden, 512: http.StatusForbidden, 516: http.StatusForbidden,
	6: http.StatusBadRequest, 25: http.StatusBadRequest, 26: http.StatusBadRequest, 27: http.StatusBadRequest, 36: http.StatusBadRequest,
	38: http.StatusBadRequest, 41: http.StatusBadRequest, 53: http.StatusBadRequest, 62: http.StatusBadRequest, 72: http.StatusBadRequest,
	117: http.StatusBadRequest, 190: http.StatusBadRequest, 427: http.StatusBadRequest, 441: http.StatusBadRequest, 675: http.StatusBadRequest,
	676: http.StatusBadRequest, 376: http.StatusBadRequest, 15: http.StatusBadRequest, 44: http.StatusBadRequest, 8: http.StatusBadRequest,
	223: http.StatusBadRequest, 224: http.StatusBadRequest, 167: http.StatusBadRequest, 168: http.StatusBadRequest, 70: http.StatusBadRequest, 321: http.StatusBadRequest,
	46: http.StatusNotFound, 47: http.StatusNotFound, 50: http.StatusNotFound, 56: http.StatusNotFound, 60: http.StatusNotFound, 63: http.StatusNotFound,
	73: http.StatusNotFound, 78: http.StatusNotFound, 81: http.StatusNotFound, 115: http.StatusNotFound, 336: http.StatusNotFound, 511: http.StatusNotFound,
	48:  http.StatusNotImplemented,
	159: http.StatusRequestTimeout,
	209: http.StatusServiceUnavailable, 76: http.StatusServiceUnavailable, 439: http.StatusServiceUnavailable,
	381: http.StatusLengthRequired,
}

// asException turns whatever went wrong into ClickHouse's form.
func asException(err error) *chdb.Error {
	var thrown *chdb.Error
	var refusal *guard.Refusal
	switch {
	case errors.As(err, &thrown):
		return &chdb.Error{Code: thrown.Code, Text: unwrap(thrown.Text)}
	case errors.As(err, &refusal):
		return exception(497, "ACCESS_DENIED", "%s", refusal.Error())
	case errors.Is(err, context.Canceled):
		return exception(394, "QUERY_WAS_CANCELLED", "Query was cancelled")
	}
	return exception(chdb.UnknownException, "UNKNOWN_EXCEPTION", "%s", err.Error())
}

var nestedPrefix = regexp.MustCompile(`^(?:Code: \d+\. DB::Exception: )+(Code: \d+\. DB::Exception: )`)

// unwrap removes the layers that the C library puts around an exception of a streamed statement:
// "Code: 1. DB::Exception: Code: 1. DB::Exception: text (NAME) (version v). (NAME) (version v)".
func unwrap(text string) string {
	text = nestedPrefix.ReplaceAllString(strings.TrimSpace(text), "$1")
	if cut := strings.Index(text, ") (version "); cut >= 0 {
		text = text[:cut+1]
	}
	return text
}

// fail answers with the exception. Once part of the result is sent, the exception follows it in a frame that
// clients recognise by the tag announced in the header, and the broken body tells all others.
func (x *exchange) fail(err error) {
	thrown := asException(err)
	text := fmt.Sprintf("%s (version %s (chdb))\n", thrown.Text, x.handler.Engine.Info().Version)
	if x.sent {
		to := io.Writer(x.body)
		if x.request.compress { // the exception stands outside of ClickHouse's own blocks
			to = x.w
		}
		fmt.Fprintf(to, "\r\n__exception__\r\n%s\r\n%s%d %s\r\n__exception__\r\n", x.tag, text, len(text), x.tag)
		x.body.Close()
		http.NewResponseController(x.w).Flush()
		panic(http.ErrAbortHandler) // the connection ends without the last chunk
	}
	status, ok := statusByCode[thrown.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	header := x.w.Header()
	header.Del("Content-Encoding")
	setExact(header, "X-ClickHouse-Exception-Code", strconv.Itoa(thrown.Code))
	header.Set("Content-Type", "text/plain; charset=UTF-8")
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Basic realm="ClickHouse server HTTP API"`)
	}
	x.w.WriteHeader(status)
	io.WriteString(x.w, text)
}
