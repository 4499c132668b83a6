package spool

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// holding is a spool with one forwarded segment for each payload, oldest first.
func holding(t *testing.T, config Config, payloads ...string) (*Spool, []uuid.UUID) {
	t.Helper()
	s := mustOpen(t, config)
	var ids []uuid.UUID
	for _, payload := range payloads {
		mustAppend(t, s, payload)
		if err := s.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		segment := forwardOne(t, s, payload)
		ids = append(ids, segment.ID)
	}
	return s, ids
}

// forwardOne forwards the next segment, which must hold one record.
func forwardOne(t *testing.T, s *Spool, want string) *Segment {
	t.Helper()
	segment, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	contents, err := s.Read(segment)
	if err != nil || len(contents.Frames) != 1 || string(contents.Frames[0].Payload) != want || contents.Damage != (Damage{}) {
		t.Fatalf("read %+v, %v; want %q", contents, err, want)
	}
	if err := s.SaveCheckpoint(Checkpoint{Segment: segment.ID, Chunk: 1}); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(segment); err != nil {
		t.Fatal(err)
	}
	return segment
}

func window(t *testing.T) Config {
	config := slowly(t.TempDir())
	config.ReplayAge = time.Hour
	return config
}

func TestReplayPutsHeldSegmentsBack(t *testing.T) {
	config := window(t)
	s, ids := holding(t, config, "one", "two", "three")
	stranger := uuid.New()
	done, err := s.Replay(t.Context(), Selection{Segments: []uuid.UUID{ids[1], stranger}})
	if err != nil || len(done.Segments) != 1 || done.Segments[0] != ids[1] || len(done.Missing) != 1 || done.Missing[0] != stranger {
		t.Fatalf("replay of one segment: %+v, %v", done, err)
	}
	stats := s.Stats()
	if stats.Returned == 0 || stats.Bytes != stats.Returned || stats.Segments != 1 || stats.HeldSegments != 2 || stats.Lag != 0 {
		t.Errorf("stats with a segment put back: %+v", stats)
	}
	mustAppend(t, s, "new")
	if err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := forwardOne(t, s, "two")
	if again.ID != ids[1] || again.Pass != 1 || again.Name() == ids[1].String() {
		t.Errorf("came back as %+v, named %s", again, again.Name())
	}
	forwardOne(t, s, "new")
	if done, err = s.Replay(t.Context(), Selection{All: true}); err != nil || len(done.Segments) != 4 {
		t.Fatalf("replay of all: %+v, %v", done, err)
	}
	// A restart finds them where they were, and still knows how often they came.
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, config)
	if stats := s.Stats(); stats.Segments != 4 || stats.HeldSegments != 0 || stats.Bytes != stats.Returned {
		t.Errorf("stats after a restart: %+v", stats)
	}
	passes := map[uuid.UUID]int{}
	for range 4 {
		segment, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		passes[segment.ID] = segment.Pass
		if err := s.Finish(segment); err != nil {
			t.Fatal(err)
		}
	}
	if passes[ids[0]] != 1 || passes[ids[1]] != 2 {
		t.Errorf("passes after a restart: %v", passes)
	}
	if stats := s.Stats(); stats.Bytes != 0 || stats.Returned != 0 {
		t.Errorf("stats at the end: %+v", stats)
	}
}

func TestReplaySince(t *testing.T) {
	s, ids := holding(t, window(t), "one", "two")
	s.held[0].at = time.Now().Add(-30 * time.Minute)
	done, err := s.Replay(t.Context(), Selection{Since: time.Now().Add(-10 * time.Minute)})
	if err != nil || len(done.Segments) != 1 || done.Segments[0] != ids[1] {
		t.Errorf("since ten minutes ago: %+v, %v", done, err)
	}
}

// What was put back does not make the spool full for new records.
func TestReplayRefusesNobody(t *testing.T) {
	config := window(t)
	config.MaxBytes = 1000
	s, _ := holding(t, config, strings.Repeat("a", 900), strings.Repeat("b", 900))
	if _, err := s.Replay(t.Context(), Selection{All: true}); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, strings.Repeat("c", 900))
}

// At any step the disk may refuse and the power may go: a segment is held or waits, and nothing is lost.
func TestReplayOnAFailingDisk(t *testing.T) {
	for step := 1; ; step++ {
		on := newFaulty()
		config := slowly("/spool")
		config.ReplayAge = time.Hour
		s, err := open(config, on)
		if err != nil {
			t.Fatal(err)
		}
		for _, payload := range []string{"one", "two"} {
			mustAppend(t, s, payload)
			if err := s.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
			forwardOne(t, s, payload)
		}
		if err := on.SyncDir("/spool/forwarded"); err != nil {
			t.Fatal(err)
		}
		left := step
		on.setRefuse(func(string, string) error {
			if left--; left == 0 {
				return errIO
			}
			return nil
		})
		_, failure := s.Replay(t.Context(), Selection{All: true})
		on.setRefuse(nil)
		for name, disk := range map[string]*faulty{"crashed": on.crash(nil), "running": on} {
			found := map[string]bool{}
			for path := range disk.live {
				for _, frame := range scan(disk.live[path].live, seedOfPath(path)).frames {
					found[string(frame.Payload)] = true
				}
			}
			if !found["one"] || !found["two"] {
				t.Fatalf("step %d refused (%v), %s: only %v of %q", step, failure, name, found, disk.names())
			}
		}
		s.Stop(t.Context())
		if failure == nil && left > 0 {
			return
		}
	}
}

func seedOfPath(path string) uint32 {
	name, _ := parseName(filepath.Base(path))
	return seedOf(name.id)
}

func TestTheWindowIsSweptByTime(t *testing.T) {
	s, _ := holding(t, window(t), "one", "two")
	s.window.Lock()
	s.held[0].at = time.Now().Add(-2 * time.Hour)
	s.prune()
	s.window.Unlock()
	if stats := s.Stats(); stats.HeldSegments != 1 {
		t.Errorf("%d segments held, want the younger one", stats.HeldSegments)
	}
}

func TestTheWindowIsDatedByForwarding(t *testing.T) {
	config := window(t)
	s := mustOpen(t, config)
	mustAppend(t, s, "one")
	if err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	segment, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// It waited for two days, because ClickHouse was away.
	old := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(segment.path, old, old); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(segment); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stats := mustOpen(t, config).Stats(); stats.HeldSegments != 1 {
		t.Errorf("%d segments held after a restart, want 1", stats.HeldSegments)
	}
}

// A tenth of the volume at most, and less where new records need the room.
func TestTheWindowGivesWay(t *testing.T) {
	on := newFaulty()
	on.free, on.total = 10_000, 20_000
	config := slowly("/spool")
	config.ReplayAge, config.SegmentBytes = time.Hour, 4096
	s, err := open(config, on)
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range []string{"a", "b", "c"} {
		mustAppend(t, s, strings.Repeat(payload, 900))
		if err := s.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		if segment, err := s.Next(t.Context()); err != nil || s.Finish(segment) != nil {
			t.Fatal(err)
		}
	}
	if stats := s.Stats(); stats.HeldSegments != 2 || stats.HeldBytes > 2000 {
		t.Fatalf("%d bytes held in %d segments of a volume of 20,000", stats.HeldBytes, stats.HeldSegments)
	}
	// The volume fills up: 80 % of what is free, and held, may wait.
	on.mu.Lock()
	on.free = 600
	on.mu.Unlock()
	for _, size := range []int{1500, 10} {
		s.mu.Lock()
		s.measured = time.Time{}
		s.mu.Unlock()
		mustAppend(t, s, strings.Repeat("d", size))
	}
	go s.sweepLoop()
	deadline := time.Now().Add(10 * time.Second)
	for s.Stats().HeldSegments == 2 {
		if time.Now().After(deadline) {
			t.Fatal("the window does not give way")
		}
	}
	wantRecords(t, drain(t, s), []string{strings.Repeat("d", 1500), strings.Repeat("d", 10)})
}
