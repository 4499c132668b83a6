//go:build !linux

package sandbox

// Available returns 0: Landlock is Linux's.
func Available() int { return 0 }

// Exec fails with [ErrUnavailable].
func Exec(Rules, []string, []string) error { return ErrUnavailable }
