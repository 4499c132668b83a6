// Package spool is the collector's durable queue on local disk: Append returns once the records are on the disk, and
// the forwarder reads them back in sealed segments, as often as it takes.
//
// Belongs here: the format of segments, group commit, recovery, limits, and the checkpoint of the reader.
// Does not belong here: what a record means, Redis, ClickHouse. README.md describes the files and the protocol.
package spool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// What Append may answer besides a context's error. The caller tells the browser to come again (503).
var (
	ErrFull   = errors.New("spool: full")
	ErrFailed = errors.New("spool: the disk failed")
	ErrClosed = errors.New("spool: closed")
)

// Spool is the queue. All methods may be called concurrently, but there may be only one reader: one goroutine that
// calls Next or NextAfter, and Read, and one (the same or another) that calls SaveCheckpoint and Finish.
type Spool struct {
	config Config
	on     files
	log    *slog.Logger
	lock   *os.File

	mu       sync.Mutex
	groups   []*group // wait for the disk, oldest first
	pending  int64    // bytes in groups and in the one being committed
	spare    []byte   // a group's buffer to use again
	closed   bool
	segments []*Segment    // sealed, oldest first
	changed  chan struct{} // closed and replaced when segments or closed change
	oldest   time.Time     // when the first record of the open segment came, zero where there is none
	limit    int64         // how many bytes the spool may take now
	measured time.Time     // when limit was computed
	told     time.Time     // when the log was told that the spool is full

	window sync.Mutex    // of the replay window; taken before mu
	held   []heldSegment // in forwarded/, oldest first

	scrubbed map[string]looked // by path; of Scrub

	lettersMu sync.Mutex // of the folder of dead letters
	box       letterBox

	wake    chan struct{}
	seals   chan chan struct{}
	sealing chan sealOrder    // to the seal loop
	spares  chan *openSegment // from the seal loop: at most one, ready to be written to
	tight   chan struct{}     // to the sweep loop: the window is in the way
	closing chan struct{}
	done    chan struct{} // the commit loop has ended

	current    *openSegment // owned by the commit loop
	sealTimer  *time.Timer
	checkpoint Checkpoint // owned by the reader

	refused atomic.Bool // the latest commit failed
	probing sync.Mutex  // of probed
	probed  time.Time   // when the disk was tried last

	bytes    atomic.Int64 // of records not yet forwarded, on disk
	returned atomic.Int64 // of segments put back, not yet forwarded again
	heldNow  atomic.Int64 // bytes in the replay window
	stats    counters
}

// group is what one write and one fdatasync make durable.
type group struct {
	buf     []byte
	records int
	done    chan struct{} // closed once err is final
	err     error
}

// Open opens the spool of config.Dir: it cuts the torn tail of a segment that a crash left open, and starts. It fails
// only where the folder can't be used at all; damaged segments are dealt with when they are read.
func Open(config Config) (*Spool, error) {
	return openFolder(config, true)
}

// OpenAside is Open for an operator's command while no collector runs: it lets go of nothing that is held, however old.
func OpenAside(config Config) (*Spool, error) {
	return openFolder(config, false)
}

func openFolder(config Config, sweep bool) (*Spool, error) {
	if config.Dir == "" {
		return nil, errors.New("open spool: no folder given: set spool_dir")
	}
	if err := (disk{}).MkdirAll(config.Dir); err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	lock, err := lockFolder(config.Dir)
	if err != nil {
		return nil, err
	}
	s, err := open(config, disk{})
	if err != nil {
		lock.Close()
		return nil, err
	}
	s.lock = lock
	if sweep {
		s.sweep()
		go s.sweepLoop()
	}
	return s, nil
}

func open(config Config, on files) (*Spool, error) {
	config = config.withDefaults()
	s := &Spool{
		config: config, on: on, log: config.Log,
		changed: make(chan struct{}), wake: make(chan struct{}, 1), seals: make(chan chan struct{}),
		sealing: make(chan sealOrder, 1), spares: make(chan *openSegment, 1),
		tight: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}),
		sealTimer: time.NewTimer(time.Hour),
	}
	s.sealTimer.Stop()
	if err := s.recover(); err != nil {
		return nil, fmt.Errorf("open spool %s: %w", config.Dir, err)
	}
	go s.commitLoop()
	return s, nil
}

// Append keeps payloads, all of them or none, and returns once they are on the disk. It copies them. When ctx ends first it
// returns its error, and the payloads may be kept all the same: whoever sends them again must use the same ids.
// ErrFull and ErrFailed (errors.Is) say that nothing is promised and that a later try may work.
func (s *Spool) Append(ctx context.Context, payloads ...[]byte) error {
	return s.append(ctx, payloads, nil)
}

// append is Append; where identities are given, the records keep them.
func (s *Spool) append(ctx context.Context, payloads [][]byte, identities []Identity) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g, err := s.join(payloads, identities)
	if err != nil || g == nil {
		return err
	}
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
	}
	select {
	case <-g.done:
		return g.err
	default:
		return ctx.Err()
	}
}

// join adds payloads to the group that is committed next.
func (s *Spool) join(payloads [][]byte, identities []Identity) (*group, error) {
	size := originSize * len(identities)
	for _, payload := range payloads {
		if len(payload) == 0 || len(payload) > MaxPayload {
			return nil, fmt.Errorf("spool: a record of %d bytes: it must have 1 to %d", len(payload), MaxPayload)
		}
		size += frameSize + len(payload)
	}
	if size == 0 {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if err := s.room(int64(size)); err != nil {
		s.stats.refused.Add(1)
		if time.Since(s.told) > tellFullEvery {
			s.told = time.Now()
			s.log.Error("spool: records are refused, and their senders told to come again", "error", err)
		}
		return nil, err
	}
	g := s.lastGroup(size)
	for i, payload := range payloads {
		if identities != nil {
			g.buf = appendReturned(g.buf, identities[i], payload)
		} else {
			g.buf = appendFrame(g.buf, payload)
		}
	}
	g.records += len(payloads)
	s.pending += int64(size)
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return g, nil
}

// lastGroup returns the youngest group that has room for size bytes within one segment, or a new one.
func (s *Spool) lastGroup(size int) *group {
	if n := len(s.groups); n > 0 {
		if g := s.groups[n-1]; int64(headerSize+len(g.buf)+size+frameSize) <= s.config.SegmentBytes {
			return g
		}
	}
	g := &group{buf: s.spare[:0], done: make(chan struct{})}
	s.spare = nil
	s.groups = append(s.groups, g)
	return g
}

// room says whether size more bytes may be taken. The volume is measured once a second, and more often when it is full.
func (s *Spool) room(size int64) error {
	if s.pending+size > s.config.MaxPendingBytes {
		return fmt.Errorf("%w: %d bytes wait for the disk", ErrFull, s.pending)
	}
	used := s.bytes.Load()
	now := time.Now()
	age := now.Sub(s.measured)
	if age > time.Second || age > 50*time.Millisecond && used+s.pending+size > s.limit {
		s.measured = now
		s.limit = s.measure(used)
	}
	if used+s.pending+size > s.limit {
		return fmt.Errorf("%w: %d bytes wait to be forwarded, %d are allowed", ErrFull, used+s.pending, s.limit)
	}
	return nil
}

// tellFullEvery is how often the log says that the spool is full.
const tellFullEvery = 10 * time.Second

// probeEvery is how often Ready tries the disk while it refuses.
const probeEvery = time.Second

// readyRoom is what must fit for Ready, in bytes: the largest record that a browser may send.
const readyRoom = 64 << 10

// Ready says why a record could not be kept now, nil where it could: ErrClosed, ErrFull or ErrFailed. After a failed commit it tries
// the disk itself, since a collector that calls itself unready gets no records to try it with.
func (s *Spool) Ready() error {
	s.mu.Lock()
	closed, full := s.closed, error(nil)
	if !closed {
		full = s.room(min(readyRoom, s.config.MaxBytes/2))
	}
	s.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case full != nil:
		return full
	case !s.refused.Load():
		return nil
	}
	s.probing.Lock()
	defer s.probing.Unlock()
	if time.Since(s.probed) > probeEvery && s.refused.Load() {
		path := s.path("probe" + temporarySuffix)
		err := writeDurably(s.on, path, []byte("x"))
		_ = s.on.Remove(path)
		s.probed = time.Now()
		s.refused.Store(err != nil)
	}
	if s.refused.Load() {
		return fmt.Errorf("%w: it refuses what is written to %s", ErrFailed, s.config.Dir)
	}
	return nil
}

// measure returns how many bytes the spool may take now. The replay window counts as free: it gives way.
func (s *Spool) measure(used int64) int64 {
	free, _, err := s.on.Space(s.config.Dir)
	if err != nil {
		return s.config.MaxBytes
	}
	held := s.heldNow.Load()
	limit := int64(s.config.MaxVolumeShare * float64(used+free+held))
	if held > 0 && free < used+free+held-limit {
		select {
		case s.tight <- struct{}{}:
		default:
		}
	}
	return min(s.config.MaxBytes, limit)
}

// Stop ends accepting: it commits and seals what was appended. Next still hands out what waits, then returns io.EOF.
func (s *Spool) Stop(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	s.mu.Unlock()
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
	}
	select { // who has spent all the time on forwarding stops a spool whose last commit ended long ago
	case <-s.done:
		return nil
	default:
		return fmt.Errorf("stop spool: the last commit has not ended: %w", ctx.Err())
	}
}

// Close stops the spool and gives the folder free. Call it when the forwarder has ended.
func (s *Spool) Close(ctx context.Context) error {
	err := s.Stop(ctx)
	if s.lock != nil && err == nil {
		err = s.lock.Close()
		s.lock = nil
	}
	return err
}

// Seal commits what was appended before the call and seals it, so that it is forwarded without waiting for SealAfter.
func (s *Spool) Seal(ctx context.Context) error {
	sealed := make(chan struct{})
	select {
	case s.seals <- sealed:
		<-sealed
		return nil
	case <-s.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Spool) path(names ...string) string {
	return filepath.Join(append([]string{s.config.Dir}, names...)...)
}

func (s *Spool) segmentName(name, suffix string) string {
	return "seg-" + s.config.Node + "-" + name + suffix
}
