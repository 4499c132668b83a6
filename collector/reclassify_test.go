package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

// The command, from a changed config to reports that follow it.
func TestReclassifyCommand(t *testing.T) {
	clearEnvironment(t)
	dsn := collectortest.ClickHouse(t)
	db, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(t.Context(), store.MigrateConfig{RetentionMonths: 600}); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	touch := schema.Touch{TouchID: schema.TouchID(uuid.NewString()), OccurredAt: at, UTMSource: "deals-uk", UTMMedium: "banner"}
	before, err := schema.NewResolver(&schema.Site{ID: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	before.Resolve(&touch)
	lead := schema.Submission{SiteID: "acme", SubmissionID: schema.SubmissionID(uuid.NewString()), Form: "signup", ContactID: "c1",
		OccurredAt: at.Add(time.Minute), ReceivedAt: at, FirstTouch: touch, LatestTouch: touch}
	record := schema.TouchRecord{SiteID: "acme", VisitorID: schema.VisitorID(uuid.NewString()), Touch: touch, ReceivedAt: at}
	for table, row := range map[string]any{"touches": record, "submissions": lead} {
		if err := db.Insert(t.Context(), table, table, []any{row}); err != nil {
			t.Fatal(err)
		}
	}
	config := writeConfig(t, goodConfig+"\n  [[site.source_rule]]\n  utm_source = \"deals-*\"\n  channel = \"Affiliates\"\n")
	run := func(args ...string) (string, string, int) {
		t.Helper()
		return headwater(t, append(args, "--config", config, "--clickhouse-dsn", dsn)...)
	}
	file := filepath.Join(t.TempDir(), "march.csv")
	importing := func(rows string, args ...string) (string, string, int) {
		t.Helper()
		if err := os.WriteFile(file, []byte("date;source;medium;currency;amount;clicks;note\n"+rows), 0o600); err != nil {
			t.Fatal(err)
		}
		return headwater(t, append(append([]string{"import", "spend", file}, args...), "--config", writeConfig(t, goodConfig), "--clickhouse-dsn", dsn)...)
	}
	const row = "2026-03-09;Deals-UK;banner;EUR;12.50;3;x\n"
	stdout, stderr, code := importing(row + "2026-03-32;deals-uk;banner;EUR;1;1;x\n2026-03-10;deals-uk;banner;Euro;1;1;x\n")
	for _, said := range []string{"columns that mean nothing here: note\n", "march.csv: line 3: date: ", "march.csv: line 4: currency: ", "2 rows are wrong, 1 are right; nothing was stored"} {
		if code != 1 || stdout != "" || !strings.Contains(stderr, said) {
			t.Errorf("a file with faults, exit %d: %s%s", code, stdout, stderr)
		}
	}
	if stdout, stderr, code = importing(row, "--dry-run"); code != 0 || !strings.Contains(stdout, "all 1 rows are right; nothing was stored") {
		t.Errorf("a dry run, exit %d: %s%s", code, stdout, stderr)
	}
	for range 2 { // the same again is the same
		if stdout, stderr, code = importing(row); code != 0 || !strings.Contains(stdout, "march.csv: 1 rows of spend stored\n") {
			t.Fatalf("exit %d: %s%s", code, stdout, stderr)
		}
	}
	costs := func() string {
		t.Helper()
		stdout, stderr, code := run("report", "costs", "--by", "channel", "--from", "2026-03", "--to", "2026-04", "--format", "csv")
		if code != 0 {
			t.Fatal(stderr)
		}
		return stdout
	}
	if before := costs(); !strings.Contains(before, "Display,12.50 EUR") && !strings.Contains(before, "Display,EUR 12.50") {
		t.Errorf("what it cost before:\n%s", before)
	}
	report := func() string {
		t.Helper()
		stdout, stderr, code := run("report", "source_breakdown", "--by", "channel", "--from", "2026-03", "--to", "2026-04", "--format", "csv")
		if code != 0 {
			t.Fatal(stderr)
		}
		return stdout
	}
	const move = "deals-uk / banner in Display > deals-uk / banner in Affiliates"
	stdout, stderr, code = run("reclassify", "--from", "2026-03", "--to", "2026-04", "--dry-run")
	if code != 0 || !strings.Contains(stdout, "touches: 1 looked at, 1 touches would move\n  1  "+move) || !strings.Contains(report(), "Display") {
		t.Fatalf("a dry run, exit %d:\n%s%s%s", code, stdout, stderr, report())
	}
	stdout, stderr, code = run("reclassify", "--from", "2026-03", "--to", "2026-04")
	if code != 0 || !strings.Contains(stdout, "touches: 1 looked at, 1 touches moved\n  1  "+move) || !strings.Contains(stdout, "submissions: 1 looked at, 2 touches moved\n  2  "+move) {
		t.Fatalf("exit %d:\n%s%s", code, stdout, stderr)
	}
	if after := report(); !strings.Contains(after, "Affiliates") || strings.Contains(after, "Display") {
		t.Errorf("the report afterwards:\n%s", after)
	}
	if after := costs(); !strings.Contains(stdout, "spend: 1 looked at, 1 rows moved\n  1  "+move) || strings.Contains(after, "Display") || !strings.Contains(after, "12.50") {
		t.Errorf("what it cost afterwards:\n%s%s", after, stdout)
	}
	if stdout, _, _ = run("reclassify", "--all"); !strings.Contains(stdout, "touches: 1 looked at, 0 touches moved\n") {
		t.Errorf("again:\n%s", stdout)
	}
	if _, stderr, code = run("reclassify"); code != 2 || !strings.Contains(stderr, "--from, --to; --all") {
		t.Errorf("without a range: exit %d, %s", code, stderr)
	}
}
