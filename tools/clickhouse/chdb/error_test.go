//go:build linux || darwin

package chdb

import "testing"

func TestErrorCode(t *testing.T) {
	for text, want := range map[string]int{
		"Code: 60. DB::Exception: Unknown table (UNKNOWN_TABLE)":                 60,
		"Code: 395. DB::Exception: Code: 395. DB::Exception: x (THROW) (version": 395,
		"something else": UnknownException,
		"":               UnknownException,
	} {
		if got := newError(text); got.Code != want || got.Error() != text {
			t.Errorf("%q: code %d, want %d", text, got.Code, want)
		}
	}
}
