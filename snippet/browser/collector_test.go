package browser

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
	"github.com/headwater/headwater/snippet/browser/engine"
)

// collector is the real collector, in a process of its own, for one site of one test: its config names the test's port.
// Neither ClickHouse nor Redis is there; what it accepts stays in its spool.
type collector struct {
	process *engine.Process
	address string // of the public endpoints, "host:port"
	folder  string // its config and its spool
	log     *lockedBuffer
}

// What the collector serves, wherever a website may have put it.
var forCollector = regexp.MustCompile(`^(.*?)(/t|/f/[^/]+|/link(/redeem)?)$`)

// The hosts that are the site's own in the collector's config. Others are websites that sent something by mistake, or
// that embed the site's snippet.
var ownHosts = []string{shop, "shop.example", "blog.shop.example", "t.shop.example", "localhost", "127.0.0.1"}

// programs is where the collector is built, for TestMain to remove.
var programs string

var buildCollector = sync.OnceValues(func() (string, error) {
	var err error
	if programs, err = os.MkdirTemp("", "headwater-collector-"); err != nil {
		return "", err
	}
	program := filepath.Join(programs, "headwater")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/headwater/headwater/collector").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the collector: %w\n%s", err, out)
	}
	return program, nil
})

// passOn has the collector answer a request that came to this site.
func (s *site) passOn(w http.ResponseWriter, r *http.Request) {
	s.start.Do(func() {
		var err error
		if s.collector, err = startCollector(s); err != nil {
			s.t.Errorf("start the collector: %v", err)
		}
	})
	if s.collector == nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	s.collector.proxy().ServeHTTP(w, r)
}

// proxy is the way a website puts the collector under a path of its own: host and origin stay, the path goes.
func (c *collector) proxy() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", c.address, r.In.Host
			if parts := forCollector.FindStringSubmatch(r.In.URL.Path); parts != nil {
				r.Out.URL.Path, r.Out.URL.RawPath = parts[2], ""
			}
		},
		// Browsers hang up when a page is left.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
}

func startCollector(s *site) (*collector, error) {
	program, err := buildCollector()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(programs, "site-")
	if err != nil {
		return nil, err
	}
	c := &collector{folder: folder, log: &lockedBuffer{}}
	config := filepath.Join(folder, "headwater.toml")
	if err := os.WriteFile(config, []byte(s.config(filepath.Join(folder, "spool"))), 0o600); err != nil {
		return nil, err
	}
	command := exec.Command(program, "serve", "--config", config)
	output, stderr, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	command.Stderr = stderr
	c.process, err = engine.StartProcess(command)
	_ = stderr.Close() // the collector has its own
	if err != nil {
		return nil, err
	}
	c.address, err = engine.WaitForLine(io.TeeReader(output, c.log), regexp.MustCompile(`public=http://(\S+)`))
	if err != nil {
		return nil, errors.Join(err, errors.New(c.log.String()), c.stop())
	}
	return c, nil
}

// config is the collector's config file.
func (s *site) config(spool string) string {
	var origins []string
	for _, host := range ownHosts {
		origins = append(origins, quote("https://"+host+":"+s.port), quote("http://"+host+":"+s.port))
	}
	text := fmt.Sprintf(`
listen = "127.0.0.1:0"
private_listen = "127.0.0.1:0"
clickhouse_dsn = "clickhouse://127.0.0.1:1/nowhere"
redis_url = "redis://127.0.0.1:1/0"
spool_dir = %q
secret = "of the browser tests, and of nothing else"
[[site]]
id = "acme"
origins = [%s]
%s
`, spool, strings.Join(origins, ", "), s.configured)
	for _, form := range []string{"signup", "contact", "checkout"} {
		text += fmt.Sprintf("[[site.form]]\nid = %q\nthank_you = %q\n", form, s.page("/thanks"))
	}
	return text
}

func (c *collector) stop() error {
	c.process.Stop()
	return os.RemoveAll(c.folder)
}

// kept ends the collector and returns what its spool holds, in the order it came.
func (s *site) kept() []schema.Record {
	s.t.Helper()
	if s.collector == nil {
		return nil
	}
	s.collector.process.Stop() // what it answered is on disk, however it ends
	from, err := spool.Open(spool.Config{Dir: filepath.Join(s.collector.folder, "spool"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.t.Fatal(err)
	}
	var records []schema.Record
	for from.Stats().Bytes > 0 {
		records = append(records, collectortest.Kept(s.t, from)...)
	}
	ctx, cancel := timed()
	defer cancel()
	if err := from.Close(ctx); err != nil {
		s.t.Error(err)
	}
	return records
}

// only returns the records of one kind.
func only[T schema.Record](records []schema.Record) []T {
	var of []T
	for _, record := range records {
		if record, is := record.(T); is {
			of = append(of, record)
		}
	}
	return of
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
