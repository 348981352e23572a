package caddymodule

import (
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/risk"
)

func TestNoShopperWaitsForAClockThatWasAhead(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		notBefore time.Time
		want      time.Duration
	}{
		"no gap":                       {time.Time{}, 0},
		"a gap that is over":           {now.Add(-time.Second), 0},
		"a gap that runs":              {now.Add(7 * time.Second), 7 * time.Second},
		"written by a clock a year on": {now.AddDate(1, 0, 0), risk.MaxGap},
	} {
		if got := gapLeft(held.Slip{NotBefore: test.notBefore}, now); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
