package snippet

import (
	"bytes"
	"strings"
	"testing"
)

// The immutable file name and the integrity value are what `openssl` and `sha256sum` give for the same bytes.
func TestHashAndIntegrity(t *testing.T) {
	content := []byte("hello\n")
	if got, want := hash(content), "5891b5b522d5df08"; got != want {
		t.Errorf("hash = %s, want %s", got, want)
	}
	if got, want := integrity([]byte("alert('Hello, world.');")),
		"sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"; got != want {
		t.Errorf("integrity = %s, want %s (the example of the SRI standard)", got, want)
	}
	if len(Hash) != 16 || !strings.HasPrefix(Integrity, "sha384-") {
		t.Errorf("Hash = %q, Integrity = %q", Hash, Integrity)
	}
}

func TestScriptCarriesItsVersionAndIsASCII(t *testing.T) {
	if !bytes.Contains(Script(), []byte(`"`+Version+`"`)) {
		t.Errorf("dist/hw.js does not carry version %s: run `go run ./tools/bundle`", Version)
	}
	for i, b := range Script() {
		if b > 126 {
			t.Fatalf("byte %d is not ASCII: a page in another charset would misread it", i)
		}
	}
	Script()[0] = 'x'
	if script[0] == 'x' {
		t.Error("Script() hands out the embedded bytes themselves")
	}
}

// A strict CSP and Trusted Types refuse these.
func TestScriptUsesNoSinks(t *testing.T) {
	for _, sink := range []string{"eval(", "Function(", "innerHTML", "document.write", "setTimeout(", "importScripts"} {
		if bytes.Contains(Script(), []byte(sink)) {
			t.Errorf("dist/hw.js uses %s", sink)
		}
	}
}
