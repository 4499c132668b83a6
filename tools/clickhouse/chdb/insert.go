//go:build linux || darwin

package chdb

import (
	"errors"
	"unsafe"
)

// An Insert is an INSERT whose data is given piece by piece, cut anywhere.
type Insert struct {
	handle insertHandle
	ended  bool
}

// Insert starts an INSERT statement that names neither a format nor data.
func (c *Connection) Insert(query, format string, parameters Parameters) (*Insert, error) {
	handle := c.call(api.insert, query, format, parameters)
	if handle == nil {
		return nil, errNoResult
	}
	if text := api.insertError(handle); text != "" {
		api.insertDestroy(handle)
		return nil, newError(text)
	}
	return &Insert{handle: handle}, nil
}

// ErrRefused says that the statement has failed already and takes no more data; [Insert.Done] tells why.
var ErrRefused = errors.New("the ClickHouse engine takes no more data for this INSERT")

// Write gives the statement more data.
func (i *Insert) Write(data []byte) (int, error) {
	if len(data) == 0 {
		return 0, nil
	}
	if api.insertAppend(i.handle, unsafe.Pointer(unsafe.SliceData(data)), uintptr(len(data))) != 0 {
		return 0, ErrRefused
	}
	return len(data), nil
}

// Done says that the data is complete and waits until the rows are stored.
func (i *Insert) Done() (Stats, error) {
	i.ended = true
	result := api.insertDone(i.handle)
	if result == nil {
		return Stats{}, errNoResult
	}
	defer api.destroy(result)
	if text := api.resultError(result); text != "" {
		return Stats{}, newError(text)
	}
	return resultStats(result), nil
}

// Close frees the statement; without a preceding Done it is cancelled.
func (i *Insert) Close() {
	if i.handle == nil {
		return
	}
	if !i.ended {
		api.insertCancel(i.handle)
	}
	api.insertDestroy(i.handle)
	i.handle = nil
}
