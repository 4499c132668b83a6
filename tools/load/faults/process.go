package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/headwater/headwater/tools/dev/supervise"
)

// process is a program that is killed and started again at will. Nothing starts it by itself: that is for a fault to say.
type process struct {
	name  string
	path  string
	args  []string
	log   string // file that gets all it prints, over all its lives
	ready func(ctx context.Context) error
	// crashed is told of an end that nobody asked for.
	crashed func(name string, err error)

	mu    sync.Mutex
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{} // closed after err is set
	err   error
	told  bool // to end
}

// start begins a life and returns when it answers.
func (p *process) start(ctx context.Context) error {
	if err := p.begin(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := p.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("start %s: it ended (%v): see %s", p.name, p.err, p.log)
		case <-ctx.Done():
			return fmt.Errorf("start %s: %w (%w): see %s", p.name, ctx.Err(), err, p.log)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (p *process) begin() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.path, p.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = environment(), log, log, supervise.ChildAttributes()
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if err := supervise.StartHere(cmd); err != nil {
		return err
	}
	ended := make(chan struct{})
	p.cmd, p.ended, p.err, p.told = cmd, ended, nil, false
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		p.err = err
		surprise := !p.told
		p.mu.Unlock()
		close(ended)
		if surprise && p.crashed != nil {
			p.crashed(p.name, err)
		}
	}()
	return nil
}

// environment is this program's without what would tell the children of another installation.
func environment() []string {
	var kept []string
	for _, setting := range os.Environ() {
		if !strings.HasPrefix(setting, "HEADWATER_") && !strings.HasPrefix(setting, "CLICKHOUSE_DSN=") && !strings.HasPrefix(setting, "REDIS_URL=") {
			kept = append(kept, setting)
		}
	}
	return kept
}

// kill ends the life as kill -9 does. A process that does not run stays so.
func (p *process) kill() {
	if p.signal(syscall.SIGKILL, true) {
		<-p.ended
	}
}

// terminate asks the life to end and wants it to do so well within grace.
func (p *process) terminate(grace time.Duration) error {
	if !p.signal(syscall.SIGTERM, true) {
		return nil
	}
	select {
	case <-p.ended:
	case <-time.After(grace):
		p.kill()
		return fmt.Errorf("%s did not end within %s of SIGTERM and was killed", p.name, grace)
	}
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		return fmt.Errorf("%s ended with %w after SIGTERM: see %s", p.name, p.err, p.log)
	}
	return nil
}

// signal sends a signal, and tells whether the process ran. ending says that it is to end of it.
func (p *process) signal(signal os.Signal, ending bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
	}
	p.told = p.told || ending
	return p.cmd.Process.Signal(signal) == nil
}

func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}
