package visitors

import (
	"context"
	"fmt"

	"github.com/headwater/headwater/schema"
)

// Seen says that a record with an id came in as Identity, which names the one copy of it: its segment and sequence.
type Seen struct {
	Site     schema.SiteID
	Kind     schema.Kind
	ID       string
	Identity string
}

// Who comes first sets the key, and finds itself there when it comes again.
const duplicateScript = `
local keys, identities, call, found = KEYS, ARGV, redis.call, {}
local life = identities[#keys + 1]
for i = 1, #keys do
  local earlier = call('SET', keys[i], identities[i], 'NX', 'GET', 'EX', life)
  if earlier and earlier ~= identities[i] then
    found[#found + 1] = i
  end
end
return found`

// Duplicates tells for each record whether another copy of it was seen before. A record's own identity is no
// duplicate: it is being forwarded again. On an error nothing is known of any of them: keep them all, the keys of the
// ClickHouse tables merge what is double.
func (v *Visitors) Duplicates(ctx context.Context, records []Seen) ([]bool, error) {
	duplicate := make([]bool, len(records))
	err := v.send(ctx, &batch{
		script: duplicateScript, life: DuplicateTTL, count: len(records),
		place:     func(i int) (schema.SiteID, string) { return records[i].Site, records[i].ID },
		appendKey: func(text []byte, i int) []byte { return v.appendDuplicateKey(text, &records[i]) },
		appendValue: func(text []byte, i int) ([]byte, error) {
			return append(text, records[i].Identity...), nil
		},
		found: func(i int) {
			duplicate[i] = true
			v.stats.duplicates.Add(1)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("duplicate filter: %w", err)
	}
	v.stats.checked.Add(uint64(len(records)))
	return duplicate, nil
}

// appendDuplicateKey carries the kind, since an id is unique within its site and kind only. The braces keep a site's keys
// in one slot of a cluster.
func (v *Visitors) appendDuplicateKey(text []byte, record *Seen) []byte {
	text = append(append(text, v.keyPrefix...), "d:{"...)
	text = append(append(text, record.Site...), "}:"...)
	return append(append(text, byte(record.Kind), ':'), record.ID...)
}
