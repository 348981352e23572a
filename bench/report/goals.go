package report

import (
	"fmt"

	"github.com/login-guard/login-guard/bench/work"
)

// goal is what is aimed at, beside what there is. Goals are told and never
// asserted: the test beside this package asserts what is exact.
type goal struct {
	what, goal, got string
	met             bool
}

func (r *Report) goals() (out []goal) {
	add := func(what, want string, got float64, format string, met bool) {
		out = append(out, goal{what, want, fmt.Sprintf(format, got), met})
	}
	ratio := func(name, site string) (instructions, allocs, extra float64, ok bool) {
		w := r.work(name)
		if w == nil || w.at(site) == nil {
			return 0, 0, 0, false
		}
		s, bare := w.at(site), w.at(work.Bare)
		return s.Instructions / bare.Instructions, s.Allocs - bare.Allocs, s.Instructions - bare.Instructions, true
	}
	if x, allocs, _, ok := ratio("get", work.Guard); ok {
		add("  GET, instructions over bare", "1.03", x, "%.3f", x <= 1.03)
		add("  GET, allocations more than bare", "1", allocs, "%.0f", allocs < 1.5)
	}
	if x, allocs, _, ok := ratio("post", work.Guard); ok {
		add("  POST without a login, instructions over bare", "1.10", x, "%.3f", x <= 1.10)
		add("  POST without a login, allocations more than bare", "3", allocs, "%.0f", allocs < 3.5)
	}
	if _, _, extra, ok := ratio("login", work.Guard); ok {
		_, _, zones, _ := ratio("login", work.Zones)
		add("  login allowed, 1,000 instructions more than bare", "20", extra/1000, "%.0f", extra <= 20_000)
		add("  login allowed, extra over that of 3 zones", "1.0", extra/zones, "%.1f", extra <= zones)
	}
	if w := r.work("denied"); w != nil {
		x := w.at(work.Guard).Instructions / w.at(work.Zone).Instructions
		add("  login denied, instructions over caddy-ratelimit's", "0.6", x, "%.2f", x <= 0.6)
		y := w.at(work.Guard).Allocs / w.at(work.Zone).Allocs
		add("  login denied, allocations over caddy-ratelimit's", "0.6", y, "%.2f", y <= 0.6)
	}
	for _, row := range r.Reserve {
		if row.Keys == 1_000_000 {
			ns := row.Costs["six"].CPU
			add("  decision over 6 keys at 1,000,000 keys, ns", "1,500", ns, "%.0f", ns <= 1500)
		}
	}
	if first, last := r.Reserve[0], r.Reserve[len(r.Reserve)-1]; first.Keys < last.Keys {
		x := last.Costs["six"].CPU / first.Costs["six"].CPU
		add(fmt.Sprintf("  the same, %s keys over %s", whole(float64(last.Keys)), whole(float64(first.Keys))), "1.3", x, "%.2f", x <= 1.3)
	}
	b := r.Memory["counters"].PerKey
	add("  bytes a budget", "48", b, "%.1f", b <= 48)
	b = r.Memory["history"].PerKey
	add("  bytes a history", "96", b, "%.1f", b <= 96)
	mb := r.Flood.Bytes / 1e6
	add("  flood of keys, MB, every spent budget still spent", "400", mb, "%.0f", mb <= 400 && r.Flood.Kept == r.Flood.Victims)
	if len(r.Upload) == 3 {
		more, noise := r.Upload[1].Ratio, r.Upload[2].Ratio
		out = append(out, goal{"  upload of 100 MB, CPU over bare", "not resolved", fmt.Sprintf("%.2f (A/A %.2f)", more, noise),
			more <= max(noise, 1/noise)+0.02})
	}
	if r.Redis != nil {
		for _, c := range r.Redis.Costs {
			if c.Keys == 1 {
				continue
			}
			x := c.Store / c.Plain
			add(fmt.Sprintf("  Redis, CPU of %d keys over the plain script's", c.Keys), "1.0", x, "%.2f", x <= 1.0)
			add(fmt.Sprintf("  Redis, round trips of %d keys", c.Keys), "1", c.Scripts, "%.2f", c.Scripts <= 1)
		}
		add("  Redis, round trips of 1,000 denied", "0", float64(r.Redis.Denied), "%.0f", r.Redis.Denied == 0)
		more := max(0, r.Redis.Admitted-r.Redis.Allowed)
		add("  Redis, let through by two gateways beyond the budget", "0", float64(more), "%.0f", more == 0)
	}
	return out
}
