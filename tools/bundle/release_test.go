package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headwater/headwater/snippet/releases"
)

// The present build may follow what was released.
func TestPresentBuildMayBeReleased(t *testing.T) {
	files, dist := fresh(t)
	if err := checkReleases(filepath.Dir(dist), files); err != nil {
		t.Error(err)
	}
}

// repository is a folder snippet with what releases need.
type repository struct {
	t      *testing.T
	folder string
	files  map[string][]byte
}

func newRepository(t *testing.T) *repository {
	r := &repository{t: t, folder: t.TempDir(), files: map[string][]byte{}}
	r.write("releases/index.csv", "version,file,hash,integrity,raw,gzip,brotli\n")
	r.set("1.0.0", "\n- First.\n", incompressible(1000), []byte("adapters\n"))
	return r
}

func (r *repository) write(name, content string) {
	r.t.Helper()
	path := filepath.Join(r.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// set makes a version with its section of the changelog and its build.
func (r *repository) set(version, section string, core, adapters []byte) {
	r.t.Helper()
	r.write("version.txt", version+"\n")
	r.write("CHANGELOG.md", "# Changes\n\n## "+version+"\n"+section+"\n## 0.0.9\n\n- 1 bytes of brotli.\n")
	r.files[coreFile], r.files[adaptersFile] = core, adapters
	for name, content := range r.files {
		r.write("dist/"+name, string(content))
	}
}

// release wants an error that says so, "" for none, and returns the index.
func (r *repository) release(want string) []releases.Release {
	r.t.Helper()
	err := release(r.folder, r.files, &bytes.Buffer{})
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		r.t.Errorf("release: %v, want %q", err, want)
	}
	index, err := os.ReadFile(filepath.Join(r.folder, "releases", releases.IndexFile))
	if err != nil {
		r.t.Fatal(err)
	}
	list, err := releases.ParseIndex(index)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, one := range list {
		content, err := os.ReadFile(filepath.Join(r.folder, "releases", one.Pinned()))
		if err != nil || releases.Hash(content) != one.Hash || releases.Integrity(content) != one.Integrity || len(content) != one.Raw {
			r.t.Errorf("%s of %s is not what the index says (%v)", one.Pinned(), one.Version, err)
		}
	}
	return list
}

func TestReleasesStay(t *testing.T) {
	r := newRepository(t)
	if list := r.release(""); len(list) != 2 || list[0].Version != "1.0.0" || list[0].File != coreFile || list[1].File != adaptersFile {
		t.Errorf("the index is %+v", list)
	}
	if list := r.release(""); len(list) != 2 {
		t.Errorf("a release done twice is in the index as %+v", list)
	}
	// The next version changes the core only.
	r.set("1.1.0", "\n- More.\n", incompressible(1001), r.files[adaptersFile])
	list := r.release("")
	if len(list) != 4 || list[2].Hash == list[0].Hash || list[3].Hash != list[1].Hash {
		t.Errorf("the index is %+v", list)
	}
}

func TestReleaseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*repository)
		want   string
	}{
		"a version that stands for something else": {func(r *repository) { r.set("1.0.0", "\n- First.\n", []byte("changed\n"), nil) }, "raise snippet/version.txt"},
		"adapters that stand for something else":   {func(r *repository) { r.set("1.0.0", "\n- First.\n", r.files[coreFile], []byte("changed\n")) }, "hw-adapters.js differs"},
		"a version without a section": {func(r *repository) {
			r.set("1.1.0", "\n- More.\n", incompressible(1001), nil)
			r.write("CHANGELOG.md", "# Changes\n\n## 1.1.0-rc\n\n## 1.0.0\n")
		}, `no section "## 1.1.0"`},
		"a build that is not committed": {func(r *repository) {
			r.set("1.1.0", "\n- More.\n", incompressible(1001), nil)
			r.write("dist/hw.js", "old")
		}, "is not what snippet/src gives"},
		"a core over the bound": {func(r *repository) { r.set("1.1.0", "\n- More.\n", incompressible(2100), nil) }, "over the bound"},
		"a wrong size in the section": {func(r *repository) {
			r.set("1.1.0", "\n- 1,234 bytes of brotli.\n", incompressible(1001), nil)
		}, "says 1,234 bytes of brotli"},
		"growth that nobody has noticed": {func(r *repository) { r.set("1.1.0", "\n- More.\n", incompressible(1100), nil) }, `"- 1,104 bytes of brotli."`},
		"a file that was there before": {func(r *repository) {
			r.set("1.1.0", "\n- More.\n", incompressible(1001), []byte("new\n"))
			r.write("releases/"+releases.Pinned(coreFile, releases.Hash(incompressible(1001))), "something else")
		}, "with other content"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			before := r.release("")
			c.change(r)
			if after := len(r.release(c.want)); after != len(before) {
				t.Errorf("the index has %d lines, not %d", after, len(before))
			}
		})
	}
}

// Three percent more pass, and whatever the changelog names to the byte.
func TestGrowthIsNoticed(t *testing.T) {
	for _, c := range []struct {
		now     int
		section string
		passes  bool
	}{
		{1000, "", true}, {1030, "", true}, {1031, "", false}, {500, "", true},
		{1031, "\n- 1,031 bytes of brotli.\n", true},
		{1031, "\n- 1031 bytes of brotli.\n", true},
		{1031, "\n- 1,030 bytes of brotli.\n", false},
		{1031, "\n- About 1,031 bytes of brotli.\n", false},
	} {
		h := &history{version: "1.1.0", section: c.section, releases: []releases.Release{
			{Version: "0.9.0", File: coreFile, Brotli: 5000},
			{Version: "1.0.0", File: coreFile, Brotli: 1000},
			{Version: "1.0.0", File: adaptersFile, Brotli: 9000},
			{Version: "1.1.0", File: coreFile, Brotli: c.now}, // released itself, it is still held against the one before
		}}
		if err := h.checkGrowth(size{brotli: c.now}); (err == nil) != c.passes {
			t.Errorf("%d bytes with section %q: %v", c.now, c.section, err)
		}
	}
	first := &history{version: "0.1.0", releases: []releases.Release{{Version: "0.1.0", File: coreFile, Brotli: 10}}}
	if err := first.checkGrowth(size{brotli: 2000}); err != nil {
		t.Errorf("the first version: %v", err)
	}
}

func TestChangelogSection(t *testing.T) {
	const changelog = "# Changes\n\n## 1.1.0\n\n- b\n\n## 1.1\n\n- a\n"
	for version, want := range map[string]string{"1.1.0": "\n- b\n", "1.1": "\n- a\n", "1": "", "2.0.0": ""} {
		if got := changelogSection(changelog, version); got != want {
			t.Errorf("the section %s is %q, not %q", version, got, want)
		}
	}
	if got := thousands(1234567) + thousands(999) + thousands(1000); got != "1,234,5679991,000" {
		t.Errorf("%s", got)
	}
}
