//go:build linux || darwin

package engine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ErrInUse says that another process runs an engine on the same data folder.
var ErrInUse = errors.New("the data folder is in use by another process")

// lockFolder takes the folder for this process. The kernel releases the lock when the process dies, so that a
// killed engine leaves nothing to clean up.
func lockFolder(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock the data folder: %w", err)
		}
		holder, _ := io.ReadAll(io.LimitReader(file, 32))
		return nil, fmt.Errorf("%w: %s (process %s): stop it, or choose another folder with -data", ErrInUse, filepath.Dir(path), strings.TrimSpace(string(holder)))
	}
	if err := writeHolder(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	return func() { file.Close() }, nil
}

// writeHolder leaves this process's id for the message that another one gives.
func writeHolder(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}
