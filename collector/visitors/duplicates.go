package visitors

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/headwater/headwater/schema"
)

// Seen says that a record with an id came in as Identity, which names the one copy of it: its segment and sequence.
type Seen struct {
	Site     schema.SiteID
	Kind     schema.Kind
	ID       string
	Identity string
}

// Duplicates tells for each record whether another copy of it was seen before. A record's own identity is no
// duplicate: it is being forwarded again. On an error nothing is known of any of them: keep them all, the keys of the
// ClickHouse tables merge what is double.
func (v *Visitors) Duplicates(ctx context.Context, records []Seen) ([]bool, error) {
	duplicate := make([]bool, len(records))
	for start := 0; start < len(records); start += batchSize {
		batch := records[start:min(start+batchSize, len(records))]
		commands, err := v.run(ctx, func(pipeline redis.Pipeliner) {
			for i := range batch {
				pipeline.SetArgs(ctx, v.duplicateKey(&batch[i]), batch[i].Identity,
					redis.SetArgs{Mode: "NX", Get: true, TTL: DuplicateTTL})
			}
		})
		if err != nil {
			return nil, fmt.Errorf("duplicate filter: %w", err)
		}
		for i, command := range commands {
			if earlier := command.(*redis.StatusCmd).Val(); earlier != "" && earlier != batch[i].Identity {
				duplicate[start+i] = true
				v.stats.duplicates.Add(1)
			}
		}
		v.stats.checked.Add(uint64(len(batch)))
	}
	return duplicate, nil
}

// duplicateKey carries the kind, since an id is unique within its site and kind only. The braces keep a site's keys in
// one slot of a cluster.
func (v *Visitors) duplicateKey(record *Seen) string {
	return v.keyPrefix + "d:{" + string(record.Site) + "}:" + string(rune(record.Kind)) + ":" + record.ID
}
