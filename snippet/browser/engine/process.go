package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os/exec"
	"regexp"
	"runtime"
	"time"
)

// silent is for servers whose clients hang up as they like.
var silent = log.New(io.Discard, "", 0)

// patience bounds the start of a process. It takes a second, on a busy machine a few.
const patience = 60 * time.Second

// Process is a program that dies with this one.
type Process struct {
	command *exec.Cmd
	ended   chan struct{}
}

// StartProcess starts command. The system ties the end of the child to the thread that started it, so that thread stays.
func StartProcess(command *exec.Cmd) (*Process, error) {
	p := &Process{command: command, ended: make(chan struct{})}
	command.SysProcAttr = dieWithParent()
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // it is killed in the end, and says so
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", command.Path, err)
	}
	return p, nil
}

// Stop kills the program, and returns once it has ended.
func (p *Process) Stop() {
	_ = p.command.Process.Kill() // it may have ended by itself
	<-p.ended
}

// WaitForLine reads from r until a line matches, returns the pattern's group, and goes on reading so that the writer
// never waits.
func WaitForLine(r io.Reader, pattern *regexp.Regexp) (string, error) {
	found := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			if match := pattern.FindStringSubmatch(lines.Text()); match != nil {
				found <- match[1]
				break
			}
		}
		close(found)
		_, _ = io.Copy(io.Discard, r)
	}()
	select {
	case text, ok := <-found:
		if !ok {
			return "", errors.New("it ended before it said where it listens")
		}
		return text, nil
	case <-time.After(patience):
		return "", fmt.Errorf("it did not say where it listens within %s", patience)
	}
}

// until asks again and again whether something holds. Errors count as no, and are told when time is up.
func until(ctx context.Context, holds func() (bool, error)) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		yes, err := holds()
		if err == nil && yes {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}
