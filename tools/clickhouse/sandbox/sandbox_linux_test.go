package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The test binary starts itself: as outsideStage it enters the sandbox, as insideStage it tries what it may.
const (
	stageVariable = "SANDBOX_TEST_STAGE"
	outsideStage  = "outside"
	insideStage   = "inside"
)

func TestMain(m *testing.M) {
	switch os.Getenv(stageVariable) {
	case outsideStage:
		allowed, port := os.Getenv("SANDBOX_TEST_ALLOWED"), os.Getenv("SANDBOX_TEST_PORT")
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			panic(err)
		}
		program, err := os.Executable()
		if err != nil {
			panic(err)
		}
		os.Setenv(stageVariable, insideStage)
		err = Exec(Rules{ReadWrite: []string{allowed}, ReadOnly: []string{"/does/not/exist"}, Program: program, EmptyIn: filepath.Dir(allowed), Port: uint16(number)},
			os.Args, os.Environ())
		fmt.Println("not confined:", err)
		os.Exit(1)
	case insideStage:
		tryEverything()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// tryEverything prints one line per attempt, with ok or no.
func tryEverything() {
	allowed, outside := os.Getenv("SANDBOX_TEST_ALLOWED"), os.Getenv("SANDBOX_TEST_OUTSIDE")
	say := func(what string, err error) {
		answer := "ok"
		if err != nil {
			answer = "no"
		}
		fmt.Println(what, answer)
	}
	read := func(path string) error { _, err := os.ReadFile(path); return err }
	say("read-inside", read(filepath.Join(allowed, "file")))
	say("write-inside", os.WriteFile(filepath.Join(allowed, "new"), nil, 0o600))
	say("rename-inside", os.Rename(filepath.Join(allowed, "new"), filepath.Join(allowed, "newer")))
	say("read-link-out", read(filepath.Join(allowed, "link")))
	say("read-outside", read(filepath.Join(outside, "file")))
	say("write-outside", os.WriteFile(filepath.Join(outside, "new"), nil, 0o600))
	say("remove-outside", os.Remove(filepath.Join(outside, "file")))
	say("read-passwd", read("/etc/passwd"))
	say("read-cpuinfo", read("/proc/cpuinfo"))
	say("run", exec.Command("/bin/true").Run())
	connection, err := net.Dial("tcp", os.Getenv("SANDBOX_TEST_SERVER"))
	say("connect", err)
	if err == nil {
		connection.Close()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	say("listen-any", err)
	if err == nil {
		listener.Close()
	}
}

func TestConfinement(t *testing.T) {
	version := Available()
	if version == 0 {
		t.Skip(ErrUnavailable) // a property of the kernel, no service that could be started
	}
	allowed, outside := filepath.Join(t.TempDir(), "allowed"), t.TempDir()
	for _, dir := range []string{allowed, outside} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(outside, "file"), filepath.Join(allowed, "link")); err != nil {
		t.Fatal(err)
	}
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), stageVariable+"="+outsideStage, "SANDBOX_TEST_ALLOWED="+allowed, "SANDBOX_TEST_OUTSIDE="+outside,
		"SANDBOX_TEST_SERVER="+server.Addr().String(), "SANDBOX_TEST_PORT=0")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	want := map[string]string{
		"read-inside": "ok", "write-inside": "ok", "rename-inside": "ok", "read-link-out": "no", "read-outside": "no", "write-outside": "no",
		"remove-outside": "no", "read-passwd": "no", "read-cpuinfo": "ok", "run": "no",
	}
	if version >= 4 {
		want["connect"], want["listen-any"] = "no", "ok"
	}
	got := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(output)), "\n") {
		what, answer, _ := strings.Cut(line, " ")
		got[what] = answer
	}
	for what, answer := range want {
		if got[what] != answer {
			t.Errorf("%s: %q, want %q", what, got[what], answer)
		}
	}
}

func TestExecReportsWhatFailed(t *testing.T) {
	if Available() == 0 {
		if err := Exec(Rules{}, nil, nil); !errors.Is(err, ErrUnavailable) {
			t.Errorf("without Landlock: %v", err)
		}
	}
}
