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

// ParseDuration reads what time.ParseDuration reads, and days (`3d`,
// `1d12h`). Durations below zero are refused.
func ParseDuration(s string) (Duration, error) {
	rest := s
	var days time.Duration
	if i := strings.IndexByte(s, 'd'); i > 0 {
		n, err := strconv.ParseFloat(s[:i], 64)
		if err != nil || n > 36500 {
			return 0, fmt.Errorf("%q is no duration; one that works is 24h or 3d", s)
		}
		days, rest = time.Duration(n*float64(24*time.Hour)), s[i+1:]
	}
	var d time.Duration
	if rest != "" || days == 0 {
		var err error
		if d, err = time.ParseDuration(rest); err != nil {
			return 0, fmt.Errorf("%q is no duration; one that works is 24h or 3d", s)
		}
	}
	if d+days < 0 {
		return 0, fmt.Errorf("%q is below zero; one that works is 24h or 3d", s)
	}
	return Duration(d + days), nil
}

// String writes whole days as days, everything else as time.Duration does.
func (d Duration) String() string {
	const day = 24 * time.Hour
	if t := time.Duration(d); t > 0 && t%day == 0 {
		return strconv.Itoa(int(t/day)) + "d"
	}
	return time.Duration(d).String()
}

// MarshalJSON writes the text form.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads the text form, or a number of nanoseconds as Caddy
// writes durations.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var n int64
	if json.Unmarshal(b, &n) == nil {
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
