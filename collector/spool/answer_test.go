package spool

import (
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// The second proof, beside the pulled disk: while fdatasync runs nobody has been answered, and after a failed one
// nobody is told that his record is kept.
func TestNobodyIsAnsweredBeforeTheSync(t *testing.T) {
	on := newFaulty()
	s := openOn(t, on)
	inSync, release := make(chan struct{}), make(chan error)
	ended := map[string]bool{}
	on.setRefuse(func(operation, path string) error {
		if operation == "truncate" {
			ended[path] = true // a segment is cut to be sealed: its next sync is nobody's answer
		}
		if operation != "sync" || !isSegment(path) || ended[path] {
			return nil
		}
		inSync <- struct{}{}
		return <-release
	})
	for _, c := range []struct {
		record  string
		failure error
	}{{"first", nil}, {"second", errIO}, {"third", nil}} {
		var answered atomic.Bool
		answer := make(chan error, 1)
		go func() {
			err := s.Append(t.Context(), []byte(c.record))
			answered.Store(true)
			answer <- err
		}()
		select {
		case <-inSync:
		case err := <-answer:
			t.Fatalf("answered with %v and without a sync", err)
		}
		if answered.Load() {
			t.Fatal("the answer came before the sync")
		}
		release <- c.failure
		if err := <-answer; (err == nil) != (c.failure == nil) {
			t.Fatalf("the sync said %v, the answer %v", c.failure, err)
		}
	}
	on.setRefuse(nil)
	wantRecords(t, drain(t, s), []string{"first", "third"})
}

// After a failed fdatasync its file is never synced as if nothing had been: the next record goes to another.
func TestAFailedSyncAbandonsTheFile(t *testing.T) {
	on := newFaulty()
	s := openOn(t, on)
	mustAppend(t, s, "before")
	first := s.current.path
	on.setRefuse(func(operation, path string) error {
		if operation == "sync" && path == first {
			return errIO
		}
		return nil
	})
	if err := s.Append(t.Context(), []byte("lost")); !errors.Is(err, ErrFailed) {
		t.Fatalf("append with a failing sync: %v", err)
	}
	mustAppend(t, s, "after")
	if s.current.path == first {
		t.Error("the next record went to the file whose sync had failed")
	}
	on.setRefuse(nil)
	wantRecords(t, drain(t, openOn(t, on.crash(nil))), []string{"before", "after"})
	wantRecords(t, drain(t, s), []string{"before", "after"})
}

// Whatever fails while a segment is sealed, its records are forwarded, now and after a crash.
func TestFaultsWhileSealing(t *testing.T) {
	for _, fault := range []string{"truncate", "write", "sync", "rename", "create", "syncdir", "remove"} {
		for _, failure := range []error{errIO, syscall.ENOSPC} {
			on := newFaulty()
			s := openOn(t, on)
			mustAppend(t, s, "one", "two")
			on.setRefuse(func(operation, _ string) error {
				if operation == fault {
					return failure
				}
				return nil
			})
			if err := s.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantRecords(t, drain(t, openOn(t, on.crash(nil))), []string{"one", "two"})
			on.setRefuse(nil)
			mustAppend(t, s, "three")
			wantRecords(t, drain(t, openOn(t, on.crash(nil))), []string{"one", "two", "three"})
			wantRecords(t, drain(t, s), []string{"one", "two", "three"})
		}
	}
}

// Ready tells the two kinds of trouble apart, and finds out by itself that the disk works again.
func TestReady(t *testing.T) {
	on := newFaulty()
	s := openOn(t, on)
	if err := s.Ready(); err != nil {
		t.Fatalf("a new spool is not ready: %v", err)
	}
	on.setRefuse(func(operation, _ string) error {
		if operation == "sync" {
			return errIO
		}
		return nil
	})
	if err := s.Append(t.Context(), []byte("x")); !errors.Is(err, ErrFailed) {
		t.Fatal(err)
	}
	if err := s.Ready(); !errors.Is(err, ErrFailed) {
		t.Errorf("the disk refuses, and Ready says %v", err)
	}
	on.setRefuse(nil)
	if err := s.Ready(); !errors.Is(err, ErrFailed) {
		t.Errorf("within a second of the last try Ready says %v", err)
	}
	s.probed = s.probed.Add(-2 * probeEvery)
	if err := s.Ready(); err != nil {
		t.Errorf("the disk works again, and Ready says %v", err)
	}
	for _, name := range on.names() {
		if strings.HasPrefix(filepath.Base(name), "probe") {
			t.Errorf("a probe is left: %s", name)
		}
	}
	on.mu.Lock()
	on.free = 0
	on.mu.Unlock()
	s.measured = s.measured.Add(-2 * probeEvery)
	if err := s.Ready(); !errors.Is(err, ErrFull) {
		t.Errorf("the volume is full, and Ready says %v", err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(); !errors.Is(err, ErrClosed) {
		t.Errorf("the spool is stopped, and Ready says %v", err)
	}
}

// A damaged segment that can't be linked into quarantine now goes there at the end instead of being removed.
func TestDamageIsKeptWhereLinkingFails(t *testing.T) {
	on := newFaulty()
	s := openOn(t, on)
	mustAppend(t, s, "first record", "second record")
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := s.segments[0].path
	on.live[path].live[headerSize+frameSize] ^= 1
	on.setRefuse(func(operation, _ string) error {
		if operation == "link" {
			return syscall.ENOSPC
		}
		return nil
	})
	wantRecords(t, drain(t, s), []string{"second record"})
	if kept := filepath.Join("/spool", quarantineFolder, filepath.Base(path)); on.live[kept] == nil {
		t.Errorf("nothing in quarantine: %q", on.names())
	}
	if stats := s.Stats(); stats.Quarantined != 1 || stats.DamagedSegments != 1 {
		t.Errorf("stats %+v", stats)
	}
}

// What one process lists while another has the folder.
func TestListWhileInUse(t *testing.T) {
	config := window(t)
	s, ids := holding(t, config, "held one", "held two")
	if _, err := s.Replay(t.Context(), Selection{Segments: ids[:1]}); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, "waiting")
	if err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, "open one", "open two")
	list, err := List(config.Dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[State]int{}
	for i := range list {
		contents, err := list[i].Read()
		if err != nil || contents.Damage != (Damage{}) {
			t.Errorf("read %+v: %v, %+v", list[i], err, contents.Damage)
		}
		got[list[i].State] += len(contents.Frames)
		if n, ok := list[i].CountRecords(); list[i].State != StateOpen && (!ok || n != uint64(len(contents.Frames))) {
			t.Errorf("%+v: %d records by its end mark, %v; %d read", list[i], n, ok, len(contents.Frames))
		}
	}
	want := map[State]int{StateOpen: 2, StateWaiting: 1, StatePutBack: 1, StateHeld: 1}
	for state, n := range want {
		if got[state] != n {
			t.Errorf("%d records %s, want %d", got[state], state, n)
		}
	}
	if holder, held, err := FindHolder(config.Dir); err != nil || !held || holder.PID == 0 {
		t.Errorf("holder %+v, %v, %v", holder, held, err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, held, err := FindHolder(config.Dir); err != nil || held {
		t.Errorf("held after Close: %v, %v", held, err)
	}
}
