package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/headwater/headwater/tools/dev/stack"
	"github.com/headwater/headwater/tools/dev/supervise"
)

type benchConfig struct {
	rounds      int
	round       time.Duration
	connections int
	out         io.Writer
}

// runBench measures accepting with ClickHouse away, so that it is alone on the machine, then forwarding of what was
// accepted, each beside its baseline.
func runBench(ctx context.Context, c benchConfig) error {
	data, remove, err := stack.TempData()
	if err != nil {
		return err
	}
	defer remove()
	fmt.Fprintln(c.out, "Starting ClickHouse, Redis and a collector …")
	s, err := stack.Start(ctx, data, "bench", io.Discard)
	if err != nil {
		return err
	}
	defer s.Stop()
	accepted, err := benchAccept(ctx, c, s.Stack)
	if err != nil {
		return err
	}
	return benchForward(ctx, c, s.Stack, accepted)
}

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

// accepted is what the collector took and has in its spool.
type accepted struct {
	touches int
	spool   string
}

func benchAccept(ctx context.Context, c benchConfig, s *stack.Stack) (accepted, error) {
	result := accepted{spool: filepath.Join(s.Data, "bench-spool")}
	measuredOne, err := startCollector(s, "http://127.0.0.1:1/bench", result.spool)
	if err != nil {
		return result, err
	}
	defer measuredOne.kill()
	bare, err := startBare()
	if err != nil {
		return result, err
	}
	defer bare.kill()
	fmt.Fprintf(c.out, "\nAccept: POST /t with a body of %d bytes, %d connections, %d interleaved rounds of %s each\n", bodySize, c.connections, c.rounds, c.round)
	var ours, theirs []*measured
	for round := -1; round < c.rounds; round++ { // the first is to warm up
		length := c.round
		if round < 0 {
			length = c.round / 3
		}
		for _, target := range []struct {
			address string
			into    *[]*measured
		}{{measuredOne.address, &ours}, {bare.address, &theirs}} {
			m, err := fire(ctx, target.address, "bench", c.connections, length)
			if err != nil {
				return result, err
			}
			if target.into == &ours {
				result.touches += m.accepted
			}
			if round >= 0 {
				*target.into = append(*target.into, m)
			}
		}
	}
	printAccept(c.out, ours, theirs)
	return result, nil
}

func printAccept(out io.Writer, ours, theirs []*measured) {
	var ratios []float64
	for i := range ours {
		ratios = append(ratios, ours[i].perSecond/theirs[i].perSecond)
	}
	for _, line := range []struct {
		name   string
		rounds []*measured
	}{{"collector", ours}, {"bare net/http 204", theirs}} {
		fmt.Fprintf(out, "  %-28s %9s /s   p50 %-9s p99 %s\n", line.name, grouped(median(each(line.rounds, func(m *measured) float64 { return m.perSecond }))),
			milliseconds(median(each(line.rounds, func(m *measured) float64 { return float64(m.percentile(.5)) }))),
			milliseconds(median(each(line.rounds, func(m *measured) float64 { return float64(m.percentile(.99)) }))))
	}
	fmt.Fprintf(out, "  %-28s %9.3f      (median of the rounds; lowest %.3f, highest %.3f)\n", "ratio", median(ratios), slices.Min(ratios), slices.Max(ratios))
}

func each(rounds []*measured, value func(*measured) float64) []float64 {
	var values []float64
	for _, m := range rounds {
		values = append(values, value(m))
	}
	return values
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

func milliseconds(nanoseconds float64) string { return fmt.Sprintf("%.2f ms", nanoseconds/1e6) }

// grouped is a whole number with commas between thousands.
func grouped(number float64) string {
	text := fmt.Sprintf("%.0f", number)
	var parts []string
	for len(text) > 3 {
		parts = append([]string{text[len(text)-3:]}, parts...)
		text = text[:len(text)-3]
	}
	return strings.Join(append([]string{text}, parts...), ",")
}
