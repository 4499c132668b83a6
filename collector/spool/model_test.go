package spool

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// segmentRoom is the segments' size in the model, and what the lengths of its payloads lie around.
const segmentRoom = 64 << 10

// lengths are those of Vector's model tests of its disk buffer, with a segment for its write buffer, and those at which a frame
// just fits and just does not.
var lengths = []int{1, segmentRoom / 4, segmentRoom / 2, segmentRoom - 1, segmentRoom, segmentRoom + 1, 768 << 10,
	segmentRoom - headerSize - 2*frameSize, segmentRoom - headerSize - 2*frameSize + 1}

// model plays what happens to a spool, and knows what must come of it.
type model struct {
	t      *testing.T
	random *rand.Rand
	on     *faulty
	spool  *Spool

	sent         int
	tried        map[string]bool // payloads by their first bytes
	acknowledged map[string]bool
	forwarded    map[string]bool
}

func (m *model) open() {
	config := slowly("/spool")
	config.SegmentBytes, config.ReplayAge = segmentRoom, time.Hour
	s, err := open(config, m.on)
	if err != nil {
		m.t.Fatal(err)
	}
	m.spool = s
}

// append sends one to three payloads together.
func (m *model) append() {
	var payloads [][]byte
	var names []string
	for range 1 + m.random.IntN(3) {
		m.sent++
		name := fmt.Sprintf("%06d|", m.sent)
		payload := []byte(name)
		if length := lengths[m.random.IntN(len(lengths))]; length > len(name) {
			payload = append(payload, strings.Repeat("x", length-len(name))...)
		}
		payloads, names = append(payloads, payload), append(names, name)
		m.tried[name] = true
	}
	err := m.spool.Append(m.t.Context(), payloads...)
	if err != nil && !errors.Is(err, ErrFailed) && !errors.Is(err, ErrFull) {
		m.t.Fatalf("append: %v", err)
	}
	for _, name := range names {
		if err == nil {
			m.acknowledged[name] = true
		}
	}
}

// forward takes the next segment, if there is one, to its end or, where the disk fails, not.
func (m *model) forward() {
	m.spool.mu.Lock()
	waiting := len(m.spool.segments) > 0 && !m.spool.segments[0].open
	m.spool.mu.Unlock()
	if !waiting {
		return
	}
	segment, err := m.spool.Next(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	contents, err := m.spool.Read(segment)
	if err != nil {
		return // the disk failed: later
	}
	if m.spool.SaveCheckpoint(Checkpoint{Segment: segment.ID, Pass: segment.Pass, Chunk: 1}) != nil {
		return
	}
	for _, frame := range contents.Frames {
		m.forwarded[string(frame.Payload[:min(7, len(frame.Payload))])] = true
	}
	_ = m.spool.Finish(segment) // else it comes again
}

// play does one thing after the other, with faults in between, until the process dies.
func (m *model) play(steps int) {
	for range steps {
		m.on.mu.Lock()
		m.on.short = m.random.IntN(3) * 41
		m.on.refuse = m.fault()
		m.on.mu.Unlock()
		switch m.random.IntN(10) {
		case 0, 1:
			if err := m.spool.Seal(m.t.Context()); err != nil {
				m.t.Fatal(err)
			}
		case 2, 3:
			m.forward()
		case 4:
			_, _ = m.spool.Replay(m.t.Context(), Selection{All: true})
		default:
			m.append()
		}
	}
	m.on.setRefuse(nil)
}

// fault refuses one operation of the coming ones, or a kind of them for a while.
func (m *model) fault() func(operation, path string) error {
	failures := []error{errIO, syscall.ENOSPC}
	failure := failures[m.random.IntN(2)]
	switch m.random.IntN(4) {
	case 0:
		return once(m.random.IntN(8), failure)
	case 1:
		kinds := []string{"create", "write", "sync", "truncate", "rename", "syncdir", "remove", "touch"}
		kind := kinds[m.random.IntN(len(kinds))]
		return func(operation, _ string) error {
			if operation == kind {
				return failure
			}
			return nil
		}
	}
	return nil
}

func once(countdown int, failure error) func(operation, path string) error {
	return func(string, string) error {
		if countdown--; countdown == -1 {
			return failure
		}
		return nil
	}
}

// TestModel: whatever is appended, sealed, forwarded and put back, however long the records are, whichever operation of the
// disk fails and whenever the power goes: every acknowledged record is forwarded, and none that nobody sent.
func TestModel(t *testing.T) {
	rounds := uint64(30)
	if testing.Short() {
		rounds = 10
	}
	for seed := range rounds {
		m := &model{t: t, random: rand.New(rand.NewPCG(seed, 1)), on: newFaulty(),
			tried: map[string]bool{}, acknowledged: map[string]bool{}, forwarded: map[string]bool{}}
		for range 3 {
			m.open()
			m.play(12)
			if m.random.IntN(3) == 0 {
				_ = m.spool.Stop(t.Context())
			}
			m.on = m.on.crash(func(path string, safe, live []byte) []byte {
				if !isSegment(path) || m.random.IntN(2) == 0 {
					return safe
				}
				return mixSectors(m.random, safe, live)
			})
		}
		m.open()
		if err := m.spool.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := m.spool.Next(t.Context()); err == io.EOF {
				break
			}
			m.forward()
		}
		for _, name := range slices.Sorted(maps.Keys(m.acknowledged)) {
			if !m.forwarded[name] {
				t.Fatalf("seed %d: record %s was acknowledged and is lost", seed, name)
			}
		}
		for name := range m.forwarded {
			if !m.tried[name] && len(name) == 7 {
				t.Fatalf("seed %d: record %q came from nowhere", seed, name)
			}
		}
		if stats := m.spool.Stats(); stats.Bytes != 0 || stats.Segments != 0 {
			t.Fatalf("seed %d: at the end %+v", seed, stats)
		}
	}
}

// Appending each length alone and after each other length, with a clean stop, gives every byte back.
func TestLengths(t *testing.T) {
	for _, first := range lengths {
		config := slowly(t.TempDir())
		config.SegmentBytes = segmentRoom
		s := mustOpen(t, config)
		var want []string
		for _, second := range lengths {
			want = append(want, strings.Repeat("a", first), strings.Repeat("b", second))
		}
		mustAppend(t, s, want...)
		got := drain(t, s)
		wantRecords(t, got, want)
		if stats := s.Stats(); stats.DamagedSegments != 0 {
			t.Errorf("after %d bytes: %+v", first, stats)
		}
	}
}
