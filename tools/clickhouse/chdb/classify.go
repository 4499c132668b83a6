//go:build linux || darwin

package chdb

import (
	"errors"
	"runtime"
	"unsafe"
)

// A Class is what the engine's own parser says a statement does (chdb_query_class in chdb.h).
type Class uint32

// The classes, as numbered by the C API.
const (
	ReadOnly       Class = iota // SELECT, SHOW, DESCRIBE, EXPLAIN, EXISTS, CHECK
	Mutating                    // changes a database
	MutatingGlobal              // changes what lies beside the databases: functions, users, named collections
	Control                     // USE, SET, SYSTEM, KILL, ATTACH, BACKUP, INTO OUTFILE, INSERT INTO FUNCTION, …
	Unknown                     // did not parse, or the classifier does not know it
)

// An Analysis is the parser's view of a text.
type Analysis struct {
	Statements int
	Class      Class
}

// Classify parses the text without running it. Text that does not parse is of class [Unknown], not an error.
func (c *Connection) Classify(query string) (Analysis, error) {
	var out struct{ structSize, statements, flags, class uint32 }
	out.structSize = uint32(unsafe.Sizeof(out))
	var pinned runtime.Pinner
	defer pinned.Unpin()
	if api.classify(*c.handle, pin(&pinned, query+"\x00"), uintptr(len(query)), nil, 0, unsafe.Pointer(&out)) != 0 {
		return Analysis{Class: Unknown}, errors.New("the ClickHouse engine could not classify the statement")
	}
	return Analysis{Statements: int(out.statements), Class: Class(out.class)}, nil
}
