package main

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

var (
	createsTable = regexp.MustCompile(`(?s)CREATE TABLE IF NOT EXISTS (\w+)\n\(\n(.*?)\n\)`)
	grantsSelect = regexp.MustCompile(`(?m)^GRANT SELECT ON HEADWATER_DB\.(\w+) TO headwater_reader;$`)
	policyFor    = regexp.MustCompile(`(?m)^CREATE ROW POLICY IF NOT EXISTS (\S+) ON HEADWATER_DB\.(\w+) (.*);$`)
	comment      = regexp.MustCompile(`(?m)^--.*$`)
	readsTable   = regexp.MustCompile(`(?i)\b(?:FROM|JOIN)\s+(\w+)`)
)

func readDeployFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../deploy/clickhouse/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sitesTables are the tables that say whose their rows are.
func sitesTables(t *testing.T) []string {
	t.Helper()
	files, err := fs.Glob(schema.Tables, "tables/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for _, file := range files {
		text, err := fs.ReadFile(schema.Tables, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range createsTable.FindAllStringSubmatch(string(text), -1) {
			if strings.HasPrefix(strings.TrimSpace(found[2]), "site_id ") {
				tables = append(tables, found[1])
			}
		}
	}
	slices.Sort(tables)
	return tables
}

// TestDeployReaderPolicies: each table that has a site has its policies, and readers are granted the views, what these read, and nothing
// that has no policy.
func TestDeployReaderPolicies(t *testing.T) {
	tables := sitesTables(t)
	for name, rule := range map[string]string{
		"reader.sql":      "USING true TO ALL EXCEPT headwater_reader",
		"reader_site.sql": "FOR SELECT USING site_id = 'HEADWATER_SITE' TO `headwater_HEADWATER_SITE`",
	} {
		var named []string
		for _, found := range policyFor.FindAllStringSubmatch(readDeployFile(t, name), -1) {
			named = append(named, found[2])
			if found[3] != rule {
				t.Errorf("%s: the policy of %s says %s", name, found[2], found[3])
			}
		}
		slices.Sort(named)
		if !slices.Equal(named, tables) {
			t.Errorf("%s has policies of\n%v, tables with a site are\n%v", name, named, tables)
		}
	}
	granted := map[string]bool{}
	for _, found := range grantsSelect.FindAllStringSubmatch(readDeployFile(t, "reader.sql"), -1) {
		granted[found[1]] = true
	}
	for name := range granted {
		if !slices.Contains(tables, name) && !slices.Contains(reports.Views(), name) {
			t.Errorf("%s is granted, and neither a view nor a table with a policy", name)
		}
	}
	for _, view := range reports.Views() {
		if !granted[view] {
			t.Errorf("the view %s is not granted", view)
		}
		text, err := reports.SettledSQL(view)
		if view == "suspects" {
			text, err = reports.SQL(view)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range readsTable.FindAllStringSubmatch(comment.ReplaceAllString(text, ""), -1) {
			ownName := strings.Contains(text, "\n"+found[1]+" AS\n") // of a common table expression
			if slices.Contains(tables, found[1]) && !granted[found[1]] && !ownName {
				t.Errorf("the view %s reads %s, which is not granted", view, found[1])
			}
		}
	}
	if granted["submission_fields"] || granted["desk"] {
		t.Error("readers are granted what people typed, or decided")
	}
}

// TestDeployReaderParses: ClickHouse understands every statement. (The embedded engine has no users, and so can't run them.)
func TestDeployReaderParses(t *testing.T) {
	db, err := store.Open(t.Context(), collectortest.ClickHouse(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	statements := 0
	for _, name := range []string{"reader.sql", "reader_site.sql"} {
		text := comment.ReplaceAllString(readDeployFile(t, name), "")
		text = strings.NewReplacer("HEADWATER_DB", "headwater", "HEADWATER_SITE", "acme-shop", "PASSWORD_SHA256", strings.Repeat("5e", 32)).Replace(text)
		for statement := range strings.SplitSeq(text, ";") {
			if statement = strings.TrimSpace(statement); statement == "" {
				continue
			}
			statements++
			var formatted string
			if err := db.Conn().QueryRow(t.Context(), "SELECT formatQuery(?)", statement).Scan(&formatted); err != nil {
				t.Errorf("%s: %s: %v", name, statement, err)
			}
		}
	}
	var formatted string
	if err := db.Conn().QueryRow(t.Context(), "SELECT formatQuery(?)", "CREATE ROW POLICY a ON b USING").Scan(&formatted); err == nil || statements < 40 {
		t.Errorf("%d statements, and nonsense is understood as %q", statements, formatted)
	}
}
