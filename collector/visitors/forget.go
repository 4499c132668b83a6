package visitors

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/headwater/headwater/schema"
)

// Visitor names a browser of a site.
type Visitor struct {
	Site schema.SiteID
	ID   schema.VisitorID
}

const forgetBatch = 1000 // keys a round trip

// Forget takes the marks of records and the first touches of visitors out of Redis. An error: some may still be there.
func (v *Visitors) Forget(ctx context.Context, records []Seen, firsts []Visitor) error {
	keys := make([]string, 0, len(records)+len(firsts))
	for i := range records {
		keys = append(keys, string(v.appendDuplicateKey(nil, &records[i])))
	}
	for i := range firsts {
		keys = append(keys, string(v.appendFirstTouchKey(nil, firsts[i].Site, firsts[i].ID)))
	}
	for start := 0; start < len(keys); start += forgetBatch {
		_, err := v.run(ctx, func(pipeline redis.Pipeliner) {
			for _, key := range keys[start:min(start+forgetBatch, len(keys))] {
				pipeline.Del(ctx, key) // one by one: in a cluster they may lie in several slots
			}
		})
		if err != nil {
			return fmt.Errorf("forget: %w", err)
		}
	}
	return nil
}
