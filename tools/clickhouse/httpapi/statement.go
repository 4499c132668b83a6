//go:build linux || darwin

package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/headwater/headwater/tools/clickhouse/chdb"
	"github.com/headwater/headwater/tools/clickhouse/engine"
	"github.com/headwater/headwater/tools/clickhouse/syntax"
)

// controlVerbs are the statements of the engine's class Control that make sense here. A SELECT or INSERT of
// that class writes outside the engine.
var controlVerbs = map[string]bool{
	"KILL": true, "SYSTEM": true, "USE": true, "SET": true, "CREATE": true, "DROP": true, "ALTER": true, "ATTACH": true, "DETACH": true,
	"TRUNCATE": true, "OPTIMIZE": true, "BEGIN": true, "COMMIT": true, "ROLLBACK": true,
}

// query runs a statement that has no data.
func (x *exchange) query(session *engine.Session, statement syntax.Statement) error {
	analysis, err := session.Classify(x.text)
	if err != nil {
		return err
	}
	if analysis.Statements > 1 {
		return errMulti
	}
	if analysis.Class == chdb.Control && !controlVerbs[statement.Verb] {
		return exception(497, "ACCESS_DENIED", "This statement writes outside the database, which is not available in the embedded ClickHouse")
	}
	name := firstOf(statement.Format, x.request.format)
	if analysis.Class == chdb.ReadOnly && x.mayStream(statement, name) {
		err := x.stream(session, statement, name)
		if !isNoStream(err) {
			return err
		}
	}
	out, stats, err := session.Query(x.text, name, x.request.parameters)
	if err != nil {
		return err
	}
	x.stats = stats
	if len(out) == 0 && strings.EqualFold(name, "Native") && analysis.Class == chdb.ReadOnly {
		out = x.emptyBlock(session, statement)
	}
	x.begin(name)
	if _, err := x.body.Write(out); err != nil {
		return nil // the client has gone
	}
	return x.body.Close()
}

// streamable formats have neither prefix nor suffix nor separators, so that the C library's pieces, each a
// whole document, make one document when joined. All others are made whole in memory.
var streamable = map[string]bool{
	"native": true, "rowbinary": true, "tabseparated": true, "tsv": true, "tabseparatedraw": true, "tsvraw": true, "raw": true,
	"csv": true, "jsoneachrow": true, "jsonlines": true, "jsonl": true, "ndjson": true, "jsoncompacteachrow": true,
	"jsonstringseachrow": true, "jsoncompactstringseachrow": true, "tskv": true, "lineasstring": true,
}

// mayStream tells whether the result's pieces may be sent as they come. Totals, extremes and an array around
// all rows come once per document, so they rule it out.
func (x *exchange) mayStream(statement syntax.Statement, format string) bool {
	if !streamable[strings.ToLower(format)] || isOn(x.request.settings["extremes"]) || isOn(x.request.settings["output_format_json_array_of_rows"]) {
		return false
	}
	for _, token := range statement.Tokens {
		if token.Is("TOTALS") || token.Is("extremes") || token.Is("output_format_json_array_of_rows") {
			return false
		}
	}
	return true
}

// isNoStream recognises the library's refusal to stream anything but a SELECT.
func isNoStream(err error) bool {
	var thrown *chdb.Error
	return errors.As(err, &thrown) && thrown.Code == 36 && strings.Contains(thrown.Text, "Streaming query is not supported")
}

// stream sends a SELECT's result piece by piece.
func (x *exchange) stream(session *engine.Session, statement syntax.Statement, format string) error {
	stream, err := session.Stream(x.text, format, x.request.parameters)
	if err != nil {
		return err
	}
	defer stream.Close()
	piece, stats, err := stream.Next() // an early exception still gets its own status
	if err != nil {
		return err
	}
	x.stats = stats
	if piece == nil && strings.EqualFold(format, "Native") {
		stream.Close()
		piece = x.emptyBlock(session, statement)
	}
	if x.request.waitForEnd {
		return x.sendWhole(stream, format, piece)
	}
	x.begin(format)
	for first := true; piece != nil; first = false {
		if _, err := x.body.Write(piece); err != nil {
			return nil // the client has gone; closing the stream cancels the statement
		}
		if !first { // a slow statement's rows should arrive as they come
			http.NewResponseController(x.w).Flush()
		}
		if piece, stats, err = stream.Next(); err != nil {
			return err
		}
		x.stats = addStats(x.stats, stats)
	}
	return x.body.Close()
}

// sendWhole collects the whole result first, so that an exception gets its status and the summary is final.
func (x *exchange) sendWhole(stream *chdb.Stream, format string, piece []byte) error {
	var whole []byte
	for piece != nil {
		whole = append(whole, piece...)
		var stats chdb.Stats
		var err error
		if piece, stats, err = stream.Next(); err != nil {
			return err
		}
		x.stats = addStats(x.stats, stats)
	}
	x.begin(format)
	if _, err := x.body.Write(whole); err != nil {
		return nil
	}
	return x.body.Close()
}

func addStats(a, b chdb.Stats) chdb.Stats {
	return chdb.Stats{
		ReadRows:     max(a.ReadRows, b.ReadRows), // counted by the library from the statement's start
		ReadBytes:    max(a.ReadBytes, b.ReadBytes),
		WrittenRows:  max(a.WrittenRows, b.WrittenRows),
		WrittenBytes: max(a.WrittenBytes, b.WrittenBytes),
		ResultRows:   a.ResultRows + b.ResultRows,
	}
}

// insert stores the data. It answers only when the rows are stored, whatever async_insert says: the C library
// has no queue for asynchronous inserts.
func (x *exchange) insert(ctx context.Context, session *engine.Session, statement syntax.Statement, data io.Reader) error {
	insert, err := session.Insert(x.text, statement.Format, x.request.parameters)
	if err != nil {
		return err
	}
	defer insert.Close()
	if err := copyData(insert, data); err != nil && !errors.Is(err, chdb.ErrRefused) {
		return badBody(err) // closing without Done drops what was sent
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if x.stats, err = insert.Done(); err != nil {
		return err
	}
	x.begin("")
	return x.body.Close()
}

// copyData hands the data on in large pieces: each call into the library has its price.
func copyData(to io.Writer, from io.Reader) error {
	buffer := make([]byte, 1<<20)
	for {
		n, err := io.ReadFull(from, buffer)
		if _, werr := to.Write(buffer[:n]); werr != nil {
			return werr
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			if isEnd(from) {
				return nil
			}
			return err
		}
		if err != nil {
			return err
		}
	}
}
