package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/shopspring/decimal"
)

// WriteJSON writes the result as one JSON object: report, columns, rows (objects), totals (an object, or null) and notes
// (an object). Members keep the order of the columns. Money is an object of decimal strings by currency, times are
// RFC 3339 with milliseconds.
func (r *Result) WriteJSON(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("{\n  \"report\": ")
	writeJSONValue(&b, r.Name)
	b.WriteString(",\n  \"columns\": [")
	for i, column := range r.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		writeJSONValue(&b, column)
	}
	b.WriteString("],\n  \"rows\": [")
	for i, row := range r.Rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    ")
		writeJSONObject(&b, r.Columns, row, false)
	}
	if len(r.Rows) > 0 {
		b.WriteString("\n  ")
	}
	b.WriteString("],\n  \"totals\": ")
	if r.Totals == nil {
		b.WriteString("null")
	} else {
		writeJSONObject(&b, r.Columns, r.Totals, true)
	}
	names, values := make([]string, len(r.Notes)), make([]any, len(r.Notes))
	for i, note := range r.Notes {
		names[i], values[i] = note.Name, note.Value
	}
	b.WriteString(",\n  \"notes\": ")
	writeJSONObject(&b, names, values, false)
	b.WriteString("\n}\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write report as JSON: %w", err)
	}
	return nil
}

func writeJSONObject(b *bytes.Buffer, names []string, values []any, skipNil bool) {
	b.WriteByte('{')
	first := true
	for i, name := range names {
		if skipNil && values[i] == nil {
			continue
		}
		if !first {
			b.WriteString(", ")
		}
		first = false
		writeJSONValue(b, name)
		b.WriteString(": ")
		writeJSONValue(b, values[i])
	}
	b.WriteByte('}')
}

func writeJSONValue(b *bytes.Buffer, value any) {
	switch value := value.(type) {
	case Amounts:
		names, texts := make([]string, len(value)), make([]any, len(value))
		for i, amount := range value {
			names[i], texts[i] = amount.Currency, amount.Text()
		}
		writeJSONObject(b, names, texts, false)
		return
	case decimal.Decimal:
		b.WriteString(decimalText(value))
		return
	case time.Time:
		writeJSONValue(b, value.Format("2006-01-02T15:04:05.000Z07:00"))
		return
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			b.WriteString("null")
			return
		}
	}
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		b.WriteString("null") // not reached: the remaining types of a Result are text, whole numbers and bools
		return
	}
	b.Truncate(b.Len() - 1) // Encode ends with a newline
}
