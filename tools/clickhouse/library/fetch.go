package library

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// fetch downloads the package beside its final place, takes the library out of it, checks it and moves it
// into place with one rename, so that a killed fetch leaves no half library under the final name.
func (c *Cache) fetch(ctx context.Context, pin Pin, folder, path string) error {
	if !pin.Tested {
		c.say("note: %s was never tested by this project and its hash is not pinned; npm's own integrity check is all there is", pin.Package)
	}
	if err := removeLeftovers(folder); err != nil {
		return err
	}
	work, err := os.MkdirTemp(folder, workPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)

	pack := c.pack
	if pack == nil {
		pack = c.npmPack
	}
	archive, err := pack(ctx, pin, work)
	if err != nil {
		return err
	}
	unpacked := filepath.Join(work, fileName)
	sum, err := c.extract(ctx, archive, unpacked, pin.Size)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(archive), err)
	}
	if pin.SHA256 != "" && sum != pin.SHA256 {
		return fmt.Errorf("%w: SHA-256 is %s, expected %s", errHash, sum, pin.SHA256)
	}
	if err := os.Rename(unpacked, path); err != nil {
		return err
	}
	if err := writeStamp(path, sum); err != nil {
		return fmt.Errorf("record the check: %w", err)
	}
	c.say("ClickHouse library ready: %s", path)
	return nil
}

const workPrefix = "fetching-"

// removeLeftovers deletes the work folders of fetches that were killed. The caller holds the lock, so none
// of them is in use.
func removeLeftovers(folder string) error {
	left, err := filepath.Glob(filepath.Join(folder, workPrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// npmPack downloads with npm rather than by hand: npm knows the user's registry, proxy and credentials, and
// checks the archive's integrity.
func (c *Cache) npmPack(ctx context.Context, pin Pin, dir string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("npm is not installed: install Node.js, or set CLICKHOUSE_DSN to the address of a ClickHouse server")
	}
	spec := pin.Package + "@" + pin.Version
	c.say("fetching the ClickHouse engine once (%s, about 180 MB)", spec)
	command := exec.CommandContext(ctx, npm, "pack", spec, "--pack-destination", dir, "--prefer-offline", "--loglevel", "error")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	command.Dir = dir // away from any package.json and .npmrc of the caller's folder
	stop := c.heartbeat()
	err = command.Run()
	stop()
	if err != nil {
		return "", fmt.Errorf("npm pack (are you offline? else set CLICKHOUSE_DSN to a ClickHouse server): %w\n%s", err, strings.TrimSpace(output.String()))
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return "", fmt.Errorf("npm pack left %d archives, expected one", len(archives))
	}
	return archives[0], nil
}

// heartbeat shows every few seconds that a download is still under way, since npm is silent without a
// terminal.
func (c *Cache) heartbeat() (stop func()) {
	done := make(chan struct{})
	started := time.Now()
	go func() {
		ticker := time.NewTicker(5 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				c.say("  still downloading, %d s", int(time.Since(started).Seconds()))
			}
		}
	}()
	return func() { close(done) }
}

// extract writes the archive's one library to target and returns its SHA-256. Nothing else of the archive
// touches the disk, and no name in it is used as a path.
func (c *Cache) extract(ctx context.Context, archive, target string, size int64) (string, error) {
	file, err := os.Open(archive)
	if err != nil {
		return "", err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return "", err
	}
	entries := tar.NewReader(unzipped)
	for {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return "", fmt.Errorf("the archive holds no %s", fileName)
		}
		if err != nil {
			return "", err
		}
		if entry.Typeflag != tar.TypeReg || filepath.Base(entry.Name) != fileName {
			continue
		}
		if size != 0 && entry.Size != size {
			return "", fmt.Errorf("%w: it has %d bytes, expected %d", errHash, entry.Size, size)
		}
		return c.writeLibrary(ctx, entries, target, entry.Size)
	}
}

func (c *Cache) writeLibrary(ctx context.Context, from io.Reader, target string, size int64) (string, error) {
	out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return "", err
	}
	defer out.Close()
	digest := sha256.New()
	progress := &progressWriter{cache: c, ctx: ctx, size: size}
	if _, err := io.Copy(io.MultiWriter(out, digest, progress), from); err != nil {
		return "", err
	}
	if err := out.Sync(); err != nil { // the stamp must not outlive the bytes in a power cut
		return "", err
	}
	if err := out.Close(); err != nil {
		return "", err
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// progressWriter reports every quarter of the unpacking and stops it when the context ends.
type progressWriter struct {
	cache         *Cache
	ctx           context.Context
	size, written int64
	quarter       int64
}

func (p *progressWriter) Write(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	p.written += int64(len(b))
	if p.size > 0 && p.written*4/p.size > p.quarter {
		p.quarter = p.written * 4 / p.size
		p.cache.say("  unpacking %d %%", 25*p.quarter)
	}
	return len(b), nil
}
