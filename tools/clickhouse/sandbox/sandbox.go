// Package sandbox confines this process, by the kernel's Landlock, to the files and ports that the engine needs.
//
// It is the last of the lines of defence: whatever SQL gets past the guard and the engine's grants still can't
// open the host's files, run its programs or connect to anything. Judging SQL belongs to package guard.
package sandbox

import "errors"

// Rules list what stays possible. Paths that don't exist are left out.
type Rules struct {
	ReadWrite []string // folders, everything in them
	ReadOnly  []string // files, or folders with everything in them
	Program   string   // this program, which is started again inside the sandbox
	EmptyIn   string   // folder in which empty folders may be removed; empty for none
	Port      uint16   // TCP port that may be listened on; 0 is any free one
}

// ErrUnavailable says that the operating system offers no Landlock, or doesn't let this process use it.
var ErrUnavailable = errors.New("the kernel offers no Landlock sandbox")
