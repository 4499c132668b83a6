package schema

import "testing"

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
