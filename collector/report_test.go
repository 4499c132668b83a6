package main

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
)

// TestReportsWaitForTheirTables: the collector answers before its tables are made. Who asks for a report meanwhile gets it,
// later; where nobody makes the tables it is told so at once.
func TestReportsWaitForTheirTables(t *testing.T) {
	ctx := t.Context()
	db, err := store.Open(ctx, collectortest.ClickHouse(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ended := make(chan struct{})
	close(ended)
	for name, answers := range map[string]reporter{"nobody migrates": {store: db}, "the migration is over": {db, ended}} {
		if _, err := answers.Run(ctx, "totals", reports.Params{Site: "acme"}); !errors.Is(err, reports.ErrNoTables) {
			t.Errorf("%s: %v", name, err)
		}
	}
	migrated := make(chan struct{})
	answers := reporter{db, migrated}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := answers.Run(gone, "totals", reports.Params{Site: "acme"}); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits for the answer any more: %v", err)
	}
	asked := make(chan error, 1)
	go func() {
		_, err := answers.Run(ctx, "totals", reports.Params{Site: "acme"})
		asked <- err
	}()
	if err := db.Migrate(ctx, store.MigrateConfig{}); err != nil {
		t.Fatal(err)
	}
	close(migrated)
	if err := <-asked; err != nil {
		t.Error(err)
	}
}

// TestReportRightAfterTheStart: the listeners answer seconds before the first start has made its tables.
func TestReportRightAfterTheStart(t *testing.T) {
	r := startRig(t)
	r.call(t, "GET", "/api/reports/source_breakdown", "", "", http.StatusOK)
}
