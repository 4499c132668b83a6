//go:build !linux && !darwin

// Command clickhouse has no engine for this operating system.
package main

import (
	"fmt"
	"os"

	"github.com/headwater/headwater/tools/clickhouse/library"
)

func main() {
	_, err := library.ForPlatform()
	fmt.Fprintln(os.Stderr, "clickhouse:", err)
	os.Exit(1)
}
