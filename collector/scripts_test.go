package main

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/headwater/headwater/snippet"
	"github.com/headwater/headwater/snippet/releases"
)

// The running collector serves the present scripts and every release, byte for byte, to browsers that take brotli too.
func TestScriptsAreServed(t *testing.T) {
	r := startRig(t)
	want := map[string][]byte{"/hw.js": snippet.Core.Script(), "/hw-adapters.js": snippet.Adapters.Script()}
	for _, file := range snippet.Files() {
		want["/"+file.Pinned()] = file.Script()
	}
	if _, ok := want["/hw.2b98d76e691c6706.js"]; !ok {
		t.Error("release 0.1.0 is gone")
	}
	list, err := releases.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, release := range list {
		if want["/"+release.Pinned()] == nil {
			t.Errorf("%s of %s is gone", release.Pinned(), release.Version)
		}
	}
	for path, content := range want {
		for _, encoding := range []string{"identity", "br"} {
			request, err := http.NewRequest(http.MethodGet, r.base+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Accept-Encoding", encoding)
			answer, body := r.send(t, request)
			if answer.Header.Get("Content-Encoding") == "br" {
				var unpacked bytes.Buffer
				if _, err := unpacked.ReadFrom(brotli.NewReader(bytes.NewReader([]byte(body)))); err != nil {
					t.Errorf("%s: %v", path, err)
				}
				body = unpacked.String()
			}
			if answer.StatusCode != http.StatusOK || body != string(content) {
				t.Errorf("%s as %s: %s, %d bytes, not %d", path, encoding, answer.Status, len(body), len(content))
			}
		}
	}
}
