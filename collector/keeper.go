package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/spool"
)

// unreadyAfterFailure is how long the collector calls itself unready after the disk refused something: long enough
// for a load balancer to look elsewhere, short enough to be tried again.
const unreadyAfterFailure = 10 * time.Second

// keeper is the spool as intake and api know it: its errors are answers to the browser.
type keeper struct {
	spool    *spool.Spool
	failedAt atomic.Int64 // Unix nanoseconds of the latest failure, 0 for none
	leaving  atomic.Bool
}

// Append keeps payloads durably, all or none.
func (k *keeper) Append(ctx context.Context, payloads ...[]byte) error {
	err := k.spool.Append(ctx, payloads...)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, spool.ErrFull):
		k.failedAt.Store(time.Now().UnixNano())
		return rejection.Wrap(rejection.SpoolFull, err, "The collector has no room left for this just now and kept nothing of it. Send it again in a few seconds.")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		// Whoever sent it has gone; that says nothing about the disk.
	default:
		k.failedAt.Store(time.Now().UnixNano())
	}
	return err
}

// ready says why nothing can be accepted now.
func (k *keeper) ready() error {
	if k.leaving.Load() {
		return errors.New("the collector is shutting down")
	}
	if failed := k.failedAt.Load(); failed != 0 && time.Since(time.Unix(0, failed)) < unreadyAfterFailure {
		return errors.New("the spool refused a record a moment ago: see the log")
	}
	return nil
}
