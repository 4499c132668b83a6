package reports

import (
	"bytes"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/shopspring/decimal"
)

// rowsPerGroup bounds what a Parquet file's writer holds in memory: some tens of megabytes of the widest table.
const rowsPerGroup = 50_000

// decimalDigits and decimalBytes are the largest decimal that Parquet's readers commonly take.
const (
	decimalDigits = 38
	decimalBytes  = 16
)

type parquetRows struct {
	out     *parquet.GenericWriter[any]
	columns []Column
	row     parquet.Row
	held    int
}

func newParquetRows(w io.Writer, columns []Column) *parquetRows {
	group, order := parquet.Group{}, []string{}
	for _, column := range columns {
		group[column.Name] = parquet.Optional(parquetNode(column))
		order = append(order, column.Name)
	}
	schema := parquet.NewSchema("row", &orderedGroup{Group: group, order: order})
	return &parquetRows{out: parquet.NewGenericWriter[any](w, schema, parquet.Compression(&parquet.Zstd)), columns: columns}
}

// orderedGroup is a group whose fields keep their order: parquet.Group sorts them by name.
type orderedGroup struct {
	parquet.Group
	order []string
}

func (g *orderedGroup) Fields() []parquet.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(g.order, a.Name()) - slices.Index(g.order, b.Name())
	})
	return fields
}

func parquetNode(column Column) parquet.Node {
	switch column.Kind {
	case Whole:
		return parquet.Int(64)
	case Fraction:
		return parquet.Leaf(parquet.DoubleType)
	case Truth:
		return parquet.Leaf(parquet.BooleanType)
	case Moment:
		return parquet.Timestamp(parquet.Millisecond)
	case Exact:
		return parquet.Decimal(column.Scale, decimalDigits, parquet.FixedLenByteArrayType(decimalBytes))
	case Pairs, Texts:
		return parquet.JSON()
	}
	return parquet.String()
}

func (p *parquetRows) Write(row []any) error {
	p.row = p.row[:0]
	for i, value := range row {
		written, err := parquetValue(p.columns[i], value)
		if err != nil {
			return fmt.Errorf("write Parquet: column %s: %w", p.columns[i].Name, err)
		}
		defined := 1
		if value == nil {
			defined = 0
		}
		p.row = append(p.row, written.Level(0, defined, i))
	}
	_, err := p.out.WriteRows([]parquet.Row{p.row})
	if p.held++; err == nil && p.held == rowsPerGroup {
		p.held = 0
		err = p.out.Flush()
	}
	if err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

func (p *parquetRows) Close() error {
	if err := p.out.Close(); err != nil {
		return fmt.Errorf("write Parquet: %w", err)
	}
	return nil
}

func parquetValue(column Column, value any) (parquet.Value, error) {
	switch value := value.(type) {
	case nil:
		return parquet.Value{}, nil
	case time.Time:
		return parquet.Int64Value(value.UnixMilli()), nil
	case decimal.Decimal:
		return exactValue(value, column.Scale)
	case Amounts:
		return parquet.ByteArrayValue([]byte(value.String())), nil
	case map[string]string, []string:
		var text bytes.Buffer
		writeJSONValue(&text, value)
		return parquet.ByteArrayValue(text.Bytes()), nil
	case string:
		return parquet.ByteArrayValue([]byte(value)), nil
	}
	return parquet.ValueOf(value), nil
}

// exactValue is a decimal as Parquet stores it: the number of its smallest units in two's complement, big endian.
func exactValue(value decimal.Decimal, scale int) (parquet.Value, error) {
	units := value.Shift(int32(scale)).BigInt()
	if units.BitLen() >= 8*decimalBytes {
		return parquet.Value{}, fmt.Errorf("%s has more than %d digits", value, decimalDigits)
	}
	if units.Sign() < 0 {
		units = new(big.Int).Add(units, new(big.Int).Lsh(big.NewInt(1), 8*decimalBytes))
	}
	return parquet.FixedLenByteArrayValue(units.FillBytes(make([]byte, decimalBytes))), nil
}
