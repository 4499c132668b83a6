package main

import (
	"fmt"
	"net"
	"strconv"
	"time"
)

// ports hands out ports of the loopback interface.
type ports struct {
	onlyFree bool
	given    map[int]bool
	say      func(format string, args ...any)
}

// take returns the standard port for what, or a free one where it is taken, and says so.
func (p *ports) take(what string, standard int) (int, error) {
	if !p.onlyFree && !p.given[standard] && portFree(standard) {
		p.given[standard] = true
		return standard, nil
	}
	for range 100 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, fmt.Errorf("find a free port for %s: %w", what, err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		listener.Close()
		if p.given[port] || !portFree(port) {
			continue
		}
		p.given[port] = true
		if !p.onlyFree {
			p.say("  port %d is taken, %s uses %d", standard, what, port)
		}
		return port, nil
	}
	return 0, fmt.Errorf("find a free port for %s: none in 100 tries", what)
}

// portFree tells whether the port can be listened on, and that nobody has it on IPv6: a browser tries ::1 first for
// "localhost" and would end up there.
func portFree(port int) bool {
	listener, err := net.Listen("tcp", address(port))
	if err != nil {
		return false
	}
	listener.Close()
	conn, err := net.DialTimeout("tcp", net.JoinHostPort("::1", strconv.Itoa(port)), 200*time.Millisecond)
	if err != nil {
		return true
	}
	conn.Close()
	return false
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
