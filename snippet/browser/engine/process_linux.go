package engine

import "syscall"

// dieWithParent makes the system end the child when the test does, even when the test is killed.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
