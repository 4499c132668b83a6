package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Root returns the folder of the checkout that the working directory is in.
func Root(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	file := strings.TrimSpace(string(out))
	if err != nil || filepath.Base(file) != "go.mod" {
		return "", errors.New("run this inside a checkout of headwater: `go env GOMOD` finds no go.mod")
	}
	return filepath.Dir(file), nil
}

// Private is a stack of one's own: on free ports, with its data in a folder of the caller's.
type Private struct {
	*Stack
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{}
}

// Start builds tools/dev and runs it on free ports with its data in the folder data and the given site id. It
// returns when everything answers. What tools/dev prints goes to log.
func Start(ctx context.Context, data, site string, log io.Writer) (*Private, error) {
	root, err := Root(ctx)
	if err != nil {
		return nil, err
	}
	if data, err = filepath.Abs(data); err != nil {
		return nil, fmt.Errorf("find the data folder: %w", err)
	}
	binary := filepath.Join(data, "bin", "dev")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./tools/dev")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build tools/dev: %w\n%s", err, out)
	}
	cmd := exec.Command(binary, "-data", data, "-site", site, "-free-ports", "-exit-with-stdin")
	cmd.Dir = root
	last := &lastOutput{to: log}
	cmd.Stdout, cmd.Stderr = last, last
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start a stack: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a stack: %w", err)
	}
	p := &Private{cmd: cmd, stdin: stdin, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.ended)
	}()
	if err := p.waitFor(ctx, filepath.Join(data, FileName), last); err != nil {
		_ = p.Stop()
		return nil, err
	}
	return p, nil
}

func (p *Private) waitFor(ctx context.Context, file string, last *lastOutput) error {
	for {
		s, err := Read(ctx, file)
		if err == nil && s.PID == p.cmd.Process.Pid {
			p.Stack = s
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("start a stack: tools/dev ended:\n%s", last.text())
		case <-ctx.Done():
			return fmt.Errorf("start a stack: %w; tools/dev printed:\n%s", ctx.Err(), last.text())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// PID is the process id of tools/dev.
func (p *Private) PID() int { return p.cmd.Process.Pid }

// Stop stops the stack as Ctrl-C does and waits until nothing of it runs; after 30 s it kills it and says so.
func (p *Private) Stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-p.ended:
		return nil
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return errors.New("stop the stack: tools/dev did not stop within 30 s and was killed")
	}
}

// lastOutput passes output on and remembers the end of it for error messages.
type lastOutput struct {
	mu  sync.Mutex
	to  io.Writer
	end bytes.Buffer
}

func (l *lastOutput) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end.Len() > 16<<10 {
		l.end.Next(l.end.Len() - 8<<10)
	}
	l.end.Write(p)
	if l.to == nil {
		return len(p), nil
	}
	return l.to.Write(p)
}

func (l *lastOutput) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end.String()
}

// TempData makes a folder for a private stack and returns it with the function that removes it.
func TempData() (string, func(), error) {
	data, err := os.MkdirTemp("", "headwater-stack-")
	if err != nil {
		return "", nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	return data, func() { _ = os.RemoveAll(data) }, nil
}
