package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/shopspring/decimal"
)

// everyKind has a column of each kind, whose names are not in alphabetical order.
func everyKind() ([]Column, [][]any) {
	columns := []Column{{"text", Text, 0}, {"n", Whole, 0}, {"f", Fraction, 0}, {"yes", Truth, 0}, {"at", Moment, 0}, {"exact", Exact, 4}, {"won", Money, 0}, {"by_name", Pairs, 0}, {"list", Texts, 0}}
	at := time.Date(2026, 3, 1, 9, 30, 0, 123e6, time.UTC)
	return columns, [][]any{
		{"=1+1", int64(-5), 0.25, true, at, decimal.RequireFromString("-12.5"), Amounts{{"EUR", decimal.RequireFromString("3")}}, map[string]string{"ref": "a"}, []string{"x", "y"}},
		{"日本", int64(1) << 60, -1e-9, false, at, decimal.RequireFromString("99999999999999.9999"), Amounts{}, map[string]string{}, []string{}},
		{nil, nil, nil, nil, nil, nil, nil, nil, nil},
	}
}

func writtenRows(t *testing.T, format string) []byte {
	t.Helper()
	columns, rows := everyKind()
	var b bytes.Buffer
	out, err := NewRowWriter(&b, format, columns)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := out.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRowsAsCSV(t *testing.T) {
	records, err := csv.NewReader(bytes.NewReader(writtenRows(t, "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"text", "n", "f", "yes", "at", "exact", "won", "by_name", "list"},
		{"'=1+1", "-5", "0.25", "true", "2026-03-01T09:30:00.123Z", "-12.5", "EUR 3.00", `{"ref":"a"}`, `["x","y"]`},
		{"日本", "1152921504606846976", "-0.000000001", "false", "2026-03-01T09:30:00.123Z", "99999999999999.9999", "", "{}", "[]"},
		{"", "", "", "", "", "", "", "", ""},
	}
	for i := range want {
		if !slices.Equal(records[i], want[i]) {
			t.Errorf("line %d: %q, want %q", i, records[i], want[i])
		}
	}
}

func TestRowsAsJSONLines(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(string(writtenRows(t, "jsonl"))), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], `{"text": "=1+1", "n": -5, `) {
		t.Fatalf("%q", lines)
	}
	for _, line := range lines {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil || len(row) != 9 {
			t.Errorf("%s: %v", line, err)
		}
	}
	if !strings.Contains(lines[0], `"by_name": {"ref":"a"}`) || !strings.Contains(lines[2], `"text": null`) {
		t.Errorf("%q", lines)
	}
}

// Parquet is read back with its types: what an analyst's tool sees.
func TestRowsAsParquet(t *testing.T) {
	data := writtenRows(t, "parquet")
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var names, types []string
	for _, field := range file.Schema().Fields() {
		names = append(names, field.Name())
		types = append(types, field.Type().String())
	}
	if want := "text n f yes at exact won by_name list"; strings.Join(names, " ") != want {
		t.Errorf("columns %v, want %s", names, want)
	}
	if want := "STRING INT(64,true) DOUBLE BOOLEAN TIMESTAMP(isAdjustedToUTC=true,unit=MILLIS) DECIMAL(38,4) STRING JSON JSON"; strings.Join(types, " ") != want {
		t.Errorf("types %v, want %s", types, want)
	}
	reader := parquet.NewReader(file)
	rows := make([]parquet.Row, 4)
	n, err := reader.ReadRows(rows)
	if n != 3 || err != nil && err != io.EOF {
		t.Fatalf("%d rows, %v", n, err)
	}
	first := rows[0]
	if first[0].String() != "=1+1" || first[1].Int64() != -5 || first[2].Double() != 0.25 || !first[3].Boolean() || first[4].Int64() != 1772357400123 || first[7].String() != `{"ref":"a"}` {
		t.Errorf("the first row is %+v", first)
	}
	if units := signed(first[5].ByteArray()); units.Cmp(big.NewInt(-125000)) != 0 {
		t.Errorf("-12.5 is %s units of a ten-thousandth", units)
	}
	if units := signed(rows[1][5].ByteArray()); units.Cmp(big.NewInt(999999999999999999)) != 0 {
		t.Errorf("99999999999999.9999 is %s units of a ten-thousandth", units)
	}
	for i, value := range rows[2] {
		if !value.IsNull() {
			t.Errorf("column %d of the empty row is %v", i, value)
		}
	}
}

// signed reads two's complement, big endian.
func signed(data []byte) *big.Int {
	n := new(big.Int).SetBytes(data)
	if data[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(data))))
	}
	return n
}

func TestADecimalThatIsTooLarge(t *testing.T) {
	var b bytes.Buffer
	out, err := NewRowWriter(&b, "parquet", []Column{{"exact", Exact, 4}})
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Write([]any{decimal.New(1, 38)}); err == nil {
		t.Error("10^38 with four decimals has been written as something")
	}
	if _, err := NewRowWriter(&b, "xlsx", nil); err == nil {
		t.Error("xlsx is no format")
	}
}

// Every format of a report has its rows.
func TestEveryFormatHasTheRows(t *testing.T) {
	for _, format := range Formats() {
		if got := written(t, sample(), format); !strings.Contains(got, "linkedin") {
			t.Errorf("%s: %q", format, got)
		}
	}
}
