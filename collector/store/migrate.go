package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/headwater/headwater/schema"
)

// MigrateConfig is what the tables depend on besides this version of Headwater.
type MigrateConfig struct {
	// RetentionMonths is how long rows are kept: whole months, at least 1. Default 25.
	RetentionMonths int
}

// migration is one numbered file of schema.Tables.
type migration struct {
	version  uint32
	name     string // of the file
	checksum string // SHA-256 of the file in hex
	text     string
}

// Status is how the database's tables stand to this version of Headwater.
type Status struct {
	Version uint32   // of the database, 0 where nothing was applied yet
	Latest  uint32   // that this version of Headwater knows
	Pending []string // files that are not applied yet, in order
}

// The errors of Migrate and Status that only a person can resolve.
var (
	ErrNewer   = errors.New("the database was migrated by a newer version of Headwater")
	ErrChanged = errors.New("a migration was edited after it was applied")
)

const migrationsTable = `CREATE TABLE IF NOT EXISTS schema_migrations
(
    version    UInt32,
    name       String,
    checksum   String,
    applied_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY version`

// Migrate makes the database and its tables what this version of Headwater needs, and sets their retention. Run again, it
// changes nothing; run by several processes at once, it does no harm. It refuses (ErrNewer, ErrChanged) to touch a
// database whose history it does not know.
func (s *Store) Migrate(ctx context.Context, config MigrateConfig) error {
	if config.RetentionMonths == 0 {
		config.RetentionMonths = schema.DefaultRetentionMonths
	}
	if config.RetentionMonths < 1 {
		return fmt.Errorf("migrate: retention_months is %d: it must be at least 1", config.RetentionMonths)
	}
	known, err := migrations(schema.Tables)
	if err != nil {
		return err
	}
	if err := s.migrate(ctx, known, config.RetentionMonths); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

func (s *Store) migrate(ctx context.Context, known []migration, months int) error {
	if err := s.createDatabase(ctx); err != nil {
		return fmt.Errorf("create database %s: %w", s.options.Auth.Database, err)
	}
	if err := s.conn.Exec(ctx, migrationsTable); err != nil {
		return fmt.Errorf("create schema_migrations: %w", err)
	}
	pending, _, err := s.pending(ctx, known)
	if err != nil {
		return err
	}
	applied, err := s.applyAll(ctx, pending, months)
	if recordErr := s.record(ctx, pending[:applied]); recordErr != nil {
		return errors.Join(err, fmt.Errorf("%d migrations are applied, but writing that down failed: %w", applied, recordErr))
	}
	if err != nil {
		return err
	}
	return s.setRetention(ctx, known, months)
}

// applyAll applies migrations in order, and returns how many of them are applied. Those that a process applied which died before it
// wrote them down are applied again: that does no harm.
func (s *Store) applyAll(ctx context.Context, pending []migration, months int) (applied int, err error) {
	for i, m := range pending {
		for _, statement := range statements(withRetention(m.text, months)) {
			if err := s.apply(ctx, statement, optionalSettings); err != nil {
				return i, fmt.Errorf("%s: %w", m.name, err)
			}
		}
	}
	return len(pending), nil
}

// createDatabase makes the DSN's database, if the user may. Where it exists already nothing is tried, since a
// user of one database needs no right to make any.
func (s *Store) createDatabase(ctx context.Context) error {
	err := s.conn.Exec(ctx, "SELECT 1")
	var exception *clickhouse.Exception
	if !errors.As(err, &exception) || exception.Code != 81 {
		return err
	}
	options := *s.options
	options.Auth.Database = ""
	outside, err := clickhouse.Open(&options)
	if err != nil {
		return err
	}
	defer outside.Close()
	return outside.Exec(ctx, "CREATE DATABASE IF NOT EXISTS `"+strings.ReplaceAll(s.options.Auth.Database, "`", "``")+"`")
}

// Status tells what Migrate would do. Its errors are Migrate's.
func (s *Store) Status(ctx context.Context) (Status, error) {
	known, err := migrations(schema.Tables)
	if err != nil {
		return Status{}, err
	}
	status := Status{Latest: known[len(known)-1].version}
	pending, version, err := s.pending(ctx, known)
	if err != nil {
		return Status{}, fmt.Errorf("migrations: %w", err)
	}
	status.Version = version
	for _, m := range pending {
		status.Pending = append(status.Pending, m.name)
	}
	return status, nil
}

// PendingMigrations returns the files that Migrate would apply, in order.
func (s *Store) PendingMigrations(ctx context.Context) ([]string, error) {
	status, err := s.Status(ctx)
	return status.Pending, err
}

// pending compares the known migrations with those that the database went through.
func (s *Store) pending(ctx context.Context, known []migration) ([]migration, uint32, error) {
	applied, newest, err := s.applied(ctx)
	if err != nil {
		return nil, 0, err
	}
	if latest := known[len(known)-1]; newest > latest.version {
		return nil, 0, fmt.Errorf("%w: it is at %s, and this version knows the migrations up to %s: upgrade Headwater, or name another database in clickhouse_dsn",
			ErrNewer, applied[newest].name, latest.name)
	}
	var pending []migration
	for _, m := range known {
		was, ok := applied[m.version]
		switch {
		case !ok:
			pending = append(pending, m)
		case was.checksum != m.checksum:
			return nil, 0, fmt.Errorf("%w: %s is not the file that was applied as %s: restore it, and put the change into a new file",
				ErrChanged, m.name, was.name)
		}
	}
	return pending, newest, nil
}

// applied reads schema_migrations. Two processes that migrate at once write a version down twice: the first counts.
func (s *Store) applied(ctx context.Context) (map[uint32]migration, uint32, error) {
	rows, err := s.conn.Query(ctx, `SELECT version, argMin(name, applied_at), argMin(checksum, applied_at)
		FROM schema_migrations GROUP BY version ORDER BY version`)
	var exception *clickhouse.Exception
	if errors.As(err, &exception) && (exception.Code == 60 || exception.Code == 81) {
		return nil, 0, nil // no table, or no database: nothing was applied yet
	}
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	applied := map[uint32]migration{}
	newest := uint32(0)
	for rows.Next() {
		var m migration
		if err := rows.Scan(&m.version, &m.name, &m.checksum); err != nil {
			return nil, 0, err
		}
		applied[m.version] = m
		newest = max(newest, m.version)
	}
	return applied, newest, rows.Err()
}

// record writes down what is applied, all of it in one insert: each insert makes a part.
func (s *Store) record(ctx context.Context, applied []migration) error {
	if len(applied) == 0 {
		return nil
	}
	var rows []string
	for _, m := range applied {
		rows = append(rows, fmt.Sprintf("(%d, '%s', '%s', now64(3))", m.version, Quote(m.name), Quote(m.checksum)))
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0}))
	return s.conn.Exec(ctx, "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES "+strings.Join(rows, ", "))
}

var tableTTL = regexp.MustCompile(`(?s)CREATE TABLE IF NOT EXISTS (\w+)\n.*?\nTTL ([^\n]*\{retention_months\}[^\n]*)`)

// setRetention changes the TTL of the tables whose retention is another, and of no other: ClickHouse reads all parts of
// a table to apply one.
func (s *Store) setRetention(ctx context.Context, known []migration, months int) error {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"materialize_ttl_after_modify": 1}))
	for _, m := range known {
		for _, found := range tableTTL.FindAllStringSubmatch(m.text, -1) {
			table, ttl := found[1], withRetention(found[2], months)
			var engine string
			err := s.conn.QueryRow(ctx, `SELECT engine_full FROM system.tables
				WHERE database = currentDatabase() AND name = {table:String}`, clickhouse.Named("table", table)).Scan(&engine)
			if err != nil {
				return fmt.Errorf("retention of %s: %w", table, err)
			}
			if strings.Contains(engine, fmt.Sprintf("toIntervalMonth(%d)", months)) {
				continue
			}
			if err := s.conn.Exec(ctx, "ALTER TABLE "+table+" MODIFY TTL "+ttl); err != nil {
				return fmt.Errorf("retention of %s: %w", table, err)
			}
		}
	}
	return nil
}

func withRetention(text string, months int) string {
	return strings.ReplaceAll(text, "{retention_months}", strconv.Itoa(months))
}

var migrationName = regexp.MustCompile(`^([0-9]{4})_[a-z0-9_]+\.sql$`)

// migrations reads the files tables/NNNN_name.sql in the order of their numbers. A number may be missing, so that changes
// that are made at the same time can have numbers of their own; no two files have the same.
func migrations(from fs.FS) ([]migration, error) {
	files, err := fs.Glob(from, "tables/*.sql")
	if err != nil {
		return nil, err
	}
	var known []migration
	for _, file := range files {
		named := migrationName.FindStringSubmatch(path.Base(file))
		if named == nil {
			return nil, fmt.Errorf("migration %s: it must be called NNNN_name.sql, NNNN being its number", file)
		}
		version, err := strconv.ParseUint(named[1], 10, 32)
		if err != nil {
			return nil, err
		}
		if n := len(known); version == 0 || n > 0 && uint32(version) == known[n-1].version {
			return nil, fmt.Errorf("migration %s: another file has its number: give it the next that is free", file)
		}
		data, err := fs.ReadFile(from, file)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(data)
		known = append(known, migration{
			version: uint32(version), name: path.Base(file), checksum: hex.EncodeToString(sum[:]), text: string(data),
		})
	}
	if len(known) == 0 {
		return nil, errors.New("no migrations are built in")
	}
	return known, nil
}

// statements cuts a file at the semicolons outside of comments and quotes, and leaves the comments out.
func statements(text string) []string {
	var list []string
	var b strings.Builder
	end := func() {
		if statement := strings.TrimSpace(b.String()); statement != "" {
			list = append(list, statement)
		}
		b.Reset()
	}
	for len(text) > 0 {
		switch {
		case strings.HasPrefix(text, "--"):
			_, text, _ = strings.Cut(text, "\n")
			b.WriteByte('\n')
		case text[0] == '\'' || text[0] == '`' || text[0] == '"':
			n := quoted(text)
			b.WriteString(text[:n])
			text = text[n:]
		case text[0] == ';':
			end()
			text = text[1:]
		default:
			b.WriteByte(text[0])
			text = text[1:]
		}
	}
	end()
	return list
}

// quoted returns the length of the quoted text at the beginning of text.
func quoted(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		}
	}
	return len(text)
}
