package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/headwater/headwater/tools/load/unreliable"
)

// smallDisk is the size of the volume that is filled, in bytes: room for what the collector reserves for a few segments at a
// time, 16 MiB each.
const smallDisk = 192 << 20

// fillDisk gives the collector a spool on a small volume, takes ClickHouse away, fills the volume to its last byte, and
// makes room again. Where this user may mount nothing, spool_max_bytes plays the full disk.
func fillDisk(ctx context.Context, p *plant, hold time.Duration, _ *rand.Rand) (told string, err error) {
	small := p.folder("spool-on-a-small-disk")
	if err := os.MkdirAll(small, 0o700); err != nil {
		return "", err
	}
	unmount, mountErr := mountSmall(small, smallDisk)
	args := []string{"--spool-dir", small}
	if mountErr != nil {
		unmount = func() error { return nil }
		args = append(args, "--spool-max-bytes", fmt.Sprint(limitInstead))
	}
	if err := p.restartCollector(ctx, args...); err != nil {
		return "", errors.Join(err, unmount())
	}
	p.proxy.Set(unreliable.Hang())
	told = fmt.Sprintf("by spool_max_bytes, since no volume can be mounted: %v", mountErr)
	if mountErr == nil {
		told, err = fill(ctx, small, hold)
	} else {
		pause(ctx, hold)
	}
	p.proxy.Set(unreliable.Forward())
	// The volume goes away: what is in it must be in ClickHouse before. Ending well, the collector forwards the last of it.
	err = errors.Join(err, p.awaitCaughtUp(ctx, time.Now()))
	if err = errors.Join(err, p.restartCollector(ctx)); err != nil {
		return "", fmt.Errorf("%w; what the collector took meanwhile is in %s", err, small)
	}
	if left, err := filepath.Glob(filepath.Join(small, "seg-*")); err != nil || len(left) > 0 {
		return "", fmt.Errorf("%d segments are left in %s: %w", len(left), small, err)
	}
	return told, errors.Join(unmount(), os.RemoveAll(small))
}

// limitInstead is a spool_max_bytes that is reached at once.
const limitInstead = 64 << 10

// restartCollector ends the collector well and starts it with other arguments behind its usual ones.
func (p *plant) restartCollector(ctx context.Context, args ...string) error {
	if err := p.collector.terminate(25 * time.Second); err != nil {
		return err
	}
	usual := p.collector.args[:3]
	p.collector.args = append(slices.Clone(usual), args...)
	return p.collector.start(ctx)
}

// fill takes every byte that the volume of dir has, again and again as some come free, and gives them back in the end.
func fill(ctx context.Context, dir string, hold time.Duration) (string, error) {
	path := filepath.Join(dir, "filler")
	filler, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer os.Remove(path)
	defer filler.Close()
	block, written := make([]byte, 64<<10), 0
	for until := time.Now().Add(hold); time.Now().Before(until) && ctx.Err() == nil; {
		size := len(block)
		for size > 0 {
			n, err := filler.Write(block[:size])
			if written += n; err != nil {
				size /= 2 // down to the last byte
			}
		}
		pause(ctx, 10*time.Millisecond)
	}
	return fmt.Sprintf("%d MiB of other files on a volume of %d MiB", written>>20, smallDisk>>20), nil
}
