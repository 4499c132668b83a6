package reports

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/schema"
)

var typedParam = regexp.MustCompile(`\{(\w+):([A-Z]\w*\(?)`)

// viewCall is the text that asks a report's view what Run asks, naming every parameter.
func viewCall(t *testing.T, name string, a asked) string {
	t.Helper()
	text, err := composeFrom(schema.Attribution, name, viewSource(name))
	if err != nil {
		t.Fatal(err)
	}
	values := a.parameters()
	var given []string
	for _, match := range typedParam.FindAllStringSubmatch(text, -1) {
		value := values[match[1]]
		if !strings.HasPrefix(match[2], "Array(") && !strings.HasPrefix(match[2], "UInt") {
			value = "'" + value + "'"
		}
		if argument := match[1] + " = " + value; !slices.Contains(given, argument) {
			given = append(given, argument)
		}
	}
	return "SELECT * FROM " + name + "(" + strings.Join(given, ", ") + ")"
}

// TestViewsSayWhatTheReportsSay asks each view in the database, as somebody who may only read, and holds it against the report.
func TestViewsSayWhatTheReportsSay(t *testing.T) {
	conn := database(t)
	for range 2 { // the next start puts them there again
		if err := CreateViews(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
	}
	random := rand.New(rand.NewPCG(5, 5))
	world := sparseWorld(random, "views", 2)
	insert(t, conn, world.records())
	world.judge(t, conn)
	if err := Settle(t.Context(), conn, world.site, false); err != nil {
		t.Fatal(err)
	}
	reading := clickhouse.Context(context.Background(), clickhouse.WithSettings(clickhouse.Settings{"readonly": 1}))
	for _, name := range Views() {
		for i, p := range someParams(t, conn, name, world.site, random) {
			t.Run(fmt.Sprint(name, i), func(t *testing.T) {
				a, err := p.checked(name)
				if err != nil {
					t.Fatal(err)
				}
				if len(a.By) == 0 {
					a.By = wholeTouch()
				}
				rows, err := conn.Query(reading, viewCall(t, name, a))
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = rows.Close() }()
				got := &Result{Columns: rows.Columns()}
				for rows.Next() {
					row, err := scan(rows, a.location)
					if err != nil {
						t.Fatal(err)
					}
					got.Rows = append(got.Rows, row)
				}
				want, err := queryFrom(t.Context(), conn, name, a, fromRecords)
				if err != nil {
					t.Fatal(err)
				}
				if tsv(got) != tsv(want) {
					t.Errorf("the view says\n%sthe report\n%s", tsv(got), tsv(want))
				}
			})
		}
	}
}
