// Package sound reads spoken digits without any training: it compares the file
// with the samples that dchest/captcha publishes, at every tempo it uses.
package sound

import (
	"errors"
	"math"
	"math/cmplx"
	"slices"
	_ "unsafe" // for linkname

	_ "github.com/dchest/captcha"
)

// digitSounds are the samples as the module has them: 8 kHz, 8 bits, unsigned.
// An attacker copies them out of its source.
//
//go:linkname digitSounds github.com/dchest/captcha.digitSounds
var digitSounds map[string][][]byte

// Tempos from minTempo to maxTempo are what the module draws from.
const (
	tempos             = 16
	minTempo, maxTempo = 0.9, 1.2
)

// header is that of the files: the samples follow.
const header = 44

// Reader has the samples at every tempo.
type Reader struct {
	masks []mask
	size  int // of the transform
}

// mask is a digit at a tempo.
type mask struct {
	digit    byte
	length   int
	spectrum []complex128 // conjugated
}

// size is enough for files of 30 seconds: a power of two.
const size = 1 << 18

// NewReader makes a reader of a language that the module speaks.
func NewReader(lang string) (*Reader, error) {
	sounds := digitSounds[lang]
	if len(sounds) != 10 {
		return nil, errors.New("the module does not speak " + lang)
	}
	r := &Reader{size: size}
	for d, s := range sounds {
		for i := range tempos {
			samples := centred(faster(s, minTempo+(maxTempo-minTempo)*(float64(i)+0.5)/tempos))
			m := mask{digit: '0' + byte(d), length: len(samples), spectrum: make([]complex128, size)}
			norm := math.Sqrt(energy(samples))
			for j, v := range samples {
				m.spectrum[j] = complex(v/norm, 0)
			}
			transform(m.spectrum, false)
			for j := range m.spectrum {
				m.spectrum[j] = cmplx.Conj(m.spectrum[j])
			}
			r.masks = append(r.masks, m)
		}
	}
	return r, nil
}

// Read reads count digits out of a file.
func (r *Reader) Read(wav []byte, count int) (string, error) {
	if len(wav) <= header || len(wav)-header > r.size {
		return "", errors.New("no sound of a check")
	}
	x := centred(wav[header:])
	// sums[i] is the energy before sample i.
	sums := make([]float64, len(x)+1)
	for i, v := range x {
		sums[i+1] = sums[i] + v*v
	}
	spectrum := make([]complex128, r.size)
	for i, v := range x {
		spectrum[i] = complex(v, 0)
	}
	transform(spectrum, false)
	type peak struct {
		digit    byte
		from, to int
		score    float64
	}
	var peaks []peak
	product := make([]complex128, r.size)
	for _, m := range r.masks {
		for i := range product {
			product[i] = spectrum[i] * m.spectrum[i]
		}
		transform(product, true)
		for at := 0; at+m.length <= len(x); at++ {
			power := sums[at+m.length] - sums[at]
			if power < 1 {
				continue
			}
			if score := real(product[at]) / math.Sqrt(power); score > 0.35 {
				peaks = append(peaks, peak{m.digit, at, at + m.length, score})
			}
		}
	}
	// The best that do not overlap, in the order in which they are spoken.
	slices.SortFunc(peaks, func(a, b peak) int { return int(math.Copysign(1, b.score-a.score)) })
	var taken []peak
	for _, p := range peaks {
		if len(taken) == count {
			break
		}
		if !slices.ContainsFunc(taken, func(t peak) bool { return p.from < t.to && t.from < p.to }) {
			taken = append(taken, p)
		}
	}
	slices.SortFunc(taken, func(a, b peak) int { return a.from - b.from })
	out := make([]byte, len(taken))
	for i, p := range taken {
		out[i] = p.digit
	}
	return string(out), nil
}

// faster changes tempo and pitch as the module does: each sample is repeated
// or left out.
func faster(s []byte, by float64) []byte {
	out := make([]byte, int(math.Floor(float64(len(s))*by)))
	p := 0.0
	for _, v := range s {
		for i := int(p); i < int(p+by) && i < len(out); i++ {
			out[i] = v
		}
		p += by
	}
	return out
}

// centred are samples around zero.
func centred(s []byte) []float64 {
	out := make([]float64, len(s))
	for i, v := range s {
		out[i] = float64(v) - 128
	}
	return out
}

func energy(x []float64) (sum float64) {
	for _, v := range x {
		sum += v * v
	}
	return sum
}

// transform is the fast Fourier transform in place (Cooley and Tukey 1965) of
// a power of two, or back.
func transform(x []complex128, back bool) {
	n := len(x)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		j ^= bit
		if i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	sign := -1.0
	if back {
		sign = 1
	}
	for length := 2; length <= n; length <<= 1 {
		half := length / 2
		turn := make([]complex128, half)
		for k := range turn {
			turn[k] = cmplx.Rect(1, sign*2*math.Pi*float64(k)/float64(length))
		}
		for i := 0; i < n; i += length {
			for k, w := range turn {
				a, b := x[i+k], x[i+k+half]*w
				x[i+k], x[i+k+half] = a+b, a-b
			}
		}
	}
	if back {
		for i := range x {
			x[i] /= complex(float64(n), 0)
		}
	}
}
