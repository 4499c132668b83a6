package snippet

import (
	"bytes"
	"regexp"
	"slices"
	"testing"

	"github.com/headwater/headwater/snippet/releases"
)

func TestFilesAreWhatTheirNamesSay(t *testing.T) {
	if Core.Pinned() != "hw."+Core.Hash+".js" || Adapters.Pinned() != "hw-adapters."+Adapters.Hash+".js" {
		t.Errorf("the immutable names are %s and %s", Core.Pinned(), Adapters.Pinned())
	}
	for _, file := range Files() {
		content := file.Script()
		if file.Hash != releases.Hash(content) || len(file.Hash) != 16 || file.Integrity != releases.Integrity(content) {
			t.Errorf("%s of %s: its hash or integrity is another file's", file.Pinned(), file.Version)
		}
	}
}

// A page that pins a release gets it from any later collector, and from a file of its own name.
func TestFilesHoldEveryReleaseOnce(t *testing.T) {
	files := Files()
	if files[0].Name != "hw.js" || files[0].Hash != Core.Hash || files[1].Name != "hw-adapters.js" {
		t.Errorf("the present build is not first: %+v", files[:2])
	}
	list, err := releases.All()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, file := range files {
		if slices.Contains(names, file.Pinned()) {
			t.Errorf("%s is there twice", file.Pinned())
		}
		names = append(names, file.Pinned())
	}
	for _, r := range list {
		if !slices.Contains(names, r.Pinned()) {
			t.Errorf("%s of %s is not there", r.Pinned(), r.Version)
		}
	}
}

func TestReleasedIsTheLatest(t *testing.T) {
	list, err := releases.All()
	if err != nil {
		t.Fatal(err)
	}
	latest := map[string]string{}
	for _, r := range list {
		latest[r.File] = r.Pinned()
	}
	for _, name := range []string{Core.Name, Adapters.Name, "hw.css"} {
		if file, ok := Released(name); ok != (latest[name] != "") || ok && file.Pinned() != latest[name] {
			t.Errorf("the latest release of %s is %q (%v), not %q", name, file.Pinned(), ok, latest[name])
		}
	}
}

func TestScriptsAreASCII(t *testing.T) {
	if !bytes.Contains(Core.Script(), []byte(`"`+Version+`"`)) {
		t.Errorf("dist/hw.js does not carry version %s: run `go run ./tools/bundle`", Version)
	}
	for _, file := range []File{Core, Adapters} {
		for i, b := range file.Script() {
			if b > 126 {
				t.Fatalf("byte %d of %s is not ASCII: a page in another charset would misread it", i, file.Name)
			}
		}
	}
	Core.Script()[0] = 'x'
	if core[0] == 'x' {
		t.Error("Script() hands out the embedded bytes themselves")
	}
}

// A strict CSP and Trusted Types refuse these.
func TestScriptsUseNoSinks(t *testing.T) {
	for _, file := range []File{Core, Adapters} {
		for _, sink := range []string{"eval(", "Function(", "innerHTML", "document.write", "importScripts"} {
			if bytes.Contains(file.Script(), []byte(sink)) {
				t.Errorf("%s uses %s", file.Name, sink)
			}
		}
	}
	if text := regexp.MustCompile(`setTimeout\((\w+\()?["'\x60]`).Find(Core.Script()); text != nil {
		t.Errorf("hw.js gives setTimeout a text, which it runs as eval does: %s", text)
	}
}
