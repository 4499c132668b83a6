package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"text/template"
	"time"

	"github.com/headwater/headwater/tools/dev/stack"
	"github.com/headwater/headwater/tools/dev/supervise"
)

// collectorConfig is the configuration of a measured collector.
var collectorConfig = template.Must(template.New("").Parse(`listen = "{{.Listen}}"
private_listen = "{{.Private}}"
public_url = "http://{{.Listen}}"
clickhouse_dsn = "{{.ClickHouse}}"
redis_url = "{{.Redis}}"
spool_dir = "{{.Spool}}"
secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
log_level = "error"

[[site]]
id = "bench"
origins = ["https://www.brookandbale.example"]

  [[site.form]]
  id = "signup"
`))

// server is a process that is measured.
type server struct {
	address string
	private string // of a collector: where its profiles are
	process *exec.Cmd
	ended   chan struct{}
}

// startCollector runs the stack's collector binary once more, with its spool in the folder spool.
func startCollector(s *stack.Stack, clickHouse, spool string) (*server, error) {
	listen, private := freeAddress(), freeAddress()
	path := filepath.Join(s.Data, fmt.Sprintf("bench-%d.toml", time.Now().UnixNano()))
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("write a configuration: %w", err)
	}
	err = collectorConfig.Execute(file, map[string]string{"Listen": listen, "Private": private, "ClickHouse": clickHouse, "Redis": s.Redis, "Spool": spool})
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("write a configuration: %w", err)
	}
	process := exec.Command(s.Headwater, "serve", "--config", path)
	process.Stderr = os.Stderr
	started, err := startServer(process, listen, "/readyz")
	if err != nil {
		return nil, fmt.Errorf("start a collector: %w", err)
	}
	started.private = private
	return started, nil
}

func startBare() (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address := freeAddress()
	process := exec.Command(self)
	process.Env = append(os.Environ(), bareRole+"="+address)
	if _, err := process.StdinPipe(); err != nil {
		return nil, err
	}
	started, err := startServer(process, address, "/")
	if err != nil {
		return nil, fmt.Errorf("start the bare server: %w", err)
	}
	return started, nil
}

// startServer starts a process that ends with this one, and waits until it answers.
func startServer(process *exec.Cmd, address, path string) (*server, error) {
	process.SysProcAttr = supervise.ChildAttributes()
	if err := supervise.StartHere(process); err != nil {
		return nil, err
	}
	s := &server{address: address, process: process, ended: make(chan struct{})}
	go func() {
		_ = process.Wait()
		close(s.ended)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		err := stack.Answers(ctx, "http://"+address+path)
		if err == nil {
			return s, nil
		}
		select {
		case <-s.ended:
			return nil, errors.New("it ended at once")
		case <-ctx.Done():
			s.kill()
			return nil, err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// kill ends the process without a farewell: what a collector has accepted is on disk.
func (s *server) kill() {
	_ = s.process.Process.Kill()
	<-s.ended
}

func freeAddress() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:0"
	}
	defer listener.Close()
	return listener.Addr().String()
}

// peakMemory is the most memory in bytes that the process has had in RAM so far (VmHWM of Linux), 0 where that is not told.
func (s *server) peakMemory() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kilobytes, _ := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte(" kB"))), 10, 64)
			return kilobytes << 10
		}
	}
	return 0
}

// processorTime is how long the process has been computing so far, in user space and in the kernel; 0 where that is not
// told. Linux counts it in hundredths of a second.
func (s *server) processorTime() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(string(fields[11]))
	system, _ := strconv.Atoi(string(fields[12]))
	return time.Duration(user+system) * 10 * time.Millisecond
}

// profile writes where the collector computes during the time that comes to a file in folder, and calls done's result when it
// is written. Without a folder it does nothing.
func (s *server) profile(ctx context.Context, folder, name string, length time.Duration) (wait func() error) {
	if folder == "" {
		return func() error { return nil }
	}
	result := make(chan error, 1)
	go func() { result <- s.writeProfile(ctx, filepath.Join(folder, name+".pprof"), length) }()
	return func() error { return <-result }
}

func (s *server) writeProfile(ctx context.Context, path string, length time.Duration) error {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", s.private, max(1, int(length.Seconds())))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("profile the collector: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("profile the collector: the answer is %s", answer.Status)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	_, err = io.Copy(buffered, answer.Body)
	return errors.Join(err, buffered.Flush(), file.Close())
}
