package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/headwater/headwater/tools/dev/stack"
	"github.com/headwater/headwater/tools/dev/supervise"
)

// engine is the embedded ClickHouse that is measured.
type engine struct {
	url     string
	process *exec.Cmd
	stdin   io.Closer
}

// startEngine builds tools/clickhouse and runs it on a free port, with its default memory of 2 GiB, on the folder data.
func startEngine(ctx context.Context, data string) (*engine, error) {
	root, err := stack.Root(ctx)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(data, "bin", "clickhouse")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./tools/clickhouse")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build tools/clickhouse: %w\n%s", err, out)
	}
	e := &engine{process: exec.Command(program, "-listen", "127.0.0.1:0", "-data", filepath.Join(data, "clickhouse"), "-exit-with-stdin")}
	e.process.Stderr = os.Stderr
	e.process.SysProcAttr = supervise.ChildAttributes()
	if e.stdin, err = e.process.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := e.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := supervise.StartHere(e.process); err != nil {
		return nil, fmt.Errorf("start the embedded engine: %w", err)
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			e.url = url
			return e, nil
		}
	}
	e.stop()
	return nil, errors.New("the embedded engine ended before it was ready")
}

// stop lets the engine end and waits until it is gone.
func (e *engine) stop() {
	_ = e.stdin.Close()
	_ = e.process.Wait()
}
