// Command bundle builds the browser scripts: snippet/src/*.ts becomes snippet/dist/hw.js and hw.d.ts, and
// snippet/src/adapters/*.ts becomes snippet/dist/hw-adapters.js.
//
// Belongs here: esbuild, the virtual module "headwater:fields" made from the schema, the sizes that the scripts may
// have, and making a release. Does not belong here: the scripts' own code (snippet/src), or serving them (package
// snippet embeds dist and the releases).
//
// Usage, from any folder of the repository:
//
//	go run ./tools/bundle           build into snippet/dist; with names of files there, only these
//	go run ./tools/bundle -check    fail where snippet/dist is not what a fresh build gives, where a released version was
//	                                changed, and where the core has grown by more than 3 % since the last release
//	                                while CHANGELOG.md does not say so
//	go run ./tools/bundle -sizes    print raw, gzip and brotli bytes beside the peers'; fail where the core is over its bound
//	go run ./tools/bundle -release  keep the build for ever: copy it to snippet/releases, under the version of version.txt
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// options are what the command line asks for; none of them: build.
type options struct {
	check, sizes, release bool
	only                  []string // names of files in snippet/dist to build; all where it is empty
}

func main() {
	var o options
	flag.BoolVar(&o.check, "check", false, "write nothing; fail where snippet/dist or a release is not as it must be")
	flag.BoolVar(&o.sizes, "sizes", false, "write nothing; print the sizes of a fresh build and fail over the bound")
	flag.BoolVar(&o.release, "release", false, "copy the build to snippet/releases and list it there")
	flag.Parse()
	o.only = flag.Args()
	if err := run(o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(o options, out io.Writer) error {
	readOnly := o.check || o.sizes || o.release
	if readOnly && len(o.only) > 0 {
		return errors.New("names of files are for building only: leave them or the flags out")
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	folder := filepath.Join(root, "snippet")
	files, err := build(folder, o.only...)
	if err != nil {
		return err
	}
	if o.check {
		if err := compare(filepath.Join(folder, "dist"), files); err != nil {
			return err
		}
		if err := checkReleases(folder, files); err != nil {
			return err
		}
	}
	if o.sizes {
		if err := printSizes(out, files); err != nil {
			return err
		}
	}
	if o.release {
		return release(folder, files, out)
	}
	if readOnly {
		return nil
	}
	return write(filepath.Join(folder, "dist"), files)
}

// moduleRoot returns the folder of go.mod at or above the working folder.
func moduleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("find the repository: no go.mod at or above %s; run bundle inside the repository", start)
		}
	}
}

func write(dist string, files map[string][]byte) error {
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return fmt.Errorf("write the build: %w", err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dist, name), content, 0o644); err != nil {
			return fmt.Errorf("write the build: %w", err)
		}
	}
	return nil
}

// compare fails where dist holds anything else than files, byte for byte.
func compare(dist string, files map[string][]byte) error {
	entries, err := os.ReadDir(dist)
	if err != nil {
		return fmt.Errorf("compare the build: %w", err)
	}
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	for name := range files {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		want, built := files[name]
		if !built {
			return fmt.Errorf("snippet/dist/%s is not part of a build: delete it", name)
		}
		got, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("snippet/dist/%s is not what snippet/src gives: run `go run ./tools/bundle` and commit the result", name)
		}
	}
	return nil
}
