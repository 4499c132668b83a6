//go:build linux || darwin

package chdb

import (
	"regexp"
	"strconv"
)

// An Error is an exception of the engine.
type Error struct {
	Code int    // as in ClickHouse's ErrorCodes, and in system.errors
	Text string // "Code: 60. DB::Exception: … (UNKNOWN_TABLE)"
}

func (e *Error) Error() string { return e.Text }

// UnknownException is the code of an exception that gave none.
const UnknownException = 1002

var codePattern = regexp.MustCompile(`Code: (\d+)\.`)

func newError(text string) *Error {
	code := UnknownException
	if match := codePattern.FindStringSubmatch(text); match != nil {
		if n, err := strconv.Atoi(match[1]); err == nil {
			code = n
		}
	}
	return &Error{Code: code, Text: text}
}
