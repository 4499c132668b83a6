// Package releases holds every released build of the browser scripts, for the collector to serve for as long as there
// are pages that pin one.
//
// Belongs here: the files, the index of them, and how a file is named by what it holds. A file here never changes and
// is never deleted. Does not belong here: the present build (package snippet), or making a release (tools/bundle).
package releases

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed index.csv *.js
var files embed.FS

// IndexFile lists the releases, oldest first.
const IndexFile = "index.csv"

// Release is one script of one released version: a line of the index.
type Release struct {
	Version string // as records name it in snippet_version
	File    string // what it is a build of: "hw.js" or "hw-adapters.js"
	Hash    string
	// Integrity is the value of a script tag's integrity attribute.
	Integrity string
	// Sizes in bytes: as it is, and compressed at the best quality.
	Raw, Gzip, Brotli int
}

var columns = []string{"version", "file", "hash", "integrity", "raw", "gzip", "brotli"}

// Pinned is the immutable name of the release's file: hw.<hash>.js.
func (r Release) Pinned() string { return Pinned(r.File, r.Hash) }

// Pinned is the name of file with a hash: hw.js becomes hw.<hash>.js.
func Pinned(file, hash string) string { return strings.TrimSuffix(file, ".js") + "." + hash + ".js" }

// Hash is the start of the content's SHA-256, 16 hex digits.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// Integrity is the content's Subresource Integrity value, SHA-384.
func Integrity(content []byte) string {
	sum := sha512.Sum384(content)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

// All returns the releases, oldest first.
func All() ([]Release, error) {
	index, err := files.ReadFile(IndexFile)
	if err != nil {
		return nil, fmt.Errorf("read the releases: %w", err)
	}
	return ParseIndex(index)
}

// Content returns the bytes of a release.
func Content(r Release) ([]byte, error) {
	content, err := files.ReadFile(r.Pinned())
	if err != nil {
		return nil, fmt.Errorf("read release %s: %w", r.Version, err)
	}
	return content, nil
}

// ParseIndex reads what FormatIndex wrote.
func ParseIndex(index []byte) ([]Release, error) {
	rows, err := csv.NewReader(bytes.NewReader(index)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", IndexFile, err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], columns) {
		return nil, fmt.Errorf("read %s: its first line is not %s", IndexFile, strings.Join(columns, ","))
	}
	var list []Release
	for i, row := range rows[1:] { // csv holds all rows to the length of the first
		r := Release{Version: row[0], File: row[1], Hash: row[2], Integrity: row[3]}
		for at, size := range []*int{&r.Raw, &r.Gzip, &r.Brotli} {
			if *size, err = strconv.Atoi(row[4+at]); err != nil {
				return nil, fmt.Errorf("read %s, line %d: %s is %q, not a number of bytes", IndexFile, i+2, columns[4+at], row[4+at])
			}
		}
		list = append(list, r)
	}
	return list, nil
}

// FormatIndex writes an index.
func FormatIndex(list []Release) ([]byte, error) {
	var index bytes.Buffer
	w := csv.NewWriter(&index)
	rows := [][]string{columns}
	for _, r := range list {
		rows = append(rows, []string{r.Version, r.File, r.Hash, r.Integrity,
			strconv.Itoa(r.Raw), strconv.Itoa(r.Gzip), strconv.Itoa(r.Brotli)})
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("write %s: %w", IndexFile, err)
	}
	return index.Bytes(), nil
}
