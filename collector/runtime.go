package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

// syncing is how many goroutines wait for the disk much of the time: Go gives the place of one that is in fdatasync to
// another only after a while, and a group is committed hundreds of times a second.
const syncing = 1

// What the garbage collector may use. A collector of touches makes much that is short-lived and holds little: at Go's
// default it would collect dozens of times a second under load, which costs a sixth of its processor time and makes
// whoever waits for an answer wait longer. The limit brings it back to work where a backlog is forwarded.
const (
	garbagePercent = 400
	memoryLimit    = 96 << 20 // bytes of Go's memory; the program's own pages come on top
)

// tuneRuntime sets all of them, unless the environment says how (GOMAXPROCS, GOGC, GOMEMLIMIT).
func tuneRuntime() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + syncing)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
