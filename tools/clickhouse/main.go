//go:build linux || darwin

// Command clickhouse runs a real ClickHouse engine in one process, without an installed server: chDB's
// library, fetched once with npm, behind ClickHouse's own HTTP interface on loopback. It is for development,
// tests and a single analyst's machine; production uses a ClickHouse server.
//
// This package holds flags, start and shutdown. See README.md for what the engine lacks.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	options, err := parseFlags(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, options, os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "clickhouse:", err)
		os.Exit(1)
	}
}
