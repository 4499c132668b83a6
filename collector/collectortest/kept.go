package collectortest

import (
	"context"
	"testing"
	"time"

	"github.com/headwater/headwater/collector/spool"
	"github.com/headwater/headwater/schema"
)

// Kept takes out of the spool what it holds, as the forwarder would, and returns the records in the order they came.
func Kept(tb testing.TB, from *spool.Spool) []schema.Record {
	tb.Helper()
	if from.Stats().Bytes == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := from.Seal(ctx); err != nil {
		tb.Fatal(err)
	}
	segment, err := from.Next(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	contents, err := from.Read(segment)
	if err != nil {
		tb.Fatal(err)
	}
	var records []schema.Record
	for _, frame := range contents.Frames {
		record, err := schema.Decode(frame.Payload)
		if err != nil {
			tb.Fatal(err)
		}
		records = append(records, record)
	}
	if err := from.SaveCheckpoint(spool.Checkpoint{Segment: segment.ID}); err != nil {
		tb.Fatal(err)
	}
	if err := from.Finish(segment); err != nil {
		tb.Fatal(err)
	}
	return records
}
