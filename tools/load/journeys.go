package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/tools/dev/stack"
	"github.com/headwater/headwater/tools/load/play"
)

type journeysConfig struct {
	rate     float64 // visitors a second
	duration time.Duration
	workers  int
	out      io.Writer
}

// runJourneys plays visitors against a stack that runs and then holds its ClickHouse against the ledger.
func runJourneys(ctx context.Context, file string, c journeysConfig) error {
	s, err := stack.Read(ctx, file)
	if err != nil {
		return err
	}
	if err := onLoopback(s.Collector); err != nil {
		return err
	}
	if c.rate <= 0 || c.duration <= 0 || c.workers < 1 {
		return errors.New("-rate, -duration and -connections must be more than nothing")
	}
	player := play.New(play.Config{URL: s.Collector, Key: s.APIKey, Site: schema.SiteID(s.Site), Form: "newsletter", Origin: s.Demo,
		Run: "load-" + uuid.NewString()[:8], Seed: uint64(time.Now().UnixNano()), Ledger: play.NewLedger(), Workers: c.workers})
	fmt.Fprintf(c.out, "%g visitors a second for %s at %s, marked snippet_version = '%s'\n", c.rate, c.duration, s.Collector, player.Run)
	playing, cancel := context.WithTimeout(ctx, c.duration)
	defer cancel()
	player.Play(playing, c.rate)
	options, err := clickhouse.ParseDSN(s.ClickHouseDSN)
	if err != nil {
		return err
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return err
	}
	defer conn.Close()
	verdict, err := player.Await(ctx, conn, time.Minute)
	if err != nil {
		return err
	}
	totals := player.Ledger.Totals()
	fmt.Fprintf(c.out, "  accepted   %8d records, %d of them sent twice\n  refused    %8d answers\n  stored     %8d records\n  lost       %8d\n  duplicated %8d\n",
		verdict.Accepted, totals.Resent, play.Sum(totals.Refused), verdict.Stored, verdict.Lost, verdict.Duplicated)
	if wrong := verdict.Wrong(); wrong != "" {
		return errors.New(wrong)
	}
	return nil
}
