// Benchsql measures the reports beside bare queries of the same run: how many times as long does an answer take as reading what
// it is made of? Absolute times say more about the machine than about the SQL.
//
// It starts an embedded ClickHouse of its own, makes the tables, fills them with invented data (tools/seed/bulk), measures, prints
// each bound with whether it is held, and removes everything.
//
// Belongs here: what is measured, and the bounds. Does not belong here: the data, and the reports.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const usage = `Usage: go run ./tools/benchsql [-touches N] [-rounds N] [-data FOLDER] [-strict]    (or: make bench-sql)

Measures the reports on N touches, N/5 visitors, N/40 submissions and N/400 deals of one year, in an embedded ClickHouse of its
own with 2 GiB of memory, each beside a bare query in turns, and again on a tenth of the data for the growth. The bounds are meant for
20,000,000 touches, which take some minutes to make and 4 GB of disk; on few touches what a query costs at all outweighs the rest.

`

type config struct {
	touches  uint64
	rounds   int
	data     string
	strict   bool
	progress io.Writer
	out      io.Writer
}

func main() {
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	c := config{out: os.Stdout, progress: os.Stderr}
	flag.Uint64Var(&c.touches, "touches", 2_000_000, "how many touches to measure on")
	flag.IntVar(&c.rounds, "rounds", 7, "how often each is measured; the median counts")
	flag.StringVar(&c.data, "data", "", "folder of the data: kept, and used again by the next run; none: a temporary one")
	flag.BoolVar(&c.strict, "strict", false, "return 1 where a bound is not held")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	held, err := run(ctx, c)
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchsql:", err)
		os.Exit(1)
	}
	if c.strict && !held {
		os.Exit(1)
	}
}

// monthBegin is the end of the year of data: the same for all runs of a month.
func monthBegin(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
}
