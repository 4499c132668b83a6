//go:build !linux

package engine

import "syscall"

// dieWithParent has no equivalent here: a killed test leaves its browsers behind.
func dieWithParent() *syscall.SysProcAttr { return nil }
