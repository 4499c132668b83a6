package collectortest

import (
	"strings"
	"testing"
	"time"
)

func TestRedisServer(t *testing.T) {
	server := StartRedis(t)
	if !strings.HasPrefix(server.URL(), "redis://127.0.0.1:") {
		t.Errorf("URL %s is not on the loopback", server.URL())
	}
	if answer := server.Do("SET a 1"); answer != "+OK" {
		t.Fatalf("SET: %q", answer)
	}
	server.Pause()
	server.Resume()
	if answer := server.Do("EXISTS a"); answer != ":1" {
		t.Errorf("EXISTS after a pause: %q", answer)
	}
	server.Restart()
	if answer := server.Do("EXISTS a"); answer != ":0" {
		t.Errorf("EXISTS after a restart: %q: the server kept something", answer)
	}
	server.Kill()
	server.Kill()
	if _, err := ask(server.address(), "PING"); err == nil {
		t.Error("a killed server answers")
	}
}

func TestRedisIsIsolatedWhereTheEnvironmentNamesOne(t *testing.T) {
	t.Setenv("REDIS_URL", "redis://example.com:6379/3?pool_size=4")
	one, two := Redis(t), Redis(t)
	if one == two || !strings.HasPrefix(one, "redis://example.com:6379/3?key_prefix=test-") || !strings.HasSuffix(one, "pool_size=4") {
		t.Errorf("URLs %s and %s", one, two)
	}
}

func TestClock(t *testing.T) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	clock := SteppingClock(start, time.Second)
	clock.Now()
	if got := clock.Now(); !got.Equal(start.Add(time.Second)) {
		t.Errorf("second look: %v", got)
	}
	clock.Set(start)
	clock.Advance(-time.Hour)
	if got := clock.Now(); !got.Equal(start.Add(-time.Hour)) {
		t.Errorf("set and moved: %v", got)
	}
}

func TestRedisClusterSurvivesAPrimary(t *testing.T) {
	t.Parallel()
	cluster := StartRedisCluster(t)
	old := cluster.PrimaryOf("d:{a}:1")
	if answer := old.Do("SET d:{a}:1 x"); answer != "+OK" {
		t.Fatalf("SET: %q", answer)
	}
	old.Kill()
	if old.PID() != 0 {
		t.Error("a killed server has a process")
	}
	cluster.AwaitServing()
	heir := cluster.PrimaryOf("d:{a}:1")
	if heir == old {
		t.Fatal("the killed node serves")
	}
	if answer := heir.Do("EXISTS d:{a}:1"); answer != ":1" && answer != ":0" {
		t.Errorf("EXISTS on the heir: %q", answer)
	}
	old.Restart()
	cluster.AwaitHealthy()
	if answer := old.Do("GET d:{a}:1"); !strings.HasPrefix(answer, "-MOVED ") {
		t.Errorf("the old primary, which is a replica now: %q", answer)
	}
	cluster.Forget()
	if answer := heir.Do("EXISTS d:{a}:1"); answer != ":0" {
		t.Errorf("EXISTS on the emptied heir: %q", answer)
	}
}

func TestRedisSentinelsSurviveAPrimary(t *testing.T) {
	t.Parallel()
	sentinels := StartRedisSentinels(t)
	sentinels.AwaitPrimary(sentinels.Primary)
	if answer := sentinels.Replica.Do("SET a 1"); !strings.HasPrefix(answer, "-READONLY ") {
		t.Errorf("SET on the replica: %q", answer)
	}
	sentinels.Primary.Kill()
	sentinels.AwaitPrimary(sentinels.Replica)
	if answer := sentinels.Replica.Do("SET a 1"); answer != "+OK" {
		t.Errorf("SET on the new primary: %q", answer)
	}
}
