package login

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// equalText lists characters that the collations of MySQL and MariaDB take
// for others and that Unicode's own foldings do not: a line each of what they
// are taken for (`-` for nothing) and the characters, as code points or spans
// of them. Measured with WEIGHT_STRING; test/shops compares it with a live
// database and writes it.
//
//go:embed equal.txt
var equalText string

// equalTo is equalText by character.
var equalTo = sync.OnceValue(func() map[rune]string {
	of, err := parseEqual(equalText)
	if err != nil {
		panic(err) // it is part of the program, and tests read it
	}
	return of
})

func parseEqual(text string) (map[rune]string, error) {
	of := map[rune]string{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		target := f[0]
		if target == "-" {
			target = ""
		}
		for _, span := range f[1:] {
			from, to, ok := strings.Cut(span, "-")
			if !ok {
				to = from
			}
			lo, err := strconv.ParseUint(from, 16, 21)
			if err != nil {
				return nil, err
			}
			hi, err := strconv.ParseUint(to, 16, 21)
			if err != nil {
				return nil, err
			}
			if hi > unicode.MaxRune || lo > hi {
				return nil, fmt.Errorf("no characters: %q", span)
			}
			for r := rune(lo); r <= rune(hi); r++ {
				of[r] = target
			}
		}
	}
	return of, nil
}

// foldEqual puts for each character what databases take it for. Digits of any
// script are the digit. Of characters beyond U+FFFF the older collations tell
// none from another: those without another form are U+FFFD.
func foldEqual(s string) string {
	if ascii(s) {
		return s
	}
	of := equalTo()
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		if r < utf8.RuneSelf {
			b.WriteByte(byte(r))
			continue
		}
		if target, ok := of[r]; ok {
			b.WriteString(target)
			continue
		}
		if d, ok := digit(r); ok {
			b.WriteByte('0' + d)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// foldBeyond makes the characters beyond U+FFFF one.
func foldBeyond(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, s)
}

// digit is the value of a decimal digit. Unicode keeps each script's ten in a
// row from 0 on, and rows next to each other whole.
func digit(r rune) (byte, bool) {
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	for _, span := range unicode.Nd.R16 {
		if lo, hi := rune(span.Lo), rune(span.Hi); r >= lo && r <= hi {
			return byte((r - lo) % 10), true
		}
	}
	for _, span := range unicode.Nd.R32 {
		if lo, hi := rune(span.Lo), rune(span.Hi); r >= lo && r <= hi {
			return byte((r - lo) % 10), true
		}
	}
	return 0, false
}

// twins are the characters that are one thing in general_ci and another in the
// unicode_ci collations and in Unicode, with the former. `ß` is `s` or `ss`, a
// Greek iota below a letter is a letter or nothing. No single form is both, for
// `s` and `ss` are two accounts. Pointed brackets are tags to WordPress and
// underscores to Zen Cart.
var twins = strings.NewReplacer("ß", "s", "\u0345", "ι", "<", "_", ">", "_")

// twin is another account that a name opens in some databases, if there is one.
func twin(name string) (string, bool) {
	if !strings.ContainsAny(name, "ß\u0345<>") {
		return "", false
	}
	return twins.Replace(name), true
}

// addTwin notes of a login that it may be of a second account.
func (r *Reading) addTwin() {
	if r.Kind != Attempt {
		return
	}
	name, ok := twin(r.Account)
	if !ok {
		return
	}
	if len(r.Accounts) == 0 {
		r.Accounts = []string{r.Account}
	}
	r.Accounts = append(r.Accounts, name)
}
