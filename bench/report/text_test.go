package report

import (
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/bench/limiters"
	"github.com/login-guard/login-guard/bench/shared"
	"github.com/login-guard/login-guard/bench/work"
)

// a report of made-up figures, in which the goal of GET is met and that of
// POST is missed.
func sample() *Report {
	sites := func(guard float64) []Site {
		return []Site{
			{Name: work.Bare, Instructions: 1000, CPU: 5000, Allocs: 60, Bytes: 4000},
			{Name: work.Guard, Instructions: guard, CPU: 6000, Allocs: 61, Bytes: 4048},
			{Name: work.Zone, Instructions: 2000, Allocs: 90},
			{Name: work.Zones, Instructions: 3000, Allocs: 95},
			{Name: work.Again, Instructions: 1001, CPU: 5100, Allocs: 60, Bytes: 4000},
		}
	}
	return &Report{
		Machine: Machine{Processor: "a processor", Cores: 2},
		Work: []Work{{"get", "GET of a page", sites(1020)}, {"post", "POST", sites(1200)},
			{"login", "login", sites(9000)}, {"denied", "denied", sites(1100)}},
		Reserve: []Reserve{
			{10_000, map[string]limiters.Cost{"six": {CPU: 500, Again: 510}, "attempt": {CPU: 700}, "zones": {CPU: 900}, "buckets": {CPU: 400}}},
			{1_000_000, map[string]limiters.Cost{"six": {CPU: 600, Again: 590}, "attempt": {CPU: 900}}},
		},
		Memory: map[string]limiters.Memory{"counters": {PerKey: 22.5, Lost: 0.01}, "history": {PerKey: 90}},
		Hold:   map[string]limiters.Hold{"sweep": {CPU: time.Second, Keys: 1_000_000}},
		Flood:  limiters.Flood{Bytes: 34e6, Victims: 1000, Kept: 1000},
		Upload: []Upload{{Site: work.Bare, CPU: 5e7, Ratio: 1}, {Site: work.Guard, CPU: 9e7, Ratio: 1.8}, {Site: work.Again, CPU: 5e7, Ratio: 1.01}},
		Redis:  &shared.Shared{Costs: []shared.Cost{{Keys: 1}, {Keys: 3, Plain: 10, Store: 9, Scripts: 1}, {Keys: 6, Plain: 20, Store: 30, Scripts: 1}}, Admitted: 249, Allowed: 250},
	}
}

func TestGoalsAreToldAsTheyAre(t *testing.T) {
	want := map[string]bool{
		"GET, instructions over bare":                          true,
		"POST without a login, instructions over bare":         false,
		"login denied, instructions over caddy-ratelimit's":    true,
		"the same, 1,000,000 keys over 10,000":                 true,
		"upload of 100 MB, CPU over bare":                      false,
		"Redis, CPU of 3 keys over the plain script's":         true,
		"Redis, CPU of 6 keys over the plain script's":         false,
		"Redis, let through by two gateways beyond the budget": true,
		"flood of keys, MB, every spent budget still spent":    true,
	}
	got := make(map[string]bool)
	for _, g := range sample().goals() {
		got[strings.TrimSpace(g.what)] = g.met
	}
	for what, met := range want {
		if is, ok := got[what]; !ok || is != met {
			t.Errorf("%s: met %v (told %v), want %v", what, is, ok, met)
		}
	}
}

func TestTheTableHasARowForEverySite(t *testing.T) {
	var b strings.Builder
	sample().Text(&b)
	for _, want := range []string{
		"GET of a page", "bare Caddy again (noise)", "caddy-ratelimit, 3 zones", "LONGEST HOLD", "UPLOAD", "REDIS", "GOALS",
		"249 let through of 250 allowed", "1000 of 1000 spent budgets still spent", "missed",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
}
