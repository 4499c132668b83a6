package spool

import (
	"log/slog"
	"os"
	"strings"
	"time"
)

// Config says where and how much a Spool keeps. The zero value of every field but Dir has a default.
type Config struct {
	// Dir is the folder of the spool, on a local disk. One process only; it is made if absent.
	Dir string
	// Node names this collector in the names of its segments. Default: the host name.
	Node string
	// SegmentBytes is the size at which a segment is sealed. Default 16 MiB.
	SegmentBytes int64
	// SealAfter is the age of its first record at which a segment is sealed. Default 500 ms.
	SealAfter time.Duration
	// MaxBytes bounds what waits to be forwarded. Default 10 GiB.
	MaxBytes int64
	// MaxVolumeShare bounds it too: the share, above 0 and at most 1, that the spool may take of the space that it
	// already uses and that its volume still has free. Default 0.8.
	MaxVolumeShare float64
	// MaxPendingBytes bounds the records that wait in memory for the disk. Default 64 MiB.
	MaxPendingBytes int64
	// ReplayAge and ReplayBytes bound the forwarded segments that are kept in the folder forwarded/ for a replay.
	// Where ReplayAge is 0 (the default) none is kept; where ReplayBytes is 0 their size is bounded by MaxBytes.
	ReplayAge   time.Duration
	ReplayBytes int64
	// Committed, where it is set, is told how long each write and fdatasync took; Forwarded, how old the oldest record of a
	// segment was when the segment was finished. They must return at once.
	Committed, Forwarded func(time.Duration)
	// Log gets what an operator must know. Default: slog.Default().
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	setDefault(&c.SegmentBytes, 16<<20)
	setDefault(&c.SealAfter, 500*time.Millisecond)
	setDefault(&c.MaxBytes, 10<<30)
	setDefault(&c.MaxVolumeShare, 0.8)
	setDefault(&c.MaxPendingBytes, 64<<20)
	setDefault(&c.ReplayBytes, c.MaxBytes)
	if c.Node == "" {
		c.Node, _ = os.Hostname()
	}
	c.Node = nodeName(c.Node)
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

func setDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

// nodeName keeps what is safe in the name of a file.
func nodeName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name)
	if len(name) > nodeSize {
		name = name[:nodeSize]
	}
	if name == "" {
		return "node"
	}
	return name
}
