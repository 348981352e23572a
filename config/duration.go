package config

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that reads and writes as text such as `90s`,
// `24h` or `3d`.
type Duration time.Duration

// ParseDuration reads what time.ParseDuration reads, and whole days in front
// of it (`3d`, `1d12h`), up to 100 years. Durations below zero are refused.
func ParseDuration(s string) (Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		days, rest = "", s
	}
	var sum time.Duration
	if found {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil || n > 36500 {
			return 0, fmt.Errorf("%q is no duration such as 24h or 3d", s)
		}
		sum = time.Duration(n) * 24 * time.Hour
	}
	if rest != "" || !found {
		d, err := time.ParseDuration(rest)
		if err != nil {
			return 0, fmt.Errorf("%q is no duration such as 24h or 3d", s)
		}
		if d < 0 || sum+d < 0 {
			return 0, fmt.Errorf("%q is below zero or too long; a duration is such as 24h or 3d", s)
		}
		sum += d
	}
	return Duration(sum), nil
}

// String writes whole days as days, everything else as time.Duration does
// but without the zeros at its end: 10m, not 10m0s.
func (d Duration) String() string {
	const day = 24 * time.Hour
	t := time.Duration(d)
	if t > 0 && t%day == 0 {
		return strconv.Itoa(int(t/day)) + "d"
	}
	s := t.String()
	if t != 0 && t%time.Minute == 0 {
		s = strings.TrimSuffix(s, "0s")
	}
	if t != 0 && t%time.Hour == 0 {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalJSON writes the text form.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads the text form, or a number of nanoseconds as Caddy
// writes durations.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var n int64
	if json.Unmarshal(b, &n) == nil {
		if n < 0 {
			return fmt.Errorf("a duration is not below zero; one that works is \"24h\"")
		}
		*d = Duration(n)
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("a duration is text such as \"24h\": %w", err)
	}
	v, err := ParseDuration(s)
	*d = v
	return err
}
