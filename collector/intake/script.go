package intake

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
)

// Script is one build of a browser script, from package snippet.
type Script struct {
	Name string // "hw.js" for the latest build, which is the first of that name in Config.Scripts
	Hash string // as in the immutable name hw.<hash>.js
	Body []byte
}

// How long scripts may be cached. Pages that name the latest get a new one within minutes; a pinned one never changes.
const (
	cacheLatest = "public, max-age=300, stale-while-revalidate=86400"
	cachePinned = "public, max-age=31536000, immutable"
)

// scriptFiles serves all builds of one script.
type scriptFiles struct {
	name   string
	latest *scriptFile
	byHash map[string]*scriptFile
}

// newScriptFiles sorts the scripts by name, in the order in which the names first come.
func newScriptFiles(scripts []Script) ([]*scriptFiles, error) {
	var all []*scriptFiles
	named := map[string]*scriptFiles{}
	for _, script := range scripts {
		if !strings.HasSuffix(script.Name, ".js") || strings.ContainsAny(script.Name, "/:*") || script.Hash == "" {
			return nil, fmt.Errorf("serve the scripts: %q with hash %q cannot be an address", script.Name, script.Hash)
		}
		file := newScriptFile(script)
		files := named[script.Name]
		if files == nil {
			files = &scriptFiles{name: script.Name, latest: file, byHash: map[string]*scriptFile{}}
			named[script.Name] = files
			all = append(all, files)
		}
		files.byHash[script.Hash] = file
	}
	return all, nil
}

// register adds /hw.js and /hw.<hash>.js.
func (s *scriptFiles) register(e *echo.Echo) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		e.Add(method, "/"+s.name, func(c echo.Context) error { return s.latest.send(c, cacheLatest) })
		e.Add(method, "/"+strings.TrimSuffix(s.name, "js")+":file", s.pinned)
	}
}

func (s *scriptFiles) pinned(c echo.Context) error {
	hash, isScript := strings.CutSuffix(c.Param("file"), ".js")
	if file := s.byHash[hash]; file != nil && isScript {
		return file.send(c, cachePinned)
	}
	return rejection.New(rejection.UnknownScript, "This build of the script is not here: the latest is /%s, and its immutable name is /%s.%s.js.", s.name, strings.TrimSuffix(s.name, ".js"), s.latest.hash)
}

// scriptFile is one build with its compressed forms, each made when it is first asked for: most releases never are.
type scriptFile struct {
	hash   string
	plain  []byte
	zipped func() []byte
	brotli func() []byte
}

func newScriptFile(script Script) *scriptFile {
	compressed := func(open func(io.Writer) io.WriteCloser) func() []byte {
		return sync.OnceValue(func() []byte {
			body, err := compress(script.Body, open)
			if err != nil || len(body) >= len(script.Body) {
				return nil // not worth it
			}
			return body
		})
	}
	return &scriptFile{
		hash: script.Hash, plain: script.Body,
		zipped: compressed(func(w io.Writer) io.WriteCloser {
			zip, _ := gzip.NewWriterLevel(w, gzip.BestCompression) // fails only for a level that there is not
			return zip
		}),
		brotli: compressed(func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, brotli.BestCompression) }),
	}
}

func compress(body []byte, open func(io.Writer) io.WriteCloser) ([]byte, error) {
	var out bytes.Buffer
	w := open(&out)
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	err := w.Close()
	return out.Bytes(), err
}

// choose returns the smallest form that the client takes, and the name of its encoding.
func (s *scriptFile) choose(acceptEncoding string) (body []byte, encoding string) {
	if accepts(acceptEncoding, "br") {
		if body = s.brotli(); body != nil {
			return body, "br"
		}
	}
	if accepts(acceptEncoding, "gzip") {
		if body = s.zipped(); body != nil {
			return body, "gzip"
		}
	}
	return s.plain, ""
}

func (s *scriptFile) send(c echo.Context, cacheControl string) error {
	body, encoding := s.choose(strings.Join(c.Request().Header.Values(echo.HeaderAcceptEncoding), ","))
	etag := `"` + s.hash + `"`
	header := c.Response().Header()
	if encoding != "" {
		etag = `"` + s.hash + "-" + encoding + `"`
		header.Set(echo.HeaderContentEncoding, encoding)
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

// accepts tells whether an Accept-Encoding names the encoding, with a weight that is not nothing.
func accepts(acceptEncoding, encoding string) bool {
	for part := range strings.SplitSeq(acceptEncoding, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		weight, found := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(parameters, " ", "")), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !found || err == nil && q > 0
	}
	return false
}
