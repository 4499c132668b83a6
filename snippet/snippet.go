// Package snippet holds the built browser script, for the collector to serve.
//
// Belongs here: the committed build (dist), its version, its hash and its integrity value. Does not belong here:
// building it (tools/bundle), serving it over HTTP (collector/intake), or anything else in Go that runs.
package snippet

import (
	"crypto/sha256"
	"crypto/sha512"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

//go:embed dist/hw.js
var script []byte

//go:embed version.txt
var versionFile string

var (
	// Version is the snippet's version; it travels with every record as snippet_version.
	Version = strings.TrimSpace(versionFile)
	// Hash is the start of the script's SHA-256, 16 hex digits: the immutable file name is hw.<Hash>.js.
	Hash = hash(script)
	// Integrity is the value of a script tag's integrity attribute (SRI, SHA-384).
	Integrity = integrity(script)
)

// Script returns the script as it is served: minified ASCII JavaScript, the same bytes at /hw.js and /hw.<Hash>.js.
func Script() []byte { return slices.Clone(script) }

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

func integrity(content []byte) string {
	sum := sha512.Sum384(content)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}
