//go:build linux || darwin

package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sort"
	"strings"
	"time"

	"github.com/headwater/headwater/tools/clickhouse/chdb"
	"github.com/headwater/headwater/tools/clickhouse/engine"
	"github.com/headwater/headwater/tools/clickhouse/syntax"
)

// An exchange is one statement on its way through: request, session, answer.
type exchange struct {
	handler *Handler
	w       http.ResponseWriter
	r       *http.Request
	request request
	started time.Time
	tag     string // announced in a header, repeated where an exception follows a part of the result

	text  string // the statement, without the data of an INSERT
	stats chdb.Stats
	body  *responseBody // nil until the answer begins
	sent  bool          // whether a part of the answer may have reached the client
}

// Statements are read up to this size; the engine's own limit (max_query_size, 256 KiB) is on what it parses,
// but data inside an INSERT … VALUES counts here too.
const maxStatement = 64 << 20

// run executes the statement. An error it returns was not answered yet.
func (x *exchange) run(ctx context.Context) error {
	statement, data, err := x.readStatement()
	if err != nil {
		return err
	}
	if strings.TrimSpace(x.text) == "" {
		return exception(62, "SYNTAX_ERROR", "Empty query")
	}
	if x.request.isNativeHello && strings.TrimSpace(x.text) == helloQuery {
		return x.answerHello()
	}
	policy := x.handler.Engine.Policy()
	if err := policy.Check(x.text, x.request.parameters); err != nil {
		return err
	}
	if isMulti(syntax.Lex(x.text)) { // without an INSERT's data
		return errMulti
	}
	checkedValues := false
	if statement.Insert && strings.EqualFold(statement.Format, "Values") && data != nil {
		if data, checkedValues, err = x.checkValues(data); err != nil {
			return err
		}
	}
	x.handler.killByID(statement.Tokens) // before it waits for a slot that only the killed may free
	session, err := x.handler.Engine.Begin(ctx, checkedValues)
	if err != nil {
		return err
	}
	defer session.Close()
	if err := x.prepare(session); err != nil {
		return err
	}
	if data != nil && statement.InputTable >= 0 {
		return x.insertThroughInput(session, statement, data)
	}
	if data != nil {
		return x.insert(ctx, session, statement, data)
	}
	return x.query(session, statement)
}

var errMulti = exception(62, "SYNTAX_ERROR", "Multi-statements are not allowed")

// isMulti tells whether something follows a semicolon.
func isMulti(tokens []syntax.Token) bool {
	ended := false
	for _, token := range tokens {
		if ended && !token.IsSymbol(";") {
			return true
		}
		ended = ended || token.IsSymbol(";")
	}
	return false
}

// readStatement separates the statement's text from an INSERT's data, which stays unread; data is nil when
// there is none. The text may be in the URL, in the body, or begin in the one and go on in the other.
func (x *exchange) readStatement() (syntax.Statement, io.Reader, error) {
	q := x.request
	if statement := syntax.Parse(q.query); statement.DataStart >= 0 {
		x.text = q.query[:statement.HeadEnd]
		rest := q.query[statement.DataStart:]
		if strings.TrimSpace(rest) == "" {
			return statement, q.body, nil
		}
		return statement, io.MultiReader(strings.NewReader(rest+"\n"), q.body), nil
	}
	text := q.query
	if text != "" {
		text += "\n"
	}
	// An INSERT's head is short: look for it before reading a body that may be endless.
	buffer := make([]byte, 0, 64<<10)
	for {
		n, err := io.ReadFull(q.body, buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && isEnd(q.body)
		if err != nil && !ended {
			return syntax.Statement{}, nil, badBody(err)
		}
		x.text = text + string(buffer)
		statement := syntax.Parse(x.text)
		if statement.DataStart >= 0 && (ended || statement.DataStart < len(x.text)) {
			rest := x.text[statement.DataStart:]
			x.text = x.text[:statement.HeadEnd]
			return statement, io.MultiReader(strings.NewReader(rest), q.body), nil
		}
		if ended {
			return statement, nil, nil
		}
		if len(buffer) >= maxStatement {
			return statement, nil, exception(62, "SYNTAX_ERROR", "Max query size exceeded: the statement is longer than %d bytes", maxStatement)
		}
		buffer = append(make([]byte, 0, 4*cap(buffer)), buffer...)
	}
}

// isEnd tells a body that is over from one that was cut: ReadFull reports both the same way.
func isEnd(body io.Reader) bool {
	n, err := body.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, io.EOF)
}

func badBody(err error) error {
	var thrown *chdb.Error
	if errors.As(err, &thrown) {
		return err
	}
	return exception(33, "CANNOT_READ_ALL_DATA", "Cannot read the request's body: %s", err)
}

// maxCheckedValues bounds the VALUES data that is held in memory to be judged.
const maxCheckedValues = 16 << 20

// checkValues judges VALUES data, whose fields may be expressions. Data that is too long for it is stored
// with expressions turned off, so that literals still work and nothing else does.
func (x *exchange) checkValues(data io.Reader) (io.Reader, bool, error) {
	head, err := io.ReadAll(io.LimitReader(data, maxCheckedValues+1))
	if err != nil {
		return nil, false, badBody(err)
	}
	again := io.MultiReader(strings.NewReader(string(head)), data)
	if len(head) > maxCheckedValues {
		return again, false, nil
	}
	return again, true, x.handler.Engine.Policy().CheckValues(string(head))
}

// prepare brings the fresh session into the state that the request asks for.
func (x *exchange) prepare(session *engine.Session) error {
	if name := x.request.database; name != "" && name != "default" {
		if err := session.Exec("USE " + quoteName(name)); err != nil {
			return err
		}
	}
	for _, table := range x.request.externals {
		if err := x.createExternal(session, table); err != nil {
			return err
		}
	}
	return applySettings(session, x.request.settings)
}

// applySettings sets everything with one statement, readonly last since it forbids setting anything after.
func applySettings(session *engine.Session, settings map[string]string) error {
	if len(settings) == 0 {
		return nil
	}
	names := make([]string, 0, len(settings))
	for name := range settings {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		if (names[i] == "readonly") != (names[j] == "readonly") {
			return names[j] == "readonly"
		}
		return names[i] < names[j]
	})
	assignments := make([]string, len(names))
	for i, name := range names {
		assignments[i] = quoteName(name) + " = " + quoteString(settings[name])
	}
	return session.Exec("SET " + strings.Join(assignments, ", "))
}

var (
	stringEscapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	nameEscapes   = strings.NewReplacer(`\`, `\\`, "`", "\\`")
)

func quoteString(s string) string { return "'" + stringEscapes.Replace(s) + "'" }
func quoteName(s string) string   { return "`" + nameEscapes.Replace(s) + "`" }
