package backtest

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// parseTime reads RFC 3339, the same with a blank and without a zone (which
// is UTC then), or Unix seconds, with a fraction or in milli-, micro- or
// nanoseconds if the number is that large.
func parseTime(s string) (int64, error) {
	if at, ok := fastTime(s); ok {
		return inTime(at, s)
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return unixTime(f, s)
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00",
		"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006/01/02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			if y := t.Year(); y < 1980 || y >= 2200 { // UnixNano overflows beyond
				return 0, fmt.Errorf("time %s is not between 1980 and 2200", shown([]byte(s)))
			}
			return inTime(t.UnixNano(), s)
		}
	}
	return 0, fmt.Errorf("time %s is neither RFC 3339 (2026-05-04T13:14:15Z) nor Unix seconds", shown([]byte(s)))
}

// fastTime reads whole Unix seconds, with a fraction of up to nine digits.
func fastTime(s string) (int64, bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(whole) < 9 || len(whole) > 10 || len(frac) > 9 {
		return 0, false
	}
	var n int64
	for i := range 9 + len(whole) {
		digit := byte('0')
		switch {
		case i < len(whole):
			digit = whole[i]
		case i-len(whole) < len(frac):
			digit = frac[i-len(whole)]
		}
		if digit < '0' || digit > '9' {
			return 0, false
		}
		n = n*10 + int64(digit-'0')
		if n < 0 {
			return 0, false
		}
	}
	return n, true
}

func unixTime(f float64, s string) (int64, error) {
	unit := 1e9
	switch {
	case math.IsNaN(f), f < 0, f > 1e19:
		return 0, fmt.Errorf("time %s is no Unix time", shown([]byte(s)))
	case f >= 1e17:
		unit = 1
	case f >= 1e14:
		unit = 1e3
	case f >= 1e11:
		unit = 1e6
	}
	if f*unit > float64(math.MaxInt64/2) {
		return 0, fmt.Errorf("time %s is not between 1980 and 2200", shown([]byte(s)))
	}
	return inTime(int64(f*unit), s)
}

func inTime(at int64, s string) (int64, error) {
	if at < firstTime || at >= lastTime {
		return 0, fmt.Errorf("time %s is not between 1980 and 2200", shown([]byte(s)))
	}
	return at, nil
}

// parseAddress reads an address, with or without port, brackets or zone.
func parseAddress(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		if ap, err2 := netip.ParseAddrPort(s); err2 == nil {
			a, err = ap.Addr(), nil
		} else {
			a, err = netip.ParseAddr(strings.Trim(s, "[]"))
		}
	}
	if err != nil {
		return netip.Addr{}, fmt.Errorf("address %s is no IP address", shown([]byte(s)))
	}
	return a.Unmap().WithZone(""), nil
}

var outcomes = map[string]Outcome{
	"success": Succeeded, "succeeded": Succeeded, "successful": Succeeded, "accepted": Succeeded, "ok": Succeeded,
	"true": Succeeded, "1": Succeeded, "pass": Succeeded, "passed": Succeeded, "yes": Succeeded, "login": Succeeded,
	"failure": Failed, "failed": Failed, "fail": Failed, "false": Failed, "0": Failed, "invalid": Failed, "error": Failed,
	"denied": Failed, "rejected": Failed, "no": Failed, "bad": Failed, "wrong": Failed, "none": Failed,
	"bad_password": Failed, "wrong_password": Failed, "unknown_user": Failed, "invalid_user": Failed, "unknown_account": Failed,
	"unknown": Unknown, "retry": Unknown, "": Unknown,
}

var errOutcome = errors.New("is neither success nor failure")

func parseOutcome(s string) (Outcome, error) {
	if o, ok := outcomes[s]; ok {
		return o, nil
	}
	if o, ok := outcomes[strings.ToLower(strings.TrimSpace(s))]; ok {
		return o, nil
	}
	return 0, fmt.Errorf("outcome %s %w", shown([]byte(s)), errOutcome)
}

// parseCountry reads two letters; anything else is no country.
func parseCountry(s string) (c [2]byte) {
	if s = strings.ToUpper(strings.TrimSpace(s)); len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' {
		c = [2]byte{s[0], s[1]}
	}
	return c
}

// parseASN reads 64500 or AS64500; anything else is none.
func parseASN(s string) uint32 {
	s = strings.TrimSpace(s)
	if len(s) > 2 && strings.EqualFold(s[:2], "AS") {
		s = s[2:]
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
