package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func letter(segment uuid.UUID, sequence uint64, table, payload string) Letter {
	l := Letter{Segment: segment, Sequence: sequence, Table: table, Code: 53, Reason: "Type mismatch"}
	l.SetPayload([]byte(payload))
	return l
}

func mustBury(tb testing.TB, s *Spool, letters ...Letter) {
	tb.Helper()
	for _, l := range letters {
		if added, err := s.Bury(l); err != nil || !added {
			tb.Fatalf("bury %s: added %v, %v", l.ID(), added, err)
		}
	}
}

func lettersOf(tb testing.TB, s *Spool) []string {
	tb.Helper()
	var ids []string
	err := s.Letters(func(l *Letter) bool {
		ids = append(ids, l.ID())
		return true
	})
	if err != nil {
		tb.Fatal(err)
	}
	if n := s.Stats().Letters; n != len(ids) {
		tb.Errorf("%d letters are counted, %d are there", n, len(ids))
	}
	return ids
}

func TestALetterIsWrittenOnceAndSurvives(t *testing.T) {
	on := newFaulty()
	s := openOn(t, on)
	segment := uuid.New()
	l := letter(segment, 7, "touches", `t{"site_id":"a"}`)
	mustBury(t, s, l)
	for range 2 {
		if added, err := s.Bury(l); added || err != nil {
			t.Fatalf("the same letter again: added %v, %v", added, err)
		}
	}
	binary := letter(segment, 8, "", "t\x01\xff\x00")
	mustBury(t, s, binary)
	again := openOn(t, on.crash(nil))
	if got := lettersOf(t, again); len(got) != 2 || got[0] != l.ID() || got[1] != binary.ID() {
		t.Fatalf("after a crash there are %q", got)
	}
	err := again.Letters(func(got *Letter) bool {
		if want := map[uint64]string{7: `t{"site_id":"a"}`, 8: "t\x01\xff\x00"}[got.Sequence]; string(got.Bytes()) != want {
			t.Errorf("letter %s gives %q back, not %q", got.ID(), got.Bytes(), want)
		}
		return true
	})
	if err != nil {
		t.Error(err)
	}
}

func TestALetterBehindATornLine(t *testing.T) {
	s := mustOpen(t, slowly(t.TempDir()))
	segment := uuid.New()
	path := filepath.Join(s.config.Dir, deadLettersFolder, segment.String()+lettersSuffix)
	if err := os.WriteFile(path, []byte(`{"at":"torn`), 0o600); err != nil {
		t.Fatal(err)
	}
	mustBury(t, s, letter(segment, 1, "touches", "t{}"), letter(segment, 2, "touches", "t{}"))
	if got := lettersOf(t, s); len(got) != 2 {
		t.Errorf("letters behind a torn line: %q", got)
	}
}

// A write of a letter that fails half-way is not counted, and the next try succeeds.
func TestALetterOnAFailingDisk(t *testing.T) {
	on := newFaulty()
	s := openOn(t, on)
	l := letter(uuid.New(), 1, "touches", `t{"a":1}`)
	for _, fault := range []string{"create", "write", "sync", "syncdir"} {
		on.mu.Lock()
		on.short = 9
		on.refuse = func(operation, _ string) error {
			if operation == fault {
				return errIO
			}
			return nil
		}
		on.mu.Unlock()
		if added, err := s.Bury(l); added || !errors.Is(err, errIO) {
			t.Fatalf("%s fails: added %v, %v", fault, added, err)
		}
		on.setRefuse(nil)
		if _, err := s.Bury(l); err != nil {
			t.Fatal(err)
		}
		found := 0
		again := openOn(t, on.crash(nil))
		if err := again.Letters(func(*Letter) bool { found++; return true }); err != nil || found != 1 {
			t.Fatalf("after a failing %s: %d letters, %v", fault, found, err)
		}
		if _, err := s.Drop(t.Context(), LetterSelection{All: true}); err != nil {
			t.Fatal(err)
		}
	}
}

// A record comes back once for all its letters, under the identity that it had.
func TestRetryKeepsTheIdentity(t *testing.T) {
	s := mustOpen(t, slowly(t.TempDir()))
	segment, other := uuid.New(), uuid.New()
	mustBury(t, s, letter(segment, 3, "submission_fields", "s{1}"), letter(segment, 3, "submissions", "s{1}"),
		letter(segment, 4, "touches", "t{2}"), letter(other, 3, "touches", "t{3}"))
	if n, err := s.Retry(t.Context(), LetterSelection{}); n != 0 || err != nil {
		t.Fatalf("an empty selection takes %d, %v", n, err)
	}
	if n, err := s.Retry(t.Context(), LetterSelection{IDs: []string{segment.String() + ":3:submissions", other.String()}}); n != 3 || err != nil {
		t.Fatalf("took %d, %v; want 3: both letters of one record, and the other segment's", n, err)
	}
	if got := lettersOf(t, s); len(got) != 1 || got[0] != segment.String()+":4:touches" {
		t.Errorf("left: %q", got)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	next, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	contents, err := s.Read(next)
	if err != nil || contents.Damage != (Damage{}) || len(contents.Frames) != 2 {
		t.Fatalf("read %+v, %v", contents, err)
	}
	got := map[string]string{}
	for i := range contents.Frames {
		got[contents.Frames[i].Identity(next.ID).String()] = string(contents.Frames[i].Payload)
	}
	want := map[string]string{Identity{segment, 3}.String(): "s{1}", Identity{other, 3}.String(): "t{3}"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("came back: %v, want %v", got, want)
	}
}

// Whatever fails while letters are tried again, each record is in the spool or still a letter.
func TestRetryOnAFailingDisk(t *testing.T) {
	for step := 1; ; step++ {
		on := newFaulty()
		s := openOn(t, on)
		mustBury(t, s, letter(uuid.New(), 1, "touches", "t{1}"), letter(uuid.New(), 1, "touches", "t{2}"))
		left := step
		on.setRefuse(func(string, string) error {
			if left--; left == 0 {
				return errIO
			}
			return nil
		})
		_, err := s.Retry(t.Context(), LetterSelection{All: true})
		on.setRefuse(nil)
		after := openOn(t, on.crash(nil))
		kept := map[string]bool{}
		if err := after.Letters(func(l *Letter) bool { kept[string(l.Bytes())] = true; return true }); err != nil {
			t.Fatal(err)
		}
		for _, payload := range drain(t, after) {
			kept[payload] = true
		}
		if len(kept) != 2 {
			t.Fatalf("step %d refused (%v): only %v is kept", step, err, kept)
		}
		if err == nil && left > 0 {
			t.Logf("%d steps", step)
			return
		}
	}
}

func TestDropTakesWhatIsSelected(t *testing.T) {
	s := mustOpen(t, slowly(t.TempDir()))
	segment := uuid.New()
	for i := range uint64(5) {
		l := letter(segment, i+1, []string{"touches", "deals"}[i%2], "t{}")
		l.Code, l.Reason = int32(50+i), fmt.Sprintf("Reason %d", i)
		mustBury(t, s, l)
	}
	for _, c := range []struct {
		which LetterSelection
		want  int
	}{
		{LetterSelection{}, 0}, {LetterSelection{Code: 99}, 0}, {LetterSelection{Table: "deals", Code: 50}, 0},
		{LetterSelection{Table: "deals", Code: 51}, 1}, {LetterSelection{Reason: "reason 4"}, 1},
		{LetterSelection{IDs: []string{segment.String() + ":1"}}, 1}, {LetterSelection{All: true}, 2},
	} {
		if n, err := s.Drop(t.Context(), c.which); n != c.want || err != nil {
			t.Errorf("%+v dropped %d, %v; want %d", c.which, n, err, c.want)
		}
	}
	files, err := os.ReadDir(filepath.Join(s.config.Dir, deadLettersFolder))
	if err != nil || len(files) != 0 {
		t.Errorf("%d files left, %v", len(files), err)
	}
}

func TestRetryOfAFullSpoolKeepsTheLetters(t *testing.T) {
	config := slowly(t.TempDir())
	config.MaxBytes = 100
	s := mustOpen(t, config)
	mustAppend(t, s, strings.Repeat("a", 70))
	mustBury(t, s, letter(uuid.New(), 1, "touches", "t{1}"))
	if n, err := s.Retry(context.Background(), LetterSelection{All: true}); n != 0 || !errors.Is(err, ErrFull) {
		t.Errorf("took %d, %v; want ErrFull", n, err)
	}
	if got := lettersOf(t, s); len(got) != 1 {
		t.Errorf("letters left: %q", got)
	}
}
