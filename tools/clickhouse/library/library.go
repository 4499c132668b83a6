// Package library puts chDB's libchdb.so, the ClickHouse engine as a C library, on this machine: it is
// downloaded once with npm, checked against a pinned hash and kept in the user's cache folder. Later starts
// need neither npm nor a network.
//
// Loading and calling the library belongs to package chdb.
package library

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const fileName = "libchdb.so"

// A Cache is a folder that holds libraries, one sub-folder per package version.
type Cache struct {
	Dir      string    // made when absent
	Progress io.Writer // told about a download, a few lines; nil for silence

	// pack fetches the package's archive into dir and returns its path. Tests that must not download
	// 178 MB give their own archive; everyone else gets npm.
	pack func(ctx context.Context, pin Pin, dir string) (string, error)
}

// Default is the cache in the user's cache folder, headwater/chdb.
func Default(progress io.Writer) (*Cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("find a folder for the ClickHouse library (set HOME or XDG_CACHE_HOME): %w", err)
	}
	return &Cache{Dir: filepath.Join(dir, "headwater", "chdb"), Progress: progress}, nil
}

// Ensure returns the path of a checked library, fetching it when the cache has none or a damaged one. Two
// processes may call it at once: one fetches, the other waits for it.
func (c *Cache) Ensure(ctx context.Context, pin Pin) (string, error) {
	folder := filepath.Join(c.Dir, strings.NewReplacer("@", "", "/", "-").Replace(pin.Package)+"-"+pin.Version)
	path := filepath.Join(folder, fileName)
	if stampMatches(path, pin) {
		return path, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("make the library's cache folder: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(folder, "lock"), c.say)
	if err != nil {
		return "", fmt.Errorf("lock the library's cache folder: %w", err)
	}
	defer unlock()
	if stampMatches(path, pin) { // another process fetched it while this one waited
		return path, nil
	}
	if c.adopt(path, pin) {
		return path, nil
	}
	if err := c.fetch(ctx, pin, folder, path); err != nil {
		return "", fmt.Errorf("fetch %s@%s: %w", pin.Package, pin.Version, err)
	}
	return path, nil
}

// adopt accepts a library that has no valid stamp, after a full check: it was put there by hand, or copied
// from another machine so that its modification time changed.
func (c *Cache) adopt(path string, pin Pin) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	sum, err := hashFile(path)
	if err != nil || pin.SHA256 == "" || sum != pin.SHA256 || info.Size() != pin.Size {
		c.say("the cached %s is damaged (or of another version): fetching it again", fileName)
		return false
	}
	return writeStamp(path, sum) == nil
}

func (c *Cache) say(format string, args ...any) {
	if c.Progress != nil {
		fmt.Fprintf(c.Progress, format+"\n", args...)
	}
}

// The stamp lies beside the library and says that a file of this size and modification time passed a full
// check. Reading 566 MB at every start would cost about a second; the stamp makes it one stat. What changes
// the bytes but neither size nor time (a dying disk) is not noticed.
func stampPath(path string) string { return path + ".checked" }

func stampText(info os.FileInfo, sum string) string {
	return fmt.Sprintf("sha256 %s size %d mtime %d\n", sum, info.Size(), info.ModTime().UnixNano())
}

func stampMatches(path string, pin Pin) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || (pin.Size != 0 && info.Size() != pin.Size) {
		return false
	}
	stamp, err := os.ReadFile(stampPath(path))
	if err != nil {
		return false
	}
	sum := pin.SHA256
	if sum == "" { // nothing to compare with: the stamp's own hash says what was fetched
		fields := strings.Fields(string(stamp))
		if len(fields) < 2 {
			return false
		}
		sum = fields[1]
	}
	return string(stamp) == stampText(info, sum)
}

func writeStamp(path, sum string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	temporary := stampPath(path) + ".new"
	if err := os.WriteFile(temporary, []byte(stampText(info, sum)), 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, stampPath(path))
}

func hashFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

var errHash = errors.New("the downloaded library is not the one this version was built for")
