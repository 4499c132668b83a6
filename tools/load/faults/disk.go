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
	unmount, mountErr := MountSmall(small, smallDisk)
	args := []string{"--spool-dir", small}
	if mountErr != nil {
		unmount = func() error { return nil }
		args = append(args, "--spool-max-bytes", fmt.Sprint(limitInstead))
	}
	if err := p.restartCollector(ctx, args...); err != nil {
		return "", errors.Join(err, unmount())
	}
	p.proxy.Set(unreliable.Hang())
	filling := time.Now()
	told = fmt.Sprintf("by spool_max_bytes, since no volume can be mounted: %v", mountErr)
	if mountErr == nil {
		var written int64
		written, err = Fill(small, func() bool { pause(ctx, 10*time.Millisecond); return time.Since(filling) < hold && ctx.Err() == nil })
		told = fmt.Sprintf("%d MiB of other files on a volume of %d MiB", written>>20, smallDisk>>20)
	} else {
		pause(ctx, hold)
	}
	p.proxy.Set(unreliable.Forward())
	if err = errors.Join(err, p.leaveSpool(ctx, small, args)); err != nil {
		return "", fmt.Errorf("%w; what the collector took meanwhile is in %s", err, small)
	}
	return told, errors.Join(unmount(), os.RemoveAll(small))
}

// leaveSpool ends the collector that has its spool in the folder small, once all of that is in ClickHouse, since the folder
// goes away, and starts it on its usual one.
func (p *plant) leaveSpool(ctx context.Context, small string, args []string) error {
	for until := time.Now().Add(patience); ; {
		if err := p.awaitCaughtUp(ctx, time.Now()); err != nil {
			return err
		}
		// Ending well, the collector forwards the last of it, or as much as it can in ten seconds.
		if err := p.collector.terminate(25 * time.Second); err != nil {
			return err
		}
		left, err := filepath.Glob(filepath.Join(small, "seg-*"))
		if err != nil || len(left) == 0 {
			return errors.Join(err, p.restartCollector(ctx))
		}
		if time.Now().After(until) {
			return fmt.Errorf("%d segments are left after %s", len(left), patience)
		}
		if err := p.restartCollector(ctx, args...); err != nil {
			return err
		}
	}
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

// Fill takes every byte that the volume of dir has, again and again as some come free, as long as more holds; then it gives
// them back. It returns how many it had.
func Fill(dir string, more func() bool) (int64, error) {
	path := filepath.Join(dir, "filler")
	filler, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer os.Remove(path)
	defer filler.Close()
	block, written := make([]byte, 64<<10), int64(0)
	for more() {
		for size := len(block); size > 0; {
			n, err := filler.Write(block[:size])
			if written += int64(n); err != nil {
				size /= 2 // down to the last byte
			}
		}
	}
	return written, nil
}
