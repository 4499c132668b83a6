package visitors

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/headwater/headwater/schema"
)

// ClaimLink tells whether this is the first claim, on any node, of the link with a nonce. It is remembered for ttl, after
// which the link must be of no use any more. On an error nothing is known.
func (v *Visitors) ClaimLink(ctx context.Context, site schema.SiteID, nonce string, ttl time.Duration) (bool, error) {
	commands, err := v.run(ctx, func(pipeline redis.Pipeliner) {
		pipeline.SetArgs(ctx, v.keyPrefix+"l:{"+string(site)+"}:"+nonce, "1", redis.SetArgs{Mode: "NX", TTL: ttl})
	})
	if err != nil {
		return false, fmt.Errorf("claim link: %w", err)
	}
	// Redis answers OK where it set the key, and nothing where the key was there.
	return commands[0].(*redis.StatusCmd).Val() == "OK", nil
}
