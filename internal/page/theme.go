package page

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/login-guard/login-guard/internal/look"
)

// look puts into a style what the theme says beside its colours.
func (t Theme) look() (*strings.Replacer, error) {
	radius := look.DefaultRadius
	if t.Radius != nil {
		radius = *t.Radius
	}
	round, err := look.Corners(radius)
	if err != nil {
		return nil, fmt.Errorf("page %w", err)
	}
	font, err := look.Font(t.Font)
	if err != nil {
		return nil, fmt.Errorf("page %w", err)
	}
	if err := look.CheckLogo(t.Logo, t.LogoDark); err != nil {
		return nil, fmt.Errorf("page %w", err)
	}
	px := func(n int) string { return strconv.Itoa(max(0, n)) + "px" }
	return strings.NewReplacer(
		"var(--round-card)", px(round.Card),
		"var(--round)", px(round.Control),
		"var(--round-bar)", px(round.Bar),
		"var(--round-thumb)", px(round.Bar-4), // 4 pixels within the bar
		"var(--round-goal)", px(round.Bar-6),
		"var(--font)", font,
	), nil
}
