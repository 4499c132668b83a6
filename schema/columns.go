package schema

import (
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Columns is Values for many records at once, column by column, as a ClickHouse batch takes them fastest: for each field a
// slice with the values of all records, which must be structs, or pointers to structs, of one type, that of fields.
func Columns[Record any](records []Record, fields []Field) []any {
	columns := make([]any, len(fields))
	if len(records) == 0 {
		return columns
	}
	rows := make([]reflect.Value, len(records))
	for i := range records {
		rows[i] = reflect.Indirect(reflect.ValueOf(records[i]))
		if !rows[i].CanAddr() {
			copied := reflect.New(rows[i].Type()).Elem()
			copied.Set(rows[i])
			rows[i] = copied
		}
	}
	for i := range fields {
		columns[i] = column(rows, fields[i].index)
	}
	return columns
}

func column(rows []reflect.Value, index []int) any {
	switch columnValue(rows[0].FieldByIndex(index)).(type) {
	case time.Time:
		return collect(rows, index, func(v reflect.Value) time.Time {
			return columnTime(*v.Addr().Interface().(*time.Time))
		})
	case uuid.UUID:
		return collect(rows, index, func(v reflect.Value) uuid.UUID { return parsedUUID(v.String()) })
	case decimal.Decimal:
		return collect(rows, index, func(v reflect.Value) decimal.Decimal { return *v.Addr().Interface().(*decimal.Decimal) })
	case map[string]string:
		return collect(rows, index, func(v reflect.Value) map[string]string { return *v.Addr().Interface().(*map[string]string) })
	case map[string]uint64:
		return collect(rows, index, func(v reflect.Value) map[string]uint64 { return *v.Addr().Interface().(*map[string]uint64) })
	case uint64:
		return collect(rows, index, reflect.Value.Uint)
	case uint8:
		return collect(rows, index, func(v reflect.Value) uint8 { return uint8(v.Uint()) })
	default:
		return collect(rows, index, reflect.Value.String)
	}
}

func collect[T any](rows []reflect.Value, index []int, value func(reflect.Value) T) []T {
	values := make([]T, len(rows))
	for i := range rows {
		v := rows[i]
		for _, member := range index {
			v = v.Field(member)
		}
		values[i] = value(v)
	}
	return values
}
