package faults

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/headwater/headwater/tools/dev/stack"
	"github.com/headwater/headwater/tools/load/unreliable"
)

// plant is all that is made to fail: the collector's binary, a real Redis, and a real ClickHouse behind a proxy.
type plant struct {
	dir        string
	url        string // of the collector's public endpoints
	private    string // and of its private ones
	key        string // of the API
	clickHouse string // the engine's own address
	redis      string // host:port
	proxy      *unreliable.Proxy

	database, cache, collector *process

	mu      sync.Mutex
	crashes []string
}

// The site that is played.
const (
	site   = "faults"
	form   = "newsletter"
	origin = "https://www.faults.example"
)

// sealMS is how often the collector seals a segment, as in tools/dev: short, so that each fault meets several.
const sealMS = 250

// startPlant builds and starts everything below dir.
func startPlant(ctx context.Context, dir string) (*plant, error) {
	p := &plant{dir: dir, key: "hwk_" + rand.Text()}
	if err := p.build(ctx); err != nil {
		return nil, err
	}
	addresses, err := freeAddresses(4)
	if err != nil {
		return nil, err
	}
	p.clickHouse, p.redis = "http://"+addresses[0], addresses[1]
	p.url, p.private = "http://"+addresses[2], "http://"+addresses[3]
	if p.proxy, err = unreliable.Start(p.clickHouse); err != nil {
		return nil, err
	}
	if err := p.prepare(addresses); err != nil {
		return nil, errors.Join(err, p.proxy.Close())
	}
	for _, part := range []*process{p.database, p.cache, p.collector} {
		if err := part.start(ctx); err != nil {
			p.stop()
			return nil, err
		}
	}
	return p, nil
}

func (p *plant) build(ctx context.Context) error {
	root, err := stack.Root(ctx)
	if err != nil {
		return err
	}
	for name, source := range map[string]string{"headwater": "./collector", "clickhouse": "./tools/clickhouse"} {
		build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(p.dir, "bin", name), source)
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", source, err, out)
		}
	}
	return nil
}

// Folders below the data folder that hold what was played, for whoever searches them.
var folders = []string{"spool", "redis", "clickhouse", "log"}

func (p *plant) prepare(addresses []string) error {
	for _, name := range folders {
		if err := os.MkdirAll(p.folder(name), 0o700); err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
	}
	redisServer, err := exec.LookPath("redis-server")
	if err != nil {
		return errors.New("redis-server is not installed, and it is to be killed: install the package redis-server (make deps-test)")
	}
	config := filepath.Join(p.dir, "headwater.toml")
	if err := os.WriteFile(config, []byte(p.config()), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	_, redisPort, _ := net.SplitHostPort(addresses[1])
	p.database = &process{name: "ClickHouse", path: filepath.Join(p.dir, "bin", "clickhouse"),
		args:  []string{"-listen", addresses[0], "-data", p.folder("clickhouse"), "-exit-with-stdin"},
		ready: func(ctx context.Context) error { return stack.Answers(ctx, p.clickHouse+"/?query=SELECT+1") }}
	// Neither file of Redis is compressed, so that a search of them finds what is there.
	p.cache = &process{name: "Redis", path: redisServer,
		args: []string{"--bind", "127.0.0.1", "--port", redisPort, "--dir", p.folder("redis"), "--appendonly", "yes", "--save", "60 1",
			"--rdbcompression", "no", "--daemonize", "no"},
		ready: p.pingRedis}
	p.collector = &process{name: "the collector", path: filepath.Join(p.dir, "bin", "headwater"),
		args:  []string{"serve", "--config", config},
		ready: func(ctx context.Context) error { return stack.Answers(ctx, p.url+"/healthz") }}
	for name, part := range map[string]*process{"clickhouse": p.database, "redis": p.cache, "collector": p.collector} {
		part.log = filepath.Join(p.folder("log"), name+".log")
		part.crashed = p.noteCrash
	}
	return nil
}

func (p *plant) config() string {
	hash := sha256.Sum256([]byte(p.key))
	return fmt.Sprintf(`listen = %q
private_listen = %q
public_url = %q
clickhouse_dsn = %q
redis_url = "redis://%s/0"
spool_dir = %q
spool_seal_ms = %d
secret = %q
trusted_proxies = ["127.0.0.1/32"]

[[site]]
id = %q
origins = [%q]
api_key_hashes = [%q]

  [[site.form]]
  id = %q
`, p.url[len("http://"):], p.private[len("http://"):], p.url, p.proxy.DSN(p.clickHouse+"/headwater"), p.redis,
		p.folder("spool"), sealMS, rand.Text()+rand.Text(), site, origin, hex.EncodeToString(hash[:]), form)
}

func (p *plant) folder(name string) string { return filepath.Join(p.dir, name) }

func (p *plant) pingRedis(ctx context.Context) error {
	client := redis.NewClient(&redis.Options{Addr: p.redis, MaxRetries: -1, DialTimeout: time.Second})
	defer client.Close()
	return client.Ping(ctx).Err() // LOADING while it reads its file
}

func (p *plant) flushRedis(ctx context.Context) error {
	client := redis.NewClient(&redis.Options{Addr: p.redis, MaxRetries: -1, DialTimeout: time.Second})
	defer client.Close()
	return client.FlushAll(ctx).Err()
}

// noteCrash takes down that a part ended by itself.
func (p *plant) noteCrash(name string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.crashes = append(p.crashes, fmt.Sprintf("%s (%v)", name, err))
}

// crashed says which parts ended by themselves so far.
func (p *plant) crashed() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.crashes...)
}

// stop ends everything, the collector first, and waits until it is gone.
func (p *plant) stop() {
	p.proxy.Set(unreliable.Forward())
	for _, part := range []*process{p.collector, p.cache, p.database} {
		_ = part.terminate(25 * time.Second) // a bad end shows in its log, and in the verdict
	}
	_ = p.proxy.Close()
}

// freeAddresses finds ports that are free now; the parts keep theirs over all their lives.
func freeAddresses(n int) ([]string, error) {
	var found []string
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer listener.Close()
		found = append(found, listener.Addr().String())
	}
	return found, nil
}
