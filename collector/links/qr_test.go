package links

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"strings"
	"testing"
)

// Both pictures have the finder patterns of a QR code in three corners and none in the fourth, within their border; the content is the
// library's own matter. SVG and PNG are of one code.
func TestCode(t *testing.T) {
	for _, address := range []string{"https://www.acme.example/?utm_source=linkedin", "https://www.acme.example/" + strings.Repeat("a", 2300)} {
		code, err := NewCode(address)
		if err != nil {
			t.Fatal(err)
		}
		body, err := code.PNG()
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		side := picture.Bounds().Dx() / pixels
		black := func(x, y int) bool {
			r, _, _, _ := picture.At(x*pixels+pixels/2, y*pixels+pixels/2).RGBA()
			return r == 0
		}
		finder := func(left, top int) bool {
			for i := range 7 {
				if !black(left+i, top) || !black(left, top+i) || !black(left+i, top+6) || !black(left+6, top+i) || i > 1 && i < 5 && !black(left+i, top+3) {
					return false
				}
			}
			return !black(left+1, top+1) && !black(left+5, top+5)
		}
		far := side - quiet - 7
		if !finder(quiet, quiet) || !finder(far, quiet) || !finder(quiet, far) || finder(far, far) {
			t.Errorf("%.60s: not a QR code", address)
		}
		for i := range side {
			if black(i, quiet-1) || black(quiet-1, i) || black(side-1, i) {
				t.Fatalf("%.60s: the border is not white", address)
			}
		}
		svg := string(code.SVG())
		decoder := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if dark := strings.Count(svg, "h7v1h-7z"); dark < 6 {
			t.Errorf("%.60s: the SVG has %d lines of finder patterns", address, dark)
		}
	}
	if _, err := NewCode(strings.Repeat("a", 5000)); err == nil {
		t.Error("5000 bytes become a code")
	}
}
