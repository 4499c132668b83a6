package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/stack"
)

const (
	// chunkRows is how many rows the baseline puts into one insert: what the collector does at most.
	chunkRows = 20_000
	// forwardRounds is how often each side is measured, in turns.
	forwardRounds = 3
)

// benchForward lets a collector forward the spool that was filled, and inserts the very same rows by hand: in turns, each
// time into a database of its own. It returns the median of the ratios.
func benchForward(ctx context.Context, c benchConfig, s *stack.Stack, filled accepted) (float64, error) {
	if s.ClickHouse == "" {
		return 0, errors.New("forwarding is measured with the embedded ClickHouse: unset CLICKHOUSE_DSN")
	}
	fmt.Fprintf(c.out, "\nForward: %s touches from the spool to ClickHouse, through the duplicate filter in Redis; %d rounds\n", grouped(float64(filled.touches)), forwardRounds)
	var ours, bare, ratios []float64
	for round := range forwardRounds {
		rate, plain, err := forwardRound(ctx, c, s, filled, fmt.Sprintf("bench_%d", round))
		if err != nil {
			return 0, err
		}
		ours, bare, ratios = append(ours, rate), append(bare, plain), append(ratios, rate/plain)
	}
	fmt.Fprintf(c.out, "  %-28s %9s rows/s\n", "collector", grouped(median(ours)))
	fmt.Fprintf(c.out, "  %-28s %9s rows/s\n", "bare clickhouse-go batches", grouped(median(bare)))
	fmt.Fprintf(c.out, "  %-28s %9.3f      (median of the rounds; lowest %.3f, highest %.3f)\n", "ratio", median(ratios), slices.Min(ratios), slices.Max(ratios))
	return median(ratios), nil
}

// fillForward is a spool to forward where accepting, which would fill it, is not measured.
func fillForward(ctx context.Context, s *stack.Stack) (accepted, error) {
	filled := accepted{spool: filepath.Join(s.Data, "bench-spool")}
	var err error
	filled.touches, err = fillSpool(ctx, filled.spool, 64<<20)
	return filled, err
}

func forwardRound(ctx context.Context, c benchConfig, s *stack.Stack, filled accepted, database string) (ours, bare float64, err error) {
	conn, err := openDatabase(ctx, s, database)
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	folder := filepath.Join(s.Data, database)
	if err := copySpool(filled.spool, folder); err != nil {
		return 0, 0, err
	}
	// Keys of its own: Redis must not know the records from the round before.
	own := *s
	own.Redis += "?key_prefix=" + database + ":"
	if ours, err = measureForward(ctx, c, conn, &own, database, accepted{touches: filled.touches, spool: folder}); err != nil {
		return 0, 0, err
	}
	if err := copySpool(filled.spool, folder+"_bare"); err != nil {
		return 0, 0, err
	}
	bare, err = measureInsert(ctx, conn, folder+"_bare")
	return ours, bare, errors.Join(err, conn.Exec(ctx, "DROP DATABASE "+database))
}

// copySpool copies the segments, without what the collector noted beside them.
func copySpool(from, to string) error {
	segments, err := filepath.Glob(filepath.Join(from, "seg-*"))
	if err == nil {
		err = os.MkdirAll(to, 0o700)
	}
	for _, segment := range segments {
		if err == nil {
			err = copyFile(segment, filepath.Join(to, filepath.Base(segment)))
		}
	}
	if err != nil {
		return fmt.Errorf("copy a spool: %w", err)
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
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
func measureForward(ctx context.Context, c benchConfig, conn driver.Conn, s *stack.Stack, database string, filled accepted) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	forwarding, err := startCollector(s, s.ClickHouse+"/"+database, filled.spool)
	if err != nil {
		return 0, err
	}
	defer forwarding.kill()
	profiled := forwarding.profile(ctx, c.profiles, "forward", time.Second)
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
			return float64(rows-first) / now.Sub(firstAt).Seconds(), profiled()
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("forward: %d of %d rows within a minute: %w", rows, filled.touches, errors.Join(ctx.Err(), err))
		case <-time.After(100 * time.Millisecond): // more often, and the counting itself is seen
		}
	}
}

// measureInsert returns rows per second of the rows of a spool, decoded and turned into clickhouse-go's values before the
// clock runs, inserted into a table of the same kind.
func measureInsert(ctx context.Context, conn driver.Conn, folder string) (float64, error) {
	if err := conn.Exec(ctx, "CREATE TABLE touches_bare AS touches"); err != nil {
		return 0, fmt.Errorf("make the table of the baseline: %w", err)
	}
	kept, err := spool.Open(spool.Config{Dir: folder, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, err
	}
	defer kept.Close(ctx)
	if err := kept.Stop(ctx); err != nil {
		return 0, err
	}
	fields := schema.Fields(schema.TouchRecord{})
	var rows [][]any
	total, took := 0, time.Duration(0)
	for {
		segment, err := kept.Next(ctx)
		last := errors.Is(err, io.EOF)
		if err == nil {
			rows, err = appendValues(rows, kept, segment, fields)
		}
		if err != nil && !last {
			return 0, fmt.Errorf("read the rows of the baseline: %w", err)
		}
		for len(rows) >= chunkRows || last && len(rows) > 0 {
			some := min(chunkRows, len(rows))
			began := time.Now()
			if err := insertTouches(ctx, conn, fields, rows[:some]); err != nil {
				return 0, fmt.Errorf("insert the baseline: %w", err)
			}
			took += time.Since(began)
			total, rows = total+some, rows[some:]
		}
		if last {
			return float64(total) / took.Seconds(), nil
		}
	}
}

func appendValues(rows [][]any, kept *spool.Spool, segment *spool.Segment, fields []schema.Field) ([][]any, error) {
	contents, err := kept.Read(segment)
	if err != nil {
		return nil, err
	}
	for _, frame := range contents.Frames {
		record, err := schema.Decode(frame.Payload)
		if err != nil {
			return nil, err
		}
		rows = append(rows, schema.Values(record, fields))
	}
	return rows, kept.Finish(segment)
}

func insertTouches(ctx context.Context, conn driver.Conn, fields []schema.Field, rows [][]any) error {
	names := make([]string, len(fields))
	for i, field := range fields {
		names[i] = field.Name
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0}))
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO touches_bare ("+strings.Join(names, ", ")+")")
	if err != nil {
		return err
	}
	defer batch.Close()
	for _, row := range rows {
		if err := batch.Append(row...); err != nil {
			return err
		}
	}
	return batch.Send()
}
