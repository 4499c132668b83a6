package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/headwater/headwater/snippet/releases"
)

// maxGrowth is by how many percent a release's core may outgrow the one before, unless its section of CHANGELOG.md
// names the new size.
const maxGrowth = 3

// history is what the repository says of the present version and of those before.
type history struct {
	folder   string // snippet
	version  string
	section  string // of CHANGELOG.md, "" where there is none
	releases []releases.Release
}

func readHistory(folder string) (*history, error) {
	h := &history{folder: folder}
	texts := map[string]string{}
	for _, name := range []string{"version.txt", "CHANGELOG.md", filepath.Join("releases", releases.IndexFile)} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, fmt.Errorf("read the releases: %w", err)
		}
		texts[filepath.Base(name)] = string(text)
	}
	h.version = strings.TrimSpace(texts["version.txt"])
	h.section = changelogSection(texts["CHANGELOG.md"], h.version)
	var err error
	h.releases, err = releases.ParseIndex([]byte(texts[releases.IndexFile]))
	return h, err
}

// changelogSection returns what follows the heading "## version", up to the next one.
func changelogSection(changelog, version string) string {
	_, after, found := strings.Cut("\n"+changelog, "\n## "+version+"\n")
	if !found {
		return ""
	}
	section, _, _ := strings.Cut(after, "\n## ")
	return section
}

var brotliLine = regexp.MustCompile(`(?m)^- ([0-9,]+) bytes of brotli\.$`)

// statedSize is the size of the core that the present section names, 0 where it names none.
func (h *history) statedSize() int {
	match := brotliLine.FindStringSubmatch(h.section)
	if match == nil {
		return 0
	}
	stated, _ := strconv.Atoi(strings.ReplaceAll(match[1], ",", ""))
	return stated
}

// released returns the release of a file under the present version.
func (h *history) released(file string) (releases.Release, bool) {
	for _, r := range h.releases {
		if r.File == file && r.Version == h.version {
			return r, true
		}
	}
	return releases.Release{}, false
}

// checkUnchanged fails where the build is not what was released under the present version: then one version in the
// records would stand for two scripts.
func (h *history) checkUnchanged(files map[string][]byte) error {
	for _, file := range scriptFiles {
		if r, ok := h.released(file); ok && r.Hash != releases.Hash(files[file]) {
			return fmt.Errorf("%s differs from the %s that was released as %s: raise snippet/version.txt, add its section to snippet/CHANGELOG.md, and build again", file, r.Pinned(), h.version)
		}
	}
	return nil
}

// checkGrowth fails where the core is much larger than that of the version before and nobody has said so.
func (h *history) checkGrowth(core size) error {
	var before releases.Release
	for _, r := range h.releases {
		if r.File == coreFile && r.Version != h.version {
			before = r
		}
	}
	if before.Brotli == 0 || core.brotli*100 <= before.Brotli*(100+maxGrowth) || h.statedSize() == core.brotli {
		return nil
	}
	return fmt.Errorf("%s has %d bytes of brotli, %.1f %% more than the %d of %s: make it smaller, or say so in the section %s of snippet/CHANGELOG.md with the line \"- %s bytes of brotli.\"",
		coreFile, core.brotli, 100*float64(core.brotli)/float64(before.Brotli)-100, before.Brotli, before.Version, h.version, thousands(core.brotli))
}

// thousands writes 2045 as 2,045.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// checkReleases fails where the build is not fit to be the next release.
func checkReleases(folder string, files map[string][]byte) error {
	h, err := readHistory(folder)
	if err != nil {
		return err
	}
	core, err := measure(coreFile, files[coreFile])
	if err != nil {
		return err
	}
	return errors.Join(h.checkUnchanged(files), h.checkGrowth(core))
}

// release copies the build to snippet/releases and appends it to the index there. Done twice, it does nothing.
func release(folder string, files map[string][]byte, out io.Writer) error {
	if err := compare(filepath.Join(folder, "dist"), files); err != nil {
		return err
	}
	h, err := readHistory(folder)
	if err != nil {
		return err
	}
	sizes := map[string]size{}
	for _, file := range scriptFiles {
		if sizes[file], err = measure(file, files[file]); err != nil {
			return err
		}
	}
	if err := h.checkRelease(files, sizes[coreFile]); err != nil {
		return err
	}
	for _, file := range scriptFiles {
		if _, done := h.released(file); done {
			fmt.Fprintf(out, "%s %s is released already\n", file, h.version)
			continue
		}
		s := sizes[file]
		r := releases.Release{
			Version: h.version, File: file, Hash: releases.Hash(files[file]), Integrity: releases.Integrity(files[file]),
			Raw: s.raw, Gzip: s.gzip, Brotli: s.brotli,
		}
		if err := h.keep(r, files[file]); err != nil {
			return err
		}
		fmt.Fprintf(out, "released %s %s as snippet/releases/%s, %s bytes of brotli\n", file, h.version, r.Pinned(), thousands(s.brotli))
	}
	return nil
}

// checkRelease holds the build against everything that a release promises.
func (h *history) checkRelease(files map[string][]byte, core size) error {
	if h.section == "" {
		return fmt.Errorf("snippet/CHANGELOG.md has no section \"## %s\": say there what is new", h.version)
	}
	if stated := h.statedSize(); stated != 0 && stated != core.brotli {
		return fmt.Errorf("the section %s of snippet/CHANGELOG.md says %s bytes of brotli, but %s has %s: correct it", h.version, thousands(stated), coreFile, thousands(core.brotli))
	}
	return errors.Join(core.checkBound(), h.checkUnchanged(files), h.checkGrowth(core))
}

// keep writes the file, then its line of the index, so that the index never names a file that is not there.
func (h *history) keep(r releases.Release, content []byte) error {
	path := filepath.Join(h.folder, "releases", r.Pinned())
	switch known, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist): // what an earlier version released may be the same file
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return fmt.Errorf("release %s: %w", r.Pinned(), err)
		}
	case err != nil:
		return fmt.Errorf("release %s: %w", r.Pinned(), err)
	case !bytes.Equal(known, content):
		return fmt.Errorf("release %s: the file is there with other content: restore it from the repository's history", r.Pinned())
	}
	list := append(h.releases, r)
	index, err := releases.FormatIndex(list)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(h.folder, "releases", releases.IndexFile), index, 0o644); err != nil {
		return fmt.Errorf("release %s: %w", r.Pinned(), err)
	}
	h.releases = list
	return nil
}
