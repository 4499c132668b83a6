package visitors

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/headwater/headwater/schema"
)

// How many keys travel together. A script call keeps Redis from everything else while it runs, about half a millisecond;
// a round trip must end within Timeout on a busy server too.
const (
	lanes     = 2         // round trips in flight: while Redis works on one, the other is written
	callKeys  = 256       // keys of one script call, all of one site
	tripKeys  = 1024      // keys of one round trip
	tripBytes = 256 << 10 // text of a round trip, unless a single call has more
)

// batch is a script to run over many keys, each with a value. The script gets the keys in KEYS and, in ARGV, their values
// and then the life in seconds. It returns the numbers, from 1, of the keys that found is to be told of.
//
// Scripts are sent whole, not by their hash: that is 1 % of a call's text, and there is no server that does not know them.
type batch struct {
	script string
	life   time.Duration
	count  int
	// place returns the site of key i, whose slot it is in, and the id in it.
	place func(i int) (site schema.SiteID, id string)
	// appendKey and appendValue may be called from several goroutines, found too.
	appendKey   func(text []byte, i int) []byte
	appendValue func(text []byte, i int) ([]byte, error)
	found       func(i int)
}

// send runs the batch: in lanes at a time, each in trips, each of several calls.
func (v *Visitors) send(ctx context.Context, b *batch) error {
	if b.count == 0 {
		return nil
	}
	admitted, err := v.admit()
	if err != nil {
		return err
	}
	if b.count <= callKeys {
		return v.sendLane(ctx, admitted, b, b.calls(1)[0])
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, calls := range b.calls(lanes) {
		group.Go(func() error { return v.sendLane(ctx, admitted, b, calls) })
	}
	return group.Wait()
}

// calls divides the keys into lanes, and each lane into calls of one site. Equal keys come into one lane, and keep their
// order there. The lane is that of the id's last byte, which is random in a UUID.
func (b *batch) calls(lanes int) [][][]int32 {
	groups, firstGroup := [][]int32{}, map[schema.SiteID]int{}
	last, at := schema.SiteID(""), -1
	for i := range b.count {
		site, id := b.place(i)
		if at < 0 || site != last {
			group, known := firstGroup[site]
			if !known {
				group = len(groups)
				firstGroup[site] = group
				groups = append(groups, make([][]int32, lanes)...)
			}
			last, at = site, group
		}
		lane := 0
		if lanes > 1 && id != "" {
			lane = int(id[len(id)-1]) % lanes
		}
		groups[at+lane] = append(groups[at+lane], int32(i))
	}
	calls := make([][][]int32, lanes)
	for i, group := range groups {
		for start := 0; start < len(group); start += callKeys {
			calls[i%lanes] = append(calls[i%lanes], group[start:min(start+callKeys, len(group))])
		}
	}
	return calls
}

func (v *Visitors) sendLane(ctx context.Context, admitted ticket, b *batch, calls [][]int32) error {
	t := trips.Get().(*trip)
	defer trips.Put(t)
	for len(calls) > 0 {
		n, err := t.fill(b, calls)
		if err != nil {
			return err
		}
		sent := calls[:n]
		commands, err := v.roundTrip(ctx, admitted, func(pipeline redis.Pipeliner) { t.ask(ctx, b, sent, pipeline) })
		if isHalfMoved(err) {
			sent = oneByOne(sent)
			commands, err = v.roundTrip(ctx, admitted, func(pipeline redis.Pipeliner) { t.ask(ctx, b, sent, pipeline) })
		}
		if err != nil {
			return err
		}
		for i, command := range commands {
			for _, number := range command.(*redis.IntSliceCmd).Val() {
				b.found(int(sent[i][number-1]))
			}
		}
		calls = calls[n:]
	}
	return nil
}

// isHalfMoved tells whether a Cluster was asked for keys of a slot that is on its way to another node: of several keys some
// may be here and some there. One key is found by go-redis.
func isHalfMoved(err error) bool { return redis.HasErrorPrefix(err, "TRYAGAIN") }

// oneByOne makes a call of each key, in the same order. To ask again does no harm: a key knows its own value.
func oneByOne(calls [][]int32) [][]int32 {
	var single [][]int32
	for _, call := range calls {
		for i := range call {
			single = append(single, call[i:i+1])
		}
	}
	return single
}

// trip is one round trip. Its memory is used again: a chunk of the forwarder has megabytes of keys and values.
type trip struct {
	text   []byte
	ends   []int   // of each key and each value in text
	pieces []piece // the keys of a call, then its values
	args   []any
}

var trips = sync.Pool{New: func() any { return new(trip) }}

// piece is an argument that needs no memory of its own.
type piece []byte

// MarshalBinary is how go-redis writes it.
func (p *piece) MarshalBinary() ([]byte, error) { return *p, nil }

// fill writes the text of as many calls as one trip takes, and returns how many these are.
func (t *trip) fill(b *batch, calls [][]int32) (n int, err error) {
	t.text, t.ends = t.text[:0], t.ends[:0]
	for keys := 0; n < len(calls); n++ {
		keys += len(calls[n])
		if n > 0 && (keys > tripKeys || len(t.text) > tripBytes) {
			break
		}
		for _, i := range calls[n] {
			t.text = b.appendKey(t.text, int(i))
			t.ends = append(t.ends, len(t.text))
			if t.text, err = b.appendValue(t.text, int(i)); err != nil {
				return n, err
			}
			t.ends = append(t.ends, len(t.text))
		}
	}
	return n, nil
}

// ask makes a command of each call.
func (t *trip) ask(ctx context.Context, b *batch, calls [][]int32, pipeline redis.Pipeliner) {
	const around = 4 // EVAL, the script and the number of keys before, the life after them
	pieces := len(t.ends)
	t.pieces = append(t.pieces[:0], make([]piece, pieces)...)
	t.args = append(t.args[:0], make([]any, pieces+around*len(calls))...)
	left, args, ends, start := t.pieces, t.args, t.ends, 0
	for _, call := range calls {
		keys := len(call)
		own := args[: 2*keys+around : 2*keys+around]
		own[0], own[1], own[2], own[2*keys+3] = "EVAL", b.script, keys, int64(b.life/time.Second)
		for i := range keys {
			left[i] = t.text[start:ends[2*i]]
			left[keys+i] = t.text[ends[2*i]:ends[2*i+1]]
			start = ends[2*i+1]
			own[3+i], own[3+keys+i] = &left[i], &left[keys+i]
		}
		own[3] = string(left[0]) // go-redis finds the slot of a string only
		_ = pipeline.Process(ctx, redis.NewIntSliceCmd(ctx, own...))
		left, args, ends = left[2*keys:], args[2*keys+around:], ends[2*keys:]
	}
}
