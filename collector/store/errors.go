package store

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Class says what to do about an error of Insert.
type Class int

// The classes. There is none that drops anything.
const (
	// Unknown is an error nobody foresaw: hold, tell the operator, and try again slowly.
	Unknown Class = iota
	// Retry is trouble that passes: no connection, no memory, too many parts.
	Retry
	// Schema is a table that is not as this version needs it: hold and tell the operator, who migrates.
	Schema
	// Data is a value that ClickHouse refuses: find the row that holds it and set it aside.
	Data
)

func (c Class) String() string {
	switch c {
	case Retry:
		return "retry"
	case Schema:
		return "schema"
	case Data:
		return "data"
	default:
		return "unknown"
	}
}

// codes are ClickHouse's error codes that have a class. Source: ErrorCodes.cpp of ClickHouse; a test asks the server
// whether it knows them under these names.
var codes = map[int32]struct {
	class Class
	name  string
}{
	159: {Retry, "TIMEOUT_EXCEEDED"},
	202: {Retry, "TOO_MANY_SIMULTANEOUS_QUERIES"},
	203: {Retry, "NO_FREE_CONNECTION"},
	209: {Retry, "SOCKET_TIMEOUT"},
	210: {Retry, "NETWORK_ERROR"},
	225: {Retry, "NO_ZOOKEEPER"},
	236: {Retry, "ABORTED"},
	241: {Retry, "MEMORY_LIMIT_EXCEEDED"},
	242: {Retry, "TABLE_IS_READ_ONLY"},
	243: {Retry, "NOT_ENOUGH_SPACE"},
	252: {Retry, "TOO_MANY_PARTS"},
	285: {Retry, "TOO_FEW_LIVE_REPLICAS"},
	286: {Retry, "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE"},
	319: {Retry, "UNKNOWN_STATUS_OF_INSERT"},
	394: {Retry, "QUERY_WAS_CANCELLED"},
	425: {Retry, "SYSTEM_ERROR"},
	439: {Retry, "CANNOT_SCHEDULE_TASK"},
	473: {Retry, "DEADLOCK_AVOIDED"},
	999: {Retry, "KEEPER_EXCEPTION"},

	8:   {Schema, "THERE_IS_NO_COLUMN"},
	10:  {Schema, "NOT_FOUND_COLUMN_IN_BLOCK"},
	16:  {Schema, "NO_SUCH_COLUMN_IN_TABLE"},
	20:  {Schema, "NUMBER_OF_COLUMNS_DOESNT_MATCH"},
	47:  {Schema, "UNKNOWN_IDENTIFIER"},
	60:  {Schema, "UNKNOWN_TABLE"},
	81:  {Schema, "UNKNOWN_DATABASE"},
	115: {Schema, "UNKNOWN_SETTING"},

	6:   {Data, "CANNOT_PARSE_TEXT"},
	26:  {Data, "CANNOT_PARSE_QUOTED_STRING"},
	27:  {Data, "CANNOT_PARSE_INPUT_ASSERTION_FAILED"},
	38:  {Data, "CANNOT_PARSE_DATE"},
	41:  {Data, "CANNOT_PARSE_DATETIME"},
	53:  {Data, "TYPE_MISMATCH"},
	69:  {Data, "ARGUMENT_OUT_OF_BOUND"},
	70:  {Data, "CANNOT_CONVERT_TYPE"},
	72:  {Data, "CANNOT_PARSE_NUMBER"},
	117: {Data, "INCORRECT_DATA"},
	131: {Data, "TOO_LARGE_STRING_SIZE"},
}

// Classify tells what to do about an error of Insert.
func Classify(err error) Class {
	var exception *clickhouse.Exception
	var row *RowError
	var column *missingColumnError
	var refused *clickhouse.HTTPError
	var network net.Error
	switch {
	case errors.As(err, &exception):
		return codes[exception.Code].class
	case errors.As(err, &row):
		return Data
	case errors.As(err, &column):
		return Schema
	case errors.As(err, &refused):
		// A proxy's answer, or a server's without a code: passing trouble (429, 5xx) or something to look at (401, 404).
		if refused.StatusCode == 429 || refused.StatusCode >= 500 {
			return Retry
		}
		return Unknown
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.Is(err, clickhouse.ErrAcquireConnTimeout):
		return Retry
	default:
		return Unknown
	}
}

// Code returns ClickHouse's code of an error, 0 where it has none.
func Code(err error) int32 {
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		return exception.Code
	}
	return 0
}
