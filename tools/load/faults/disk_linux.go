package faults

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// MountSmall puts a volume of its own, in memory, on the folder dir. Only root may.
func MountSmall(dir string, bytes int) (unmount func() error, err error) {
	if err := unix.Mount("headwater-load", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("size=%d,mode=0700", bytes)); err != nil {
		return nil, os.NewSyscallError("mount", err)
	}
	return func() error { return os.NewSyscallError("umount", unix.Unmount(dir, unix.MNT_DETACH)) }, nil
}
