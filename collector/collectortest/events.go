package collectortest

import (
	"bufio"
	"strings"
)

// ReadEvent reads one server-sent event, or comment, of a stream: streams have no end to read to.
func ReadEvent(stream *bufio.Reader) (string, error) {
	var event strings.Builder
	for {
		line, err := stream.ReadString('\n')
		event.WriteString(line)
		if err != nil || line == "\n" {
			return event.String(), err
		}
	}
}
