package spool

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"testing"

	"github.com/google/uuid"
)

var fuzzID = uuid.MustParse("0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e")

func segmentOf(payloads ...string) []byte {
	data := appendHeader(nil, "test", fuzzID)
	for _, payload := range payloads {
		data = appendFrame(data, []byte(payload))
	}
	data = appendReturned(data, Identity{fuzzID, 9}, []byte("returned"))
	last := number(data[headerSize:], seedOf(fuzzID), 0)
	return append(data, endMark(seedOf(fuzzID), last)...)
}

// resum sets the checksum of a header again.
func resum(header []byte) []byte {
	binary.LittleEndian.PutUint32(header[headerSize-8:], crc32.Checksum(header[:headerSize-8], castagnoli))
	return header
}

// FuzzSegment reads any bytes as a segment. Whatever they are: no panic, every frame found is sound, frames and lost
// bytes add up, and a second reading finds the same.
func FuzzSegment(f *testing.F) {
	whole := segmentOf("one", "two", "three")
	f.Add(whole)
	f.Add(whole[:len(whole)-7])
	f.Add(append(bytes.Clone(whole[:150]), whole[160:]...))
	f.Add(append(bytes.Clone(whole), make([]byte, 300)...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := checkHeader(data, fuzzID); err != nil && len(data) < headerSize {
			t.Fatalf("a header cut short is an error: %v", err)
		}
		found := scan(data, seedOf(fuzzID))
		size, last := 0, uint64(0)
		for _, frame := range found.frames {
			if frame.Sequence <= last || len(frame.Payload) == 0 {
				t.Fatalf("frame %d after %d with %d bytes", frame.Sequence, last, len(frame.Payload))
			}
			last = frame.Sequence
			size += frameSize + len(frame.Payload)
			if frame.returned != (Identity{}) {
				size += originSize
			}
		}
		if found.sealed {
			size += frameSize
		}
		if found.end > len(data) || min(headerSize, len(data))+size+found.lost > len(data) {
			t.Fatalf("%d bytes hold %d of frames, %d lost, end at %d", len(data), size, found.lost, found.end)
		}
		again := scan(data[:found.end], seedOf(fuzzID))
		if len(again.frames) != len(found.frames) || again.tail != 0 {
			t.Fatalf("cut at its end the segment reads differently: %d frames and a tail of %d, before %d",
				len(again.frames), again.tail, len(found.frames))
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	f.Add([]byte(`{"segment":"0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e","chunk":2,"plan":"1f"}`))
	f.Add([]byte(`{"segment":"","chunk":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkpoint, err := parseCheckpoint(data)
		if err != nil {
			return
		}
		encoded, err := json.Marshal(checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseCheckpoint(encoded); err != nil || again.Chunk != checkpoint.Chunk || again.Segment != checkpoint.Segment {
			t.Fatalf("%+v read back as %+v (%v)", checkpoint, again, err)
		}
	})
}
