package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/headwater/headwater/collector/rejection"
	"github.com/headwater/headwater/collector/spool"
)

// keeper is the spool as intake and api know it: its errors are answers to the browser.
type keeper struct {
	spool   *spool.Spool
	leaving atomic.Bool
}

// Append keeps payloads durably, all or none.
func (k *keeper) Append(ctx context.Context, payloads ...[]byte) error {
	err := k.spool.Append(ctx, payloads...)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, spool.ErrFull):
		// The spool logs it, once for many.
		return rejection.New(rejection.SpoolFull, "The collector has no room left for this just now and kept nothing of it. Send it again in a few seconds.")
	case errors.Is(err, spool.ErrClosed):
		return rejection.New(rejection.NotReady, "The collector is shutting down and kept nothing of this. Send it again in a few seconds.")
	}
	return err
}

// ready says why nothing can be accepted now.
func (k *keeper) ready() error {
	if k.leaving.Load() {
		return errors.New("the collector is shutting down")
	}
	switch err := k.spool.Ready(); {
	case errors.Is(err, spool.ErrFull):
		return fmt.Errorf("%w: ClickHouse must take what waits, or the disk must have more room", err)
	case err != nil:
		return fmt.Errorf("%w: see to the disk of spool_dir", err)
	}
	return nil
}
