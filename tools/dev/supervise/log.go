package supervise

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"sync"
)

// tailLines is how much of a dead child's log is worth showing.
const tailLines = 12

// tail keeps the last lines of a log.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line)
	if len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "\n")
}

// readLog copies a child's output to its log file line by line, and the notable lines to the terminal.
func (p *process) readLog(reader io.ReadCloser, tail *tail) {
	defer reader.Close()
	lines := bufio.NewScanner(reader)
	lines.Buffer(make([]byte, 0, 4096), 1<<20)
	lines.Split(splitLines)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), " \t")
		if line == "" {
			continue
		}
		tail.add(line)
		_, _ = io.WriteString(p.log, line+"\n")
		if p.supervisor.verbose || p.Notable(line) {
			p.supervisor.Say("%-10s| %s", p.Name, line)
		}
	}
	// A line over a megabyte ends the scanner; the child must still be able to write.
	_, _ = io.Copy(io.Discard, reader)
}

// splitLines ends a line at \n or at \r, which progress bars use.
func splitLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// SpeaksOfTrouble tells whether a log line is a warning or worse, in the forms of slog's text and JSON, of Go
// panics and of plain messages.
func SpeaksOfTrouble(line string) bool {
	for _, level := range []string{"level=WARN", "level=ERROR", `"level":"WARN"`, `"level":"ERROR"`} {
		if strings.Contains(line, level) {
			return true
		}
	}
	if strings.Contains(line, "level=") || strings.Contains(line, `"level":`) {
		return false
	}
	lower := strings.ToLower(line)
	for _, word := range []string{"error", "warn", "panic:", "fatal"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}
