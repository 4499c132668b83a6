package supervise

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// process is one child over all its lives.
type process struct {
	Child
	supervisor *Supervisor
	log        *os.File

	mu      sync.Mutex // guards what follows
	life    *life
	stopped bool
	done    chan struct{} // closed when the keeper has ended
	wake    chan struct{} // closed by stop, ends a back-off
}

// life is one run of the process.
type life struct {
	cmd   *exec.Cmd
	stdin io.Closer
	began time.Time
	ended chan struct{} // closed after err is set
	err   error
	tail  *tail
}

// begin starts a new life.
func (p *process) begin() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return fmt.Errorf("stopped")
	}
	cmd := exec.Command(p.Path, p.Args...)
	cmd.Env = p.Env
	cmd.SysProcAttr = ChildAttributes()
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = writer, writer
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	err = StartHere(cmd)
	writer.Close()
	if err != nil {
		reader.Close()
		return err
	}
	l := &life{cmd: cmd, stdin: stdin, began: time.Now(), ended: make(chan struct{}), tail: &tail{}}
	p.life = l
	go func() {
		p.readLog(reader, l.tail)
		l.err = cmd.Wait()
		close(l.ended)
	}()
	return nil
}

// waitReady returns when the present life answers; an error when it ends before or ctx does.
func (p *process) waitReady(ctx context.Context) error {
	l := p.current()
	said := time.Now()
	for {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		go func() {
			select {
			case <-l.ended:
				cancel()
			case <-attempt.Done():
			}
		}()
		err := p.Ready(attempt)
		cancel()
		select {
		case <-l.ended:
			return fmt.Errorf("it ended before it was ready (%s); the end of its log:\n%s", ending(l.err), l.tail.text())
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		if err == nil {
			return nil
		}
		if time.Since(said) > 5*time.Second {
			p.supervisor.Say("  … waiting for %s%s", p.Name, prefixed(": ", p.Waiting))
			said = time.Now()
		}
		select {
		case <-l.ended:
		case <-ctx.Done():
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// keep starts the process again whenever it ends, until it is stopped.
func (p *process) keep() {
	defer close(p.done)
	wait := p.supervisor.Backoff
	for {
		l := p.current()
		<-l.ended
		if p.isStopped() {
			return
		}
		if time.Since(l.began) > time.Minute {
			wait = p.supervisor.Backoff
		}
		p.supervisor.Say("! %s ended (%s); starting it again in %s%s", p.Name, ending(l.err), wait, prefixed("\n", indent(l.tail.text())))
		select {
		case <-time.After(wait):
		case <-p.wake:
			return
		}
		wait = min(2*wait, 40*p.supervisor.Backoff)
		p.restart()
	}
}

func (p *process) restart() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.begin(); err != nil {
		if !p.isStopped() {
			p.supervisor.Say("! start %s again: %v", p.Name, err)
		}
		return
	}
	if err := p.waitReady(ctx); err == nil {
		if p.supervisor.Restarted != nil {
			p.supervisor.Restarted()
		}
		p.supervisor.Say("  %s is back", p.Name)
	}
}

func (p *process) current() *life {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

func (p *process) isStopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stopped
}

// end asks the present life to end, and after its grace makes it.
func (p *process) end() {
	l := p.current()
	_ = terminate(l.cmd.Process)
	l.stdin.Close()
	select {
	case <-l.ended:
	case <-time.After(max(p.Grace, time.Second)):
		p.supervisor.Say("! %s did not stop within %s, killing it", p.Name, p.Grace)
		_ = l.cmd.Process.Kill()
		<-l.ended
	}
}

func ending(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func indent(text string) string {
	if text == "" {
		return ""
	}
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}
