//go:build !linux

package faults

import "errors"

// MountSmall puts a volume of its own on a folder, where that is known how.
func MountSmall(string, int) (func() error, error) {
	return nil, errors.New("only on Linux")
}
