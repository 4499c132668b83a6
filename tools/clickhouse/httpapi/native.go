//go:build linux || darwin

package httpapi

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

	"github.com/headwater/headwater/tools/clickhouse/engine"
	"github.com/headwater/headwater/tools/clickhouse/syntax"
)

// helloQuery is what clickhouse-go asks first.
const helloQuery = "SELECT displayName(), version(), revision(), timezone()"

// answerHello answers clickhouse-go's first question in the revision the client speaks, saying that the
// server's revision is 0: from then on the client decodes plain Native blocks, the only kind that the C library writes.
func (x *exchange) answerHello() error {
	info := x.handler.Engine.Info()
	var out bytes.Buffer
	out.Write([]byte{1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0}) // block info: no overflow, bucket -1
	out.Write([]byte{4, 1})                               // columns, rows
	column := func(name, kind string, value []byte) {
		writeString(&out, name)
		writeString(&out, kind)
		out.WriteByte(0) // no custom serialisation
		out.Write(value)
	}
	text := func(value string) []byte { return append(binary.AppendUvarint(nil, uint64(len(value))), value...) }
	column("displayName()", "String", text(info.DisplayName))
	column("version()", "String", text(info.Version))
	column("revision()", "UInt32", []byte{0, 0, 0, 0})
	column("timezone()", "String", text(info.Timezone))
	x.begin("Native")
	if _, err := x.body.Write(out.Bytes()); err != nil {
		return nil
	}
	return x.body.Close()
}

func writeString(to *bytes.Buffer, s string) {
	to.Write(binary.AppendUvarint(nil, uint64(len(s))))
	to.WriteString(s)
}

// emptyBlock makes a block of no rows that tells the columns of a result without rows, which the C library
// leaves out. It returns nil when nobody knows the columns.
func (x *exchange) emptyBlock(session *engine.Session, statement syntax.Statement) []byte {
	names, types := x.describe(session, statement)
	if len(names) == 0 {
		return nil
	}
	var out bytes.Buffer
	out.Write(binary.AppendUvarint(nil, uint64(len(names))))
	out.WriteByte(0)
	for i := range names {
		writeString(&out, names[i])
		writeString(&out, types[i])
	}
	return out.Bytes()
}

// describe asks for a statement's columns: a SELECT without running it, anything else (SHOW, EXISTS, …) by
// running it again in a format that names them.
func (x *exchange) describe(session *engine.Session, statement syntax.Statement) (names, types []string) {
	text := x.text[:statement.TextEnd]
	if out, _, err := session.Query("DESCRIBE ("+text+")", "JSONCompact", x.request.parameters); err == nil {
		var result struct{ Data [][]any }
		if json.Unmarshal(out, &result) == nil {
			for _, row := range result.Data {
				name, _ := row[0].(string)
				kind, _ := row[1].(string)
				names, types = append(names, name), append(types, kind)
			}
			return names, types
		}
	}
	out, _, err := session.Query(text, "JSONCompact", x.request.parameters)
	if err != nil {
		return nil, nil
	}
	var result struct{ Meta []struct{ Name, Type string } }
	if json.Unmarshal(out, &result) != nil {
		return nil, nil
	}
	for _, column := range result.Meta {
		names, types = append(names, column.Name), append(types, column.Type)
	}
	return names, types
}
