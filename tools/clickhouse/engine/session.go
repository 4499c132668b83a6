//go:build linux || darwin

package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"runtime"
	"time"

	"github.com/headwater/headwater/tools/clickhouse/chdb"
)

// A Session is one fresh connection for one request: settings, USE and temporary tables end with it. It
// belongs to the goroutine that began it.
type Session struct {
	*chdb.Connection
	engine *Engine
	done   chan struct{} // closed when the session ends
	stop   func() bool   // disarms the cancellation
}

// Begin waits for a free slot and opens a session. When the context ends, the statement that the session
// runs at that time is killed. valuesChecked says that the data is Values text which
// the guard has passed, so that its expressions may be run: see users.xml.
func (e *Engine) Begin(ctx context.Context, valuesChecked bool) (*Session, error) {
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	runtime.LockOSThread() // the engine keeps a session's state in its thread
	arguments := append(e.arguments[:len(e.arguments):len(e.arguments)], sessionArguments...)
	if valuesChecked {
		arguments = append(arguments, "--input_format_values_interpret_expressions=1", "--input_format_values_deduce_templates_of_expressions=1")
	}
	tag := newTag()
	connection, err := chdb.Connect(append(arguments, "--"+tagSetting+"="+tag)...)
	if err != nil {
		runtime.UnlockOSThread()
		<-e.slots
		return nil, err
	}
	s := &Session{Connection: connection, engine: e, done: make(chan struct{})}
	e.kills.Add(1) // here rather than in kill, so that Close can't miss one that is about to start
	s.stop = context.AfterFunc(ctx, func() { e.kill(tag, s.done) })
	return s, nil
}

// sessionArguments turn off what chDB adds to a server's defaults, an optimisation that fails on a Map's key once a TTL
// has emptied a wide part (26.7.3), and one that finds nothing in a long query and takes nearly half of its planning. Buffers of
// temporary files are small: settling millions of submissions has hundreds open, of a MiB each by default, in 2 GiB.
var sessionArguments = []string{
	"--implicit_select=0", "--allow_introspection_functions=0", "--optimize_functions_to_subcolumns=0", "--optimize_and_compare_chain=0", "--temporary_files_buffer_size=65536",
}

// tagSetting is a setting without any effect here. It carries a tag by which a running statement is found,
// since a query_id can't be chosen through the C library and log_comment belongs to the user.
const tagSetting = "chdb_client_name"

func newTag() string {
	var random [12]byte
	rand.Read(random[:])
	return "request-" + hex.EncodeToString(random[:])
}

// Close ends the session and frees its slot.
func (s *Session) Close() {
	if s.stop() {
		s.engine.kills.Done()
	}
	close(s.done)
	s.Connection.Close()
	runtime.UnlockOSThread()
	<-s.engine.slots
}

// kill ends the tagged statement. A KILL that comes before the engine has registered the statement finds
// nothing, so it is repeated until the session says it is done.
func (e *Engine) kill(tag string, done <-chan struct{}) {
	defer e.kills.Done()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	connection, err := chdb.Connect(append(e.arguments[:len(e.arguments):len(e.arguments)], sessionArguments...)...)
	if err != nil {
		return // the statement runs to its end: nothing else can be done about it
	}
	defer connection.Close()
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		connection.Exec("KILL QUERY WHERE Settings['" + tagSetting + "'] = '" + tag + "' ASYNC")
		select {
		case <-done:
			return
		case <-time.After(wait):
		}
	}
}
