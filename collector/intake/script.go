package intake

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
)

// scriptFiles serves the snippet under its two names.
type scriptFiles struct {
	hash    string
	plain   []byte
	zipped  []byte
	pinName string // what follows "/hw."
}

func newScriptFiles(script Script) (scriptFiles, error) {
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return scriptFiles{}, fmt.Errorf("compress the snippet: %w", err)
	}
	if _, err := w.Write(script.Body); err != nil {
		return scriptFiles{}, fmt.Errorf("compress the snippet: %w", err)
	}
	if err := w.Close(); err != nil {
		return scriptFiles{}, fmt.Errorf("compress the snippet: %w", err)
	}
	return scriptFiles{hash: script.Hash, plain: script.Body, zipped: zipped.Bytes(), pinName: script.Hash + ".js"}, nil
}

// latest is /hw.js: pages that include it get a new version within minutes.
func (s *scriptFiles) latest(c echo.Context) error {
	return s.send(c, "public, max-age=300, stale-while-revalidate=86400")
}

// pinned is /hw.<hash>.js: its content never changes.
func (s *scriptFiles) pinned(c echo.Context) error {
	if c.Param("file") != s.pinName {
		return rejection.New(rejection.UnknownScript, "This version of the snippet is not here: the present one is /hw.%s, the latest is always /hw.js.", s.pinName)
	}
	return s.send(c, "public, max-age=31536000, immutable")
}

func (s *scriptFiles) send(c echo.Context, cacheControl string) error {
	body, etag := s.plain, `"`+s.hash+`"`
	header := c.Response().Header()
	if acceptsGzip(c.Request().Header.Get(echo.HeaderAcceptEncoding)) {
		body, etag = s.zipped, `"`+s.hash+`-gzip"`
		header.Set(echo.HeaderContentEncoding, "gzip")
	}
	header.Set("Etag", etag)
	header.Set(echo.HeaderCacheControl, cacheControl)
	header.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	header.Set(echo.HeaderXContentTypeOptions, "nosniff")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	header.Set(echo.HeaderAccessControlAllowOrigin, "*") // for integrity= with crossorigin
	if sameTag(c.Request().Header.Get("If-None-Match"), etag) {
		header.Del(echo.HeaderContentEncoding)
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, "text/javascript; charset=utf-8", body)
}

// sameTag tells whether one of the tags in an If-None-Match is etag; proxies may have made it weak.
func sameTag(ifNoneMatch, etag string) bool {
	for tag := range strings.SplitSeq(ifNoneMatch, ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == etag || tag == "*" {
			return true
		}
	}
	return false
}

func acceptsGzip(acceptEncoding string) bool {
	for part := range strings.SplitSeq(acceptEncoding, ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return strings.ReplaceAll(strings.TrimSpace(weight), " ", "") != "q=0"
		}
	}
	return false
}
