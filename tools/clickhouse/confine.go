//go:build linux || darwin

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/headwater/headwater/tools/clickhouse/sandbox"
)

// These variables carry what the first start of this process has found to the second one, inside the sandbox:
// the path of the library, and the temporary data folder.
const (
	confinedVariable  = "HEADWATER_CLICKHOUSE_CONFINED"
	ephemeralVariable = "HEADWATER_CLICKHOUSE_EPHEMERAL"
)

// enterSandbox starts this program again, confined to the data folder; it returns without error when that has
// happened already, or when there is no sandbox and none is demanded.
func enterSandbox(o options, library string, stderr io.Writer) error {
	if o.sandbox == sandboxOff || os.Getenv(confinedVariable) != "" {
		return nil
	}
	err := confine(o, library)
	if o.sandbox == sandboxAuto && errors.Is(err, sandbox.ErrUnavailable) {
		fmt.Fprintf(stderr, "note: %v; the engine's rights and the guard still keep SQL from the host\n", err)
		return nil
	}
	return err
}

func confine(o options, library string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if library, err = filepath.EvalSymlinks(library); err != nil {
		return fmt.Errorf("find the ClickHouse library (see -lib): %w", err)
	}
	data, err := filepath.Abs(o.data)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	_, portText, err := net.SplitHostPort(o.listen)
	if err != nil {
		return err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return err
	}
	rules := sandbox.Rules{
		ReadWrite: []string{data},
		ReadOnly:  []string{library},
		Program:   program,
		Port:      uint16(port),
	}
	environment := append(harmlessEnvironment(), confinedVariable+"="+library)
	if o.ephemeral {
		rules.EmptyIn = filepath.Dir(data)
		environment = append(environment, ephemeralVariable+"="+data)
	}
	return sandbox.Exec(rules, os.Args, environment)
}

// harmlessEnvironment leaves behind the variables that may hold secrets: the engine reads its own
// process's environment, through /proc and for cloud credentials.
func harmlessEnvironment() []string {
	harmless := map[string]bool{
		"HOME": true, "PATH": true, "TZ": true, "LANG": true, "TMPDIR": true, "XDG_CACHE_HOME": true,
		"GODEBUG": true, "GOMAXPROCS": true, "GOTRACEBACK": true, "GORACE": true, "GOCOVERDIR": true,
	}
	var kept []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if harmless[name] || strings.HasPrefix(name, "LC_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// ephemeralFolder returns the folder that the first start has made, or makes one.
func ephemeralFolder() (string, error) {
	if made := os.Getenv(ephemeralVariable); made != "" {
		return made, nil
	}
	return os.MkdirTemp("", "headwater-clickhouse-")
}

// removeFolder deletes a folder from the inside: os.RemoveAll would open the folder around it, which the
// sandbox doesn't let it read.
func removeFolder(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(folder, entry.Name())); err != nil {
			return err
		}
	}
	return os.Remove(folder)
}
