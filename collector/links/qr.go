package links

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// quiet is the white border that readers need, in modules (ISO/IEC 18004, 4 modules).
const quiet = 4

// Code is the QR code of an address.
type Code struct{ modules barcode.Barcode }

// NewCode makes the code of an address, with error correction for a stained or folded print, less where the address is long. An address
// that no code can hold is a *Problem.
func NewCode(address string) (*Code, error) {
	for _, level := range []qr.ErrorCorrectionLevel{qr.M, qr.L} {
		if modules, err := qr.Encode(address, level, qr.Auto); err == nil {
			return &Code{modules}, nil
		}
	}
	return nil, &Problem{ID: "links.problem.qr"}
}

// side is the length of the code with its border, in modules.
func (c *Code) side() int { return c.modules.Bounds().Dx() + 2*quiet }

func (c *Code) dark(x, y int) bool {
	r, _, _, _ := c.modules.At(x, y).RGBA()
	return r == 0
}

// SVG is the code as a picture of any size: black on white in any theme, so that it can be read.
func (c *Code) SVG() []byte {
	var path strings.Builder
	bounds := c.modules.Bounds()
	for y := range bounds.Dy() {
		for x := 0; x < bounds.Dx(); x++ {
			start := x
			for x < bounds.Dx() && c.dark(x, y) {
				x++
			}
			if x > start {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start+quiet, y+quiet, x-start, x-start)
			}
		}
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
		c.side(), c.side(), c.side(), c.side(), path.String())
}

// pixels is the side of a module in a PNG.
const pixels = 10

// PNG is the code as a picture for documents that take no SVG.
func (c *Code) PNG() ([]byte, error) {
	side := c.side() * pixels
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			at := image.Pt(x/pixels-quiet, y/pixels-quiet)
			if at.In(c.modules.Bounds()) && c.dark(at.X, at.Y) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, picture)
	return out.Bytes(), err
}
