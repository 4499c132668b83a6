package api

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"github.com/headwater/headwater/collector/rejection"
)

// Limits of one call. More rows go into a second call.
const (
	MaxBody = 16 << 20 // bytes
	MaxRows = 50_000
	maxLine = 1 << 20 // bytes of one JSON line
)

// How long a call with rows may take to arrive and to be answered: more than the server gives to strangers.
const (
	readTime  = 3 * time.Minute
	writeTime = 4 * time.Minute
)

// row is one object or CSV record: texts by column. Numbers keep the digits they were written with.
type row map[string]string

// rowReader calls each for every row with the line it begins on, or with what is wrong with it. It returns an error
// only where the whole request must be turned away.
type rowReader func(body io.Reader, each func(line int, r row, err error) error) error

// rowsOf chooses the reader by Content-Type.
func rowsOf(contentType string) (rowReader, error) {
	kind, parameters, err := mime.ParseMediaType(contentType)
	charset := strings.ToLower(parameters["charset"])
	if err == nil && charset != "" && charset != "utf-8" && charset != "utf8" && charset != "us-ascii" {
		return nil, rejection.New(rejection.ContentType, "The character set %.32q is not taken: send UTF-8.", charset)
	}
	switch kind {
	case "application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/json-lines", "application/jsonlines":
		return readJSONLines, nil
	case "application/json":
		return readJSON, nil
	case "text/csv":
		return readCSV, nil
	}
	return nil, rejection.New(rejection.ContentType, "The Content-Type %.64q is not taken: send JSON lines as application/x-ndjson, a JSON object or array as application/json, or CSV with a header row as text/csv.", contentType)
}

// readBody reads all rows of the request, bounded.
func readBody(c echo.Context, each func(line int, r row, err error) error) error {
	request := c.Request()
	if encoding := request.Header.Get(echo.HeaderContentEncoding); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return rejection.New(rejection.ContentEncoding, "Content-Encoding %.32q is not taken: send the body as it is.", encoding)
	}
	read, err := rowsOf(request.Header.Get(echo.HeaderContentType))
	if err != nil {
		return err
	}
	// A server that cannot move its deadlines keeps those it has.
	deadlines := http.NewResponseController(c.Response())
	_ = deadlines.SetReadDeadline(time.Now().Add(readTime))
	_ = deadlines.SetWriteDeadline(time.Now().Add(writeTime))
	rows := 0
	err = read(http.MaxBytesReader(c.Response(), request.Body, MaxBody), func(line int, r row, err error) error {
		if rows++; rows > MaxRows {
			return rejection.New(rejection.TooManyRows, "There are more than %d rows: split them over several calls. Nothing was kept.", MaxRows)
		}
		return each(line, r, err)
	})
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return rejection.New(rejection.BodyTooLarge, "The body is larger than %d bytes: split it over several calls. Nothing was kept.", tooLarge.Limit)
	}
	if err == nil {
		return nil
	}
	if rejected, ok := errors.AsType[*rejection.Error](err); ok {
		return rejected
	}
	return rejection.New(rejection.Incomplete, "The body ended early: send it again. Nothing was kept.")
}

// readJSONLines reads one object a line; a broken line spoils no other.
func readJSONLines(body io.Reader, each func(int, row, error) error) error {
	scanner := bufio.NewScanner(body)
	scanner.Buffer(nil, maxLine)
	for line := 1; scanner.Scan(); line++ {
		text := scanner.Bytes()
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		r, err := readJSONLine(text)
		if err := each(line, r, err); err != nil {
			return err
		}
	}
	if errors.Is(scanner.Err(), bufio.ErrTooLong) {
		return rejection.New(rejection.InvalidJSON, "A line is longer than %d bytes: put every object on a line of its own.", maxLine)
	}
	return scanner.Err()
}

func readJSONLine(text []byte) (row, error) {
	d := decoder(bytes.NewReader(text))
	r, err := readObject(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, rowErrorf("json_more", "more text follows the object: put every object on a line of its own")
	}
	return r, nil
}

func decoder(r io.Reader) *jsontext.Decoder {
	return jsontext.NewDecoder(r, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// readJSON reads one object, one array of objects, or objects one after the other.
func readJSON(body io.Reader, each func(int, row, error) error) error {
	lines := &lineCounter{reader: body}
	buffered := bufio.NewReader(lines)
	if mark, _ := buffered.Peek(3); string(mark) == "\xef\xbb\xbf" {
		buffered.Discard(3)
	}
	d := decoder(buffered)
	if d.PeekKind() == '[' {
		d.ReadToken()
	}
	for {
		kind := d.PeekKind()
		line := lines.at(nextOffset(d))
		if kind == ']' && d.StackDepth() == 1 {
			_, err := d.ReadToken()
			if err == nil {
				_, err = d.ReadToken()
			}
			return endOfJSON(err, lines, line, each)
		}
		r, err := readObject(d)
		if err != nil && !errors.As(err, new(*rowError)) {
			return endOfJSON(err, lines, line, each)
		}
		if err := each(line, r, err); err != nil {
			return err
		}
	}
}

// nextOffset is where the token begins that PeekKind saw.
func nextOffset(d *jsontext.Decoder) int64 {
	unread := d.UnreadBuffer()
	return d.InputOffset() + int64(len(unread)-len(bytes.TrimLeft(unread, " \t\r\n,")))
}

// endOfJSON tells the end of the text from a fault in it, behind which nothing can be read.
func endOfJSON(err error, lines *lineCounter, line int, each func(int, row, error) error) error {
	if err == io.EOF {
		return nil
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return each(max(line, lines.at(syntax.ByteOffset)), nil, rowErrorf("json_broken", "the JSON is broken here, the rest was not read: %v", syntax))
	}
	if err == nil {
		return each(line, nil, rowErrorf("json_more", "more text follows the array; it was not read"))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return each(line, nil, rowErrorf("json_end", "the JSON ends in the middle: the rest is missing"))
	}
	return err
}

// rowError is a fault of one row after which the next can still be read: a sentence, and for who says it in another language, a
// word that stays the same with the values that are in the sentence.
type rowError struct {
	code    string
	values  []any
	message string
}

func (e *rowError) Error() string { return e.message }

// rowErrorf makes a fault; what the sentence is made of are its values.
func rowErrorf(code, format string, values ...any) error {
	return &rowError{code, values, fmt.Sprintf(format, values...)}
}

// asRowError gives what another package says of a value the word by which it is known here.
func asRowError(code string, err error, values ...any) error {
	if err == nil {
		return nil
	}
	return &rowError{code, values, err.Error()}
}

// readObject reads one flat object. Of a repeated member the first value that is not empty stays.
func readObject(d *jsontext.Decoder) (row, error) {
	if kind := d.PeekKind(); kind != '{' {
		if _, err := d.ReadValue(); err != nil {
			return nil, err
		}
		return nil, rowErrorf("not_object", "this is not an object such as {\"email\": \"ada@example.com\"}")
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	r, fault := row{}, error(nil)
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := column(token.String())
		if kind := d.PeekKind(); kind == '{' || kind == '[' {
			if _, err := d.ReadValue(); err != nil {
				return nil, err
			}
			if known[name] {
				fault = rowErrorf("not_text", "%s: must be text or a number", name)
			}
			continue
		}
		if token, err = d.ReadToken(); err != nil {
			return nil, err
		}
		if token.Kind() == 'n' {
			r.set(name, "")
		} else {
			r.set(name, token.String())
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	return r, fault
}

func (r row) set(name, value string) {
	if r[name] == "" {
		r[name] = strings.TrimSpace(value)
	}
}

// lineCounter remembers where lines end in what was read, to name the line of an offset.
type lineCounter struct {
	reader io.Reader
	read   int64
	ends   []int64
}

func (l *lineCounter) Read(p []byte) (int, error) {
	n, err := l.reader.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			l.ends = append(l.ends, l.read+int64(i))
		}
	}
	l.read += int64(n)
	return n, err
}

func (l *lineCounter) at(offset int64) int {
	return 1 + sort.Search(len(l.ends), func(i int) bool { return l.ends[i] >= offset })
}

// readCSV reads CSV with a header row. The separator is what the header uses: comma, semicolon or tab.
func readCSV(body io.Reader, each func(int, row, error) error) error {
	buffered := bufio.NewReaderSize(body, 64<<10)
	if mark, _ := buffered.Peek(3); string(mark) == "\xef\xbb\xbf" {
		buffered.Discard(3)
	}
	reader := csv.NewReader(buffered)
	reader.Comma = separator(buffered)
	reader.FieldsPerRecord = -1
	reader.ReuseRecord = true
	record, err := reader.Read()
	if err == io.EOF {
		return nil
	}
	if err != nil {
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			return rejection.New(rejection.InvalidCSV, "The header row cannot be read: %v.", parse)
		}
		return err
	}
	header := make([]string, len(record))
	for i, name := range record {
		header[i] = column(name)
	}
	if !slices.ContainsFunc(header, func(name string) bool { return known[name] }) {
		return rejection.New(rejection.InvalidCSV, "The first line must name the columns, such as email,crm_id,created_at; it says %.128q.", strings.Join(record, string(reader.Comma)))
	}
	for {
		record, err := reader.Read()
		if err == io.EOF {
			return nil
		}
		line, _ := 0, 0
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			err = each(parse.StartLine, nil, rowErrorf("not_csv", "this row is not CSV: %v", parse.Err))
		} else if err == nil {
			line, _ = reader.FieldPos(0)
			err = eachRecord(line, header, record, each)
		}
		if err != nil {
			return err
		}
	}
}

func eachRecord(line int, header, record []string, each func(int, row, error) error) error {
	if len(record) != len(header) {
		return each(line, nil, rowErrorf("cells", "this row has %d cells and the header %d: quote cells that contain the separator", len(record), len(header)))
	}
	r := row{}
	for i, value := range record {
		r.set(header[i], value)
	}
	return each(line, r, nil)
}

func separator(buffered *bufio.Reader) rune {
	start, _ := buffered.Peek(buffered.Size())
	line, _, _ := bytes.Cut(start, []byte("\n"))
	best, count := ',', bytes.Count(line, []byte(","))
	for _, other := range []rune{';', '\t'} {
		if n := bytes.Count(line, []byte(string(other))); n > count {
			best, count = other, n
		}
	}
	return best
}
