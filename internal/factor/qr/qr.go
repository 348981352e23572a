// Package qr draws QR codes (ISO/IEC 18004) as SVG to stand in a page.
//
// The code itself comes from rsc.io/qr: finished since 2018, no dependencies,
// BSD licence, where boombuler/barcode brings ten kinds of bar codes that
// nobody needs here.
package qr

import (
	"errors"
	"fmt"
	"html"
	"strings"

	"rsc.io/qr"
)

// Quiet is the width of the margin in modules that ISO/IEC 18004 §6.3.8 asks.
const Quiet = 4

// ErrLong: the text does not fit in a code.
var ErrLong = errors.New("too long for a QR code")

// Modules are the squares of a code, row by row, margin included; true is
// dark.
type Modules [][]bool

// Encode makes the code of a text. Its level of error correction is M, what
// phone cameras are used to.
func Encode(text string) (Modules, error) {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, ErrLong
	}
	m := make(Modules, c.Size+2*Quiet)
	for y := range m {
		m[y] = make([]bool, len(m))
		for x := range m[y] {
			m[y][x] = c.Black(x-Quiet, y-Quiet)
		}
	}
	return m, nil
}

// SVG draws the code of a text for an HTML page, with title as what a screen
// reader says. The ground is white whatever the page's is: cameras find no
// light code on a dark page. It has no size of its own but its ratio.
func SVG(text, title string) (string, error) {
	m, err := Encode(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	n := len(m)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" shape-rendering="crispEdges"><title>%s</title><path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="`, n, n, html.EscapeString(title), n, n)
	for y, row := range m {
		for x := 0; x < n; {
			if !row[x] {
				x++
				continue
			}
			from := x
			for x < n && row[x] {
				x++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from, y, x-from, x-from)
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String(), nil
}
