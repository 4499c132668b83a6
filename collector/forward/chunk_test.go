package forward

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

var segmentID = uuid.MustParse("0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e")

func framesOf(tb testing.TB, records ...schema.Record) []spool.Frame {
	tb.Helper()
	frames := make([]spool.Frame, len(records))
	for i, record := range records {
		payload, err := schema.Encode(record)
		if err != nil {
			tb.Fatal(err)
		}
		frames[i] = spool.Frame{Sequence: uint64(i + 1), Payload: payload}
	}
	return frames
}

// pieces collects what cut makes of a segment.
func pieces(segment uuid.UUID, frames []spool.Frame, limits limits) (chunks []*chunk, unreadable []spool.Letter) {
	for p := range cut(segment, frames, limits) {
		if p.chunk != nil {
			chunks = append(chunks, p.chunk)
		} else {
			unreadable = append(unreadable, *p.unreadable)
		}
	}
	return chunks, unreadable
}

// describe writes chunks as "table month: sequences" each.
func describe(chunks []*chunk) string {
	var b strings.Builder
	for i, c := range chunks {
		if i != c.number {
			fmt.Fprintf(&b, "(chunk %d says it is %d) ", i, c.number)
		}
		fmt.Fprintf(&b, "%s %d:", c.table, c.month)
		for _, r := range c.rows {
			fmt.Fprintf(&b, " %d", r.sequence)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestChunksAreOfOneTableAndOneMonth(t *testing.T) {
	april := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	frames := framesOf(t, touchAt(march), submissionAt(march), touchAt(april), touchAt(march), touchAt(april.Add(-1)),
		submissionAt(april), touchAt(march))
	frames = append(frames, spool.Frame{Sequence: 8, Payload: []byte("?")})
	chunks, unreadable := pieces(segmentID, frames, limits{rows: 3, bytes: 1 << 20})
	want := "touches 202603: 1 4 5\nsubmissions 202603: 2\ntouches 202604: 3\nsubmissions 202604: 6\ntouches 202603: 7\n"
	if got := describe(chunks); got != want {
		t.Errorf("chunks\n%swant\n%s", got, want)
	}
	if len(unreadable) != 1 || unreadable[0].Sequence != 8 {
		t.Errorf("unreadable: %+v", unreadable)
	}
	again, _ := pieces(segmentID, frames, limits{rows: 3, bytes: 1 << 20})
	if describe(again) != want || again[4].through != chunks[4].through {
		t.Error("cut again the chunks are others")
	}
	if other, _ := pieces(segmentID, frames, limits{rows: 2, bytes: 1 << 20}); other[4].through == chunks[4].through {
		t.Error("other chunks have the same fingerprint")
	}
}

func TestChunksAreBoundedInBytes(t *testing.T) {
	frames := framesOf(t, touchAt(march), touchAt(march), touchAt(march))
	size := len(frames[0].Payload)
	for bytes, want := range map[int]int{1: 3, size: 3, 2 * size: 2, 3 * size: 1} {
		if chunks, _ := pieces(segmentID, frames, limits{rows: 100, bytes: bytes}); len(chunks) != want {
			t.Errorf("%d chunks of at most %d bytes, want %d", len(chunks), bytes, want)
		}
	}
}

// A restart believes a checkpoint whose chunks are the ones that the segment is cut into now, and no other.
func TestACheckpointReachesItsOwnChunksOnly(t *testing.T) {
	frames := framesOf(t, touchAt(march), touchAt(march), touchAt(march), submissionAt(march), touchAt(march))
	small := limits{rows: 2, bytes: 1 << 20}
	chunks, _ := pieces(segmentID, frames, small)
	for i, c := range chunks {
		done := spool.Checkpoint{Segment: segmentID, Chunk: i + 1, Plan: c.through}
		if !reaches(segmentID, frames, small, done) {
			t.Errorf("the checkpoint after chunk %d is not believed", i)
		}
		if reaches(segmentID, frames[1:], small, done) || reaches(segmentID, frames, limits{rows: 3, bytes: 1 << 20}, done) {
			t.Errorf("the checkpoint after chunk %d is believed for other chunks", i)
		}
		done.Chunk++
		if reaches(segmentID, frames, small, done) {
			t.Errorf("a checkpoint of %d chunks is believed with the fingerprint of %d", done.Chunk, i+1)
		}
	}
	if reaches(segmentID, frames, small, spool.Checkpoint{Segment: segmentID}) {
		t.Error("a checkpoint of nothing is believed")
	}
}

func TestATokenNamesItsRows(t *testing.T) {
	chunks, _ := pieces(segmentID, framesOf(t, touchAt(march), touchAt(march), touchAt(march)), defaultLimits)
	c := chunks[0]
	seen := map[string]bool{}
	for _, rows := range [][]row{c.rows, c.rows[:2], c.rows[1:], c.rows[1:2]} {
		token := c.token(rows)
		if !strings.HasPrefix(token, segmentID.String()+":0:") || seen[token] || token != c.token(rows) {
			t.Errorf("token %s of %d rows", token, len(rows))
		}
		seen[token] = true
	}
}

func TestBackoffIsBounded(t *testing.T) {
	b := backoff{least: time.Nanosecond, most: time.Millisecond, tries: 1}
	for range 100 {
		if err := b.sleep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b = backoff{least: time.Second, most: time.Minute}
	b.hold()
	if b.tries < 4 {
		t.Errorf("a hold waits as the failure number %d", b.tries)
	}
}

// FuzzCut gives the decoder any payloads: no panic, and every frame is in exactly one chunk or unreadable.
func FuzzCut(f *testing.F) {
	for _, frame := range framesOf(f, touchAt(march), submissionAt(march), &schema.Deal{DealID: "1"}) {
		f.Add(frame.Payload, []byte("?"))
	}
	f.Add([]byte(`t{"occurred_at":"9999-12-31T23:59:59Z"}`), []byte("s{}"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		frames := []spool.Frame{{Sequence: 1, Payload: a}, {Sequence: 2, Payload: b}, {Sequence: 3, Payload: a}}
		chunks, unreadable := pieces(segmentID, frames, limits{rows: 2, bytes: 1 << 10})
		found := map[uint64]int{}
		for _, c := range chunks {
			if len(c.rows) == 0 || len(c.rows) > 2 || c.table == "" {
				t.Fatalf("a chunk of %q with %d rows", c.table, len(c.rows))
			}
			for _, r := range c.rows {
				found[r.sequence]++
			}
		}
		for _, l := range unreadable {
			found[l.Sequence]++
		}
		if len(found) != 3 || found[1]+found[2]+found[3] != 3 {
			t.Fatalf("frames are found %v times", found)
		}
	})
}
