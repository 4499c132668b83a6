// Package snippet holds the built browser scripts, for the collector to serve.
//
// Belongs here: the committed build (dist), its version, and the hash and integrity value of each file; releases has
// the earlier ones. Does not belong here: building (tools/bundle), serving over HTTP (collector/intake), or anything
// else in Go that runs.
package snippet

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/headwater/headwater/snippet/releases"
)

var (
	//go:embed dist/hw.js
	core []byte
	//go:embed dist/hw-adapters.js
	adapters []byte
	//go:embed version.txt
	versionFile string
)

// File is one build of one of the scripts.
type File struct {
	Name    string // of its latest build: "hw.js" or "hw-adapters.js"
	Version string // travels with every record as snippet_version
	Hash    string // 16 hex digits of its SHA-256
	// Integrity is the value of a script tag's integrity attribute (SRI, SHA-384).
	Integrity string

	content []byte
}

// Pinned is the immutable name, such as hw.<Hash>.js.
func (f File) Pinned() string { return releases.Pinned(f.Name, f.Hash) }

// Script returns the script as it is served: minified ASCII JavaScript, the same bytes under both names.
func (f File) Script() []byte { return slices.Clone(f.content) }

// The present build.
var (
	Version = strings.TrimSpace(versionFile)
	// Core is what every page has.
	Core = newFile("hw.js", core)
	// Adapters is the optional second script, for the forms of other services.
	Adapters = newFile("hw-adapters.js", adapters)
)

func newFile(name string, content []byte) File {
	return File{Name: name, Version: Version, Hash: releases.Hash(content), Integrity: releases.Integrity(content), content: content}
}

// released holds all releases, oldest first.
var released = mustRead()

// mustRead panics where the embedded releases are broken; a test would have failed before.
func mustRead() []File {
	list, err := releases.All()
	if err != nil {
		panic(err)
	}
	var files []File
	for _, r := range list {
		content, err := releases.Content(r)
		if err != nil {
			panic(err)
		}
		files = append(files, File{Name: r.File, Version: r.Version, Hash: r.Hash, Integrity: r.Integrity, content: content})
	}
	return files
}

// Files returns every file that pages may ask for by hash, each once: the present build first, then the releases,
// latest first.
func Files() []File {
	files := []File{Core, Adapters}
	for _, file := range slices.Backward(released) {
		if !slices.ContainsFunc(files, func(f File) bool { return f.Pinned() == file.Pinned() }) {
			files = append(files, file)
		}
	}
	return files
}

// Released returns the latest release of the script called name, for pages to pin: unlike the present build between two
// releases, it will always be served. False where there was none yet.
func Released(name string) (File, bool) {
	for _, file := range slices.Backward(released) {
		if file.Name == name {
			return file, true
		}
	}
	return File{}, false
}

// Hash is that of Core, which most callers mean.
var Hash = Core.Hash

// Script returns the content of Core.
func Script() []byte { return Core.Script() }
