package visitors

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// KeepSession keeps a session of the console for all nodes. id is a hash of what the browser has.
func (v *Visitors) KeepSession(ctx context.Context, id, value string, life time.Duration) error {
	_, err := v.run(ctx, func(pipeline redis.Pipeliner) { pipeline.Set(ctx, v.sessionKey(id), value, life) })
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	return nil
}

// Session returns what was kept under an id, false where nothing is. On an error nothing is known.
func (v *Visitors) Session(ctx context.Context, id string) (value string, found bool, err error) {
	commands, err := v.run(ctx, func(pipeline redis.Pipeliner) { pipeline.Get(ctx, v.sessionKey(id)) })
	if err != nil {
		return "", false, fmt.Errorf("find session: %w", err)
	}
	value, err = commands[0].(*redis.StringCmd).Result()
	if errors.Is(err, redis.Nil) {
		return "", false, nil
	}
	return value, err == nil, err
}

// DropSession ends a session for all nodes.
func (v *Visitors) DropSession(ctx context.Context, id string) error {
	_, err := v.run(ctx, func(pipeline redis.Pipeliner) { pipeline.Del(ctx, v.sessionKey(id)) })
	if err != nil {
		return fmt.Errorf("drop session: %w", err)
	}
	return nil
}

func (v *Visitors) sessionKey(id string) string { return v.keyPrefix + "s:" + id }
