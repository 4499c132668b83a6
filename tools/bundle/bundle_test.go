package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headwater/headwater/schema"
)

func fresh(t *testing.T) (map[string][]byte, string) {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	files, err := build(filepath.Join(root, "snippet"))
	if err != nil {
		t.Fatal(err)
	}
	return files, filepath.Join(root, "snippet", "dist")
}

func TestDistIsAFreshBuild(t *testing.T) {
	files, dist := fresh(t)
	if err := compare(dist, files); err != nil {
		t.Error(err)
	}
	again, _ := fresh(t)
	for name := range files {
		if !bytes.Equal(files[name], again[name]) {
			t.Errorf("two builds of %s differ", name)
		}
	}
}

func TestCheckNamesWhatDiffers(t *testing.T) {
	dist := t.TempDir()
	files := map[string][]byte{"hw.js": []byte("a"), "hw.d.ts": []byte("b")}
	for name, content := range map[string]string{"hw.js": "a", "hw.d.ts": "changed by hand"} {
		if err := os.WriteFile(filepath.Join(dist, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := compare(dist, files); err == nil || !strings.Contains(err.Error(), "hw.d.ts") {
		t.Errorf("a changed file: %v", err)
	}
	if err := write(dist, files); err != nil {
		t.Fatal(err)
	}
	if err := compare(dist, files); err != nil {
		t.Errorf("after a build: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dist, "old.js"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := compare(dist, files); err == nil || !strings.Contains(err.Error(), "old.js") {
		t.Errorf("a file too many: %v", err)
	}
	if err := compare(filepath.Join(dist, "none"), files); err == nil {
		t.Error("no folder is not refused")
	}
}

func TestSizesHoldTheBound(t *testing.T) {
	files, _ := fresh(t)
	var out bytes.Buffer
	if err := printSizes(&out, files); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"headwater hw.js", "headwater hw-adapters.js", "sourcebuster 1.1.0", "14125", "4540", "4084"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
	large := incompressible(2 * bound)
	if err := printSizes(&out, map[string][]byte{coreFile: large, adaptersFile: nil}); err == nil {
		t.Error("a core over the bound is not refused")
	}
	if err := printSizes(&out, map[string][]byte{coreFile: nil, adaptersFile: large}); err != nil {
		t.Errorf("the bound of the core holds the adapters: %v", err)
	}
}

func incompressible(length int) []byte {
	content := make([]byte, length)
	for i, state := 0, uint32(1); i < len(content); i++ {
		state = state*1664525 + 1013904223
		content[i] = byte(state >> 24)
	}
	return content
}

// Line ends inside of a text are part of it.
func TestTighten(t *testing.T) {
	got := tighten([]byte("try{\n(()=>{x(`a\nb`)})();\n}catch(e){}\n"))
	if want := "try{(()=>{x(`a\nb`)})();}catch(e){}\n"; string(got) != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestBuildOfOneFile(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	files, err := build(filepath.Join(root, "snippet"), adaptersFile)
	if err != nil || len(files) != 1 || len(files[adaptersFile]) == 0 {
		t.Errorf("%d files: %v", len(files), err)
	}
	if _, err := build(filepath.Join(root, "snippet"), "nothing.js"); err == nil {
		t.Error("a file that nothing builds is not refused")
	}
	if err := run(options{check: true, only: []string{coreFile}}, io.Discard); err == nil {
		t.Error("names with -check are not refused")
	}
}

// Every name that the wire contract has is in the declarations, and the snippet knows the parameters of the schema.
func TestFieldsComeFromTheSchema(t *testing.T) {
	files, _ := fresh(t)
	for _, name := range schema.URLParameters() {
		if !bytes.Contains(files["hw.js"], []byte(name)) {
			t.Errorf("hw.js does not know %s", name)
		}
	}
	for _, field := range touchFields() {
		for _, prefix := range []string{"hw_first_touch_", "hw_latest_touch_"} {
			if !bytes.Contains(files["hw.d.ts"], []byte(`"`+prefix+field.Name+`"`)) {
				t.Errorf("hw.d.ts does not declare %s%s", prefix, field.Name)
			}
		}
	}
	if bytes.Contains(files["hw.d.ts"], []byte(fieldsModule)) {
		t.Errorf("hw.d.ts imports %s, which only the bundler has", fieldsModule)
	}
	if !strings.Contains(fieldsSource("1.2.3"), `version="1.2.3"`) {
		t.Errorf("the module lacks its version: %s", fieldsSource("1.2.3"))
	}
}
