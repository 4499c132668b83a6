package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// work is something that is timed.
type work func(ctx context.Context) error

// comparison is a report beside the bare query that it is held against.
type comparison struct {
	name       string
	bare, ours work
	limit      float64 // of the ratio, 0: none
	quantile   float64 // of ours; bare's is always the median
	rounds     int
}

// timing is what came out.
type timing struct {
	bare, ours time.Duration
}

func (t timing) ratio() float64 { return float64(t.ours) / float64(t.bare) }

// measure runs both in turns, so that whatever else the machine does meets both.
func (c comparison) measure(ctx context.Context) (timing, error) {
	var bare, ours []time.Duration
	for round := range c.rounds + 1 {
		one, err := timed(ctx, c.bare)
		if err != nil {
			return timing{}, fmt.Errorf("%s: bare query: %w", c.name, err)
		}
		other, err := timed(ctx, c.ours)
		if err != nil {
			return timing{}, fmt.Errorf("%s: %w", c.name, err)
		}
		if round > 0 { // the first fills caches
			bare, ours = append(bare, one), append(ours, other)
		}
	}
	return timing{bare: quantile(bare, 0.5), ours: quantile(ours, c.quantile)}, nil
}

func timed(ctx context.Context, do work) (time.Duration, error) {
	begun := time.Now()
	err := do(ctx)
	return time.Since(begun), err
}

// quantile returns the value below which the part q of the values lies (nearest rank).
func quantile(values []time.Duration, q float64) time.Duration {
	slices.Sort(values)
	return values[min(int(q*float64(len(values))), len(values)-1)]
}

// reading is a bare query, all of whose rows are read.
func reading(conn driver.Conn, text string, parameters clickhouse.Parameters) work {
	return func(ctx context.Context) error {
		rows, err := conn.Query(clickhouse.Context(ctx, clickhouse.WithParameters(parameters)), text)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
		}
		return rows.Err()
	}
}

// memoryOf runs do and returns the most memory in bytes that one of the server's statements held meanwhile, as often as the
// server could be asked: the embedded engine keeps no log of statements.
func memoryOf(ctx context.Context, conn driver.Conn, do work) (uint64, error) {
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	var most uint64
	for {
		select {
		case err := <-done:
			return most, err
		default:
		}
		var now uint64
		err := conn.QueryRow(ctx, "SELECT toUInt64(max(greatest(peak_memory_usage, 0))) FROM system.processes WHERE query NOT LIKE '%system.processes%'").Scan(&now)
		if err != nil {
			return most, fmt.Errorf("ask for the memory: %w", err)
		}
		most = max(most, now)
	}
}
