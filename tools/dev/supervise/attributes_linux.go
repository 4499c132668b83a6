package supervise

import (
	"os"
	"syscall"
)

// ChildAttributes: a group of its own, so that Ctrl-C in the terminal reaches only the supervisor, which stops the
// children in order; and a signal from the kernel when the supervisor is killed, so that no child outlives it.
func ChildAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
