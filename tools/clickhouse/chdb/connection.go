//go:build linux || darwin

package chdb

import (
	"errors"
	"runtime"
	"unsafe"
)

// A Connection is one session of the engine: its current database, settings and temporary tables are its
// own. It is not safe for concurrent use; separate connections run their statements in parallel.
type Connection struct{ handle connectionHandle }

// Connect opens a session. The arguments are those of clickhouse-local, such as --path=/data; the first
// connection of a process starts the engine with them, and the engine stops with the last.
func Connect(arguments ...string) (*Connection, error) {
	all := append([]string{"clickhouse"}, arguments...)
	var pinned runtime.Pinner
	defer pinned.Unpin()
	argv := make([]unsafe.Pointer, len(all)+1) // C expects a final null
	for i, argument := range all {
		argv[i] = pin(&pinned, argument+"\x00")
	}
	handle := api.connect(int32(len(all)), unsafe.Pointer(&argv[0]))
	if handle == nil || *handle == nil {
		return nil, errors.New("the ClickHouse engine did not start: see its message on standard error")
	}
	return &Connection{handle: handle}, nil
}

// Close ends the session. Its streams must be closed before.
func (c *Connection) Close() {
	if c.handle != nil {
		api.close(c.handle)
		c.handle = nil
	}
}

// Parameters are the values of a statement's {name:Type} placeholders, each escaped as in a TSV field.
type Parameters map[string]string

// Stats counts what a statement read and wrote.
type Stats struct {
	ReadRows, ReadBytes, WrittenRows, WrittenBytes, ResultRows uint64
}

// Query runs one statement and returns its whole output in the format, which counts only where the statement
// itself names none. Errors of the engine are of type *[Error].
func (c *Connection) Query(query, format string, parameters Parameters) ([]byte, Stats, error) {
	result := c.call(api.query, query, format, parameters)
	if result == nil {
		return nil, Stats{}, errNoResult
	}
	defer api.destroy(result)
	if text := api.resultError(result); text != "" {
		return nil, Stats{}, newError(text)
	}
	return resultBytes(result), resultStats(result), nil
}

// Exec runs one statement and discards its output.
func (c *Connection) Exec(query string) error {
	_, _, err := c.Query(query, "Null", nil)
	return err
}

var errNoResult = errors.New("the ClickHouse engine returned no result")

// call hands the statement to a C function. The strings are pinned for the call only: the engine copies what
// it keeps.
func (c *Connection) call(function statementFunc, query, format string, parameters Parameters) unsafe.Pointer {
	var pinned runtime.Pinner
	defer pinned.Unpin()
	n := len(parameters)
	names, values := make([]unsafe.Pointer, 0, n+1), make([]unsafe.Pointer, 0, n+1)
	nameLens, valueLens := make([]uintptr, 0, n+1), make([]uintptr, 0, n+1)
	for name, value := range parameters {
		names, nameLens = append(names, pin(&pinned, name+"\x00")), append(nameLens, uintptr(len(name)))
		values, valueLens = append(values, pin(&pinned, value+"\x00")), append(valueLens, uintptr(len(value)))
	}
	return function(*c.handle, pin(&pinned, query+"\x00"), uintptr(len(query)), pin(&pinned, format+"\x00"), uintptr(len(format)),
		unsafe.Pointer(unsafe.SliceData(names)), unsafe.Pointer(unsafe.SliceData(nameLens)),
		unsafe.Pointer(unsafe.SliceData(values)), unsafe.Pointer(unsafe.SliceData(valueLens)), uintptr(n))
}

// pin keeps a non-empty string where it is until the pinner is released.
func pin(pinner *runtime.Pinner, s string) unsafe.Pointer {
	data := unsafe.StringData(s)
	pinner.Pin(data)
	return unsafe.Pointer(data)
}

// resultBytes copies the output out of the engine's memory.
func resultBytes(result resultHandle) []byte {
	data, length := api.resultBuffer(result), api.resultLength(result)
	if data == nil || length == 0 {
		return nil
	}
	return append([]byte(nil), unsafe.Slice((*byte)(data), int(length))...)
}

func resultStats(result resultHandle) Stats {
	return Stats{
		ReadRows:     api.resultReadRows(result),
		ReadBytes:    api.resultReadBytes(result),
		WrittenRows:  api.resultWrittenRows(result),
		WrittenBytes: api.resultWrittenBytes(result),
		ResultRows:   api.resultRows(result),
	}
}
