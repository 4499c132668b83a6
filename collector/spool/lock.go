package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// lockFolder keeps a second process out of dir. The lock goes with the process, however it dies.
func lockFolder(dir string) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock spool folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := os.ReadFile(path)
		f.Close()
		if err == syscall.EWOULDBLOCK {
			return nil, fmt.Errorf("spool folder %s is in use by process %s: stop that collector, or give this one a spool_dir of its own",
				dir, strings.TrimSpace(string(owner)))
		}
		return nil, fmt.Errorf("lock spool folder %s: %w (it must be on a local disk)", dir, err)
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0) // only to name the owner in the message above
	}
	return f, nil
}
