package main

import (
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
	report := func() string {
		t.Helper()
		stdout, stderr, code := run("report", "source_breakdown", "--by", "channel", "--from", "2026-03", "--to", "2026-04", "--format", "csv")
		if code != 0 {
			t.Fatal(stderr)
		}
		return stdout
	}
	const move = "deals-uk / banner in Display > deals-uk / banner in Affiliates"
	stdout, stderr, code := run("reclassify", "--from", "2026-03", "--to", "2026-04", "--dry-run")
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
	if stdout, _, _ = run("reclassify", "--all"); !strings.Contains(stdout, "touches: 1 looked at, 0 touches moved\n") {
		t.Errorf("again:\n%s", stdout)
	}
	if _, stderr, code = run("reclassify"); code != 2 || !strings.Contains(stderr, "--from, --to; --all") {
		t.Errorf("without a range: exit %d, %s", code, stderr)
	}
}
