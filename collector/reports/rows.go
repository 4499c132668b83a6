package reports

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Kind is what the values of a column are, beside nil.
type Kind int

// The kinds. Pairs are texts by name, Texts a list; both are written as JSON where the format has only flat values.
const (
	Text     Kind = iota // string
	Whole                // int64
	Fraction             // float64
	Truth                // bool
	Moment               // time.Time
	Exact                // decimal.Decimal
	Money                // Amounts
	Pairs                // map[string]string
	Texts                // []string
)

// Column is a column of rows that are written one by one.
type Column struct {
	Name string
	Kind Kind
	// Scale is the number of decimals of an Exact column.
	Scale int
}

// RowWriter writes rows as they come, and holds few of them. What it has written is whole once Close has returned nil.
type RowWriter interface {
	Write(row []any) error
	Close() error
}

// RowFormats lists the formats of NewRowWriter.
func RowFormats() []string { return []string{"csv", "jsonl", "parquet"} }

// NewRowWriter writes rows of the columns to w: as CSV with a header line, in which text that a spreadsheet would take for a formula has a
// ' in front; as an object a line (JSONEachRow); or as Parquet, compressed with Zstandard.
func NewRowWriter(w io.Writer, format string, columns []Column) (RowWriter, error) {
	switch format {
	case "csv":
		return newCSVRows(w, columns)
	case "jsonl":
		return newJSONRows(w, columns), nil
	case "parquet":
		return newParquetRows(w, columns), nil
	}
	return nil, paramErrorf("format", "none_of", "%.64q is none of %s", format, strings.Join(RowFormats(), ", "))
}

type csvRows struct {
	out   *csv.Writer
	cells []string
}

func newCSVRows(w io.Writer, columns []Column) (*csvRows, error) {
	c := &csvRows{out: csv.NewWriter(w), cells: make([]string, len(columns))}
	c.out.UseCRLF = true
	for i, column := range columns {
		c.cells[i] = column.Name
	}
	return c, c.out.Write(c.cells)
}

func (c *csvRows) Write(row []any) error {
	for i, value := range row {
		c.cells[i] = csvCell(value)
	}
	if err := c.out.Write(c.cells); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func (c *csvRows) Close() error {
	c.out.Flush()
	if err := c.out.Error(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

type jsonRows struct {
	out   *bufio.Writer
	names []string
	line  bytes.Buffer
}

func newJSONRows(w io.Writer, columns []Column) *jsonRows {
	j := &jsonRows{out: bufio.NewWriter(w)}
	for _, column := range columns {
		j.names = append(j.names, column.Name)
	}
	return j
}

func (j *jsonRows) Write(row []any) error {
	j.line.Reset()
	writeJSONObject(&j.line, j.names, row, false)
	j.line.WriteByte('\n')
	if _, err := j.out.Write(j.line.Bytes()); err != nil {
		return fmt.Errorf("write JSON lines: %w", err)
	}
	return nil
}

func (j *jsonRows) Close() error {
	if err := j.out.Flush(); err != nil {
		return fmt.Errorf("write JSON lines: %w", err)
	}
	return nil
}

// writeRows writes the rows of a result, without its totals and notes.
func (r *Result) writeRows(w io.Writer, format string) error {
	out, err := NewRowWriter(w, format, r.kinds())
	if err != nil {
		return err
	}
	for _, row := range r.Rows {
		if err := out.Write(row); err != nil {
			return err
		}
	}
	return out.Close()
}

// kinds finds out what the columns hold: text where nothing says what.
func (r *Result) kinds() []Column {
	columns := make([]Column, len(r.Columns))
	for i, name := range r.Columns {
		columns[i].Name = name
		row := slices.IndexFunc(r.Rows, func(row []any) bool { return row[i] != nil })
		if row >= 0 {
			columns[i].Kind = kindOf(r.Rows[row][i])
		}
		if columns[i].Kind == Exact {
			columns[i].Scale = r.scale(i)
		}
	}
	return columns
}

// scale is the most decimals that a value of the column has.
func (r *Result) scale(column int) int {
	most := 0
	for _, row := range r.Rows {
		if value, ok := row[column].(decimal.Decimal); ok {
			most = max(most, -int(value.Exponent()))
		}
	}
	return most
}

func kindOf(value any) Kind {
	switch value.(type) {
	case int64:
		return Whole
	case float64:
		return Fraction
	case bool:
		return Truth
	case time.Time:
		return Moment
	case decimal.Decimal:
		return Exact
	case Amounts:
		return Money
	case map[string]string:
		return Pairs
	case []string:
		return Texts
	}
	return Text
}
