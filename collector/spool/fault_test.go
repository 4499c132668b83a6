package spool

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// faulty is a file system in memory that forgets at a crash whatever was not synced, and fails on demand.
type faulty struct {
	mu     sync.Mutex
	live   map[string]*inode // what the process sees
	safe   map[string]*inode // the names that survive a crash
	free   int64             // of total bytes of the volume
	total  int64
	log    []string
	refuse func(operation, path string) error // a fault to inject, nil for none
	short  int                                // where a refused write keeps this many bytes before it fails
}

type inode struct{ live, safe []byte }

var errIO = errors.New("input/output error")

func newFaulty() *faulty {
	return &faulty{live: map[string]*inode{}, safe: map[string]*inode{}, free: math.MaxInt64 / 4, total: math.MaxInt64 / 2}
}

// crash returns the disk as the next process finds it. torn gives the surviving bytes of a file, of which safe were
// synced and live were written.
func (f *faulty) crash(torn func(path string, safe, live []byte) []byte) *faulty {
	f.mu.Lock()
	defer f.mu.Unlock()
	after := newFaulty()
	for path, node := range f.safe {
		data := slices.Clone(node.safe)
		if torn != nil {
			data = torn(path, data, node.live)
		}
		after.live[path] = &inode{live: data, safe: slices.Clone(data)}
	}
	after.safe = maps.Clone(after.live)
	return after
}

func (f *faulty) do(operation, path string) error {
	f.log = append(f.log, operation+" "+filepath.Base(path))
	if f.refuse != nil {
		return f.refuse(operation, path)
	}
	return nil
}

func (f *faulty) setRefuse(refuse func(operation, path string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuse = refuse
}

func (f *faulty) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.live))
}

func (f *faulty) MkdirAll(string) error { return nil }

func (f *faulty) Create(path string, size int64) (file, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.do("create", path); err != nil {
		return nil, err
	}
	if f.live[path] != nil {
		return nil, os.ErrExist
	}
	node := &inode{live: make([]byte, min(size, 4096))} // reserved room reads as zeros
	f.live[path] = node
	return &faultyFile{f, node, path}, nil
}

func (f *faulty) Open(path string) (file, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live[path] == nil {
		return nil, os.ErrNotExist
	}
	return &faultyFile{f, f.live[path], path}, nil
}

func (f *faulty) ReadFile(path string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.do("read", path); err != nil {
		return nil, err
	}
	if f.live[path] == nil {
		return nil, os.ErrNotExist
	}
	return slices.Clone(f.live[path].live), nil
}

func (f *faulty) ReadDir(dir string) ([]fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var infos []fs.FileInfo
	for _, path := range slices.Sorted(maps.Keys(f.live)) {
		if filepath.Dir(path) == filepath.Clean(dir) {
			infos = append(infos, fileInfo{filepath.Base(path), int64(len(f.live[path].live))})
		}
	}
	return infos, nil
}

func (f *faulty) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.do("rename", from); err != nil {
		return err
	}
	f.live[to] = f.live[from]
	delete(f.live, from)
	return nil
}

func (f *faulty) Link(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.do("link", from); err != nil {
		return err
	}
	if f.live[to] != nil {
		return os.ErrExist
	}
	f.live[to] = f.live[from]
	return nil
}

func (f *faulty) Remove(path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.do("remove", path); err != nil {
		return err
	}
	if f.live[path] == nil {
		return os.ErrNotExist
	}
	delete(f.live, path)
	return nil
}

func (f *faulty) SyncDir(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.do("syncdir", dir); err != nil {
		return err
	}
	inDir := func(path string, _ *inode) bool { return filepath.Dir(path) == filepath.Clean(dir) }
	maps.DeleteFunc(f.safe, inDir)
	for path, node := range f.live {
		if inDir(path, node) {
			f.safe[path] = node
		}
	}
	return nil
}

func (f *faulty) Space(string) (free, total int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.free, f.total, nil
}

func (f *faulty) Touch(path string, at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.do("touch", path)
}

type faultyFile struct {
	on   *faulty
	node *inode
	path string
}

func (f *faultyFile) WriteAt(data []byte, offset int64) (int, error) {
	f.on.mu.Lock()
	defer f.on.mu.Unlock()
	err := f.on.do("write", f.path)
	if err != nil {
		data = data[:min(f.on.short, len(data))]
	}
	if end := int(offset) + len(data); end > len(f.node.live) {
		f.node.live = append(f.node.live, make([]byte, end-len(f.node.live))...)
	}
	return copy(f.node.live[offset:], data), err
}

func (f *faultyFile) Truncate(size int64) error {
	f.on.mu.Lock()
	defer f.on.mu.Unlock()
	if err := f.on.do("truncate", f.path); err != nil {
		return err
	}
	if int(size) < len(f.node.live) {
		f.node.live = f.node.live[:size]
	}
	return nil
}

func (f *faultyFile) Sync() error {
	f.on.mu.Lock()
	defer f.on.mu.Unlock()
	if err := f.on.do("sync", f.path); err != nil {
		return err
	}
	f.node.safe = bytes.Clone(f.node.live)
	return nil
}

func (f *faultyFile) Close() error { return nil }

type fileInfo struct {
	name string
	size int64
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return 0o600 }
func (i fileInfo) ModTime() time.Time { return time.Now() }
func (i fileInfo) IsDir() bool        { return false }
func (i fileInfo) Sys() any           { return nil }

func isSegment(path string) bool { return strings.Contains(path, "seg-") }
