package supervise

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
)

// FuzzSplitLines: whatever a child prints, in whatever pieces it comes, no byte but line ends is lost.
func FuzzSplitLines(f *testing.F) {
	f.Add([]byte("one\ntwo\r\nthree\r50 %\r100 %\n\nlast"), 3)
	f.Add([]byte(""), 1)
	f.Add([]byte("\r\r\n\n"), 1)
	f.Fuzz(func(t *testing.T, printed []byte, piece int) {
		lines := bufio.NewScanner(&pieces{printed, max(1, piece%64)})
		lines.Split(splitLines)
		lines.Buffer(nil, len(printed)+1)
		var got bytes.Buffer
		for lines.Scan() {
			if bytes.ContainsAny(lines.Bytes(), "\r\n") {
				t.Fatalf("a line holds a line end: %q", lines.Bytes())
			}
			got.Write(lines.Bytes())
		}
		want := strings.NewReplacer("\r", "", "\n", "").Replace(string(printed))
		if lines.Err() != nil || got.String() != want {
			t.Fatalf("of %q came %q (%v)", printed, got.String(), lines.Err())
		}
	})
}

// pieces reads a few bytes at a time, as a pipe may.
type pieces struct {
	rest []byte
	size int
}

func (p *pieces) Read(into []byte) (int, error) {
	n := copy(into, p.rest[:min(p.size, len(p.rest))])
	p.rest = p.rest[n:]
	if n == 0 && len(p.rest) == 0 {
		return bytes.NewReader(nil).Read(into)
	}
	return n, nil
}
