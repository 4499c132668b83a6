//go:build linux || darwin

// Package chdb binds libchdb, the ClickHouse engine as a C library, with purego: no C compiler is needed.
// It says what the C functions do in Go's terms (connections, streams, errors) and nothing more.
//
// What a statement may do, how many run at once and how they are cancelled belongs to package engine.
package chdb

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// The C API passes opaque pointers around. They point outside Go's heap, so the collector ignores them.
type (
	connectionHandle = *unsafe.Pointer // chdb_connection *: freed by chdb_close_conn
	resultHandle     = unsafe.Pointer  // chdb_result *: freed by chdb_destroy_query_result
	insertHandle     = unsafe.Pointer  // chdb_insert_stream *: freed by chdb_destroy_insert_stream
)

// statementFunc is the shape shared by the functions that take a statement: connection, query, its length,
// format, its length, then the names, name lengths, values, value lengths and number of the parameters.
type statementFunc func(connection unsafe.Pointer, query unsafe.Pointer, queryLen uintptr, format unsafe.Pointer, formatLen uintptr,
	names, nameLens, values, valueLens unsafe.Pointer, count uintptr) unsafe.Pointer

var api struct {
	setSignalHandlers func(enabled int32)

	connect  func(argc int32, argv unsafe.Pointer) connectionHandle
	close    func(connectionHandle)
	classify func(connection, query unsafe.Pointer, queryLen uintptr, database unsafe.Pointer, databaseLen uintptr, out unsafe.Pointer) int32

	query        statementFunc
	stream       statementFunc
	streamFetch  func(connection, result unsafe.Pointer) resultHandle
	streamCancel func(connection, result unsafe.Pointer)
	destroy      func(resultHandle)

	insert        statementFunc
	insertAppend  func(stream insertHandle, data unsafe.Pointer, length uintptr) int32
	insertDone    func(insertHandle) resultHandle
	insertCancel  func(insertHandle)
	insertError   func(insertHandle) string
	insertDestroy func(insertHandle)

	resultBuffer       func(resultHandle) unsafe.Pointer
	resultLength       func(resultHandle) uintptr
	resultError        func(resultHandle) string
	resultRows         func(resultHandle) uint64
	resultReadRows     func(resultHandle) uint64
	resultReadBytes    func(resultHandle) uint64
	resultWrittenRows  func(resultHandle) uint64
	resultWrittenBytes func(resultHandle) uint64
}

var symbols = map[string]any{
	"chdb_set_signal_handlers_enabled": &api.setSignalHandlers,
	"chdb_connect":                     &api.connect,
	"chdb_close_conn":                  &api.close,
	"chdb_classify_query_n":            &api.classify,
	"chdb_query_with_params_n":         &api.query,
	"chdb_stream_query_with_params_n":  &api.stream,
	"chdb_stream_fetch_result":         &api.streamFetch,
	"chdb_stream_cancel_query":         &api.streamCancel,
	"chdb_destroy_query_result":        &api.destroy,
	"chdb_stream_insert_with_params_n": &api.insert,
	"chdb_stream_append":               &api.insertAppend,
	"chdb_stream_done":                 &api.insertDone,
	"chdb_stream_cancel_insert":        &api.insertCancel,
	"chdb_stream_insert_error":         &api.insertError,
	"chdb_destroy_insert_stream":       &api.insertDestroy,
	"chdb_result_buffer":               &api.resultBuffer,
	"chdb_result_length":               &api.resultLength,
	"chdb_result_error":                &api.resultError,
	"chdb_result_rows_read":            &api.resultRows,
	"chdb_result_storage_rows_read":    &api.resultReadRows,
	"chdb_result_storage_bytes_read":   &api.resultReadBytes,
	"chdb_result_rows_written":         &api.resultWrittenRows,
	"chdb_result_bytes_written":        &api.resultWrittenBytes,
}

var (
	loadOnce sync.Once
	errLoad  error
)

// Load maps the library into this process. Only the first call does anything, since one process holds one
// engine: later calls return the first one's result. Load must precede every other call of this package.
func Load(path string) error {
	loadOnce.Do(func() { errLoad = load(path) })
	return errLoad
}

func load(path string) error {
	library, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return fmt.Errorf("load the ClickHouse library (it needs glibc and a processor of level x86-64-v3): %w", err)
	}
	for name, function := range symbols {
		address, err := purego.Dlsym(library, name)
		if err != nil {
			return fmt.Errorf("%s lacks %s, so it is of another version: %w", path, name, err)
		}
		purego.RegisterFunc(function, address)
	}
	// The engine's own handlers for SIGSEGV and the like would replace the Go runtime's: a nil dereference in
	// Go would then hang the process instead of ending it with a trace.
	api.setSignalHandlers(0)
	return nil
}
