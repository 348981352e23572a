package page

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/look"
)

func TestThemeIsOnThePages(t *testing.T) {
	none := 0
	p := newPages(t, Theme{Name: `Käse & "Co"`, Radius: &none, Font: []string{"Source Sans 3", "serif"}, Logo: "/logo.svg?v=1&x=2", LogoDark: "/logo-dark.svg",
		Colours: look.Colours{Background: look.Pair{Light: "#fff8e1"}}})
	for _, kind := range kinds {
		page := body(t, get(t, p, "de", view(kind)))
		for _, want := range []string{
			`font:1rem/1.5 "source sans 3",serif;`, "border-radius:0", "--A:#fff8e1",
			`<picture><source srcset="/logo-dark.svg" media="(prefers-color-scheme: dark)"><img src="/logo.svg?v=1&amp;x=2" height="40" alt="Käse &amp; &#34;Co&#34;"></picture>`,
		} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %s", kind, want)
			}
		}
		if strings.Contains(page, "<bdi>") {
			t.Errorf("%s: the logo stands beside the name", kind)
		}
	}
}

func TestNothingOfTheThemeIsLeftOpen(t *testing.T) {
	defined := regexp.MustCompile(`--[A-Za-z]+:`)
	for name, p := range map[string]*Pages{"default": newPages(t, Theme{}), "with a logo": newPages(t, Theme{Logo: "/l.png"})} {
		for kind, style := range p.styles {
			all := defined.FindAllString(style, -1)
			for _, used := range regexp.MustCompile(`var\((--[A-Za-z-]+)`).FindAllStringSubmatch(style, -1) {
				if used[1] != "--wait" && !slices.Contains(all, used[1]+":") {
					t.Errorf("%s, %s: %s is used and not set", name, kind, used[1])
				}
			}
		}
	}
}
