package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/stack"
)

// chunkRows is how many rows the collector puts into one insert at most; the baseline does the same.
const chunkRows = 20_000

// benchForward lets a collector forward the spool that was filled, and then inserts as many rows by hand. It returns the
// ratio of the two.
func benchForward(ctx context.Context, c benchConfig, s *stack.Stack, filled accepted) (float64, error) {
	if s.ClickHouse == "" {
		return 0, errors.New("forwarding is measured with the embedded ClickHouse: unset CLICKHOUSE_DSN")
	}
	conn, err := openDatabase(ctx, s, "bench")
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	fmt.Fprintf(c.out, "\nForward: %s touches from the spool to ClickHouse, through the duplicate filter in Redis\n", grouped(float64(filled.touches)))
	rate, err := measureForward(ctx, conn, s, filled)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(c.out, "  %-28s %9s rows/s\n", "collector", grouped(rate))
	bare, err := measureInsert(ctx, conn, filled.touches)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(c.out, "  %-28s %9s rows/s\n", "bare clickhouse-go batches", grouped(bare))
	fmt.Fprintf(c.out, "  %-28s %9.3f\n", "ratio", rate/bare)
	return rate / bare, nil
}

func openDatabase(ctx context.Context, s *stack.Stack, database string) (driver.Conn, error) {
	options, err := clickhouse.ParseDSN(s.ClickHouse + "/" + database)
	if err != nil {
		return nil, err
	}
	options.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	plain := *options
	plain.Auth.Database = "default"
	admin, err := clickhouse.Open(&plain)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	if err := admin.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+database); err != nil {
		return nil, fmt.Errorf("make a database to measure in: %w", err)
	}
	return clickhouse.Open(options)
}

// measureForward returns rows per second between the first rows that are seen in the table and the last.
func measureForward(ctx context.Context, conn driver.Conn, s *stack.Stack, filled accepted) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	forwarding, err := startCollector(s, s.ClickHouse+"/bench", filled.spool)
	if err != nil {
		return 0, err
	}
	defer forwarding.kill()
	var firstAt time.Time
	var first uint64
	for {
		var rows uint64
		err := conn.QueryRow(ctx, "SELECT count() FROM touches").Scan(&rows)
		now := time.Now()
		switch {
		case err == nil && rows > 0 && firstAt.IsZero():
			firstAt, first = now, rows
		case err == nil && rows > uint64(filled.touches):
			return 0, fmt.Errorf("%d touches were accepted and %d rows are in ClickHouse", filled.touches, rows)
		case err == nil && rows == uint64(filled.touches):
			return float64(rows-first) / now.Sub(firstAt).Seconds(), nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("forward: %d of %d rows within a minute: %w", rows, filled.touches, errors.Join(ctx.Err(), err))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// measureInsert returns rows per second of the same rows, made in memory and inserted into a table of the same kind.
func measureInsert(ctx context.Context, conn driver.Conn, rows int) (float64, error) {
	if err := conn.Exec(ctx, "CREATE TABLE touches_bare AS touches"); err != nil {
		return 0, fmt.Errorf("make the table of the baseline: %w", err)
	}
	fields := schema.Fields(schema.TouchRecord{})
	began := time.Now()
	for sent := 0; sent < rows; {
		some := min(chunkRows, rows-sent)
		if err := insertTouches(ctx, conn, fields, some); err != nil {
			return 0, fmt.Errorf("insert the baseline: %w", err)
		}
		sent += some
	}
	return float64(rows) / time.Since(began).Seconds(), nil
}

func insertTouches(ctx context.Context, conn driver.Conn, fields []schema.Field, rows int) error {
	names := ""
	for i, field := range fields {
		if i > 0 {
			names += ", "
		}
		names += field.Name
	}
	batch, err := conn.PrepareBatch(clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0})), "INSERT INTO touches_bare ("+names+")")
	if err != nil {
		return err
	}
	defer batch.Close()
	for range rows {
		record, err := sampleTouch()
		if err != nil {
			return err
		}
		if err := batch.Append(schema.Values(record, fields)...); err != nil {
			return err
		}
	}
	return batch.Send()
}
