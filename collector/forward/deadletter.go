package forward

import (
	"context"
	"time"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/collector/store"
	"github.com/headwater/headwater/schema"
)

// newLetter is a record that can't be stored, for a person to read.
func newLetter(identity spool.Identity, table string, payload []byte, reason error) spool.Letter {
	l := spool.Letter{
		Segment: identity.Segment, Sequence: identity.Sequence,
		Table: table, Code: store.Code(reason), Reason: reason.Error(),
	}
	if readable, err := schema.Readable(payload); err == nil {
		payload = readable
	}
	l.SetPayload(payload)
	return l
}

// bury sets a record aside for an operator. The reason may quote what a person typed, so it goes to the file and not to
// the log.
func (f *Forwarder) bury(ctx context.Context, l spool.Letter) error {
	l.At = time.Now().UTC()
	return f.persist(ctx, "write a dead letter", func() error {
		added, err := f.config.Spool.Bury(l)
		if added {
			f.stats.deadLetters.Add(1)
			f.log.Error("forward: a record can't be stored and is set aside: headwater spool deadletters shows it",
				"segment", l.Segment, "sequence", l.Sequence, "table", l.Table, "code", l.Code)
		}
		return err
	})
}
