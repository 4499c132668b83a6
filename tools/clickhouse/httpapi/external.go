//go:build linux || darwin

package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/headwater/headwater/tools/clickhouse/chdb"
	"github.com/headwater/headwater/tools/clickhouse/engine"
	"github.com/headwater/headwater/tools/clickhouse/syntax"
)

// An external is a temporary table sent along with the request.
type external struct {
	name, format, structure string
	data                    []byte
}

// describe takes the table's format and columns from the URL.
func (e *external) describe(values url.Values) error {
	e.format = firstOf(values.Get(e.name+"_format"), "TabSeparated")
	e.structure = values.Get(e.name + "_structure")
	if types := values.Get(e.name + "_types"); e.structure == "" && types != "" {
		var columns []string
		for i, kind := range splitTypes(types) {
			columns = append(columns, fmt.Sprintf("_%d %s", i+1, kind))
		}
		e.structure = strings.Join(columns, ", ")
	}
	if e.name == "" || e.structure == "" {
		return exception(36, "BAD_ARGUMENTS", "Neither structure nor types are given for external table %s. Use the parameter %[1]s_structure or %[1]s_types.", e.name)
	}
	return nil
}

// splitTypes cuts a list of types at the commas that are in no parenthesis.
func splitTypes(types string) []string {
	var list []string
	depth, start := 0, 0
	for i, c := range types {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			list, start = append(list, types[start:i]), i+1
		}
	}
	return append(list, types[start:])
}

// createExternal makes the temporary table and fills it. Its columns are SQL of the caller's, so they are
// judged, and must not end the statement that they are put into.
func (x *exchange) createExternal(session *engine.Session, table external) error {
	if err := x.handler.Engine.Policy().CheckStructure(table.structure); err != nil {
		return err
	}
	if !syntax.Balanced(table.structure) {
		return exception(62, "SYNTAX_ERROR", "Cannot parse the structure of external table %s", table.name)
	}
	if err := session.Exec("CREATE TEMPORARY TABLE " + quoteName(table.name) + " (" + table.structure + "\n)"); err != nil {
		return err
	}
	insert, err := session.Insert("INSERT INTO "+quoteName(table.name), table.format, nil)
	if err != nil {
		return err
	}
	defer insert.Close()
	if _, err := insert.Write(table.data); err != nil && !errors.Is(err, chdb.ErrRefused) {
		return err
	}
	_, err = insert.Done()
	return err
}

// inputTable stands for input('columns') in the statement that the engine gets.
const inputTable = "_headwater_input"

// insertThroughInput runs INSERT … SELECT … FROM input('columns') FORMAT x, for which the C library takes no
// data: the data goes to a temporary table first, and the SELECT reads that one.
func (x *exchange) insertThroughInput(session *engine.Session, statement syntax.Statement, data io.Reader) error {
	tokens := statement.Tokens[statement.InputTable:]
	if len(tokens) < 4 || tokens[2].Kind != syntax.String || !tokens[3].IsSymbol(")") {
		return exception(48, "NOT_IMPLEMENTED", "The embedded ClickHouse needs the columns in input('name Type, …')")
	}
	content, err := io.ReadAll(io.LimitReader(data, maxForm+1))
	if err != nil {
		return badBody(err)
	}
	if len(content) > maxForm {
		return exception(241, "MEMORY_LIMIT_EXCEEDED", "The data for input() has more than %d bytes: send it in smaller parts", maxForm)
	}
	table := external{name: inputTable, format: statement.Format, structure: tokens[2].Text, data: content}
	if err := x.createExternal(session, table); err != nil {
		return err
	}
	text := x.text[:tokens[0].Start] + inputTable + x.text[tokens[3].End:]
	_, x.stats, err = session.Query(text, "Null", x.request.parameters)
	if err != nil {
		return err
	}
	x.begin("")
	return x.body.Close()
}
