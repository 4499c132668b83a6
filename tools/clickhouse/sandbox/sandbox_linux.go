package sandbox

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System files that the C library and the engine read: time zones, name resolution, memory and processor limits.
var systemFiles = []string{
	"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime", "/etc/timezone",
	"/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
	"/proc", "/sys/fs/cgroup", "/sys/devices/system", "/sys/kernel/mm", "/dev/urandom", "/dev/random", "/dev/zero",
}

// Rights of a file system rule (landlock.h). A rule for a file may only hold those that make sense for a file.
const (
	rightsRead    = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	rightsOfAFile = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	rightsABI1    = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1
	rightsNetwork = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	scopesABI6    = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	ruleFileBelow = 1 // LANDLOCK_RULE_PATH_BENEATH
	ruleNetwork   = 2 // LANDLOCK_RULE_NET_PORT
	// Not MAKE_SYM: the link metadata/default tells the engine's next start where the tables of database default are.
	// Without it they are lost. A link leads nowhere that the rules do not allow.
	rightsUnneeded = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// Available returns the version of Landlock that the kernel offers, 0 for none. Connections are confined from version 4 on.
func Available() int {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(version)
}

// Exec replaces this process by the program inside the sandbox; it returns only when that fails. Starting
// again is what confines every thread: Go's run-time can't be told to when it shares the process with C.
func Exec(rules Rules, arguments, environment []string) error {
	version := Available()
	if version == 0 {
		return ErrUnavailable
	}
	runtime.LockOSThread() // the domain is this thread's, and what it starts inherits it
	defer runtime.UnlockOSThread()
	ruleset, err := newRuleset(rules, version)
	if err != nil {
		return fmt.Errorf("%w: make its rules: %w", ErrUnavailable, err)
	}
	defer unix.Close(ruleset)
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("%w: give up new privileges: %w", ErrUnavailable, err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(ruleset), 0, 0); errno != 0 {
		return fmt.Errorf("%w: enter it: %w", ErrUnavailable, errno)
	}
	return fmt.Errorf("start again in the sandbox (-sandbox off does without): %w", syscall.Exec(rules.Program, arguments, environment))
}

func newRuleset(rules Rules, version int) (int, error) {
	handled := handledRights(version)
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&handled)), unsafe.Sizeof(handled), 0)
	if errno != 0 {
		return -1, errno
	}
	ruleset := int(fd)
	if err := addRules(ruleset, rules, handled); err != nil {
		unix.Close(ruleset)
		return -1, err
	}
	return ruleset, nil
}

// handledRights asks for everything the kernel's version can confine.
func handledRights(version int) unix.LandlockRulesetAttr {
	handled := unix.LandlockRulesetAttr{Handled_access_fs: rightsABI1}
	if version >= 2 {
		handled.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		handled.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		handled.Handled_access_net = rightsNetwork
	}
	if version >= 5 {
		handled.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= 6 {
		handled.Scoped = scopesABI6
	}
	return handled
}

func addRules(ruleset int, rules Rules, handled unix.LandlockRulesetAttr) error {
	type grant struct {
		path   string
		rights uint64
	}
	const run = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE
	grants := []grant{
		{rules.Program, run}, {interpreter(rules.Program), run}, {rules.EmptyIn, unix.LANDLOCK_ACCESS_FS_REMOVE_DIR},
		{os.DevNull, unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE},
	}
	for _, path := range rules.ReadWrite {
		grants = append(grants, grant{path, handled.Handled_access_fs &^ rightsUnneeded})
	}
	for _, path := range append(append([]string{}, systemFiles...), rules.ReadOnly...) {
		grants = append(grants, grant{path, rightsRead})
	}
	for _, g := range grants {
		if g.path == "" {
			continue
		}
		if err := allowBelow(ruleset, g.path, g.rights&handled.Handled_access_fs); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("allow %s: %w", g.path, err)
		}
	}
	if handled.Handled_access_net == 0 {
		return nil
	}
	port := struct{ access, port uint64 }{unix.LANDLOCK_ACCESS_NET_BIND_TCP, uint64(rules.Port)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), ruleNetwork, uintptr(unsafe.Pointer(&port)), 0, 0, 0); errno != 0 {
		return fmt.Errorf("allow port %d: %w", rules.Port, errno)
	}
	return nil
}

func allowBelow(ruleset int, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var status unix.Stat_t
	if err := unix.Fstat(fd, &status); err != nil {
		return err
	}
	if status.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= rightsOfAFile
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), ruleFileBelow, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// interpreter returns the dynamic linker that the kernel runs for the program; empty when there is none.
func interpreter(program string) string {
	file, err := elf.Open(program)
	if err != nil {
		return ""
	}
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type != elf.PT_INTERP {
			continue
		}
		name := make([]byte, segment.Filesz)
		if _, err := segment.ReadAt(name, 0); err == nil {
			return strings.TrimRight(string(name), "\x00")
		}
	}
	return ""
}
