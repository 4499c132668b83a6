package main

import (
	"os"
	"runtime/debug"
)

// What the garbage collector may use. A collector of touches makes much that is short-lived and holds little: at Go's
// default it would collect dozens of times a second under load, which costs a sixth of its processor time and makes
// whoever waits for an answer wait longer. The limit brings it back to work where a backlog is forwarded.
const (
	garbagePercent = 400
	memoryLimit    = 96 << 20 // bytes of Go's memory; the program's own pages come on top
)

// tuneMemory sets both, unless the environment says how (GOGC, GOMEMLIMIT).
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
