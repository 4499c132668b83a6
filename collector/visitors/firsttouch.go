package visitors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/headwater/headwater/schema"
)

// Arrival is a touch of a visitor.
type Arrival struct {
	Site    schema.SiteID
	Visitor schema.VisitorID
	Touch   schema.Touch
}

// Earlier tells whether a comes before b: by time, ties by the text of the touch id. It is the same order in which
// ClickHouse finds a visitor's first touch: argMin(…, (occurred_at, toString(touch_id))).
func Earlier(a, b *schema.Touch) bool { return rank(a) < rank(b) }

const rankSize = 15 + 1 + 36

// rank is text that sorts as Earlier does: Unix milliseconds in 15 digits, then the touch id.
func rank(t *schema.Touch) string {
	return fmt.Sprintf("%015d:%-36.36s", max(0, t.OccurredAt.UnixMilli()), t.TouchID)
}

// The claim keeps the earliest touch, whatever the order and number of claims. Bytes are compared one by one: Lua's
// "<" on strings depends on the server's locale.
const claimScript = `
local old = redis.call('GET', KEYS[1])
if old then
  local new = ARGV[1]
  for i = 1, tonumber(ARGV[3]) do
    local a, b = string.byte(new, i), string.byte(old, i)
    if a ~= b then
      if b == nil or (a ~= nil and a < b) then break end
      return 0
    end
    if i == tonumber(ARGV[3]) then return 0 end
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1`

// ClaimFirstTouches keeps for each visitor the earliest of these touches and the one kept before. Arrivals without a
// visitor or a touch are left out. It may be called any number of times, in any order.
func (v *Visitors) ClaimFirstTouches(ctx context.Context, arrivals []Arrival) error {
	keys, firsts := v.earliest(arrivals)
	for start := 0; start < len(keys); start += batchSize {
		batch := keys[start:min(start+batchSize, len(keys))]
		values := make([]string, len(batch))
		for i, key := range batch {
			encoded, err := json.Marshal(firsts[key])
			if err != nil {
				return fmt.Errorf("first touch: %w", err)
			}
			values[i] = rank(firsts[key]) + string(encoded)
		}
		_, err := v.run(ctx, func(pipeline redis.Pipeliner) {
			for i, key := range batch {
				pipeline.Eval(ctx, claimScript, []string{key}, values[i], int(FirstTouchTTL/time.Second), rankSize)
			}
		})
		if err != nil {
			return fmt.Errorf("claim first touches: %w", err)
		}
		v.stats.claims.Add(uint64(len(batch)))
	}
	return nil
}

// earliest spares Redis what the arrivals settle among themselves.
func (v *Visitors) earliest(arrivals []Arrival) (keys []string, firsts map[string]*schema.Touch) {
	firsts = make(map[string]*schema.Touch, len(arrivals))
	for i := range arrivals {
		arrival := &arrivals[i]
		if arrival.Visitor == "" || !arrival.Touch.Present() {
			continue
		}
		key := v.firstTouchKey(arrival.Site, arrival.Visitor)
		first := firsts[key]
		if first == nil {
			keys = append(keys, key)
		}
		if first == nil || Earlier(&arrival.Touch, first) {
			firsts[key] = &arrival.Touch
		}
	}
	return keys, firsts
}

// FirstTouch returns the visitor's first touch as far as Redis knows it; false where it knows none.
func (v *Visitors) FirstTouch(ctx context.Context, site schema.SiteID, visitor schema.VisitorID) (schema.Touch, bool, error) {
	commands, err := v.run(ctx, func(pipeline redis.Pipeliner) {
		pipeline.Get(ctx, v.firstTouchKey(site, visitor))
	})
	if err != nil {
		return schema.Touch{}, false, fmt.Errorf("first touch: %w", err)
	}
	value, err := commands[0].(*redis.StringCmd).Result()
	if errors.Is(err, redis.Nil) {
		return schema.Touch{}, false, nil
	}
	return decodeFirstTouch(value)
}

func decodeFirstTouch(value string) (schema.Touch, bool, error) {
	var touch schema.Touch
	if len(value) < rankSize {
		return touch, false, fmt.Errorf("first touch: %.64q is none", value)
	}
	if err := json.NewDecoder(strings.NewReader(value[rankSize:])).Decode(&touch); err != nil {
		return schema.Touch{}, false, fmt.Errorf("first touch: %w", err)
	}
	return touch, true, nil
}

func (v *Visitors) firstTouchKey(site schema.SiteID, visitor schema.VisitorID) string {
	return v.keyPrefix + "f:{" + string(site) + "}:" + string(visitor)
}
