package schema

import (
	"strings"
	"time"
)

// Bind writes a text as ClickHouse reads the value of a query's parameter, in its Escaped (TabSeparated) format.
// Source: ClickHouse, HTTP interface, "Queries with parameters".
func Bind[T ~string](text T) string { return bound.Replace(string(text)) }

var bound = strings.NewReplacer("\\", "\\\\", "\t", "\\t", "\n", "\\n", "\r", "\\r", "\b", "\\b", "\f", "\\f", "\x00", "\\0", "'", "\\'")

// BindTime writes a moment as the value of a parameter of type DateTime64(3, 'UTC').
func BindTime(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05.000") }

// BindAll writes texts as the value of a parameter of type Array(String).
func BindAll[T ~string](texts []T) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = "'" + Bind(text) + "'"
	}
	return "[" + strings.Join(quoted, ",") + "]"
}
