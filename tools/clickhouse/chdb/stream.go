//go:build linux || darwin

package chdb

// A Stream is a SELECT whose output is taken piece by piece. Every piece is a whole document of the format,
// so only formats without a prefix, a suffix and separators make sense.
type Stream struct {
	connection *Connection
	handle     resultHandle
	ended      bool
}

// Stream starts a SELECT. Other statements fail with code 36 (BAD_ARGUMENTS).
func (c *Connection) Stream(query, format string, parameters Parameters) (*Stream, error) {
	handle := c.call(api.stream, query, format, parameters)
	if handle == nil {
		return nil, errNoResult
	}
	if text := api.resultError(handle); text != "" {
		api.destroy(handle)
		return nil, newError(text)
	}
	return &Stream{connection: c, handle: handle}, nil
}

// Next returns the next piece, or nil at the end.
func (s *Stream) Next() ([]byte, Stats, error) {
	if s.ended {
		return nil, Stats{}, nil
	}
	result := api.streamFetch(*s.connection.handle, s.handle)
	if result == nil {
		s.ended = true
		return nil, Stats{}, errNoResult
	}
	defer api.destroy(result)
	if text := api.resultError(result); text != "" {
		s.ended = true
		return nil, Stats{}, newError(text)
	}
	piece := resultBytes(result)
	if len(piece) == 0 {
		s.ended = true
		return nil, Stats{}, nil
	}
	return piece, resultStats(result), nil
}

// Close ends the stream, cancelling the statement when it has more to give.
func (s *Stream) Close() {
	if s.handle == nil {
		return
	}
	if !s.ended {
		api.streamCancel(*s.connection.handle, s.handle)
	}
	api.destroy(s.handle)
	s.handle = nil
}
