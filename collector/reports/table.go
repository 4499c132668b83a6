package reports

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"golang.org/x/text/width"
)

// widest is the most columns of a terminal that one cell of text takes. Campaign names may have a thousand bytes.
const widest = 60

// WriteTable writes the result for people: aligned columns, numbers to the right, then the totals and the notes. Control
// characters are shown escaped, so that no value can drive the terminal; long text is cut with an ellipsis.
func (r *Result) WriteTable(w io.Writer) error {
	t := r.layout()
	var b strings.Builder
	t.writeLine(&b, t.header)
	t.writeRule(&b)
	for _, cells := range t.rows {
		t.writeLine(&b, cells)
	}
	if t.totals != nil {
		t.writeRule(&b)
		t.writeLine(&b, t.totals)
	}
	if len(r.Rows) == 0 {
		b.WriteString("(no rows)\n")
	}
	for i, note := range r.Notes {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s: %s\n", visible(note.Name), visible(note.Value))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write report as a table: %w", err)
	}
	return nil
}

// table is a result as text cells with the width of each column.
type table struct {
	header []string
	rows   [][]string
	totals []string
	widths []int
	right  []bool // numbers
}

func (r *Result) layout() *table {
	t := &table{}
	var shown []int
	for i := range r.Columns {
		if !r.hideEmpty || r.hasValue(i) {
			shown = append(shown, i)
		}
	}
	for _, i := range shown {
		t.header = append(t.header, r.Columns[i])
		t.right = append(t.right, r.isNumeric(i))
	}
	for _, row := range r.Rows {
		t.rows = append(t.rows, tableCells(row, shown))
	}
	if r.Totals != nil {
		t.totals = tableCells(r.Totals, shown)
		if len(shown) > 0 && r.Totals[shown[0]] == nil {
			t.totals[0] = "total"
		}
	}
	t.widths = make([]int, len(shown))
	for _, cells := range append([][]string{t.header, t.totals}, t.rows...) {
		for i, cell := range cells {
			t.widths[i] = max(t.widths[i], textWidth(cell))
		}
	}
	return t
}

func (r *Result) hasValue(column int) bool {
	for _, row := range r.Rows {
		if cell := row[column]; cell != nil && cell != "" {
			return true
		}
	}
	return false
}

func (r *Result) isNumeric(column int) bool {
	for _, row := range r.Rows {
		switch row[column].(type) {
		case int64, float64, decimal.Decimal, Amounts:
			return true
		case nil:
			continue
		}
		return false
	}
	return len(r.Rows) > 0
}

func tableCells(row []any, shown []int) []string {
	cells := make([]string, len(shown))
	for to, from := range shown {
		switch value := row[from].(type) {
		case string:
			cells[to] = cut(visible(value))
		case time.Time:
			cells[to] = value.Format(time.DateTime)
		default:
			cells[to] = cellText(value)
		}
	}
	return cells
}

func (t *table) writeLine(b *strings.Builder, cells []string) {
	var line strings.Builder
	for i, cell := range cells {
		if i > 0 {
			line.WriteString("  ")
		}
		space := strings.Repeat(" ", t.widths[i]-textWidth(cell))
		if t.right[i] {
			line.WriteString(space + cell)
		} else {
			line.WriteString(cell + space)
		}
	}
	b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}

func (t *table) writeRule(b *strings.Builder) {
	for i, columns := range t.widths {
		if i > 0 {
			b.WriteString("  ")
		}
		b.WriteString(strings.Repeat("-", columns))
	}
	b.WriteByte('\n')
}

// visible escapes what a terminal would act upon: control characters, and the marks that turn the direction of text.
func visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029:
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// cut shortens text to the widest cell.
func cut(text string) string {
	if textWidth(text) <= widest {
		return text
	}
	columns := 0
	for i, r := range text {
		if columns += runeWidth(r); columns > widest-1 {
			return text[:i] + "…"
		}
	}
	return text
}

// textWidth counts the columns of a terminal that text takes.
func textWidth(text string) int {
	columns := 0
	for _, r := range text {
		columns += runeWidth(r)
	}
	return columns
}

// runeWidth is 2 for wide characters (Unicode Standard Annex #11), 0 for marks and joiners, else 1.
func runeWidth(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
