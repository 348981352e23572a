package config

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// minContrast is that of WCAG 2.2 success criterion 1.4.3 for text.
const minContrast = 4.5

var (
	hexColour   = regexp.MustCompile(`^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$`)
	languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

func (p Page) check() (errs []error) {
	add := func(option, what, works string) { errs = append(errs, wrong("page "+option, what, option+" "+works)) }
	if utf8.RuneCountInString(p.Name) > 80 || strings.ContainsFunc(p.Name, unicode.IsControl) || !utf8.ValidString(p.Name) {
		add("name", "it is longer than 80 characters or not plain text", `"Shop Example"`)
	}
	if placeholder.MatchString(p.Name) {
		add("name", unreplaced(p.Name), `"Shop Example"`)
	}
	if p.Accent != "" {
		rgb, ok := parseColour(p.Accent)
		switch c := contrastWithWhite(rgb); {
		case !ok:
			add("accent", fmt.Sprintf("%q is no colour such as #1558c0 (in a Caddyfile in quotes)", p.Accent), `"#1558c0"`)
		case c < minContrast:
			add("accent", fmt.Sprintf("white text on %s has a contrast of %.2f:1, and 4.5:1 is needed to be read", p.Accent, c),
				strconv.Quote(darker(rgb)))
		}
	}
	for _, link := range []struct{ option, url, works string }{
		{"support", p.Support, "https://shop.example/contact"},
		{"reset", p.Reset, "https://shop.example/lost-password"},
	} {
		if link.url != "" && !isLink(link.url) {
			add(link.option, fmt.Sprintf("%q is neither an http(s) URL nor a path that starts with /", link.url), link.works)
		}
	}
	if p.Language != "" && !languageTag.MatchString(p.Language) {
		add("language", fmt.Sprintf("%q is no language tag", p.Language), "de")
	}
	if p.Picture != "" && p.Picture != PictureLetters && p.Picture != PictureDigits {
		add("picture", fmt.Sprintf("there is no %q: a picture shows letters or digits", p.Picture), PictureLetters)
	}
	return errs
}

// isLink reports whether s may be a link on our page: no script, no other
// scheme, no address that merely looks like a path.
func isLink(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.User != nil || strings.ContainsAny(s, "\\{} \t\r\n") {
		return false
	}
	if u.Scheme == "" {
		return u.Host == "" && strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//")
	}
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// parseColour reads #rgb and #rrggbb.
func parseColour(s string) (rgb [3]uint8, ok bool) {
	if !hexColour.MatchString(s) {
		return rgb, false
	}
	digits := s[1:]
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	for i := range rgb {
		v, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		if err != nil {
			return rgb, false
		}
		rgb[i] = uint8(v)
	}
	return rgb, true
}

// contrastWithWhite is the contrast ratio of WCAG 2.2, 1 to 21.
func contrastWithWhite(rgb [3]uint8) float64 {
	var linear [3]float64
	for i, v := range rgb {
		c := float64(v) / 255
		if c <= 0.04045 { // sRGB, IEC 61966-2-1
			linear[i] = c / 12.92
		} else {
			linear[i] = math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	luminance := 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
	return 1.05 / (luminance + 0.05)
}

// darker is the same colour, as dark as it must be.
func darker(rgb [3]uint8) string {
	for share := 100; share > 0; share-- {
		var c [3]uint8
		for i, v := range rgb {
			c[i] = uint8(int(v) * share / 100)
		}
		if contrastWithWhite(c) >= minContrast {
			return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2])
		}
	}
	return DefaultAccent
}
