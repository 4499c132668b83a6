package collectortest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	clusterPrimaries   = 3
	clusterSlots       = 16384
	clusterNodeTimeout = 2 * time.Second // after which a silent node counts as failed
)

// RedisCluster is a real Redis Cluster of three primaries with a replica each. A test may maltreat every node: one that
// restarts has lost its data and joins again.
type RedisCluster struct {
	// Nodes are all six; first the primaries, as long as nothing failed.
	Nodes []*RedisServer

	tb testing.TB
}

// StartRedisCluster starts one on free ports of the loopback, and returns when all slots are served and every primary has
// its replica. That takes about three seconds. It ends with the test, or with the process.
func StartRedisCluster(tb testing.TB) *RedisCluster {
	tb.Helper()
	cluster := &RedisCluster{tb: tb}
	var bus []int
	for range 2 * clusterPrimaries {
		busPort := 0
		cluster.Nodes = append(cluster.Nodes, startRedis(tb, func(s *RedisServer) []string {
			busPort = freePort(tb)
			return []string{"--cluster-enabled", "yes", "--cluster-config-file", filepath.Join(s.dir, "nodes.conf"),
				"--cluster-port", strconv.Itoa(busPort), "--cluster-node-timeout", strconv.FormatInt(clusterNodeTimeout.Milliseconds(), 10),
				"--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"}
		}))
		bus = append(bus, busPort)
	}
	cluster.join(bus)
	cluster.AwaitHealthy()
	return cluster
}

// URL is the address, for visitors.Open.
func (c *RedisCluster) URL() string {
	url := "redis://" + c.Nodes[0].address() + "?cluster=true"
	for _, node := range c.Nodes[1:] {
		url += "&addr=" + node.address()
	}
	return url
}

// PrimaryOf returns the node that serves a key now.
func (c *RedisCluster) PrimaryOf(key string) *RedisServer {
	c.tb.Helper()
	var found *RedisServer
	c.await("a primary of "+key, func(ctx context.Context) error {
		node, err := c.primaryOf(ctx, key)
		found = node
		return err
	})
	return found
}

// Forget empties every node (FLUSHALL).
func (c *RedisCluster) Forget() {
	c.tb.Helper()
	for _, node := range c.Nodes {
		if node.PID() != 0 {
			node.Do("FLUSHALL") // a replica refuses, and follows its primary
		}
	}
}

// AwaitServing returns when all running nodes agree that running nodes serve every slot: after a primary was killed it
// takes the node time-out of two seconds and an election.
func (c *RedisCluster) AwaitServing() {
	c.tb.Helper()
	c.await("a cluster that serves all slots", func(ctx context.Context) error {
		for _, node := range c.Nodes {
			if err := c.serves(ctx, node); err != nil {
				return err
			}
		}
		return nil
	})
}

// AwaitHealthy is AwaitServing, and then every primary has a replica that is in step.
func (c *RedisCluster) AwaitHealthy() {
	c.tb.Helper()
	c.AwaitServing()
	c.await("a replica of every primary", func(ctx context.Context) error {
		for _, node := range c.Nodes {
			if err := isPaired(ctx, node); err != nil {
				return err
			}
		}
		return nil
	})
}

// join makes a cluster of single nodes.
func (c *RedisCluster) join(bus []int) {
	c.tb.Helper()
	ids := make([]string, len(c.Nodes))
	c.each(func(ctx context.Context, i int, client *redis.Client) (err error) {
		if ids[i], err = client.Do(ctx, "CLUSTER", "MYID").Text(); err != nil || i >= clusterPrimaries {
			return err
		}
		first, after := i*clusterSlots/clusterPrimaries, (i+1)*clusterSlots/clusterPrimaries
		return client.ClusterAddSlotsRange(ctx, first, after-1).Err()
	})
	c.each(func(ctx context.Context, i int, client *redis.Client) error {
		return client.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err()
	})
	for i := 1; i < len(c.Nodes); i++ {
		client := c.Nodes[0].client()
		err := client.Do(context.Background(), "CLUSTER", "MEET", "127.0.0.1", c.Nodes[i].port, bus[i]).Err()
		_ = client.Close()
		if err != nil {
			c.tb.Fatalf("cluster meet: %v", err)
		}
	}
	for i := clusterPrimaries; i < len(c.Nodes); i++ {
		c.await("a cluster whose nodes know each other", func(ctx context.Context) error {
			client := c.Nodes[i].client()
			defer func() { _ = client.Close() }()
			return client.ClusterReplicate(ctx, ids[i-clusterPrimaries]).Err()
		})
	}
}

func (c *RedisCluster) each(do func(ctx context.Context, i int, client *redis.Client) error) {
	c.tb.Helper()
	for i, node := range c.Nodes {
		client := node.client()
		err := do(context.Background(), i, client)
		_ = client.Close()
		if err != nil {
			c.tb.Fatalf("node %d of the cluster: %v", i, err)
		}
	}
}

func (c *RedisCluster) primaryOf(ctx context.Context, key string) (*RedisServer, error) {
	err := errors.New("no node runs")
	for _, node := range c.Nodes {
		if node.PID() == 0 {
			continue
		}
		client := node.client()
		var slot int64
		var owners []slotOwner
		if slot, err = client.ClusterKeySlot(ctx, key).Result(); err == nil {
			owners, err = slotOwners(ctx, client)
		}
		_ = client.Close()
		for _, owner := range owners {
			if primary := c.running(owner.address); primary != nil && owner.first <= slot && slot <= owner.last {
				return primary, nil
			}
		}
		if err == nil {
			err = fmt.Errorf("no running node serves slot %d", slot)
		}
	}
	return nil, err
}

// serves tells whether a node, if it runs, sees the whole cluster at work.
func (c *RedisCluster) serves(ctx context.Context, node *RedisServer) error {
	if node.PID() == 0 {
		return nil
	}
	client := node.client()
	defer func() { _ = client.Close() }()
	info, err := client.ClusterInfo(ctx).Result()
	if err != nil {
		return err
	}
	if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, "cluster_slots_ok:16384") {
		return fmt.Errorf("%s says %s", node.address(), strings.ReplaceAll(info, "\r\n", " "))
	}
	owners, err := slotOwners(ctx, client)
	for _, owner := range owners {
		if c.running(owner.address) == nil {
			return fmt.Errorf("%s believes that slots %d to %d are with %s", node.address(), owner.first, owner.last, owner.address)
		}
	}
	return err
}

// slotOwner is a primary as some node sees it, with slots that it serves.
type slotOwner struct {
	address     string
	first, last int64
}

// slotOwners reads CLUSTER NODES: id, address@bus-port, flags, primary, three times, link, slots.
func slotOwners(ctx context.Context, client *redis.Client) ([]slotOwner, error) {
	text, err := client.ClusterNodes(ctx).Result()
	if err != nil {
		return nil, err
	}
	var owners []slotOwner
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		for _, slots := range words[min(8, len(words)):] {
			from, to, isRange := strings.Cut(slots, "-")
			if !isRange {
				to = from
			}
			first, err := strconv.ParseInt(from, 10, 64)
			if err != nil {
				continue // a slot on its way to another node, in brackets
			}
			last, err := strconv.ParseInt(to, 10, 64)
			if err != nil {
				return nil, err
			}
			address, _, _ := strings.Cut(words[1], "@")
			owners = append(owners, slotOwner{address: address, first: first, last: last})
		}
	}
	return owners, nil
}

// running returns the node at an address, nil where it does not run.
func (c *RedisCluster) running(address string) *RedisServer {
	for _, node := range c.Nodes {
		if node.address() == address && node.PID() != 0 {
			return node
		}
	}
	return nil
}

// isPaired tells whether a node is a replica in step or a primary with one.
func isPaired(ctx context.Context, node *RedisServer) error {
	if node.PID() == 0 {
		return fmt.Errorf("%s does not run", node.address())
	}
	client := node.client()
	defer func() { _ = client.Close() }()
	info, err := client.Info(ctx, "replication").Result()
	if err == nil && !strings.Contains(info, "master_link_status:up") && !strings.Contains(info, "state=online") {
		err = fmt.Errorf("%s says %s", node.address(), strings.ReplaceAll(info, "\r\n", " "))
	}
	return err
}

func (c *RedisCluster) await(what string, condition func(context.Context) error) {
	c.tb.Helper()
	await(c.tb, what, condition)
}

// await waits for a condition, at most 40 seconds.
func await(tb testing.TB, what string, condition func(context.Context) error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	for {
		err := condition(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			tb.Fatalf("no %s: %v", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
