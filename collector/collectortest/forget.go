package collectortest

import (
	"context"
	"net/url"
	"testing"

	"github.com/redis/go-redis/v9"
)

// ForgetRedis empties the Redis of a URL that came from Redis: FLUSHALL where the server is the test's own, and only
// the keys behind the test's key_prefix where REDIS_URL names one that others use too.
func ForgetRedis(tb testing.TB, from string) {
	tb.Helper()
	u, err := url.Parse(from)
	if err != nil {
		tb.Fatal(err)
	}
	query := u.Query()
	prefix := query.Get("key_prefix")
	query.Del("key_prefix")
	u.RawQuery = query.Encode()
	options, err := redis.ParseURL(u.String())
	if err != nil {
		tb.Fatal(err)
	}
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()
	ctx := context.Background()
	if prefix == "" {
		if err := client.FlushAll(ctx).Err(); err != nil {
			tb.Fatal(err)
		}
		return
	}
	keys := client.Scan(ctx, 0, prefix+"*", 1000).Iterator()
	for keys.Next(ctx) {
		if err := client.Del(ctx, keys.Val()).Err(); err != nil {
			tb.Fatal(err)
		}
	}
	if err := keys.Err(); err != nil {
		tb.Fatal(err)
	}
}
