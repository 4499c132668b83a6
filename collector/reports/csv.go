package reports

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// WriteCSV writes the rows as CSV (RFC 4180) with a header line; totals and notes, which are no rows, are left out. Text
// that a spreadsheet would take for a formula gets a ' in front (source: OWASP, "CSV Injection"); numbers stay numbers.
func (r *Result) WriteCSV(w io.Writer) error { return r.writeCSV(w, true) }

// WriteUnixCSV writes the same with lines that end as those of other command-line tools.
func (r *Result) WriteUnixCSV(w io.Writer) error { return r.writeCSV(w, false) }

func (r *Result) writeCSV(w io.Writer, crlf bool) error {
	out := csv.NewWriter(w)
	out.UseCRLF = crlf
	cells := make([]string, len(r.Columns))
	copy(cells, r.Columns)
	for i := -1; i < len(r.Rows); i++ {
		if i >= 0 {
			for j, value := range r.Rows[i] {
				cells[j] = csvCell(value)
			}
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("write report as CSV: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write report as CSV: %w", err)
	}
	return nil
}

func csvCell(value any) string {
	switch value := value.(type) {
	case string:
		return GuardFormula(value)
	case time.Time:
		return value.Format("2006-01-02T15:04:05.000Z07:00")
	}
	return cellText(value)
}

// GuardFormula puts ' before text that begins as a formula does, or with what spreadsheets drop or narrow before they look.
func GuardFormula(text string) string {
	switch first, _ := utf8.DecodeRuneInString(text); first {
	case '=', '+', '-', '@', '\t', '\r', '\n', '\x00', '\ufeff', '＝', '＋', '－', '＠':
		return "'" + text
	}
	return text
}

// cellText writes every value but times and text, which tables and CSV show differently.
func cellText(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case int64:
		return strconv.FormatInt(value, 10)
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(value)
	case decimal.Decimal:
		return decimalText(value)
	case Amounts:
		return value.String()
	case map[string]string, []string:
		var text bytes.Buffer
		writeJSONValue(&text, value)
		return text.String()
	}
	return fmt.Sprint(value)
}

// decimalText writes all decimals that the number has, also zeros.
func decimalText(value decimal.Decimal) string { return value.StringFixed(max(0, -value.Exponent())) }
