package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/andybalholm/brotli"
)

// bound is what the core may weigh over the wire, in bytes of brotli at its best quality. The adapters, which most pages
// do not need, have none.
const bound = 2048

// size is one script's weight in bytes; 0 where nobody has published it.
type size struct {
	name              string
	raw, gzip, brotli int
}

// peers are scripts that do a comparable job, or a part of it: their published files. Sourcebuster, the only one that
// remembers where a visitor came from, was compressed as ours is; the others' figures are as others measured and rounded them.
var peers = []size{
	{name: "sourcebuster 1.1.0", raw: 14125, gzip: 4540, brotli: 4084},
	{name: "goatcounter (counts views only)", raw: 9200, gzip: 3300},
	{name: "medama (counts views only)", gzip: 777},
}

func measure(name string, content []byte) (size, error) {
	var zipped, broken bytes.Buffer
	zip, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return size{}, fmt.Errorf("measure %s: %w", name, err)
	}
	br := brotli.NewWriterLevel(&broken, brotli.BestCompression)
	for _, w := range []io.WriteCloser{zip, br} {
		if _, err := w.Write(content); err != nil {
			return size{}, fmt.Errorf("measure %s: %w", name, err)
		}
		if err := w.Close(); err != nil {
			return size{}, fmt.Errorf("measure %s: %w", name, err)
		}
	}
	return size{name, len(content), zipped.Len(), broken.Len()}, nil
}

// printSizes prints the scripts' sizes beside the peers', and fails where the core is over the bound.
func printSizes(out io.Writer, files map[string][]byte) error {
	core, err := measure("headwater "+coreFile, files[coreFile])
	if err != nil {
		return err
	}
	adapters, err := measure("headwater "+adaptersFile+" (optional)", files[adaptersFile])
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "script\traw\tgzip\tbrotli\t")
	for _, s := range append([]size{core, adapters}, peers...) {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t\n", s.name, figure(s.raw), figure(s.gzip), figure(s.brotli))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print sizes: %w", err)
	}
	return core.checkBound()
}

func figure(bytes int) string {
	if bytes == 0 {
		return "-"
	}
	return strconv.Itoa(bytes)
}

func (core size) checkBound() error {
	if core.brotli > bound {
		return fmt.Errorf("%s has %d bytes of brotli, %d over the bound of %d: make it smaller", coreFile, core.brotli, core.brotli-bound, bound)
	}
	return nil
}
