package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
)

func openOn(tb testing.TB, on *faulty) *Spool {
	tb.Helper()
	s, err := open(slowly("/spool"), on)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Stop(context.Background()) })
	return s
}

// The proof that fdatasync precedes the answer: a disk that forgets all that is not synced is pulled the moment Append
// returns, and the record is there.
func TestAnAcknowledgedRecordSurvivesAnyCrash(t *testing.T) {
	on := newFaulty()
	s := openOn(t, on)
	var want []string
	for i := range 20 {
		payload := fmt.Sprint("record ", i)
		mustAppend(t, s, payload)
		want = append(want, payload)
		wantRecords(t, drain(t, openOn(t, on.crash(nil))), want)
		if i%7 == 6 {
			if err := s.Seal(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantRecords(t, drain(t, openOn(t, on.crash(nil))), want)
		}
	}
}

// Every write is one group, and its sync comes before anything else.
func TestOneWriteAndOneSyncPerGroup(t *testing.T) {
	on := newFaulty()
	s := openOn(t, on)
	mustAppend(t, s, "first")
	on.mu.Lock()
	on.log = nil
	on.mu.Unlock()
	mustAppend(t, s, "second", "third")
	on.mu.Lock()
	defer on.mu.Unlock()
	var operations []string
	for _, line := range on.log {
		operations = append(operations, strings.Fields(line)[0])
	}
	if got := strings.Join(operations, " "); got != "write sync write sync" {
		t.Errorf("two commits did %q", got)
	}
}

// A group that was being written when the power went may be there up to any byte.
func TestTornAtEveryByte(t *testing.T) {
	on := newFaulty()
	s := openOn(t, on)
	mustAppend(t, s, "acknowledged")
	start := int(s.current.size)
	// The group fails, and what it wrote is cut; so catch the disk in between, at the sync.
	var torn *faulty
	images := func(cut int) *faulty {
		return torn.crash(func(path string, safe, live []byte) []byte {
			if !isSegment(path) {
				return safe
			}
			return append(bytes.Clone(live[:start+cut]), safe[min(len(safe), start+cut):]...)
		})
	}
	written := 0
	on.setRefuse(func(operation, path string) error {
		if operation != "sync" || !isSegment(path) || torn != nil {
			return nil
		}
		torn = &faulty{safe: map[string]*inode{}, live: map[string]*inode{}}
		for path, node := range on.safe {
			torn.safe[path] = &inode{live: bytes.Clone(node.live), safe: bytes.Clone(node.safe)}
		}
		written = 2*frameSize + len("torn one") + len("torn two")
		return errIO
	})
	if err := s.Append(t.Context(), []byte("torn one"), []byte("torn two")); !errors.Is(err, ErrFailed) {
		t.Fatalf("Append with a failing sync: %v, want ErrFailed", err)
	}
	for cut := range written + 1 {
		want := []string{"acknowledged"}
		if cut >= frameSize+len("torn one") {
			want = append(want, "torn one")
		}
		if cut >= written {
			want = append(want, "torn two")
		}
		again := openOn(t, images(cut))
		wantRecords(t, drain(t, again), want)
		if stats := again.Stats(); stats.DamagedSegments != 0 {
			t.Fatalf("cut at %d: a torn tail counts as damage: %+v", cut, stats)
		}
	}
}

// Pages may reach the disk in any order: sectors of an unsynced group survive at random.
func TestTornInAnyOrder(t *testing.T) {
	on := newFaulty()
	s := openOn(t, on)
	want := strings.Repeat("a", 700)
	mustAppend(t, s, want)
	random := rand.New(rand.NewPCG(1, 2))
	on.setRefuse(func(operation, path string) error {
		if operation == "sync" && isSegment(path) {
			for range 200 {
				crashed := copyOf(on).crash(func(path string, safe, live []byte) []byte {
					if !isSegment(path) {
						return safe
					}
					return mixSectors(random, safe, live)
				})
				if got := drain(t, openOn(t, crashed)); len(got) == 0 || got[0] != want {
					t.Errorf("an acknowledged record is gone: %d records", len(got))
				}
			}
		}
		return nil
	})
	payloads := make([][]byte, 8)
	for i := range payloads {
		payloads[i] = bytes.Repeat([]byte{byte('b' + i)}, 400)
	}
	if err := s.Append(t.Context(), payloads...); err != nil {
		t.Fatal(err)
	}
	on.setRefuse(nil)
}

// copyOf is the state of a locked file system.
func copyOf(on *faulty) *faulty {
	copied := newFaulty()
	for path, node := range on.safe {
		copied.safe[path] = &inode{live: bytes.Clone(node.live), safe: bytes.Clone(node.safe)}
	}
	return copied
}

func mixSectors(random *rand.Rand, safe, live []byte) []byte {
	mixed := bytes.Clone(live)
	for at := 0; at < len(mixed); at += 512 {
		if end := min(at+512, len(mixed)); random.IntN(2) == 0 {
			clear(mixed[at:end])
			if at < len(safe) {
				copy(mixed[at:end], safe[at:])
			}
		}
	}
	return mixed
}

func TestFaultsOfTheDisk(t *testing.T) {
	faults := []struct {
		operation string
		err       error
		short     int
		want      error
	}{
		{"write", errIO, 0, ErrFailed},
		{"write", errIO, 30, ErrFailed},
		{"write", syscall.ENOSPC, 0, ErrFull},
		{"write", syscall.ENOSPC, 45, ErrFull},
		{"sync", errIO, 0, ErrFailed},
		{"create", syscall.ENOSPC, 0, ErrFull},
		{"syncdir", errIO, 0, ErrFailed},
	}
	for _, fault := range faults {
		t.Run(fmt.Sprint(fault.operation, fault.err, fault.short), func(t *testing.T) {
			on := newFaulty()
			s := openOn(t, on)
			want := []string{"before"}
			if fault.operation != "create" && fault.operation != "syncdir" {
				mustAppend(t, s, "before")
			} else {
				want = nil
			}
			on.mu.Lock()
			on.short = fault.short
			on.refuse = func(operation, path string) error {
				if operation == fault.operation && (isSegment(path) || operation == "syncdir") {
					return fault.err
				}
				return nil
			}
			on.mu.Unlock()
			for range 3 {
				if err := s.Append(t.Context(), []byte("refused")); !errors.Is(err, fault.want) {
					t.Fatalf("Append: %v, want %v", err, fault.want)
				}
			}
			wantPrefix(t, drain(t, openOn(t, on.crash(nil))), want)
			on.setRefuse(nil)
			mustAppend(t, s, "after")
			want = append(want, "after")
			wantRecords(t, drain(t, openOn(t, on.crash(nil))), want)
			wantRecords(t, drain(t, s), want)
		})
	}
}

func wantPrefix(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) < len(want) {
		t.Fatalf("got %q, want at least %q", got, want)
	}
	wantRecords(t, got[:len(want)], want)
}

// Every single byte of a sealed segment is damaged in turn: at most the record that owns the byte is lost, and it is said.
func TestDamageToASealedSegment(t *testing.T) {
	on := newFaulty()
	s := openOn(t, on)
	all := []string{"first record", "second record", "third record"}
	mustAppend(t, s, all...)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := s.segments[0].path
	size := len(on.live[path].live)
	for at := range size {
		damaged := on.crash(nil)
		damaged.live[path].live[at] ^= 0x5a
		again := openOn(t, damaged)
		got := drain(t, again)
		if len(got) < 2 || at < headerSize && len(got) < 3 {
			t.Fatalf("byte %d damaged: only %q left", at, got)
		}
		reserved := at >= headerSize-4 && at < headerSize
		if stats := again.Stats(); stats.DamagedSegments != 1 && !reserved {
			t.Fatalf("byte %d damaged: not counted: %+v", at, stats)
		}
		if stats := again.Stats(); len(got) == 2 && at < size-frameSize-len("third record")-frameSize && stats.MissingRecords != 1 {
			t.Fatalf("byte %d damaged: the missing record is not counted: %+v", at, stats)
		}
		kept := filepath.Join("/spool", quarantineFolder, filepath.Base(path))
		if damaged.live[kept] == nil && !reserved {
			t.Fatalf("byte %d damaged: nothing in quarantine: %q", at, damaged.names())
		}
	}
	for size := range size {
		cut := on.crash(nil)
		cut.live[path].live = cut.live[path].live[:size]
		again := openOn(t, cut)
		drain(t, again)
		if again.Stats().DamagedSegments != 1 {
			t.Fatalf("cut to %d bytes: not counted", size)
		}
	}
}

func TestPayloadCanNotForgeFrames(t *testing.T) {
	s := mustOpen(t, slowly(t.TempDir()))
	stranger := appendFrame(nil, []byte("forged"))
	number(stranger, seedOf(uuid.New()), 50)
	mustAppend(t, s, string(stranger))
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := s.segments[0].path
	data, err := s.on.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[headerSize] ^= 1 // now the reader has to look for the next magic, which is inside the payload
	if found := scan(data, seedOf(s.segments[0].ID)); len(found.frames) != 0 {
		t.Errorf("a frame inside a payload was taken for a record: %q", found.frames[0].Payload)
	}
}

func TestNewerFormatIsHeld(t *testing.T) {
	on := newFaulty()
	s := openOn(t, on)
	mustAppend(t, s, "one")
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	segment := s.segments[0]
	header := appendHeader(nil, "test", segment.ID)
	header[7] = version + 1
	copy(on.live[segment.path].live, resum(header))
	if _, err := s.Read(segment); !errors.Is(err, errVersion) {
		t.Errorf("read of a newer format: %v", err)
	}
}

// A crash anywhere in a random run loses no acknowledged record and invents none.
func TestRandomCrashes(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 0))
		on := newFaulty()
		acknowledged := map[string]bool{}
		tried := map[string]bool{}
		for life := range 4 {
			s := openOn(t, on)
			for i := range 1 + random.IntN(12) {
				payload := fmt.Sprintf("%d/%d/%s", life, i, strings.Repeat("x", random.IntN(900)))
				on.setRefuse(randomFault(random))
				tried[payload] = true
				if err := s.Append(t.Context(), []byte(payload)); err == nil {
					acknowledged[payload] = true
				}
				if random.IntN(5) == 0 {
					if err := s.Seal(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			on.setRefuse(nil)
			on = on.crash(func(path string, safe, live []byte) []byte {
				if !isSegment(path) || random.IntN(2) == 0 {
					return safe
				}
				return mixSectors(random, safe, live)
			})
		}
		got := map[string]bool{}
		for _, payload := range drain(t, openOn(t, on)) {
			if !tried[payload] {
				t.Fatalf("seed %d: a record that nobody sent: %.50q", seed, payload)
			}
			got[payload] = true
		}
		for payload := range acknowledged {
			if !got[payload] {
				t.Fatalf("seed %d: an acknowledged record is lost: %.50q", seed, payload)
			}
		}
	}
}

func randomFault(random *rand.Rand) func(operation, path string) error {
	if random.IntN(3) > 0 {
		return nil
	}
	countdown := random.IntN(6)
	return func(operation, path string) error {
		if countdown--; countdown != 0 {
			return nil
		}
		return errIO
	}
}
