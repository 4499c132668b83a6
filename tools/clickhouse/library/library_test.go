package library

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const content = "not really a library"

func testPin() Pin {
	sum := sha256.Sum256([]byte(content))
	return Pin{Package: "@chdb/test", Version: "1", SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content)), Tested: true}
}

// archive makes an npm archive with the entries, given as name, content.
func archive(t *testing.T, dir string, entries ...string) string {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	writer := tar.NewWriter(zipped)
	for i := 0; i < len(entries); i += 2 {
		if err := writer.WriteHeader(&tar.Header{Name: entries[i], Mode: 0o644, Size: int64(len(entries[i+1])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write([]byte(entries[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	writer.Close()
	zipped.Close()
	path := filepath.Join(dir, "package.tgz")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// testCache counts its downloads and gets the entries each time.
func testCache(t *testing.T, downloads *atomic.Int32, progress *bytes.Buffer, entries ...string) *Cache {
	cache := &Cache{Dir: t.TempDir(), pack: func(_ context.Context, _ Pin, dir string) (string, error) {
		downloads.Add(1)
		return archive(t, dir, entries...), nil
	}}
	if progress != nil {
		cache.Progress = progress
	}
	return cache
}

func TestEnsureFetchesOnce(t *testing.T) {
	var downloads atomic.Int32
	cache := testCache(t, &downloads, nil, "package/index.js", "x", "package/libchdb.so", content, "package/other.node", "y")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			path, err := cache.Ensure(context.Background(), testPin())
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != content {
				t.Errorf("%s holds %q (%v)", path, got, err)
			}
		})
	}
	group.Wait()
	if downloads.Load() != 1 {
		t.Errorf("%d downloads, want 1", downloads.Load())
	}
	err := filepath.WalkDir(cache.Dir, func(path string, entry os.DirEntry, err error) error {
		if name := entry.Name(); strings.HasSuffix(name, ".js") || strings.HasSuffix(name, ".node") || strings.HasSuffix(name, ".tgz") {
			t.Errorf("left in the cache: %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDamageIsFetchedAgain(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"cut":      func(path string) error { return os.Truncate(path, 3) },
		"replaced": func(path string) error { return os.WriteFile(path, []byte("not really a LIBRARY"), 0o600) },
		"removed":  os.Remove,
		"no stamp and damaged": func(path string) error {
			os.Remove(stampPath(path))
			return os.WriteFile(path, []byte("NOT really a library"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var downloads atomic.Int32
			var progress bytes.Buffer
			cache := testCache(t, &downloads, &progress, "package/libchdb.so", content)
			path, err := cache.Ensure(context.Background(), testPin())
			if err != nil {
				t.Fatal(err)
			}
			if err := damage(path); err != nil {
				t.Fatal(err)
			}
			if _, err := cache.Ensure(context.Background(), testPin()); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != content || downloads.Load() != 2 {
				t.Errorf("after damage: %q (%v), %d downloads", got, err, downloads.Load())
			}
		})
	}
}

func TestALibraryPutThereByHandIsAdopted(t *testing.T) {
	var downloads atomic.Int32
	cache := testCache(t, &downloads, nil)
	folder := filepath.Join(cache.Dir, "chdb-test-1")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, fileName), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Ensure(context.Background(), testPin()); err != nil || downloads.Load() != 0 {
		t.Errorf("a good file without a stamp: %v, %d downloads", err, downloads.Load())
	}
}

func TestBadArchives(t *testing.T) {
	for name, entries := range map[string][]string{
		"other bytes":  {"package/libchdb.so", "NOT really a library"},
		"other size":   {"package/libchdb.so", "x"},
		"no library":   {"package/index.js", "x"},
		"empty":        nil,
		"path escapes": {"../../../libchdb.so.evil", "x"},
	} {
		var downloads atomic.Int32
		cache := testCache(t, &downloads, nil, entries...)
		path, err := cache.Ensure(context.Background(), testPin())
		if err == nil {
			t.Errorf("%s: accepted as %s", name, path)
		}
		if _, err := os.Stat(filepath.Join(cache.Dir, "chdb-test-1", fileName)); err == nil {
			t.Errorf("%s: a library was left behind", name)
		}
	}
}

func TestKilledFetchLeavesNothingInTheWay(t *testing.T) {
	var downloads atomic.Int32
	cache := testCache(t, &downloads, nil, "package/libchdb.so", content)
	left := filepath.Join(cache.Dir, "chdb-test-1", workPrefix+"123")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Ensure(context.Background(), testPin()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("the work folder of a killed fetch is still there")
	}
}

func TestCancelledFetch(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var downloads atomic.Int32
	cache := testCache(t, &downloads, nil, "package/libchdb.so", content)
	cancel()
	if _, err := cache.Ensure(ctx, testPin()); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled fetch gives %v", err)
	}
}

func TestPlatforms(t *testing.T) {
	for platform, want := range map[string]string{
		"linux/amd64": "@chdb/lib-linux-x64-gnu", "linux/arm64": "@chdb/lib-linux-arm64-gnu",
		"darwin/arm64": "@chdb/lib-darwin-arm64", "darwin/amd64": "@chdb/lib-darwin-x64",
	} {
		goos, goarch, _ := strings.Cut(platform, "/")
		pin, err := pinFor(goos, goarch)
		if err != nil || pin.Package != want || pin.Tested != (platform == "linux/amd64") || pin.Tested != (pin.SHA256 != "") {
			t.Errorf("%s: %+v, %v", platform, pin, err)
		}
	}
	_, err := pinFor("windows", "amd64")
	if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "set CLICKHOUSE_DSN") {
		t.Errorf("an unsupported platform: %v", err)
	}
}
