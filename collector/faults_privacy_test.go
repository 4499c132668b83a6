package main

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/tools/load/faults"
)

// TestSecurityNoClientAddressAnywhere: visitors come through the trusted proxy and directly, from addresses that are known.
// Afterwards neither an address nor the User-Agent is in a file of spool, Redis or ClickHouse, in a log, or in any column.
func TestSecurityNoClientAddressAnywhere(t *testing.T) {
	t.Parallel()
	database := t.TempDir()
	engine := collectortest.StartClickHouse(t, database)
	server := collectortest.StartRedis(t)
	v := startVictimOn(t, engine.DSN(), server.URL())
	v.accepts(200)
	v.settle()
	cache := server.Dir()
	for _, command := range []string{"CONFIG SET rdbcompression no", "SAVE"} {
		if answer := server.Do(command); answer != "+OK" {
			t.Fatalf("%s: %s", command, answer)
		}
	}
	ctx := context.Background()
	inTables, err := faults.SearchTables(ctx, v.conn, faults.Secrets)
	if err != nil || len(inTables) > 0 {
		t.Errorf("found in %q (%v)", inTables, err)
	}
	if known, err := faults.SearchTables(ctx, v.conn, []string{v.player.Run}); err != nil || len(known) < 2 {
		t.Errorf("the search finds %s in %q only (%v): it shows nothing", v.player.Run, known, err)
	}
	v.kill()
	engine.Stop() // or merges take files away while they are searched
	folders := []string{v.spool(), cache, database, filepath.Dir(v.log)}
	inFiles, files, err := faults.SearchFiles(folders, faults.Secrets)
	if err != nil || len(inFiles) > 0 {
		t.Errorf("found: %q (%v)", inFiles, err)
	}
	for folder, known := range map[string]string{v.spool(): v.player.Run, cache: "{acme}", filepath.Dir(v.log): "headwater accepts"} {
		if found, _, err := faults.SearchFiles([]string{folder}, []string{known}); err != nil || len(found) == 0 {
			t.Errorf("the search does not find %s in %s (%v): it shows nothing", known, folder, err)
		}
	}
	t.Logf("%d files searched", files)
}
