package collectortest

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// MoveSlotOf moves the slot of a key to another primary, and calls meanwhile when it is half way: then nodes answer ASK and
// TRYAGAIN, and afterwards MOVED.
func (c *RedisCluster) MoveSlotOf(key string, meanwhile func()) {
	c.tb.Helper()
	ctx := context.Background()
	from := c.PrimaryOf(key)
	to := c.otherPrimary(from)
	source, target := from.client(), to.client()
	defer func() { _, _ = source.Close(), target.Close() }()
	slot, err := source.ClusterKeySlot(ctx, key).Result()
	c.must(err)
	sourceID, err := source.Do(ctx, "CLUSTER", "MYID").Text()
	c.must(err)
	targetID, err := target.Do(ctx, "CLUSTER", "MYID").Text()
	c.must(err)
	c.must(target.Do(ctx, "CLUSTER", "SETSLOT", slot, "IMPORTING", sourceID).Err())
	c.must(source.Do(ctx, "CLUSTER", "SETSLOT", slot, "MIGRATING", targetID).Err())
	meanwhile()
	c.moveKeys(ctx, source, slot, to)
	c.must(target.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", targetID).Err())
	c.must(source.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", targetID).Err())
	c.AwaitServing()
}

func (c *RedisCluster) moveKeys(ctx context.Context, source *redis.Client, slot int64, to *RedisServer) {
	c.tb.Helper()
	for {
		keys, err := source.ClusterGetKeysInSlot(ctx, int(slot), 1000).Result()
		c.must(err)
		if len(keys) == 0 {
			return
		}
		command := []any{"MIGRATE", "127.0.0.1", to.port, "", 0, 5000, "KEYS"}
		for _, key := range keys {
			command = append(command, key)
		}
		c.must(source.Do(ctx, command...).Err())
	}
}

// otherPrimary returns a primary other than this one.
func (c *RedisCluster) otherPrimary(than *RedisServer) *RedisServer {
	c.tb.Helper()
	client := than.client()
	defer func() { _ = client.Close() }()
	owners, err := slotOwners(context.Background(), client)
	c.must(err)
	for _, owner := range owners {
		if node := c.running(owner.address); node != nil && node != than {
			return node
		}
	}
	c.tb.Fatal("the cluster has no other primary")
	return nil
}

func (c *RedisCluster) must(err error) {
	c.tb.Helper()
	if err != nil {
		c.tb.Fatalf("redis cluster: %v", err)
	}
}
