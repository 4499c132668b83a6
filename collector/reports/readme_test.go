package reports

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const readme = "../../schema/README.md"

// TestTheReadmeNamesEveryColumn: the section of each table names its columns, all of them and no others.
func TestTheReadmeNamesEveryColumn(t *testing.T) {
	conn := database(t)
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	_, columns, _ := strings.Cut(string(text), "\n## Columns\n")
	columns, _, _ = strings.Cut(columns, "\n## ")
	sections := strings.Split(columns, "\n### ")[1:]
	rows, err := conn.Query(t.Context(), `SELECT table, groupArray(name) FROM system.columns WHERE database = currentDatabase()
		AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree') GROUP BY table`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	there := map[string][]string{}
	for rows.Next() {
		var table string
		var names []string
		if err := rows.Scan(&table, &names); err != nil {
			t.Fatal(err)
		}
		there[table] = slices.DeleteFunc(names, func(name string) bool {
			return table == "submissions" && (strings.HasPrefix(name, "first_touch_") || strings.HasPrefix(name, "latest_touch_")) // as those of touches
		})
	}
	firstCell, word := regexp.MustCompile("(?m)^\\| ((?:`\\w+` ?)+) \\|"), regexp.MustCompile(`\w+`)
	for _, section := range sections {
		table := word.FindString(section)
		if table == "schema_migrations" {
			continue // not one of the numbered files
		}
		var named []string
		for _, cell := range firstCell.FindAllStringSubmatch(section, -1) {
			named = append(named, word.FindAllString(cell[1], -1)...)
		}
		slices.Sort(named)
		slices.Sort(there[table])
		if !slices.Equal(named, there[table]) {
			t.Errorf("%s: the README names\n%v, there are\n%v", table, named, there[table])
		}
		delete(there, table)
	}
	for table := range there {
		t.Errorf("the README says nothing about the columns of %s", table)
	}
}

// TestWorkedQueries runs the README's queries on the journeys. -update writes what they answer.
func TestWorkedQueries(t *testing.T) {
	conn := database(t)
	if err := CreateViews(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	for _, journey := range readJourneys(t) {
		insert(t, conn, journey.records())
		journey.judge(t, conn)
		if err := Settle(t.Context(), conn, journey.site, false); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	worked := regexp.MustCompile("(?s)\n### \\d+\\. ([^\n]+)\n.*?```sql\n(.*?)```\n\n```text\n(.*?)```\n")
	queries := 0
	updated := worked.ReplaceAllStringFunc(string(text), func(block string) string {
		found := worked.FindStringSubmatch(block)
		queries++
		rows, err := conn.Query(t.Context(), found[2])
		if err != nil {
			t.Fatalf("%s: %v", found[1], err)
		}
		defer func() { _ = rows.Close() }()
		result := &Result{Columns: rows.Columns()}
		for rows.Next() {
			row, err := scan(rows, earliest.Location())
			if err != nil {
				t.Fatalf("%s: %v", found[1], err)
			}
			result.Rows = append(result.Rows, row)
		}
		if got := tsv(result); got != found[3] && !*update {
			t.Errorf("%s: the README shows\n%s\nit is\n%s", found[1], found[3], got)
		} else if len(result.Rows) == 0 {
			t.Errorf("%s: nothing to show", found[1])
		} else {
			return strings.TrimSuffix(block, "```text\n"+found[3]+"```\n") + "```text\n" + got + "```\n"
		}
		return block
	})
	if queries < 10 {
		t.Errorf("%d worked queries, want ten", queries)
	}
	if *update && updated != string(text) {
		if err := os.WriteFile(readme, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
