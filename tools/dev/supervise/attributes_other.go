//go:build unix && !linux

package supervise

import (
	"os"
	"syscall"
)

// ChildAttributes: a group of its own, so that Ctrl-C in the terminal reaches only the supervisor, which stops the
// children in order. These systems have no parent-death signal: children that watch their standard input still end
// with a killed supervisor, others (redis-server) are found and reported as a taken port at the next start.
func ChildAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
