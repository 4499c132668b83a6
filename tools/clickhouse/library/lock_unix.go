//go:build unix

package library

import (
	"context"
	"os"
	"syscall"
	"time"
)

// lock takes an exclusive lock that the kernel releases when this process dies, however it dies. It says so
// once when it has to wait.
func lock(ctx context.Context, path string, say func(string, ...any)) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	said := false
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			file.Close()
			return nil, err
		}
		if !said {
			said = true
			say("another process is fetching the ClickHouse library: waiting for it")
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
