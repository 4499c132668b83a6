// Package store is the collector's way into ClickHouse: connect, migrate, insert.
//
// Belongs here: connection settings, the tables' migrations, idempotent inserts, and what ClickHouse's errors mean.
// Does not belong here: queries for people (package reports), or when to insert what (package forward).
package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

const (
	dialTimeout  = 5 * time.Second
	probeTimeout = 2 * time.Second
	// patience is how long PatientConn waits for an answer; clickhouse-go gives up after five minutes.
	patience = 2 * time.Hour
)

// oldest is the first version of ClickHouse with all that the tables and queries use.
var oldest = [2]int{24, 8}

// Store is a pool of connections to one database.
type Store struct {
	conn    driver.Conn
	patient driver.Conn
	options *clickhouse.Options

	mu      sync.Mutex
	columns map[string][]clickhouse.ColumnNameAndType // of each table that was inserted into
}

// Open prepares to talk to the database of dsn (README.md; several hosts are tried in turn). It asks the server for its
// version but does not need an answer: the collector must start, and accept, while ClickHouse is down. The database need
// not exist: Migrate makes it.
func Open(ctx context.Context, dsn string) (*Store, error) {
	options, err := parseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("clickhouse_dsn: %w", err)
	}
	if options.Compression == nil {
		options.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	}
	if options.DialTimeout == 0 {
		options.DialTimeout = dialTimeout
	}
	// What clickhouse-go allows for a connection is for all hosts together; hosts gives each its part.
	options.DialStrategy = newHosts(options.DialTimeout).dial
	options.DialTimeout *= time.Duration(len(options.Addr))
	if options.MaxOpenConns == 0 {
		options.MaxOpenConns, options.MaxIdleConns = 16, 4
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return nil, fmt.Errorf("clickhouse_dsn: %w", err)
	}
	long := *options
	long.ReadTimeout = max(long.ReadTimeout, patience)
	patient, err := clickhouse.Open(&long) // which connects when it is needed
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("clickhouse_dsn: %w", err)
	}
	s := &Store{conn: conn, patient: patient, options: options, columns: map[string][]clickhouse.ColumnNameAndType{}}
	if err := s.checkVersion(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) checkVersion(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var version string
	if s.conn.QueryRow(ctx, "SELECT version()").Scan(&version) != nil {
		return nil // no answer is no reason not to start
	}
	return recentEnough(version)
}

func recentEnough(version string) error {
	var major, minor int
	if n, _ := fmt.Sscanf(version, "%d.%d", &major, &minor); n < 2 {
		return nil // a fork with versions of its own
	}
	if major < oldest[0] || major == oldest[0] && minor < oldest[1] {
		return fmt.Errorf("the ClickHouse server is version %s: Headwater needs %d.%d or later", version, oldest[0], oldest[1])
	}
	return nil
}

// Conn is the pool, for queries.
func (s *Store) Conn() driver.Conn { return s.conn }

// PatientConn is a pool for statements that may take hours with a hundred million rows, such as settling them. Who uses it bounds them
// by the context: a server that has gone silent is noticed late.
func (s *Store) PatientConn() driver.Conn { return s.patient }

// Close ends the connections.
func (s *Store) Close() error { return errors.Join(s.conn.Close(), s.patient.Close()) }

// Ping tells whether the server answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.conn.Ping(ctx); err != nil {
		return fmt.Errorf("ping ClickHouse: %w", err)
	}
	return nil
}
