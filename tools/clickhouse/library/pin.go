package library

import (
	"errors"
	"fmt"
	"runtime"
)

// Version is the release of chDB's npm packages that this program is built and tested with.
const Version = "26.7.3-stable.1"

// A Pin names one build of libchdb and what its file must look like.
type Pin struct {
	Package string // npm package, without the version
	Version string
	SHA256  string // of libchdb.so, lower-case hex; empty where nobody could check one yet
	Size    int64  // of libchdb.so, in bytes; zero where nobody could check one yet
	Tested  bool   // whether this project ran its tests with it
}

// ErrUnsupported says that no embedded engine exists for this operating system and processor.
var ErrUnsupported = errors.New("no embedded ClickHouse for this platform")

// pins holds every platform that chDB publishes a library for. Only linux/amd64 was ever run here: the
// others are named so that somebody can try them, and are announced as untested when they are fetched.
var pins = map[string]Pin{
	"linux/amd64": {
		Package: "@chdb/lib-linux-x64-gnu",
		Version: Version,
		SHA256:  "36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5",
		Size:    566330096,
		Tested:  true,
	},
	"linux/arm64":  {Package: "@chdb/lib-linux-arm64-gnu", Version: Version},
	"darwin/arm64": {Package: "@chdb/lib-darwin-arm64", Version: Version},
	"darwin/amd64": {Package: "@chdb/lib-darwin-x64", Version: Version},
}

// ForPlatform returns the pin of the platform that this program was built for. Where there is none, the
// error wraps [ErrUnsupported] and tells the user to bring a server.
func ForPlatform() (Pin, error) { return pinFor(runtime.GOOS, runtime.GOARCH) }

func pinFor(goos, goarch string) (Pin, error) {
	pin, ok := pins[goos+"/"+goarch]
	if !ok {
		return Pin{}, fmt.Errorf("%w (%s/%s): set CLICKHOUSE_DSN to the address of a ClickHouse server", ErrUnsupported, goos, goarch)
	}
	return pin, nil
}
