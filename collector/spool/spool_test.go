package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// slowly is a Config whose segments are sealed on demand only.
func slowly(dir string) Config {
	return Config{Dir: dir, Node: "test", SealAfter: time.Hour, Log: quiet()}
}

func mustOpen(tb testing.TB, config Config) *Spool {
	tb.Helper()
	s, err := Open(config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func mustAppend(tb testing.TB, s *Spool, payloads ...string) {
	tb.Helper()
	for _, payload := range payloads {
		if err := s.Append(tb.Context(), []byte(payload)); err != nil {
			tb.Fatal(err)
		}
	}
}

// drain stops the spool and returns what the reader gets.
func drain(tb testing.TB, s *Spool) []string {
	tb.Helper()
	if err := s.Stop(context.Background()); err != nil {
		tb.Fatal(err)
	}
	var got []string
	for {
		segment, err := s.Next(context.Background())
		if err == io.EOF {
			return got
		}
		if err != nil {
			tb.Fatal(err)
		}
		contents, err := s.Read(segment)
		if err != nil {
			tb.Fatal(err)
		}
		for _, frame := range contents.Frames {
			got = append(got, string(frame.Payload))
		}
		if err := s.SaveCheckpoint(Checkpoint{Segment: segment.ID, Chunk: 1}); err != nil {
			tb.Fatal(err)
		}
		if err := s.Finish(segment); err != nil {
			tb.Fatal(err)
		}
	}
}

func wantRecords(tb testing.TB, got, want []string) {
	tb.Helper()
	if !slices.Equal(got, want) {
		tb.Fatalf("got %d records %.200q, want %d %.200q", len(got), got, len(want), want)
	}
}

func TestAppendedRecordsAreReadInOrder(t *testing.T) {
	s := mustOpen(t, slowly(t.TempDir()))
	// Vector's payload lengths, around powers of two and the size of a write.
	var want []string
	for i, length := range []int{1, 2, 511, 512, 513, 4095, 4096, 4097, 65535, 65536, 65537, 768 << 10} {
		want = append(want, strings.Repeat(string(rune('a'+i)), length))
	}
	mustAppend(t, s, want...)
	if lag := s.Stats().Lag; lag <= 0 {
		t.Errorf("lag is %v with records waiting", lag)
	}
	wantRecords(t, drain(t, s), want)
	stats := s.Stats()
	if stats.Bytes != 0 || stats.Segments != 0 || stats.Lag != 0 || stats.Records != uint64(len(want)) {
		t.Errorf("stats of an empty spool: %+v", stats)
	}
}

func TestSegmentsAreSealedBySizeAndByAge(t *testing.T) {
	config := slowly(t.TempDir())
	config.SegmentBytes = 4096
	s := mustOpen(t, config)
	want := make([]string, 20)
	for i := range want {
		want[i] = fmt.Sprintf("%02d%s", i, strings.Repeat("x", 1000))
	}
	mustAppend(t, s, want...)
	if n := s.Stats().Segments; n < 4 {
		t.Errorf("20 records of 1,022 bytes in segments of 4,096 made %d sealed segments, want at least 4", n)
	}
	wantRecords(t, drain(t, s), want)

	config = slowly(t.TempDir())
	config.SealAfter = time.Millisecond
	s = mustOpen(t, config)
	mustAppend(t, s, "one")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := s.Next(ctx); err != nil {
		t.Fatalf("a segment was not sealed by age: %v", err)
	}
}

func TestConcurrentAppendsShareCommits(t *testing.T) {
	s := mustOpen(t, slowly(t.TempDir()))
	var wait sync.WaitGroup
	for i := range 64 {
		wait.Go(func() {
			for j := range 20 {
				if err := s.Append(t.Context(), fmt.Appendf(nil, "%d/%d/a", i, j), fmt.Appendf(nil, "%d/%d/b", i, j)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	stats := s.Stats()
	if stats.Records != 64*20*2 || stats.Commits >= 64*20 {
		t.Errorf("%d records in %d commits: groups are not shared", stats.Records, stats.Commits)
	}
	got := drain(t, s)
	slices.Sort(got)
	if n := len(slices.Compact(got)); n != 64*20*2 {
		t.Errorf("read %d distinct records, want %d", n, 64*20*2)
	}
}

func TestOneProcessPerFolder(t *testing.T) {
	dir := t.TempDir()
	first := mustOpen(t, slowly(dir))
	_, err := Open(slowly(dir))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint("in use by process ", os.Getpid())) {
		t.Fatalf("second Open of one folder: %v", err)
	}
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, slowly(dir))
}

func TestFullSpoolRefuses(t *testing.T) {
	config := slowly(t.TempDir())
	config.MaxBytes = 1000
	s := mustOpen(t, config)
	mustAppend(t, s, strings.Repeat("a", 900))
	if err := s.Append(t.Context(), make([]byte, 200)); !errors.Is(err, ErrFull) {
		t.Fatalf("Append to a full spool: %v, want ErrFull", err)
	}
	if err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	segment, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(segment); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, strings.Repeat("b", 200))
}

func TestVolumeShareIsALimitToo(t *testing.T) {
	on := newFaulty()
	on.free = 1000
	s, err := open(slowly("/spool"), on)
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, strings.Repeat("a", 500))
	if err := s.Append(t.Context(), make([]byte, 500)); !errors.Is(err, ErrFull) {
		t.Fatalf("Append beyond 80 %% of the volume: %v, want ErrFull", err)
	}
}

func TestRefusedArguments(t *testing.T) {
	s := mustOpen(t, slowly(t.TempDir()))
	if err := s.Append(t.Context(), []byte("good"), nil); err == nil {
		t.Error("an empty payload was taken")
	}
	if err := s.Append(t.Context()); err != nil {
		t.Errorf("nothing to append: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Append(ctx, []byte("late")); !errors.Is(err, context.Canceled) {
		t.Errorf("Append with an ended context: %v", err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), []byte("late")); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Stop: %v", err)
	}
	if got := drain(t, s); len(got) != 0 {
		t.Errorf("refused payloads were kept: %q", got)
	}
}

func TestCheckpointSurvivesAndDamageToItDoesNot(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, slowly(dir))
	mustAppend(t, s, "one")
	if err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	segment, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := Checkpoint{Segment: segment.ID, Chunk: 3, Plan: "p"}
	if err := s.SaveCheckpoint(want); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, slowly(dir))
	if got := s.Checkpoint(); got != want {
		t.Errorf("checkpoint %+v after a restart, want %+v", got, want)
	}
	s.Close(t.Context())
	if err := os.WriteFile(filepath.Join(dir, checkpointFile), []byte(`{"segment":"x`), 0o600); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, slowly(dir))
	if got := s.Checkpoint(); got != (Checkpoint{}) {
		t.Errorf("a damaged checkpoint read as %+v", got)
	}
	wantRecords(t, drain(t, s), []string{"one"})
}

func TestReplayWindowKeepsForwardedSegments(t *testing.T) {
	config := slowly(t.TempDir())
	config.ReplayAge, config.ReplayBytes = time.Hour, 150
	s := mustOpen(t, config)
	for _, payload := range []string{"one", "two", "three"} {
		mustAppend(t, s, strings.Repeat(payload, 10))
		if err := s.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, s)
	kept, err := os.ReadDir(filepath.Join(config.Dir, forwardedFolder))
	if err != nil || len(kept) != 2 {
		t.Fatalf("kept %d segments (%v), want the youngest 2 that fit into 150 bytes", len(kept), err)
	}
	s.Close(t.Context())
	config.ReplayAge = 0
	mustOpen(t, config)
	if kept, _ = os.ReadDir(filepath.Join(config.Dir, forwardedFolder)); len(kept) != 0 {
		t.Errorf("%d segments left once the window was switched off", len(kept))
	}
}

func BenchmarkAppend(b *testing.B) {
	config := slowly(b.TempDir())
	config.SealAfter, config.MaxBytes = time.Second, 1<<40
	s := mustOpen(b, config)
	payload := make([]byte, 600)
	b.SetBytes(600)
	b.ReportAllocs()
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.Append(context.Background(), payload); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(s.Stats().Records)/float64(s.Stats().Commits), "records/commit")
}

// TestStopAfterTheTimeIsUp: a spool that has stopped has stopped, also for who has no time left to wait.
func TestStopAfterTheTimeIsUp(t *testing.T) {
	s := mustOpen(t, slowly(t.TempDir()))
	if err := s.Append(t.Context(), []byte("record")); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	late, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if err := s.Stop(late); err != nil {
			t.Fatal(err)
		}
	}
}
