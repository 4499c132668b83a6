package intake

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/headwater/headwater/collector/intake/corpus"
)

const (
	adaptersBody = "void 'adapters adapters adapters adapters adapters adapters adapters adapters';"
	releasedBody = "void 'released released released released released released released released';"
)

func testScripts() []Script {
	return []Script{
		{Name: "hw.js", Hash: "0123456789abcdef", Body: []byte("void 0;")},
		{Name: "hw-adapters.js", Hash: "aaaaaaaaaaaaaaaa", Body: []byte(adaptersBody)},
		{Name: "hw.js", Hash: "bbbbbbbbbbbbbbbb", Body: []byte(releasedBody)},
	}
}

// Every build is at its immutable name for ever; the latest of each script also at its own.
func TestScriptNames(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	for path, want := range map[string]struct{ body, cache string }{
		"/hw.js":                           {"void 0;", cacheLatest},
		"/hw.0123456789abcdef.js":          {"void 0;", cachePinned},
		"/hw.bbbbbbbbbbbbbbbb.js":          {releasedBody, cachePinned},
		"/hw-adapters.js":                  {adaptersBody, cacheLatest},
		"/hw-adapters.aaaaaaaaaaaaaaaa.js": {adaptersBody, cachePinned},
	} {
		answer := st.do(t, newGet(t, st.URL+path))
		if body := text(t, answer); body != want.body || answer.Header.Get("Cache-Control") != want.cache {
			t.Errorf("%s: %s %q %q", path, answer.Status, body, answer.Header.Get("Cache-Control"))
		}
		head, err := st.Client().Head(st.URL + path)
		if err != nil || head.StatusCode != http.StatusOK || head.Header.Get("Cache-Control") != want.cache {
			t.Errorf("HEAD %s: %v %v", path, head.Status, err)
		}
		_ = head.Body.Close()
	}
	for _, path := range []string{"/hw-adapters.0123456789abcdef.js", "/hw.aaaaaaaaaaaaaaaa.js", "/hw.0123456789abcdef", "/hw.0123456789abcdef.js.map", "/hw..js"} {
		answer := st.do(t, newGet(t, st.URL+path))
		if answer.StatusCode != http.StatusNotFound || answer.Header.Get("X-Headwater-Rejected") != "unknown_script" || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s %v", path, answer.Status, answer.Header)
		}
	}
	if message := text(t, st.do(t, newGet(t, st.URL+"/hw-adapters.0.js"))); !strings.Contains(message, "/hw-adapters.aaaaaaaaaaaaaaaa.js") {
		t.Errorf("the answer does not name the present build: %s", message)
	}
}

func TestScriptEncodings(t *testing.T) {
	st := newStation(t, corpus.Sites(t, payloadDir))
	tags := map[string]bool{}
	for accept, want := range map[string]string{
		"":                            "",
		"identity":                    "",
		"gzip, deflate, br, zstd":     "br",
		"gzip, deflate":               "gzip",
		"GZIP;q=0.5":                  "gzip",
		"br;q=0, gzip":                "gzip",
		"br;q=0.000, gzip ; q = 0.0":  "",
		"br;q=nonsense":               "",
		"brotli, gzipped":             "",
		"gzip;q=1.0, br;q=0.001, *":   "br",
		"deflate;q=1, *;q=0, br; q=1": "br",
	} {
		request := newGet(t, st.URL+"/hw-adapters.js")
		request.Header.Set("Accept-Encoding", accept) // set by hand: the client does not unpack
		answer := st.do(t, request)
		encoding := answer.Header.Get("Content-Encoding")
		if encoding != want || answer.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q gets %q, not %q", accept, encoding, want)
			continue
		}
		var body io.Reader = answer.Body
		switch encoding {
		case "br":
			body = brotli.NewReader(body)
		case "gzip":
			unzipped, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = unzipped
		}
		var unpacked bytes.Buffer
		if _, err := unpacked.ReadFrom(body); err != nil || unpacked.String() != adaptersBody {
			t.Errorf("%q gets %q (%v)", accept, unpacked.String(), err)
		}
		tags[answer.Header.Get("Etag")] = true
		request.Header.Set("If-None-Match", answer.Header.Get("Etag"))
		if again := st.do(t, request); again.StatusCode != http.StatusNotModified || again.Header.Get("Content-Encoding") != "" {
			t.Errorf("%q again: %s", accept, again.Status)
		}
	}
	if len(tags) != 3 {
		t.Errorf("three forms have the tags %v", tags)
	}
}

func TestScriptNamesThatAreNoAddress(t *testing.T) {
	for _, script := range []Script{{Name: "hw"}, {Name: "a/b.js", Hash: "0"}, {Name: ":x.js", Hash: "0"}, {Name: "hw.js"}} {
		if _, err := New(Config{Scripts: []Script{script}}); err == nil {
			t.Errorf("%+v is taken", script)
		}
	}
}
