//go:build linux || darwin

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/headwater/headwater/tools/clickhouse/engine"
)

// options are the flags; see usage for what they mean.
type options struct {
	listen        string
	data          string
	library       string
	memory        int64
	maxStatements int
	user          string
	password      string
	drain         time.Duration
	fetch         bool
	ephemeral     bool
	exitWithStdin bool
	logQueries    bool
	sandbox       string
}

// Values of -sandbox.
const (
	sandboxAuto    = "auto"
	sandboxRequire = "require"
	sandboxOff     = "off"
)

const usage = `clickhouse runs a real ClickHouse engine (chDB's library) behind ClickHouse's HTTP interface, on loopback only.

    go run ./tools/clickhouse -data .headwater/clickhouse
    curl 'http://127.0.0.1:8123/?query=SELECT+version()+FORMAT+Pretty'

The first start downloads the engine with npm (about 180 MB) into the user's cache folder; later starts need no network.
When it serves, it prints one line to standard output: "ready http://127.0.0.1:8123". Messages go to standard error.
SIGTERM and interrupt let running statements finish (see -drain); a second one ends the process at once.
SQL can't reach the host's files, programs or network. See README.md for what a real server has beyond this.

Flags:
`

func parseFlags(arguments []string, output io.Writer) (options, error) {
	var o options
	set := flag.NewFlagSet("clickhouse", flag.ContinueOnError)
	set.SetOutput(output)
	set.StringVar(&o.listen, "listen", "127.0.0.1:8123", "loopback `address` to serve on; port 0 takes a free one, which the ready line names")
	set.StringVar(&o.data, "data", ".headwater/clickhouse", "`folder` of the data, made when absent; one process at a time")
	set.StringVar(&o.library, "lib", "", "`path` of a libchdb.so to use instead of the downloaded one")
	set.Int64Var(&o.memory, "memory", engine.DefaultMemoryBytes, "limit in `bytes` for all statements together; beyond it a statement fails with code 241")
	set.IntVar(&o.maxStatements, "max-statements", engine.DefaultMaxStatements, "`number` of statements that run at once; others wait")
	set.StringVar(&o.user, "user", "", "the only user's `name`; default when empty")
	set.StringVar(&o.password, "password", "", "the user's `password`; none is asked for when empty")
	set.DurationVar(&o.drain, "drain", 10*time.Second, "how long a shutdown waits for running statements before it cancels them")
	set.BoolVar(&o.fetch, "fetch", false, "only download the engine, print the path of its library and exit")
	set.BoolVar(&o.ephemeral, "ephemeral", false, "keep the data in a fresh temporary folder, removed at exit; -data is ignored")
	set.BoolVar(&o.exitWithStdin, "exit-with-stdin", false, "exit when standard input closes, so that a parent that is killed leaves no engine behind")
	set.StringVar(&o.sandbox, "sandbox", sandboxAuto, "`mode` of the kernel's confinement of this process (Linux' Landlock): auto uses what there is, require fails without it, off")
	set.BoolVar(&o.logQueries, "log-queries", false, "log every statement to standard error (there is no system.query_log)")
	set.Usage = func() {
		fmt.Fprint(output, usage)
		set.PrintDefaults()
	}
	if err := set.Parse(arguments); err != nil {
		return o, err
	}
	if err := o.check(set.Args()); err != nil {
		fmt.Fprintln(output, "clickhouse:", err)
		return o, err
	}
	return o, nil
}

func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q: everything is given with flags, see -h", rest[0])
	case o.memory < 256<<20:
		return errors.New("-memory must be at least 268435456 bytes (256 MiB): the engine itself needs about 230 MB")
	case o.sandbox != sandboxAuto && o.sandbox != sandboxRequire && o.sandbox != sandboxOff:
		return fmt.Errorf("-sandbox %s: it must be auto, require or off", o.sandbox)
	case o.maxStatements < 1:
		return errors.New("-max-statements must be at least 1")
	case o.data == "" && !o.ephemeral:
		return errors.New("-data must name a folder")
	}
	host, port, err := net.SplitHostPort(o.listen)
	if err != nil {
		return fmt.Errorf("-listen needs host:port, such as 127.0.0.1:8123: %w", err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("-listen %s: the port must be a number from 0 to 65535", o.listen)
	}
	address, err := netip.ParseAddr(host)
	if host != "localhost" && (err != nil || !address.Unmap().IsLoopback()) {
		return fmt.Errorf("-listen %s is no loopback address: this engine serves one machine (127.0.0.1, [::1] or localhost); for others run a ClickHouse server", o.listen)
	}
	return nil
}
