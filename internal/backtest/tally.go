package backtest

import (
	"cmp"
	"maps"
	"slices"

	"github.com/login-guard/login-guard/internal/risk"
)

// tally counts what steps say.
type tally struct {
	log    *Log
	report *Report
	// Whether anybody met anything yet, by address, account and campaign.
	addresses []progress
	accounts  []progress
	campaigns []progress
	numbers   []uint32 // of addresses, by event
	groups    map[uint32]*Group
	hits      ByRung
	reasons   [2]map[string]int // of attacks, of people
	met       [2]int
	peers     []*peer
}

// progress is how far one subject got.
type progress struct{ attempts, first int32 }

func (p *progress) step(met bool) {
	if p.attempts++; met && p.first == 0 {
		p.first = p.attempts
	}
}

func newTally(l *Log) *tally {
	numbers, addresses := l.number()
	t := &tally{log: l, report: &Report{}, numbers: numbers, addresses: make([]progress, addresses), accounts: make([]progress, l.Account.Len()),
		campaigns: make([]progress, l.Label.Len()), groups: make(map[uint32]*Group),
		reasons: [2]map[string]int{make(map[string]int), make(map[string]int)}, peers: newPeers(l.Format, addresses)}
	t.report.Legitimate = Group{Name: "legitimate", Person: true}
	return t
}

func (t *tally) add(s *Step) {
	e, r, address := s.Event, t.report, t.numbers[s.Index]
	rung := place(s.Met)
	met := rung > 0
	r.AllByRung[rung]++
	switch e.Outcome {
	case Failed:
		r.Failed++
		r.FailedByRung[rung]++
	case Succeeded:
		r.Succeeded++
	default:
		r.Unknown++
	}
	who := 0
	if s.Person {
		who = 1
		r.Legitimate.count(e, rung)
	} else {
		t.addresses[address].step(met)
		t.accounts[e.Account].step(met)
		t.campaigns[e.Label].step(met)
		if e.Outcome == Succeeded {
			t.hits[rung]++
			if s.Reached {
				r.Hits.Reached++
			}
		}
	}
	if e.Label != 0 {
		g := t.groups[e.Label]
		if g == nil {
			g = &Group{Name: t.log.Label.Get(e.Label), Person: s.Person}
			t.groups[e.Label] = g
		}
		g.count(e, rung)
	}
	if met {
		t.met[who]++
		for _, reason := range s.First.Verdict.Reasons {
			if reason.Points > 0 || reason.Points == 0 && tells(reason.Code) {
				t.reasons[who][reason.Code]++
			}
		}
	}
	for _, p := range t.peers {
		p.step(e, address, s.Person)
	}
}

// tells reports whether a reason without points is one why something was
// asked for, and not why less was.
func tells(code string) bool {
	switch code {
	case risk.CodeSparedDevice, risk.CodeSparedBlameless, risk.CodeSparedFew, risk.CodeCheckSatisfied, risk.CodeFactorGiven, risk.CodeOverrideAllow:
		return false
	}
	return true
}

func (g *Group) count(e *Event, rung int) {
	g.Attempts++
	if e.Outcome == Failed {
		g.Failed++
	}
	g.ByRung[rung]++
}

// end works the shares out.
func (g *Group) end() {
	g.Challenged = shareOf(g.Attempts-g.ByRung[0], g.Attempts)
	g.Slider = shareOf(g.ByRung[1], g.Attempts)
	g.Picture = shareOf(g.ByRung[2], g.Attempts)
	g.Denied = shareOf(g.ByRung[3], g.Attempts)
}

func (t *tally) end() *Report {
	r, l := t.report, t.log
	r.Attempts = len(l.Events)
	r.Unchallenged = r.FailedByRung[0]
	r.UnchallengedShare = part64(r.Unchallenged, r.Failed)
	r.Format, r.Lines, r.BadLines, r.Skipped, r.Samples, r.Notes = l.Format, l.Lines, l.Bad, l.Skipped, l.Samples, l.Notes
	if n := len(l.Events); n > 0 {
		r.From, r.To = l.Events[0].Time(), l.Events[n-1].Time()
	}
	accounts := make([]bool, l.Account.Len())
	for i := range l.Events {
		if a := l.Events[i].Account; !accounts[a] {
			accounts[a] = true
			r.Accounts++
		}
	}
	r.Addresses = len(t.addresses)

	r.FirstAction.Address = firstOf(firsts(t.addresses))
	r.FirstAction.Account = firstOf(firsts(t.accounts))
	r.FirstAction.Campaign = firstOf(firsts(t.campaigns))
	for label, p := range t.campaigns {
		if p.attempts == 0 {
			continue
		}
		name := l.Label.Get(uint32(label))
		if name == "" {
			name = "all without a label"
		}
		r.FirstAction.Campaigns = append(r.FirstAction.Campaigns, Campaign{name, int(p.attempts), int(p.first)})
	}
	slices.SortFunc(r.FirstAction.Campaigns, func(a, b Campaign) int { return cmp.Compare(a.Name, b.Name) })

	r.Legitimate.end()
	r.Hits.All = t.hits.All()
	r.Hits.Challenged = shareOf(r.Hits.All-t.hits[0], r.Hits.All)
	for _, g := range t.groups {
		g.end()
		r.Groups = append(r.Groups, *g)
	}
	slices.SortFunc(r.Groups, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	r.Reasons.Attack = counted(t.reasons[0], t.met[0])
	r.Reasons.Legitimate = counted(t.reasons[1], t.met[1])
	r.Peers, r.PeersNote = make(map[string]PeerReport), peersNote
	for _, p := range t.peers {
		r.Peers[p.key] = p.report(r.Failed)
	}
	return r
}

// firsts are the numbers of the first attempts that met something, of those
// who attempted anything.
func firsts(list []progress) (out []int) {
	for _, p := range list {
		if p.attempts > 0 {
			out = append(out, int(p.first))
		}
	}
	return out
}

// counted puts reasons in order, the most frequent first.
func counted(m map[string]int, of int) []ReasonCount {
	out := make([]ReasonCount, 0, len(m))
	for _, code := range slices.Sorted(maps.Keys(m)) {
		out = append(out, ReasonCount{code, m[code], part64(m[code], of)})
	}
	slices.SortStableFunc(out, func(a, b ReasonCount) int { return cmp.Compare(b.Count, a.Count) })
	return out
}
