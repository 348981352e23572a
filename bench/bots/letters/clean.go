package letters

import (
	"image"
	"slices"
)

// Cleaning is one way of making a picture easier for a reader of print.
type Cleaning struct {
	Name  string
	clean func(*image.Gray) *image.Gray
}

// Cleanings are those that are tried.
var Cleanings = []Cleaning{
	{"as it is", func(p *image.Gray) *image.Gray { return p }},
	{"threshold", threshold},
	{"median", func(p *image.Gray) *image.Gray { return threshold(median(p, 1)) }},
	{"wide median", func(p *image.Gray) *image.Gray { return threshold(median(p, 2)) }},
	{"opening", func(p *image.Gray) *image.Gray { return opening(threshold(median(p, 1)), 2) }},
	{"no thin lines", func(p *image.Gray) *image.Gray { return thinless(threshold(median(p, 1)), 7) }},
	{"hollow letters filled", func(p *image.Gray) *image.Gray { return filled(thinless(threshold(median(p, 1)), 7), 900) }},
	{"half as large", func(p *image.Gray) *image.Gray { return half(median(p, 1)) }},
}

// threshold splits greys where the two sides differ most (N. Otsu, IEEE
// Trans. SMC 9, 1979); ink is black.
func threshold(p *image.Gray) *image.Gray {
	var count [256]float64
	var all, sum float64
	for _, v := range p.Pix {
		count[v]++
		all++
		sum += float64(v)
	}
	var dark, darkSum, most float64
	cut := 127
	for v := range count {
		dark += count[v]
		darkSum += float64(v) * count[v]
		if dark == 0 || dark == all {
			continue
		}
		d := darkSum/dark - (sum-darkSum)/(all-dark)
		if between := dark * (all - dark) * d * d; between > most {
			most, cut = between, v
		}
	}
	return each(p, func(x, y int) uint8 {
		if int(p.GrayAt(x, y).Y) <= cut {
			return 0
		}
		return 255
	})
}

// each makes a picture of the same size, pixel by pixel.
func each(p *image.Gray, f func(x, y int) uint8) *image.Gray {
	out := image.NewGray(p.Rect)
	for y := range p.Rect.Dy() {
		for x := range p.Rect.Dx() {
			out.Pix[y*out.Stride+x] = f(x, y)
		}
	}
	return out
}

// around are the greys at most r pixels from a place.
func around(p *image.Gray, x, y, r int, to []uint8) []uint8 {
	for v := max(0, y-r); v <= min(p.Rect.Dy()-1, y+r); v++ {
		to = append(to, p.Pix[v*p.Stride+max(0, x-r):][:min(p.Rect.Dx()-1, x+r)-max(0, x-r)+1]...)
	}
	return to
}

func median(p *image.Gray, r int) *image.Gray {
	var near []uint8
	return each(p, func(x, y int) uint8 {
		near = around(p, x, y, r, near[:0])
		slices.Sort(near)
		return near[len(near)/2]
	})
}

// opening takes away ink that is nowhere wider than 2r+1 pixels.
func opening(p *image.Gray, r int) *image.Gray {
	var near []uint8
	thin := each(p, func(x, y int) uint8 {
		near = around(p, x, y, r, near[:0])
		return slices.Max(near)
	})
	return each(thin, func(x, y int) uint8 {
		near = around(thin, x, y, r, near[:0])
		return slices.Min(near)
	})
}

// thinless takes away ink that is at most so many pixels high where it is:
// lines across the picture.
func thinless(p *image.Gray, most int) *image.Gray {
	out := each(p, func(x, y int) uint8 { return p.Pix[y*p.Stride+x] })
	for x := range p.Rect.Dx() {
		for y := 0; y < p.Rect.Dy(); {
			end := y
			for end < p.Rect.Dy() && p.Pix[end*p.Stride+x] == 0 {
				end++
			}
			// A wide stroke may be that flat, too; a line across is not wide
			// of ink on both sides at once.
			if end-y > 0 && end-y <= most {
				for v := y; v < end; v++ {
					out.Pix[v*out.Stride+x] = 255
				}
			}
			y = max(end, y+1)
		}
	}
	return out
}

// filled fills closed white of less than so many pixels: the inside of
// letters that are drawn as outlines.
func filled(p *image.Gray, less int) *image.Gray {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	out := each(p, func(x, y int) uint8 { return p.Pix[y*p.Stride+x] })
	seen := make([]bool, w*h)
	for start := range seen {
		if seen[start] || p.Pix[start/w*p.Stride+start%w] == 0 {
			continue
		}
		seen[start] = true
		area := []int{start}
		for i := 0; i < len(area); i++ {
			x, y := area[i]%w, area[i]/w
			for _, n := range [4][2]int{{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}} {
				if n[0] < 0 || n[1] < 0 || n[0] >= w || n[1] >= h {
					continue
				}
				if at := n[1]*w + n[0]; !seen[at] && p.Pix[n[1]*p.Stride+n[0]] != 0 {
					seen[at] = true
					area = append(area, at)
				}
			}
		}
		if len(area) < less {
			for _, at := range area {
				out.Pix[at/w*out.Stride+at%w] = 0
			}
		}
	}
	return out
}

func half(p *image.Gray) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, p.Rect.Dx()/2, p.Rect.Dy()/2))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			sum := 0
			for _, d := range [4][2]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
				sum += int(p.Pix[(2*y+d[1])*p.Stride+2*x+d[0]])
			}
			out.Pix[y*out.Stride+x] = uint8(sum / 4)
		}
	}
	return out
}
