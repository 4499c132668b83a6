package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/headwater/headwater/collector/reports"
	"github.com/headwater/headwater/collector/store"
)

type migrateCommand struct {
	DryRun bool `help:"Only print what would be applied."`
}

// Help is shown by headwater migrate -h.
func (migrateCommand) Help() string {
	return `Makes the database and its tables where they are missing, applies what is new in this version, and sets the retention.
Run again it changes nothing. It refuses to touch a database of a newer version. serve does the same at its start
unless it is told --migrate=false.`
}

// Run is headwater migrate.
func (m migrateCommand) Run(i *invocation) error {
	l, err := i.load()
	if err != nil {
		return err
	}
	db, err := store.Open(i.ctx, l.ClickHouseDSN)
	if err != nil {
		return fmt.Errorf("connect to ClickHouse: %w", err)
	}
	defer func() { _ = db.Close() }()
	pending, err := db.PendingMigrations(i.ctx)
	if err != nil {
		return fmt.Errorf("look at the tables: %w", err)
	}
	if m.DryRun {
		if len(pending) == 0 {
			fmt.Fprintln(i.stdout, "Nothing to apply.")
			return nil
		}
		fmt.Fprintf(i.stdout, "To apply: %s\n", strings.Join(pending, ", "))
		return nil
	}
	if err := db.Migrate(i.ctx, store.MigrateConfig{RetentionMonths: l.RetentionMonths}); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := reports.CreateViews(i.ctx, db.Conn()); err != nil {
		return err
	}
	fmt.Fprintf(i.stdout, "Applied %d, the tables are up to date.\n", len(pending))
	return nil
}

// firstAttempt is how long the first attempt to migrate may take. A server that is silent would keep an attempt for ever;
// one that is only slow gets twice the time with each, up to longestAttempt, and goes on where the last one stopped.
var firstAttempt = 15 * time.Second

const longestAttempt = time.Hour

// migrateUntilDone migrates, again and again while ClickHouse is not there: the spool keeps what comes in meanwhile.
// It gives up only where a person must decide, or when ctx ends.
func migrateUntilDone(ctx context.Context, db *store.Store, config Config, log *slog.Logger) error {
	limit := firstAttempt
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 30*time.Second) {
		attempt, cancel := context.WithTimeout(ctx, limit)
		err := db.Migrate(attempt, store.MigrateConfig{RetentionMonths: config.RetentionMonths})
		late := attempt.Err() != nil
		cancel()
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, store.ErrNewer) || errors.Is(err, store.ErrChanged) {
			return fmt.Errorf("migrate: %w", err)
		}
		if late {
			limit = min(2*limit, longestAttempt)
		}
		log.Warn("ClickHouse cannot be migrated yet; the spool keeps what comes in", "error", err, "again_in", wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait/2+1)): // jitter, so that several collectors do not come at once
		}
	}
}
