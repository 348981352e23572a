package caddymodule

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/login-guard/login-guard/config"
)

// options are what a block may contain, by name.
type options map[string]option

// option says how one line of a block is written. All blocks are read by
// the same loop, so that every option refuses what is missing, too much,
// given twice or unknown in the same words.
type option struct {
	// A line that works; it ends every error about the option.
	example string
	// How many values it takes; max below zero: any number.
	min, max int
	// Its values may hold a password or a key: no error repeats them.
	secret bool
	// It may be given more than once.
	many bool
	// One of the two: set takes the values, block also reads what stands
	// in braces after them, which may be missing where bare says so.
	bare  bool
	set   func(args []caddyfile.Token) error
	block func(args []caddyfile.Token, d *caddyfile.Dispenser) error
}

// readBlock reads the block at d, if there is one. The name of what it
// belongs to is for the errors.
func readBlock(d *caddyfile.Dispenser, where string, known options) error {
	seen := make(map[string]int)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		opt, ok := known[name]
		if !ok {
			return d.Err(unknownOption(where, name, known))
		}
		if line, twice := seen[name]; twice && !opt.many {
			return d.Errf("%s is given twice, first on line %d; keep one of them, such as: %s", name, line, opt.example)
		}
		seen[name] = d.Line()
		args := d.RemainingArgsAsTokens()
		if err := opt.count(name, args); err != nil {
			return d.WrapErr(err)
		}
		braces := opensBlock(d)
		switch {
		case opt.block == nil && braces:
			return d.Errf("%s takes no block in braces; one that works: %s", name, opt.example)
		case opt.block == nil:
			if err := opt.set(args); err != nil {
				return d.Errf("%s: %w; one that works: %s", name, err, opt.example)
			}
		case !braces && !opt.bare:
			return d.Errf("%s needs a block in braces; one that works: %s", name, opt.example)
		default:
			if err := opt.block(args, d); err != nil {
				return err
			}
		}
	}
	return nil
}

// count refuses too few and too many values.
func (o option) count(name string, args []caddyfile.Token) error {
	switch n := len(args); {
	case n < o.min:
		return fmt.Errorf("%s: a value is missing; one that works: %s", name, o.example)
	case o.max >= 0 && n > o.max && o.secret:
		return fmt.Errorf("%s: it has %d values, at most %d go together; one that works: %s", name, n, o.max, o.example)
	case o.max >= 0 && n > o.max:
		return fmt.Errorf("%s: %q is one value too many; one that works: %s", name, args[o.max].Text, o.example)
	}
	return nil
}

// unknownOption says what the block has, nearest first if one is near.
func unknownOption(where, name string, known options) string {
	names := slices.Sorted(maps.Keys(known))
	if near := config.Near(name, names); near != "" {
		return fmt.Sprintf("%s has no option %q; did you mean %q, as in: %s", where, name, near, known[near].example)
	}
	return fmt.Sprintf("%s has no option %q; it has %s", where, name, strings.Join(names, ", "))
}

// opensBlock reports whether an opening brace follows, without consuming it.
func opensBlock(d *caddyfile.Dispenser) bool {
	if !d.Next() {
		return false
	}
	defer d.Prev()
	return d.Val() == "{" && !d.Token().Quoted()
}

// position is where d stands, for errors that concern a whole block.
func position(d *caddyfile.Dispenser) string { return d.File() + ":" + strconv.Itoa(d.Line()) }

// texts returns the tokens' texts.
func texts(tokens []caddyfile.Token) []string {
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = t.Text
	}
	return out
}

// text sets a string. An empty one would silently be the default.
func text(to *string) func([]caddyfile.Token) error {
	return func(args []caddyfile.Token) error {
		if args[0].Text == "" {
			return fmt.Errorf("the value is empty")
		}
		*to = args[0].Text
		return nil
	}
}

// list appends all values to a list.
func list(to *[]string) func([]caddyfile.Token) error {
	return func(args []caddyfile.Token) error {
		for _, a := range args {
			if a.Text == "" {
				return fmt.Errorf("a value is empty")
			}
			if slices.Contains(*to, a.Text) {
				return fmt.Errorf("%q is given twice", a.Text)
			}
			*to = append(*to, a.Text)
		}
		return nil
	}
}

// pair sets one string, or two.
func pair(first, second *string) func([]caddyfile.Token) error {
	return func(args []caddyfile.Token) error {
		for i, to := range []*string{first, second}[:len(args)] {
			if err := text(to)(args[i : i+1]); err != nil {
				return err
			}
		}
		return nil
	}
}

// pixels sets a whole number, for which zero is not the default.
func pixels(to **int) func([]caddyfile.Token) error {
	return func(args []caddyfile.Token) error {
		n, err := strconv.Atoi(args[0].Text)
		if err != nil || n < 0 {
			return fmt.Errorf("%q is no whole number of pixels", args[0].Text)
		}
		*to = &n
		return nil
	}
}

// flag sets a switch that takes no value.
func flag(to *bool) func([]caddyfile.Token) error {
	return func([]caddyfile.Token) error { *to = true; return nil }
}

// whole sets a whole number above zero; zero would silently be the default.
func whole(to *int) func([]caddyfile.Token) error {
	return func(args []caddyfile.Token) (err error) {
		*to, err = wholeNumber(args[0].Text)
		return err
	}
}

func wholeNumber(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is no whole number above zero", s)
	}
	return n, nil
}

// duration sets a duration above zero.
func duration(to *config.Duration) func([]caddyfile.Token) error {
	return func(args []caddyfile.Token) error {
		v, err := config.ParseDuration(args[0].Text)
		if err == nil && v == 0 {
			err = fmt.Errorf("%q is no time at all", args[0].Text)
		}
		*to = v
		return err
	}
}

// durationOrOff sets a duration for which zero is `off`.
func durationOrOff(to *config.Duration) func([]caddyfile.Token) error {
	return func(args []caddyfile.Token) error {
		if args[0].Text == "off" {
			return nil
		}
		return duration(to)(args)
	}
}
