package api

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/headwater/headwater/schema"
)

// fileKinds are the rows that a file may have: what POST /api/spend and POST /api/rates take.
var fileKinds = map[string]struct {
	columns []string
	decode  func(*batch, row) ([]schema.Record, error)
}{
	"spend": {spendColumns, (*batch).spend},
	"rates": {rateColumns, (*batch).rate},
}

// File is what a file of spend or rates says.
type File struct {
	Records []schema.Record // in the order of the rows, of which Rows could be read
	Rows    int
	Faults  []RowFault
	Ignored []string // columns that mean nothing here
}

// ReadFile reads rows of kind (spend or rates) as POST /api/ followed by the kind does, however many there are. The name says what they are:
// .jsonl or .ndjson lines of JSON, .json JSON; anything else is JSON where it begins so, else CSV. An error means that nothing of it
// could be read; faults of single rows are in the File.
func ReadFile(kind string, site *schema.Site, resolver *schema.Resolver, now time.Time, name string, from io.Reader) (File, error) {
	rows, ok := fileKinds[kind]
	if !ok {
		return File{}, fmt.Errorf("%.64q is neither spend nor rates", kind)
	}
	b := &batch{site: &siteOfKey{Site: site, resolver: resolver}, receivedAt: now.UTC().Truncate(time.Millisecond), listAll: true}
	buffered := bufio.NewReader(from)
	if err := readerOf(name, buffered)(buffered, b.take(rows.columns, rows.decode)); err != nil {
		return File{}, err
	}
	slices.Sort(b.outcome.Ignored)
	return File{Records: b.records, Rows: b.outcome.Accepted, Faults: b.outcome.Errors, Ignored: b.outcome.Ignored}, nil
}

func readerOf(name string, from *bufio.Reader) rowReader {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jsonl", ".ndjson":
		return readJSONLines
	case ".json":
		return readJSON
	}
	start, _ := from.Peek(512)
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(start, []byte("{")) || bytes.HasPrefix(start, []byte("[")) {
		return readJSON
	}
	return readCSV
}
