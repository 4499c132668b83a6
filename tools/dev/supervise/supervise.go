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
