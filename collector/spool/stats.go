package spool

import (
	"sync/atomic"
	"time"
)

type counters struct {
	records, commits, failed, refused             atomic.Uint64
	damagedSegments, damagedBytes, missingRecords atomic.Uint64
	quarantined, letters                          atomic.Int64 // files and records that are there now
}

// Stats are the spool's figures for metrics; counts are since Open.
type Stats struct {
	Records uint64 // kept and acknowledged
	Commits uint64 // groups made durable, one fdatasync each
	Failed  uint64 // groups that the disk refused
	Refused uint64 // calls of Append that found the spool full

	Bytes    int64         // wait to be forwarded, the open segment included
	Segments int           // full or old enough, and not yet forwarded
	Lag      time.Duration // age of the oldest record that waits; 0 where none does, and without those put back

	Returned     int64     // bytes of Bytes that an operator put back to be forwarded again
	HeldSegments int       // forwarded ones in the replay window
	HeldBytes    int64     // their size
	HeldSince    time.Time // when the oldest of them was forwarded, zero where there is none
	Quarantined  int       // damaged segments in quarantine/, from earlier processes too
	Letters      int       // records in deadletters/
	Pending      int64     // bytes in memory that wait for the disk
	Limit        int64     // how much may wait, as measured last; 0 before the first record

	DamagedSegments, DamagedBytes, MissingRecords uint64 // see Damage
}

// Stats returns the present figures.
func (s *Spool) Stats() Stats {
	stats := Stats{
		Records: s.stats.records.Load(), Commits: s.stats.commits.Load(),
		Failed: s.stats.failed.Load(), Refused: s.stats.refused.Load(),
		Bytes: s.bytes.Load() + s.returned.Load(), Returned: s.returned.Load(), Letters: int(s.stats.letters.Load()),
		Quarantined:     int(s.stats.quarantined.Load()),
		DamagedSegments: s.stats.damagedSegments.Load(), DamagedBytes: s.stats.damagedBytes.Load(),
		MissingRecords: s.stats.missingRecords.Load(),
	}
	s.window.Lock()
	stats.HeldSegments, stats.HeldBytes = len(s.held), s.heldBytes()
	if len(s.held) > 0 {
		stats.HeldSince = s.held[0].at
	}
	s.window.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	stats.Segments, stats.Pending, stats.Limit = len(s.segments), s.pending, s.limit
	oldest := s.oldest
	for _, segment := range s.segments {
		if segment.Pass == 0 {
			oldest = segment.oldest
			break
		}
	}
	if !oldest.IsZero() {
		stats.Lag = max(0, time.Since(oldest))
	}
	return stats
}
