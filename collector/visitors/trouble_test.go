package visitors

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headwater/headwater/collector/collectortest"
	"github.com/headwater/headwater/schema"
)

// What Redis answers instead of an answer: the call fails, and the error tells a person what to do.
func TestTroubleIsExplained(t *testing.T) {
	primary := collectortest.StartRedis(t)
	at := strings.TrimSuffix(strings.TrimPrefix(primary.URL(), "redis://"), "/0")
	replica := collectortest.StartRedis(t, "--replicaof", strings.ReplaceAll(at, ":", " "))
	full := collectortest.StartRedis(t, "--maxmemory", "100kb")
	node := collectortest.StartRedis(t, "--cluster-enabled", "yes", "--cluster-port", freePort(t),
		"--cluster-config-file", filepath.Join(t.TempDir(), "nodes.conf"))
	refuses(t, replica.URL(), "name its primary in redis_url")
	refuses(t, full.URL(), "raise maxmemory")
	refuses(t, primary.URL()+"?cluster=true", "leave cluster=true out")
	refuses(t, primary.URL()+"?master_name=main", "leave master_name out")
	refuses(t, node.URL(), "CLUSTERDOWN")
	refuses(t, node.URL()+"?cluster=true", "") // without slots
	works(t, primary.URL())
}

func TestAClusterIsNotOneServer(t *testing.T) {
	t.Parallel()
	cluster := collectortest.StartRedisCluster(t)
	one := cluster.PrimaryOf("d:{elsewhere}:")
	for i := range 20 {
		site := schema.SiteID(fmt.Sprint("s", i))
		if cluster.PrimaryOf("d:{"+string(site)+"}:") == one {
			continue
		}
		_, err := open(t, one.URL()).Duplicates(t.Context(), []Seen{seen(site, schema.KindTouch, "1", "seg:1")})
		if err == nil || !strings.Contains(err.Error(), "add cluster=true to redis_url") {
			t.Errorf("%v", err)
		}
		return
	}
	t.Error("all sites are on one node")
}

// A Redis that has to read its data first answers LOADING until it has.
func TestLoadingPasses(t *testing.T) {
	server := collectortest.StartRedis(t, "--key-load-delay", "600", "--loading-process-events-interval-bytes", "1024")
	v := open(t, server.URL())
	records := make([]Seen, 5000)
	for i := range records {
		records[i] = seen("a", schema.KindTouch, fmt.Sprint(i), "seg:1")
	}
	if _, err := v.Duplicates(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	server.Do("SAVE")
	server.Restart()
	_, err := v.Duplicates(t.Context(), records)
	if err == nil || !strings.Contains(err.Error(), "LOADING") {
		t.Errorf("while it reads its data: %v", err)
	}
	eventually(t, func() error { _, err := v.Duplicates(t.Context(), records); return err })
	for i := range records {
		records[i].Identity = "seg:2"
	}
	duplicate, err := v.Duplicates(t.Context(), records)
	if err != nil || !duplicate[0] || !duplicate[len(records)-1] {
		t.Errorf("what was saved is not there: %v", err)
	}
}

// Servers before 7.0 answer like this; none is at hand.
func TestOldServersAreNamed(t *testing.T) {
	v := open(t, collectortest.Redis(t))
	err := v.explain(fmt.Errorf("ERR Error running script (call to f_4ac): @user_script:5: @user_script: 5: -ERR syntax error"))
	if !strings.Contains(err.Error(), "Redis 7.0 or later is needed") {
		t.Error(err)
	}
}

// A caller that gives up is no failure of Redis.
func TestGivingUpIsNoFailure(t *testing.T) {
	server := collectortest.StartRedis(t)
	v := open(t, server.URL())
	wantDuplicates(t, v, []Seen{seen("a", schema.KindTouch, "1", "seg:1")}, false)
	server.Pause()
	defer server.Resume()
	ctx, cancel := context.WithTimeout(t.Context(), Timeout/5)
	defer cancel()
	if _, err := v.Duplicates(ctx, []Seen{seen("a", schema.KindTouch, "1", "seg:1")}); err == nil {
		t.Error("no error")
	}
	if stats := v.Stats(); stats.Resting || stats.Failures > 0 {
		t.Errorf("stats %+v", stats)
	}
}
