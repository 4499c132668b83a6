package forward

import (
	"context"

	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

// Erasures knows who was erased.
type Erasures interface {
	// Screen tells whether a record must not be stored, since it is of a person who was erased after it; or whether it took
	// out of the record what belongs to such a person. An error: it is not known now.
	Screen(ctx context.Context, record schema.Record) (drop, changed bool, err error)
}

// screen returns a record's payload as it may be stored, and whether it must not be stored at all.
type screen func(record schema.Record, payload []byte) (as []byte, erased bool)

// screen asks about erased people until there is an answer. failed returns the context's error once there is none to come.
func (f *Forwarder) screen(ctx context.Context) (ask screen, failed func() error) {
	if f.config.Erasures == nil {
		return nil, func() error { return nil }
	}
	var failure error
	ask = func(record schema.Record, payload []byte) ([]byte, bool) {
		if failure != nil {
			return payload, true
		}
		drop, changed, err := f.config.Erasures.Screen(ctx, record)
		if err != nil {
			drop, changed, err = f.screenAgain(ctx, record)
		}
		if err == nil && changed {
			payload, err = schema.Encode(record)
		}
		if err != nil {
			failure = err
			return payload, true
		}
		return payload, drop
	}
	return ask, func() error { return failure }
}

func (f *Forwarder) screenAgain(ctx context.Context, record schema.Record) (drop, changed bool, err error) {
	err = f.persist(ctx, "find out who was erased", func() (err error) {
		if drop, changed, err = f.config.Erasures.Screen(ctx, record); err == nil {
			f.clickHouse.works(nil)
		} else if ctx.Err() == nil {
			f.clickHouse.fails(nil, store.Classify(err).String(), err) // it is ClickHouse that was asked
		}
		return err
	})
	return drop, changed, err
}

// withoutErased leaves out the rows of people who were erased.
func withoutErased(rows []row) []row {
	kept := rows
	for i := range rows {
		switch {
		case rows[i].erased && len(kept) == len(rows):
			kept = append(make([]row, 0, len(rows)), rows[:i]...)
		case !rows[i].erased && len(kept) < len(rows):
			kept = append(kept, rows[i])
		}
	}
	return kept
}
