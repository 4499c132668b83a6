package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/parquet-go/parquet-go"
)

func writtenTable(t *testing.T, conn driver.Conn, p TableParams) []byte {
	t.Helper()
	var b bytes.Buffer
	began := 0
	if err := WriteTable(t.Context(), conn, &b, p, func() { began++ }); err != nil {
		t.Fatalf("%+v: %v", p, err)
	}
	if began != 1 {
		t.Errorf("%+v: began %d times", p, began)
	}
	return b.Bytes()
}

// Every table in every format has each record of the site once, and none of another site.
func TestTables(t *testing.T) {
	conn := database(t)
	random := rand.New(rand.NewPCG(6, 6))
	world, other := randomWorld(random, "mine"), randomWorld(random, "theirs")
	for range 2 { // all records twice
		insert(t, conn, world.records())
	}
	insert(t, conn, other.records())
	wanted := map[string]int{"touches": len(world.Touches), "submissions": len(world.Submissions), "contacts": len(world.Contacts), "companies": len(world.Companies), "deals": len(world.Deals)}
	for _, name := range []string{"spend", "rates"} { // of one key the last received counts
		var n uint64
		if err := conn.QueryRow(t.Context(), "SELECT count() FROM "+name+" FINAL WHERE site_id = 'mine'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		wanted[name] = int(n)
	}
	for _, name := range Tables() {
		for _, format := range RowFormats() {
			t.Run(name+"."+format, func(t *testing.T) {
				text := writtenTable(t, conn, TableParams{Table: name, Site: "mine", Format: format})
				if n := rowsOf(t, format, text); n != wanted[name] {
					t.Errorf("%d rows, want %d", n, wanted[name])
				}
				if bytes.Contains(text, []byte("theirs")) || bytes.Contains(text, []byte("site_id")) {
					t.Error("another site's, or which site it is")
				}
			})
		}
	}
	march := TableParams{Table: "touches", Site: "mine", Format: "jsonl", From: rangeFrom, To: rangeTo}
	inRange := 0
	for _, touch := range world.Touches {
		if at := touch.OccurredAt.Format("2006-01-02T15:04:05Z"); at >= rangeFrom && at < rangeTo {
			inRange++
		}
	}
	if n := rowsOf(t, "jsonl", writtenTable(t, conn, march)); n != inRange || n == 0 {
		t.Errorf("%d touches in the range, want %d", n, inRange)
	}
}

func rowsOf(t *testing.T, format string, text []byte) int {
	t.Helper()
	switch format {
	case "csv":
		records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return len(records) - 1
	case "jsonl":
		lines := 0
		for line := range strings.Lines(string(text)) {
			if !json.Valid([]byte(line)) {
				t.Fatalf("no JSON: %s", line)
			}
			lines++
		}
		return lines
	}
	file, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	return int(file.NumRows())
}

func TestWrongTables(t *testing.T) {
	for want, p := range map[string]TableParams{
		"table":  {Table: "schema_migrations", Site: "mine", Format: "csv"},
		"format": {Table: "touches", Site: "mine", Format: "xml"},
		"site":   {Table: "touches", Format: "csv"},
		"from":   {Table: "touches", Site: "mine", Format: "csv", From: "yesterday"},
		"zone":   {Table: "touches", Site: "mine", Format: "csv", Zone: "Oslo"},
	} {
		var wrong *ParamError
		err := WriteTable(t.Context(), nil, &bytes.Buffer{}, p, func() { t.Error("began") })
		if !errors.As(err, &wrong) || wrong.Param != want || len(fmt.Sprint(err)) < 15 {
			t.Errorf("%+v: %v", p, err)
		}
	}
}
