//go:build !linux

package collectortest

import "syscall"

// dieWithParent can't be had here: only a killed test process leaves its server behind.
func dieWithParent() *syscall.SysProcAttr { return nil }
