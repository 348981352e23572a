package backtest

import (
	"encoding/json"
	"math"
	"slices"
)

// Share is a part of a whole with the 95 % interval of Wilson (1927), which
// holds for small numbers too.
type Share struct {
	Count int     `json:"count"`
	Of    int     `json:"of"`
	Share float64 `json:"share"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

func shareOf(count, of int) Share {
	s := Share{Count: count, Of: of}
	if of == 0 {
		s.High = 1
		return s
	}
	const z = 1.959964
	n := float64(of)
	s.Share = float64(count) / n
	middle := s.Share + z*z/(2*n)
	half := z * math.Sqrt(s.Share*(1-s.Share)/n+z*z/(4*n*n))
	s.Low, s.High = max(0, (middle-half)/(1+z*z/n)), min(1, (middle+half)/(1+z*z/n))
	return s
}

// First says at which attempt of their own those who were acted upon met the
// first action: 1 is the very first attempt.
type First struct {
	Subjects int `json:"subjects"`
	Never    int `json:"never"` // met nothing at all
	Median   int `json:"median"`
	P95      int `json:"p95"`
}

// firstOf works it out of the number of the first attempt that met something,
// 0 for none.
func firstOf(numbers []int) First {
	f := First{Subjects: len(numbers)}
	met := slices.DeleteFunc(slices.Clone(numbers), func(n int) bool { return n == 0 })
	f.Never = len(numbers) - len(met)
	slices.Sort(met)
	f.Median, f.P95 = quantile(met, 0.5), quantile(met, 0.95)
	return f
}

// quantile is the least of sorted numbers that a share of them does not
// exceed, 0 without any.
func quantile(sorted []int, q float64) int {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[min(max(0, i), len(sorted)-1)]
}

// ByRung counts what attempts met, by rung.
type ByRung [len(rungs)]int

// All is how many there are.
func (b *ByRung) All() (n int) {
	for _, x := range b {
		n += x
	}
	return n
}

// MarshalJSON writes each rung with count and share.
func (b ByRung) MarshalJSON() ([]byte, error) {
	type part struct {
		Count int     `json:"count"`
		Share float64 `json:"share"`
	}
	out := make(map[string]part, len(rungs))
	for i, r := range rungs {
		out[string(r)] = part{b[i], part64(b[i], b.All())}
	}
	return json.Marshal(out)
}

// part64 is a share, 0 of nothing.
func part64(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}
