package generate

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Setting is one thing that a part can be told.
type Setting struct {
	Name    string
	Default float64
	// From and To bound it.
	From, To float64
	Meaning  string
}

// Part is one kind of login traffic.
type Part struct {
	Name     string
	Meaning  string
	Settings []Setting
	make     func(*maker, settings)
}

// settings are a part's, with its defaults.
type settings map[string]float64

func (s settings) int(name string) int { return int(s[name]) }

// use is one part of a specification.
type use struct {
	part Part
	set  settings
}

var errSpec = errors.New(`want parts joined by +, each with settings in brackets if any, such as "shop(days=20)+stuffing(day=15,hits=0.01)"`)

// maxParts bounds a specification.
const maxParts = 32

// parse reads a specification.
func parse(spec string) ([]use, error) {
	var out []use
	for text := range strings.SplitSeq(spec, "+") {
		name, args, open := strings.Cut(strings.TrimSpace(text), "(")
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(Parts(), func(p Part) bool { return p.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no part %q; there are %s; %w", name, strings.Join(partNames(), ", "), errSpec)
		}
		u := use{part: Parts()[i], set: make(settings)}
		for _, s := range u.part.Settings {
			u.set[s.Name] = s.Default
		}
		if open {
			args, ok := strings.CutSuffix(strings.TrimSpace(args), ")")
			if !ok {
				return nil, fmt.Errorf("%s( is not closed; %w", name, errSpec)
			}
			if err := u.read(args); err != nil {
				return nil, err
			}
		}
		if out = append(out, u); len(out) > maxParts {
			return nil, fmt.Errorf("more than %d parts", maxParts)
		}
	}
	return out, nil
}

// read reads what stands in the brackets.
func (u *use) read(args string) error {
	for text := range strings.SplitSeq(args, ",") {
		if strings.TrimSpace(text) == "" {
			continue
		}
		name, value, ok := strings.Cut(text, "=")
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(u.part.Settings, func(s Setting) bool { return s.Name == name })
		if !ok || i < 0 {
			return fmt.Errorf("%s has no setting %q; it has %s", u.part.Name, name, strings.Join(slices.Sorted(maps.Keys(u.set)), ", "))
		}
		s := u.part.Settings[i]
		v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || math.IsNaN(v) || v < s.From || v > s.To {
			return fmt.Errorf("%s: %s is %s, want a number from %v to %v, such as %s=%v",
				u.part.Name, name, strings.TrimSpace(value), s.From, s.To, name, s.Default)
		}
		u.set[name] = v
	}
	return nil
}

func partNames() (names []string) {
	for _, p := range Parts() {
		names = append(names, p.Name)
	}
	return names
}
