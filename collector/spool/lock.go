package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const lockFile = "lock"

// lockFolder keeps a second process out of dir. The lock goes with the process, however it dies.
func lockFolder(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock spool folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := readHolder(path)
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("spool folder %s is in use by process %d: stop that collector, or give this one a spool_dir of its own",
				dir, owner.PID)
		}
		return nil, fmt.Errorf("lock spool folder %s: %w (it must be on a local disk)", dir, err)
	}
	if err := writeHolder(f, Holder{PID: os.Getpid()}); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock spool folder %s: %w", dir, err)
	}
	return f, nil
}

// Holder is the process that uses a spool folder. Who can read the folder may ask it to do something with its spool: Token
// proves that.
type Holder struct {
	PID     int
	Address string // host:port where it takes operators' requests; empty while it starts, or for a command
	Token   string
}

// Announce tells whoever can read the folder where this process takes operators' requests, and how to be let in.
func (s *Spool) Announce(address, token string) error {
	if err := writeHolder(s.lock, Holder{PID: os.Getpid(), Address: address, Token: token}); err != nil {
		return fmt.Errorf("announce in the spool folder: %w", err)
	}
	return nil
}

func writeHolder(f *os.File, h Holder) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(h.PID)+"\n"+h.Address+"\n"+h.Token+"\n"), 0)
	return err
}

func readHolder(path string) (Holder, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Holder{}, err
	}
	lines := strings.Split(string(data)+"\n\n\n", "\n")
	pid, _ := strconv.Atoi(lines[0])
	return Holder{PID: pid, Address: lines[1], Token: lines[2]}, nil
}

// FindHolder tells whether a process uses the spool folder dir, and which.
func FindHolder(dir string) (Holder, bool, error) {
	path := filepath.Join(dir, lockFile)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return Holder{}, false, nil
	}
	if err != nil {
		return Holder{}, false, fmt.Errorf("look at the spool folder: %w", err)
	}
	defer f.Close()
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); {
	case err == nil:
		return Holder{}, false, nil // closing gives it back
	case !errors.Is(err, syscall.EWOULDBLOCK):
		return Holder{}, false, fmt.Errorf("look at the spool folder: %w", err)
	}
	h, err := readHolder(path)
	if err != nil {
		return Holder{}, false, fmt.Errorf("look at the spool folder: %w", err)
	}
	return h, true, nil
}
