package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/andybalholm/brotli"
)

// bound is what the script may weigh over the wire, in bytes of brotli at its best quality.
const bound = 2048

// size is one script's weight in bytes.
type size struct {
	name              string
	raw, gzip, brotli int
}

// peer is the smallest script that does a comparable job: its published minified file, compressed the same way.
var peer = size{name: "sourcebuster 1.1.0", raw: 14125, gzip: 4540, brotli: 4084}

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

// printSizes prints the script's sizes beside the peer's, and fails where it is over the bound.
func printSizes(out io.Writer, script []byte) error {
	own, err := measure("headwater hw.js", script)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "script\traw\tgzip\tbrotli\t")
	for _, s := range []size{own, peer} {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t\n", s.name, s.raw, s.gzip, s.brotli)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print sizes: %w", err)
	}
	if own.brotli > bound {
		return fmt.Errorf("hw.js has %d bytes of brotli, %d over the bound of %d: make it smaller", own.brotli, own.brotli-bound, bound)
	}
	return nil
}
