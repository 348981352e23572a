package caddymodule

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/login-guard/login-guard/config"
)

const (
	exampleLadder = "ladder slider 10 picture 17 second_factor 25 deny 35"
	exampleLimit  = "limit address 10 refill 1/m"
)

// parseLadder parses pairs of a rung and the score it starts at, or `off`:
//
//	ladder slider 10 picture off
func parseLadder(s *config.Site, args []caddyfile.Token) error {
	var l config.Ladder
	rungs := map[string]*config.Rung{
		"slider": &l.Slider, "picture": &l.Picture, "second_factor": &l.SecondFactor, "deny": &l.Deny,
	}
	for i := 0; i < len(args); i += 2 {
		name := args[i].Text
		rung, ok := rungs[name]
		if !ok {
			return fmt.Errorf("there is no rung %q%s", name, hint(name, slices.Sorted(maps.Keys(rungs))))
		}
		if *rung != 0 {
			return fmt.Errorf("the rung %s is given twice", name)
		}
		if i+1 == len(args) {
			return fmt.Errorf("the rung %s lacks its score", name)
		}
		v, err := config.ParseRung(args[i+1].Text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		*rung = v
	}
	s.Ladder = &l
	return nil
}

// parseLimit parses one limit:
//
//	limit NAME N refill N/s|m|h
//	limit NAME N per DURATION
//	limit NAME off
//	limit account SLIDER GAP LONGEST
//	limit accounts PER_10M PER_HOUR
func parseLimit(s *config.Site, args []caddyfile.Token) error {
	name, values := args[0].Text, texts(args[1:])
	names := slices.Sorted(maps.Keys(config.DefaultLimits()))
	if !slices.Contains(names, name) {
		return fmt.Errorf("there is no limit %q%s", name, hint(name, names))
	}
	if _, twice := s.Limits[name]; twice {
		return fmt.Errorf("the limit %s is given twice", name)
	}
	limit, err := limitOf(name, values)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if s.Limits == nil {
		s.Limits = make(map[string]config.Limit)
	}
	s.Limits[name] = limit
	return nil
}

// limitOf parses what follows a limit's name.
func limitOf(name string, values []string) (config.Limit, error) {
	if values[0] == "off" {
		if len(values) > 1 {
			return config.Limit{}, fmt.Errorf("nothing follows off, but %q does", values[1])
		}
		return config.Limit{Off: true}, nil
	}
	var steps []int
	for len(values) > 0 {
		n, err := wholeNumber(values[0])
		if err != nil {
			if len(steps) > 0 && (values[0] == "refill" || values[0] == "per") {
				break
			}
			return config.Limit{}, err
		}
		steps, values = append(steps, n), values[1:]
	}
	switch {
	case name == config.LimitAccount:
		if len(steps) != 3 || len(values) > 0 {
			return config.Limit{}, fmt.Errorf("it takes three numbers of failures, for the slider, " +
				"for a growing gap and for the longest gap, as in: limit account 5 20 100")
		}
		return config.Limit{Steps: steps}, nil
	case name == config.LimitAccounts && len(values) == 0:
		if len(steps) != 2 {
			return config.Limit{}, fmt.Errorf("it takes two numbers of accounts, in 10 minutes and in an hour, as in: limit accounts 5 20")
		}
		return config.Limit{Burst: steps[0], Every: per(steps[0], 10*time.Minute), Steps: steps[1:]}, nil
	case len(steps) != 1:
		return config.Limit{}, fmt.Errorf("%d is one number too many", steps[1])
	case len(values) == 0:
		return config.Limit{}, fmt.Errorf("how fast it comes back is missing")
	case len(values) == 1:
		return config.Limit{}, fmt.Errorf("nothing follows %s", values[0])
	}
	every, err := pace(steps[0], values[0], values[1])
	if err == nil && every == 0 {
		err = fmt.Errorf("%s %s is faster than a nanosecond each", values[0], values[1])
	}
	return config.Limit{Burst: steps[0], Every: every}, err
}

// pace is the time after which one of n units comes back.
func pace(n int, word, value string) (config.Duration, error) {
	if word == "per" {
		d, err := config.ParseDuration(value)
		if err == nil && d == 0 {
			err = fmt.Errorf("%q is no time at all", value)
		}
		return per(n, time.Duration(d)), err
	}
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}
	count, unit, _ := strings.Cut(value, "/")
	many, err := strconv.Atoi(count)
	if length, ok := units[unit]; ok && err == nil && many > 0 {
		return per(many, length), nil
	}
	return 0, fmt.Errorf("%q is no pace such as 1/s, 4/m or 30/h", value)
}

// per is the share of d that each of n units has.
func per(n int, d time.Duration) config.Duration { return config.Duration(d / time.Duration(n)) }

// hint is the nearest of the names, or all of them.
func hint(name string, names []string) string {
	if near := config.Near(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q", near)
	}
	return "; there are " + strings.Join(names, ", ")
}
