package main

import (
	"context"
	"io"
	"log/slog"
	"regexp"
)

func logLevel(text string) (slog.Level, error) {
	var level slog.Level
	err := level.UnmarshalText([]byte(text))
	return level, err
}

// newLog makes the program's log. What goes into it must not tell who visited: no address, no URL of a request, no
// text that a browser sent.
func newLog(w io.Writer, c Config) (*slog.Logger, error) {
	level, err := logLevel(c.LogLevel)
	if err != nil {
		return nil, err
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: withoutQueries}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return slog.New(slog.NewTextHandler(w, options)), nil
}

var queryOfURL = regexp.MustCompile(`(\w+://[^\s"?]*)\?[^\s"]*`)

// withoutQueries takes the query off URLs in errors: where ClickHouse is asked over HTTP, it has the parameters of a report or of an
// erasure, and so who it was about.
func withoutQueries(_ []string, a slog.Attr) slog.Attr {
	if err, ok := a.Value.Any().(error); ok {
		return slog.String(a.Key, queryOfURL.ReplaceAllString(err.Error(), "$1"))
	}
	return a
}

// quiet passes net/http's own complaints on without their text, because it names client addresses.
type quiet struct{ slog.Handler }

// Handle replaces the message.
func (q quiet) Handle(ctx context.Context, record slog.Record) error {
	return q.Handler.Handle(ctx, slog.NewRecord(record.Time, record.Level, "a connection ended badly", record.PC))
}
