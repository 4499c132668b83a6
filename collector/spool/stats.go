package spool

import (
	"sync/atomic"
	"time"
)

type counters struct {
	records, commits, failed, refused             atomic.Uint64
	damagedSegments, damagedBytes, missingRecords atomic.Uint64
}

// Stats are the spool's figures for metrics; counts are since Open.
type Stats struct {
	Records uint64 // kept and acknowledged
	Commits uint64 // groups made durable, one fdatasync each
	Failed  uint64 // groups that the disk refused
	Refused uint64 // calls of Append that found the spool full

	Bytes    int64         // wait to be forwarded, the open segment included
	Segments int           // full or old enough, and not yet forwarded
	Lag      time.Duration // age of the oldest record that waits; 0 where none does

	DamagedSegments, DamagedBytes, MissingRecords uint64 // see Damage
}

// Stats returns the present figures.
func (s *Spool) Stats() Stats {
	stats := Stats{
		Records: s.stats.records.Load(), Commits: s.stats.commits.Load(),
		Failed: s.stats.failed.Load(), Refused: s.stats.refused.Load(), Bytes: s.bytes.Load(),
		DamagedSegments: s.stats.damagedSegments.Load(), DamagedBytes: s.stats.damagedBytes.Load(),
		MissingRecords: s.stats.missingRecords.Load(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stats.Segments = len(s.segments)
	oldest := s.oldest
	if len(s.segments) > 0 {
		oldest = s.segments[0].oldest
	}
	if !oldest.IsZero() {
		stats.Lag = max(0, time.Since(oldest))
	}
	return stats
}
