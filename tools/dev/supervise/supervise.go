// Package supervise keeps a few child processes alive for a program in a terminal: it starts each and waits until it
// answers, passes on what is worth reading of its log, starts it again when it dies, and stops them in order.
//
// Belongs here: processes, their logs, back-off. Does not belong here: what the processes are.
package supervise

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Child describes one process.
type Child struct {
	Name string // short, in front of its log lines and the name of its log file
	Path string
	Args []string
	Env  []string // of the child, nil for the supervisor's own
	// Ready asks the process whether it can work; it is called until it returns nil.
	Ready func(ctx context.Context) error
	// Notable tells which lines of the log the terminal shall see; nil: lines that speak of a warning or an error.
	Notable func(line string) bool
	// Waiting is said when Ready takes longer than a few seconds, such as "the first start downloads 178 MB".
	Waiting string
	// Grace is how long the process may take from SIGTERM to its end.
	Grace time.Duration
}

// Supervisor runs children. Make it with New; children start with Start and stop with Stop, the last started first.
type Supervisor struct {
	out     io.Writer
	logs    string // folder of the log files
	verbose bool
	// Backoff is the wait before the first restart; it doubles up to 40 times itself, and is reset by a minute of life.
	Backoff time.Duration
	// Restarted is called when a child that had ended answers again, as another process. May be nil.
	Restarted func()

	mu      sync.Mutex // guards out and running
	running []*process
}

// New returns a supervisor that writes to out and keeps each child's whole log in the folder logs.
func New(out io.Writer, logs string, verbose bool) (*Supervisor, error) {
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for logs: %w", err)
	}
	return &Supervisor{out: out, logs: logs, verbose: verbose, Backoff: 250 * time.Millisecond}, nil
}

// starts takes what spawner shall run. There is one spawner for the whole program.
var starts = sync.OnceValue(func() chan<- func() {
	queue := make(chan func())
	go spawner(queue)
	return queue
})

// spawner starts all processes from one OS thread that lives as long as the program: Linux sends the parent-death
// signal when the *thread* that started the child ends, and Go ends threads as it likes.
func spawner(queue <-chan func()) {
	runtime.LockOSThread()
	for start := range queue {
		start()
	}
}

// StartHere starts a process that shall not outlive this program, though nobody supervises it: its SysProcAttr should
// come from ChildAttributes.
func StartHere(cmd *exec.Cmd) error {
	started := make(chan error)
	starts() <- func() { started <- cmd.Start() }
	return <-started
}

// Say writes one line to the terminal.
func (s *Supervisor) Say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, format+"\n", args...)
}

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

// Start starts the child, waits until it is ready and keeps it alive from then on. A child that dies before it was
// ever ready is an error, with the end of its log.
func (s *Supervisor) Start(ctx context.Context, child Child) error {
	if child.Notable == nil {
		child.Notable = SpeaksOfTrouble
	}
	log, err := os.Create(filepath.Join(s.logs, child.Name+".log"))
	if err != nil {
		return fmt.Errorf("start %s: %w", child.Name, err)
	}
	p := &process{Child: child, supervisor: s, log: log, done: make(chan struct{}), wake: make(chan struct{})}
	if err := p.begin(); err != nil {
		log.Close()
		return fmt.Errorf("start %s: %w", child.Name, err)
	}
	s.mu.Lock()
	s.running = append(s.running, p)
	s.mu.Unlock()
	if err := p.waitReady(ctx); err != nil {
		p.mu.Lock()
		p.stopped = true
		p.mu.Unlock()
		p.end()
		close(p.done)
		return fmt.Errorf("start %s: %w", child.Name, err)
	}
	go p.keep()
	return nil
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

// Stop stops all children, the last started first, each after the one before has ended.
func (s *Supervisor) Stop() {
	s.mu.Lock()
	running := s.running
	s.running = nil
	s.mu.Unlock()
	for i := len(running) - 1; i >= 0; i-- {
		p := running[i]
		p.mu.Lock()
		already := p.stopped
		p.stopped = true
		p.mu.Unlock()
		if !already {
			close(p.wake)
			p.end()
			<-p.done
		}
		p.log.Close()
	}
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

// PIDs returns the process id of every living child by name.
func (s *Supervisor) PIDs() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	pids := map[string]int{}
	for _, p := range s.running {
		if l := p.current(); l != nil {
			pids[p.Name] = l.cmd.Process.Pid
		}
	}
	return pids
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
