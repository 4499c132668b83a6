package visitors

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/headwater/headwater/schema"
)

// Arrival is a touch of a visitor.
type Arrival struct {
	Site    schema.SiteID
	Visitor schema.VisitorID
	Touch   *schema.Touch
}

// Earlier tells whether a comes before b: by time, ties by the text of the touch id. It is the same order in which
// ClickHouse finds a visitor's first touch: argMin(…, (occurred_at, toString(touch_id))).
func Earlier(a, b *schema.Touch) bool {
	at, bt := milliseconds(a), milliseconds(b)
	return at < bt || at == bt && a.TouchID < b.TouchID
}

// The time that decides is that of ClickHouse's column.
func milliseconds(t *schema.Touch) int64 { return max(0, t.OccurredAt.UnixMilli()) }

const (
	timeSize = 15
	idSize   = 36
	rankSize = timeSize + 1 + idSize
)

// appendRank appends what a value begins with, by which claimScript orders: Unix milliseconds in 15 digits, a colon, the touch
// id, in rankSize bytes.
func appendRank(text []byte, t *schema.Touch) []byte {
	var digits [timeSize]byte
	for i, left := timeSize-1, milliseconds(t); i >= 0; i, left = i-1, left/10 {
		digits[i] = byte('0' + left%10)
	}
	text = append(append(text, digits[:]...), ':')
	id := t.TouchID[:min(len(t.TouchID), idSize)]
	text = append(text, id...)
	for range idSize - len(id) {
		text = append(text, ' ')
	}
	return text
}

// The claim keeps the earliest touch, whatever the order and number of claims. Ids are compared byte by byte: Lua's "<" on
// strings depends on the server's locale.
const claimScript = `
local keys, values, call, sub, byte = KEYS, ARGV, redis.call, string.sub, string.byte
local life = values[#keys + 1]

local function before(a, b)
  for i = 17, 52 do
    local x, y = byte(a, i), byte(b, i)
    if x ~= y then return x < y end
  end
  return false
end

for i = 1, #keys do
  local new = values[i]
  local old = call('SET', keys[i], new, 'NX', 'GET', 'EX', life)
  if old then
    local newTime, oldTime = tonumber(sub(new, 1, 15)), tonumber(sub(old, 1, 15))
    if #old < 52 or not oldTime or newTime < oldTime or newTime == oldTime and before(new, old) then
      call('SET', keys[i], new, 'EX', life)
    end
  end
end
return {}`

// ClaimFirstTouches keeps for each visitor the earliest of these touches and the one kept before. Arrivals without a
// visitor or a touch are left out. It may be called any number of times, in any order.
func (v *Visitors) ClaimFirstTouches(ctx context.Context, arrivals []Arrival) error {
	firsts := earliest(arrivals)
	err := v.send(ctx, &batch{
		script: claimScript, life: FirstTouchTTL, count: len(firsts),
		place: func(i int) (schema.SiteID, string) { return firsts[i].Site, string(firsts[i].Visitor) },
		appendKey: func(text []byte, i int) []byte {
			return v.appendFirstTouchKey(text, firsts[i].Site, firsts[i].Visitor)
		},
		appendValue: func(text []byte, i int) ([]byte, error) { return appendFirstTouch(text, firsts[i].Touch) },
	})
	if err != nil {
		return fmt.Errorf("claim first touches: %w", err)
	}
	v.stats.claims.Add(uint64(len(firsts)))
	return nil
}

// earliest spares Redis what the arrivals settle among themselves.
func earliest(arrivals []Arrival) []Arrival {
	type visitor struct {
		site schema.SiteID
		id   schema.VisitorID
	}
	firsts, places := make([]Arrival, 0, len(arrivals)), make(map[visitor]int32, len(arrivals))
	for _, arrival := range arrivals {
		if arrival.Visitor == "" || arrival.Touch == nil || !arrival.Touch.Present() {
			continue
		}
		who := visitor{arrival.Site, arrival.Visitor}
		place, known := places[who]
		switch {
		case !known:
			places[who] = int32(len(firsts))
			firsts = append(firsts, arrival)
		case Earlier(arrival.Touch, firsts[place].Touch):
			firsts[place] = arrival
		}
	}
	return firsts
}

// FirstTouch returns the visitor's first touch as far as Redis knows it; false where it knows none.
func (v *Visitors) FirstTouch(ctx context.Context, site schema.SiteID, visitor schema.VisitorID) (schema.Touch, bool, error) {
	commands, err := v.run(ctx, func(pipeline redis.Pipeliner) {
		pipeline.Get(ctx, string(v.appendFirstTouchKey(nil, site, visitor)))
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

// A first touch is kept as its rank and the record that a touch is in the spool.
func appendFirstTouch(text []byte, touch *schema.Touch) ([]byte, error) {
	record := touchRecords.Get().(*schema.TouchRecord)
	defer touchRecords.Put(record)
	record.Touch = *touch
	return schema.AppendRecord(appendRank(text, touch), record)
}

// touchRecords are empty but for a touch.
var touchRecords = sync.Pool{New: func() any { return new(schema.TouchRecord) }}

func decodeFirstTouch(value string) (schema.Touch, bool, error) {
	if len(value) < rankSize {
		return schema.Touch{}, false, fmt.Errorf("first touch: %.64q is none", value)
	}
	record, err := schema.Decode([]byte(value[rankSize:]))
	if err != nil {
		return schema.Touch{}, false, fmt.Errorf("first touch: %w", err)
	}
	touch, ok := record.(*schema.TouchRecord)
	if !ok {
		return schema.Touch{}, false, fmt.Errorf("first touch: a %T is none", record)
	}
	return touch.Touch, true, nil
}

func (v *Visitors) appendFirstTouchKey(text []byte, site schema.SiteID, visitor schema.VisitorID) []byte {
	text = append(append(text, v.keyPrefix...), "f:{"...)
	text = append(append(text, site...), "}:"...)
	return append(text, visitor...)
}
