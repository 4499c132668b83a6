package schema

import (
	"testing"
	"time"
)

func TestBind(t *testing.T) {
	if got, want := Bind(SiteID("it's\ta \\ line\nand \x00")), `it\'s\ta \\ line\nand \0`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := BindAll([]string{"a", `'b,]`}), `['a','\'b,]']`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := BindAll[string](nil); got != "[]" {
		t.Errorf("no texts: %s", got)
	}
}

func TestBindTime(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 30, 0, 5e6, time.FixedZone("", 3600))
	if got, want := BindTime(at), "2026-02-28 23:30:00.005"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
