package look

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// DefaultRadius is that of a card's corners, MaxRadius the largest; CSS
// pixels.
const (
	DefaultRadius = 20
	MaxRadius     = 32
)

// barRadius makes the ends of the bar, 56 pixels high, half circles.
const barRadius = 28

// Radii are those of the corners of what is on a page, in CSS pixels.
type Radii struct{ Card, Control, Bar int }

// Corners returns the radii for that of the card: at 20 the ends of the bar
// are half circles, at 0 everything has corners.
func Corners(card int) (Radii, error) {
	if card < 0 || card > MaxRadius {
		return Radii{}, &Error{Option: "radius", What: fmt.Sprintf("%d is not between 0 and %d pixels", card, MaxRadius), Works: strconv.Itoa(DefaultRadius)}
	}
	return Radii{card, card * 3 / 5, min(barRadius, card*7/5)}, nil
}

// family matches the name of a font; it has nothing that CSS reads otherwise.
var family = regexp.MustCompile(`^[\pL\pN][\pL\pN _-]{0,63}$`)

// generics are names that CSS itself gives to fonts. They stand for one that
// every system has.
var generics = []string{"serif", "sans-serif", "monospace", "system-ui", "ui-serif", "ui-sans-serif", "ui-rounded"}

// keywords are names that are no font's to CSS, with or without quotes once a
// style was made small.
var keywords = []string{"inherit", "initial", "unset", "revert", "revert-layer", "default"}

// Font is the value of CSS for the families of a font, the first that a
// reader's system has; none: that of the system. It ends in one that every
// system has.
func Font(families []string) (string, error) {
	var list []string
	generic := false
	for _, name := range families {
		if !family.MatchString(name) || slices.Contains(keywords, strings.ToLower(name)) {
			return "", &Error{Option: "font", What: fmt.Sprintf("%q is no name of a font", name), Works: "Georgia serif"}
		}
		if generic = slices.Contains(generics, name); !generic {
			name = `"` + name + `"`
		}
		list = append(list, name)
	}
	if !generic {
		list = append(list, "system-ui", "sans-serif")
	}
	return strings.Join(list, ","), nil
}

// CheckLogo refuses what is no path of the shop's own: a page of ours loads
// nothing from elsewhere. dark is for dark pages; both may be empty.
func CheckLogo(light, dark string) error {
	for _, logo := range []string{light, dark} {
		u, err := url.Parse(logo)
		if logo != "" && (err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(logo, "/") || strings.HasPrefix(logo, "//") || strings.ContainsAny(logo, "\\ \t\r\n\"'<>{},")) {
			return &Error{Option: "logo", What: fmt.Sprintf("%q is no path of this shop, and its pages load nothing from elsewhere", logo), Works: "/images/logo.svg"}
		}
	}
	if light == "" && dark != "" {
		return &Error{Option: "logo", What: "there is one for dark pages only", Works: dark}
	}
	return nil
}
