// Package tally keeps what adversaries achieved and prints it.
package tally

import (
	"fmt"
	"math"
	"time"
)

// Row is one adversary on one path.
type Row struct {
	Group, Adversary, Path string
	Passed, Tried          int
	// Counts says what Passed counts. Default: passed
	Counts string
	// CPU and Wall of the adversary, for all tries together.
	CPU, Wall time.Duration
	// Requests sent, all tries together.
	Requests int
	// Met counts what each try ended at.
	Met map[string]int
	// Goal is the greatest share that may pass, 0 for none; said in words.
	Goal float64
	Note string
}

// Share is the part that passed.
func (r *Row) Share() float64 {
	if r.Tried == 0 {
		return 0
	}
	return float64(r.Passed) / float64(r.Tried)
}

// z is the 97.5 % quantile of the normal distribution.
const z = 1.959963984540054

// Wilson is the 95 % interval of a share of which k of n were seen (E. B.
// Wilson, JASA 22, 1927); it is of use for none of n, too.
func Wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	p, m := float64(k)/float64(n), float64(n)
	centre := p + z*z/(2*m)
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, (centre-half)/(1+z*z/m)), min(1, (centre+half)/(1+z*z/m))
}

// percent writes a share with as many digits as it needs.
func percent(x float64) string {
	x *= 100
	switch {
	case x >= 10 || x == 0:
		return fmt.Sprintf("%.0f", x)
	default:
		return fmt.Sprintf("%.1f", x)
	}
}

// each is an amount for one try, in seconds.
func each(d time.Duration, n int) string {
	if n == 0 {
		return "-"
	}
	s := d.Seconds() / float64(n)
	switch {
	case s >= 10:
		return fmt.Sprintf("%.0f", s)
	case s >= 0.1:
		return fmt.Sprintf("%.2f", s)
	default:
		return fmt.Sprintf("%.3f", s)
	}
}
