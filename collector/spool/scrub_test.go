package spool

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// withoutAda erases records that name Ada, and takes her name out of those that Bob wrote.
var withoutAda = Scrubber{
	Generation: 1,
	Record: func(payload []byte) []byte {
		switch {
		case bytes.HasPrefix(payload, []byte("Bob")):
			return bytes.ReplaceAll(payload, []byte("Ada"), []byte("nobody in particular"))
		case bytes.Contains(payload, []byte("Ada")):
			return nil
		}
		return payload
	},
	Damaged: func(data []byte) bool { return bytes.Contains(data, []byte("Ada")) },
}

func sealedBytes(id uuid.UUID, payloads ...string) []byte {
	data := appendHeader(nil, "test", id)
	start := len(data)
	for i, payload := range payloads {
		if i == 1 { // one that has come back
			data = appendReturned(data, Identity{uuid.Max, 7}, []byte(payload))
		} else {
			data = appendFrame(data, []byte(payload))
		}
	}
	number(data[start:], seedOf(id), 0)
	return append(data, endMark(seedOf(id), uint64(len(payloads)))...)
}

func texts(data []byte, id uuid.UUID) (all []string) {
	for _, frame := range scan(data, seedOf(id)).frames {
		all = append(all, fmt.Sprint(frame.Sequence, " ", string(frame.Payload)))
	}
	return all
}

func TestScrubLeavesEverythingElse(t *testing.T) {
	id := uuid.New()
	data := sealedBytes(id, "one", "Bob met Ada", "Ada", "four", "Ada again")
	clean, n := rewrite(data, id, withoutAda)
	if want := []string{"1 one", "2 Bob met nobody in particular", "4 four"}; !slices.Equal(texts(clean, id), want) {
		t.Errorf("%q, want %q", texts(clean, id), want)
	}
	if n.Erased != 2 || n.Replaced != 1 || bytes.Contains(clean, []byte("Ada")) {
		t.Errorf("%+v, %q", n, clean)
	}
	found := scan(clean, seedOf(id))
	if found.missing() != 0 || found.lost != 0 || !found.sealed {
		t.Errorf("an erased record counts as damage: %+v", found)
	}
	if found.frames[1].returned != (Identity{uuid.Max, 7}) {
		t.Errorf("a record that came back lost its identity: %v", found.frames[1].returned)
	}
	if again, n := rewrite(clean, id, withoutAda); n != (Scrubbed{}) || !bytes.Equal(again, clean) {
		t.Errorf("scrubbed again: %+v", n)
	}
}

// Every byte of a segment is damaged once: no sound record of others is lost, and Ada is gone, whatever is broken.
func TestScrubOfDamagedSegments(t *testing.T) {
	id := uuid.New()
	whole := sealedBytes(id, "one", "two", "Ada", "four")
	for at := range whole {
		data := bytes.Clone(whole)
		data[at] ^= 0x20
		clean, _ := rewrite(data, id, withoutAda)
		before, after := texts(data, id), texts(clean, id)
		before = slices.DeleteFunc(before, func(text string) bool { return strings.Contains(text, "Ada") })
		if !slices.Equal(before, after) {
			t.Fatalf("byte %d: %q became %q", at, before, after)
		}
		if bytes.Contains(clean, []byte("Ada")) {
			t.Fatalf("byte %d: Ada is still there: %q", at, clean)
		}
	}
}

func FuzzRewrite(f *testing.F) {
	id := uuid.MustParse("0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e")
	whole := sealedBytes(id, "one", "Bob met Ada", "Ada", "four")
	f.Add(whole)
	f.Add(whole[:len(whole)-9])
	f.Add([]byte("Ada"))
	f.Fuzz(func(t *testing.T, data []byte) {
		clean, _ := rewrite(data, id, withoutAda)
		before := scan(data, seedOf(id)).frames
		kept := 0
		for _, frame := range before {
			if r := withoutAda.Record(frame.Payload); len(r) > 0 {
				kept++
			}
		}
		if after := scan(clean, seedOf(id)).frames; len(after) != kept {
			t.Fatalf("%d records of %d are left, want %d", len(after), len(before), kept)
		}
	})
}

// scrubbedSpool is a spool on a fault file system with a held segment, a damaged one in quarantine, and a waiting one.
func scrubbedSpool(t *testing.T, on *faulty) (*Spool, error) {
	t.Helper()
	s, err := open(Config{Dir: "/spool", Node: "test", ReplayAge: time.Hour, SealAfter: time.Hour, Log: quiet()}, on)
	if err == nil {
		t.Cleanup(func() { s.Close(context.Background()) })
	}
	return s, err
}

func place(t *testing.T, on *faulty, path string, data []byte) {
	t.Helper()
	if err := writeDurably(on, path, data); err != nil {
		t.Fatal(err)
	}
}

// The process ends before each step on the disk: whatever the next one finds, nothing of others is lost, and it ends clean.
func TestScrubAfterACrashAnywhere(t *testing.T) {
	held, damaged := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	broken := sealedBytes(damaged, "one", "two", "Ada")
	broken[headerSize+frameSize] ^= 1
	for steps := 0; ; steps++ {
		on := newFaulty()
		place(t, on, "/spool/forwarded/seg-test-"+held.String()+".sealed", sealedBytes(held, "one", "Bob met Ada", "Ada", "four"))
		place(t, on, "/spool/quarantine/seg-test-"+damaged.String()+".sealed", broken)
		s, err := scrubbedSpool(t, on)
		if err != nil {
			t.Fatal(err)
		}
		left := steps
		on.setRefuse(func(string, string) error {
			if left--; left < 0 {
				return errIO
			}
			return nil
		})
		_, err = s.Scrub(t.Context(), withoutAda)
		on.setRefuse(nil)
		after := on.crash(nil)
		again, openErr := scrubbedSpool(t, after)
		if openErr != nil {
			t.Fatal(openErr)
		}
		if _, err := again.Scrub(t.Context(), withoutAda); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string][]string{
			"/spool/forwarded/seg-test-" + held.String() + ".sealed":     {"1 one", "2 Bob met nobody in particular", "4 four"},
			"/spool/quarantine/seg-test-" + damaged.String() + ".sealed": {"2 two"},
		} {
			data, readErr := after.ReadFile(path)
			id := held
			if strings.Contains(path, "quarantine") {
				id = damaged
			}
			if got := texts(data, id); readErr != nil || !slices.Equal(got, want) || bytes.Contains(data, []byte("Ada")) {
				t.Fatalf("crash after %d steps: %s has %q (%v), want %q", steps, path, got, readErr, want)
			}
		}
		for _, name := range after.names() {
			if strings.HasSuffix(name, temporarySuffix) {
				t.Errorf("crash after %d steps: %s is left", steps, name)
			}
		}
		if err == nil {
			return // no step was refused any more
		}
	}
}

func TestScrubCountsWhatWaits(t *testing.T) {
	s := newTestSpool(t, t.TempDir())
	if err := s.Append(t.Context(), []byte("one"), []byte("Ada")); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time from memory
		if found, err := s.Scrub(t.Context(), withoutAda); err != nil || found.Waiting != 1 || found.Segments != 0 {
			t.Errorf("%+v, %v", found, err)
		}
	}
	segment, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(segment); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Scrub(t.Context(), withoutAda); err != nil || found.Waiting != 0 || found.Erased != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	// Put back, it is read as whole, and the record is not there.
	if _, err := s.Replay(t.Context(), Selection{All: true}); err != nil {
		t.Fatal(err)
	}
	if segment, err = s.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	contents, err := s.Read(segment)
	if err != nil || len(contents.Frames) != 1 || contents.Damage != (Damage{}) {
		t.Errorf("%+v, %v", contents, err)
	}
}

func newTestSpool(t *testing.T, dir string) *Spool {
	t.Helper()
	s, err := Open(Config{Dir: dir, Node: "test", ReplayAge: time.Hour, SealAfter: time.Hour, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func TestEditLettersAndTheirAge(t *testing.T) {
	dir := t.TempDir()
	s := newTestSpool(t, dir)
	now := time.Now()
	for i, text := range []string{`t{"name":"Ada"}`, `t{"name":"Bob"}`, `t{"name":"Eve"}`} {
		l := Letter{At: now.AddDate(0, 0, -i), Segment: uuid.Max, Sequence: uint64(i + 1), Reason: "test"}
		l.SetPayload([]byte(text))
		if _, err := s.Bury(l); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, deadLettersFolder, uuid.Max.String()+lettersSuffix)
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = file.WriteString(`{"at":"torn, of Ada`); err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	edit := func(l *Letter) *Letter {
		switch {
		case bytes.Contains(l.Record, []byte("Ada")):
			return nil
		case bytes.Contains(l.Record, []byte("Bob")):
			l.SetPayload([]byte(`t{"name":""}`))
		}
		return l
	}
	n, err := s.EditLetters(edit, func(line []byte) bool { return bytes.Contains(line, []byte("Ada")) })
	if err != nil || n != 3 || s.Stats().Letters != 2 {
		t.Errorf("%d edited, %d are left (%v)", n, s.Stats().Letters, err)
	}
	if data, _ := os.ReadFile(path); bytes.Contains(data, []byte("Ada")) || bytes.Contains(data, []byte("Bob")) || !bytes.Contains(data, []byte("Eve")) {
		t.Errorf("the letters are %s", data)
	}
	quarantined := filepath.Join(dir, quarantineFolder, "seg-test-"+uuid.NewString()+sealedSuffix)
	if err := os.WriteFile(quarantined, []byte("damage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if letters, segments, err := s.RemoveAside(now.Add(-36 * time.Hour)); letters != 1 || segments != 0 || err != nil {
		t.Errorf("%d letters and %d segments older than 36 hours (%v)", letters, segments, err)
	}
	if letters, segments, err := s.RemoveAside(time.Now().Add(time.Hour)); letters != 1 || segments != 1 || err != nil {
		t.Errorf("%d letters and %d segments (%v)", letters, segments, err)
	}
}
