// Command bundle builds the browser scripts: snippet/src/*.ts becomes snippet/dist/hw.js and hw.d.ts, and
// snippet/src/adapters/*.ts becomes snippet/dist/hw-adapters.js.
//
// Belongs here: esbuild, the virtual module "headwater:fields" made from the schema, and the sizes that the snippet may
// have. Does not belong here: the snippet's own code (snippet/src) or serving it (package snippet embeds dist).
//
// Usage, from any folder of the repository:
//
//	go run ./tools/bundle           build into snippet/dist; with names of files there, only these
//	go run ./tools/bundle -check    fail where snippet/dist is not what a fresh build gives
//	go run ./tools/bundle -sizes    print raw, gzip and brotli bytes beside a peer's; fail over the bound
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail where snippet/dist differs from a fresh build")
	sizes := flag.Bool("sizes", false, "write nothing; print the sizes of a fresh build and fail over the bound")
	flag.Parse()
	if err := run(*check, *sizes, flag.Args(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(check, sizes bool, only []string, out io.Writer) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	files, err := build(filepath.Join(root, "snippet"), only...)
	if err != nil {
		return err
	}
	dist := filepath.Join(root, "snippet", "dist")
	if check {
		if err := compare(dist, files); err != nil {
			return err
		}
	}
	if sizes {
		if err := printSizes(out, files["hw.js"]); err != nil {
			return err
		}
	}
	if check || sizes {
		return nil
	}
	return write(dist, files)
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
