package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/login-guard/login-guard/bench/shared"
	"github.com/login-guard/login-guard/bench/work"
)

// Text writes the report as one table.
func (r *Report) Text(w io.Writer) {
	t := &table{}
	t.line("%s, %d cores, load %s; %s, %s", r.Machine.Processor, r.Machine.Cores, r.Machine.Load, r.Machine.Go, r.Machine.Valgrind)
	t.line("%s", strings.Join(r.Machine.Modules, ", "))
	for i := range r.Work {
		t.work(&r.Work[i], i == 0)
	}
	t.reserve(r.Reserve)
	t.memory(r)
	t.hold(r)
	t.upload(r.Upload)
	t.redis(r.Redis)
	t.line("")
	t.line("GOALS")
	for _, g := range r.goals() {
		mark := "missed"
		if g.met {
			mark = "met"
		}
		t.row(g.what, "goal", g.goal, g.got, mark)
	}
	t.line("")
	for _, l := range strings.Split(strings.TrimSpace(apart), "\n") {
		t.line("%s", l)
	}
	t.write(w)
}

// apart is what the figures do not show.
const apart = `
What caddy-ratelimit gives and Login Guard does not: exact sliding windows (it keeps the time of each event; Login Guard's
budgets leak), zones by any matcher and placeholder, its own lines and events without a login in sight, jitter.
What Login Guard does in the same request and caddy-ratelimit does not: reads the form and finds the account, counts per
account and device, scores, keeps the shop's answer until it knows success from failure, gives back what a success took,
asks for a check and sends the held login on, writes one line a login, and holds its memory however many keys there are.
Counts are of an x86-64 without SHA and AES of its own, which is what callgrind imitates: what hashes costs less in CPU us.
`

func (t *table) work(w *Work, first bool) {
	t.line("")
	if first {
		t.row("WORK, a request", "instructions", "x bare", "over bare", "CPU us", "x bare", "allocs", "bytes")
	}
	t.line("%s", w.Title)
	bare := &w.Sites[0]
	for i := range w.Sites {
		s := &w.Sites[i]
		name := s.Name
		switch name {
		case work.Bare:
			name = "bare Caddy"
		case work.Again:
			name = "bare Caddy again (noise)"
		}
		t.row("  "+name, whole(s.Instructions), times(s.Instructions, bare.Instructions), over(s.Instructions, bare.Instructions),
			fmt.Sprintf("%.1f", s.CPU/1000), times(s.CPU, bare.CPU), whole(s.Allocs), whole(s.Bytes))
	}
}

func (t *table) reserve(rows []Reserve) {
	t.line("")
	head, first := []string{"DECISION alone, CPU ns"}, rows[0]
	for _, r := range rows {
		head = append(head, whole(float64(r.Keys))+" keys")
	}
	t.row(append(head, "growth", "allocs")...)
	for _, of := range []struct {
		name, cost string
		again      bool
	}{
		{"  Login Guard, 6 budgets", "six", false},
		{"  the same again (noise)", "six", true},
		{"  Login Guard, whole attempt", "attempt", false},
		{"  caddy-ratelimit, 6 zones", "zones", false},
		{"  x/time/rate in a map, 6 keys", "buckets", false},
	} {
		cells, last, allocs := []string{of.name}, 0.0, 0.0
		for _, r := range rows {
			c, ok := r.Costs[of.cost]
			if !ok {
				cells = append(cells, "-")
				continue
			}
			ns := c.CPU
			if of.again {
				ns = c.Again
			}
			cells, last, allocs = append(cells, whole(ns)), ns, max(allocs, c.Allocs)
		}
		start := first.Costs[of.cost].CPU
		if of.again {
			start = first.Costs[of.cost].Again
		}
		t.row(append(cells, times(last, start), fmt.Sprintf("%.3g", allocs))...)
	}
}

func (t *table) memory(r *Report) {
	t.line("")
	t.row("MEMORY", "bytes a key", "pushed out")
	for _, of := range []struct{ name, key string }{
		{"  Login Guard, a budget", "counters"},
		{"  Login Guard, a history", "history"},
		{"  caddy-ratelimit, 1 event", "zone 1"},
		{"  caddy-ratelimit, 10 events", "zone 10"},
		{"  x/time/rate in a map", "buckets"},
	} {
		m := r.Memory[of.key]
		t.row(of.name, fmt.Sprintf("%.1f", m.PerKey), fmt.Sprintf("%.1f %%", 100*m.Lost))
	}
	t.line("  A flood of keys on a store as it comes: %s MB in all, %d of %d spent budgets still spent",
		whole(r.Flood.Bytes/1e6), r.Flood.Kept, r.Flood.Victims)
}

func (t *table) hold(r *Report) {
	t.line("")
	t.row("LONGEST HOLD of a lock", "rows", "CPU ms")
	row := func(name, key string) {
		h := r.Hold[key]
		t.row(name, whole(float64(h.Keys)), fmt.Sprintf("%.2f", float64(h.CPU)/float64(time.Millisecond)))
	}
	t.row("  Login Guard, a decision", whole(rowsOfADecision), "-")
	t.row("  Login Guard, a slice of a snapshot", whole(rowsOfASlice), "-")
	row("  Login Guard, held logins expired", "logins")
	row("  caddy-ratelimit, sweep of a zone", "sweep")
}

// rowsOfADecision is the most that one reservation looks at: twelve budgets,
// each with the key that makes it count once, six tallies, a profile, a wall
// and two marks.
const rowsOfADecision = 12*2 + 6 + 2 + 2

// rowsOfASlice is how many rows the embedded store copies at a time when it
// writes its tables to disk.
const rowsOfASlice = 4096

func (t *table) upload(sites []Upload) {
	t.line("")
	t.row("UPLOAD of 100 MB, sockets and reverse_proxy", "CPU ms", "x bare", "allocs", "kB")
	for _, s := range sites {
		name := s.Site
		switch name {
		case work.Bare:
			name = "bare Caddy"
		case work.Again:
			name = "bare Caddy again (noise)"
		}
		t.row("  "+name, fmt.Sprintf("%.1f", s.CPU/1e6), fmt.Sprintf("%.2f", s.Ratio), whole(s.Allocs), whole(s.Bytes/1000))
	}
}

func (t *table) redis(s *shared.Shared) {
	t.line("")
	t.row("REDIS, CPU us a decision", "1 key", "3 keys", "6 keys")
	for _, of := range []struct {
		name string
		of   func(shared.Cost) float64
	}{
		{"  plain script, pipelines of 16", func(c shared.Cost) float64 { return c.Plain }},
		{"  the same again (noise)", func(c shared.Cost) float64 { return c.Again }},
		{"  plain script, one at a time", func(c shared.Cost) float64 { return c.Single }},
		{"  Login Guard, asked by 64 at once", func(c shared.Cost) float64 { return c.Store }},
		{"  Login Guard, round trips", func(c shared.Cost) float64 { return c.Scripts }},
	} {
		cells := []string{of.name}
		for _, c := range s.Costs {
			cells = append(cells, fmt.Sprintf("%.1f", of.of(c)))
		}
		t.row(cells...)
	}
	t.line("  1,000 attempts at a spent budget: %d round trips. Two gateways at one budget: %d let through of %d allowed",
		s.Denied, s.Admitted, s.Allowed)
}

// whole is a number without fractions, its thousands set apart.
func whole(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func times(v, of float64) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", v/of)
}

func over(v, than float64) string {
	if v == than {
		return "-"
	}
	return whole(v - than)
}
