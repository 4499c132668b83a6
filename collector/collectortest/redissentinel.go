package collectortest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// SentinelMaster is the name that the sentinels of RedisSentinels know their primary by.
const SentinelMaster = "main"

// RedisSentinels is a real primary with one replica, watched by three sentinels that make the replica the primary two
// seconds after the primary fell silent.
type RedisSentinels struct {
	Primary, Replica *RedisServer // as they began
	Sentinels        []*RedisServer

	tb testing.TB
}

// StartRedisSentinels starts them on free ports of the loopback, and returns when the sentinels know each other and the
// replica. They end with the test, or with the process.
func StartRedisSentinels(tb testing.TB) *RedisSentinels {
	tb.Helper()
	s := &RedisSentinels{tb: tb, Primary: StartRedis(tb)}
	s.Replica = startRedis(tb, func(*RedisServer) []string {
		return []string{"--replicaof", fmt.Sprintf("127.0.0.1 %d", s.Primary.port), "--repl-diskless-sync-delay", "0"}
	})
	for range 3 {
		s.Sentinels = append(s.Sentinels, startRedis(tb, func(sentinel *RedisServer) []string {
			path := filepath.Join(sentinel.dir, "sentinel.conf") // a sentinel keeps in it what it learns
			config := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\n"+
				"sentinel monitor %[3]s 127.0.0.1 %[4]d 2\nsentinel down-after-milliseconds %[3]s 2000\n"+
				"sentinel failover-timeout %[3]s 6000\n", sentinel.port, sentinel.dir, SentinelMaster, s.Primary.port)
			if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
				tb.Fatal(err)
			}
			return []string{path, "--sentinel"}
		}))
	}
	s.awaitWatch()
	return s
}

// URL is the address, for visitors.Open.
func (s *RedisSentinels) URL() string {
	url := "redis://" + s.Sentinels[0].address() + "?master_name=" + SentinelMaster
	for _, sentinel := range s.Sentinels[1:] {
		url += "&addr=" + sentinel.address()
	}
	return url
}

// AwaitPrimary returns when every sentinel that runs names this server as the primary.
func (s *RedisSentinels) AwaitPrimary(server *RedisServer) {
	s.tb.Helper()
	s.await("sentinels that name "+server.address(), func(ctx context.Context, sentinel *redis.SentinelClient) error {
		address, err := sentinel.GetMasterAddrByName(ctx, SentinelMaster).Result()
		if err == nil && strings.Join(address, ":") != server.address() {
			err = fmt.Errorf("the primary is %v", address)
		}
		return err
	})
}

func (s *RedisSentinels) awaitWatch() {
	s.tb.Helper()
	s.await("sentinels that know each other", func(ctx context.Context, sentinel *redis.SentinelClient) error {
		master, err := sentinel.Master(ctx, SentinelMaster).Result()
		if err == nil && (master["num-slaves"] != "1" || master["num-other-sentinels"] != "2" || master["flags"] != "master") {
			err = fmt.Errorf("a sentinel knows %s replicas and %s sentinels, the primary is %s",
				master["num-slaves"], master["num-other-sentinels"], master["flags"])
		}
		return err
	})
	await(s.tb, "a replica in step", func(ctx context.Context) error { return isPaired(ctx, s.Replica) })
}

func (s *RedisSentinels) await(what string, condition func(context.Context, *redis.SentinelClient) error) {
	s.tb.Helper()
	await(s.tb, what, func(ctx context.Context) error {
		for _, server := range s.Sentinels {
			if server.PID() == 0 {
				continue
			}
			sentinel := redis.NewSentinelClient(&redis.Options{Addr: server.address(), MaxRetries: -1, DisableIdentity: true})
			err := condition(ctx, sentinel)
			_ = sentinel.Close()
			if err != nil {
				return err
			}
		}
		return nil
	})
}
