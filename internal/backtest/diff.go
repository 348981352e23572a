package backtest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/login-guard/login-guard/internal/risk"
)

// Difference is what two policies do to one log.
type Difference struct {
	A *Report `json:"a"`
	B *Report `json:"b"`
	// Changed attempts met something else under B, by what they met before
	// and after; Attack and Legitimate are parts of All.
	Changed struct {
		All        int      `json:"all"`
		Attack     []Change `json:"attack"`
		Legitimate []Change `json:"legitimate"`
	} `json:"changed"`
	// Rows are the first of them, Accounts the accounts with the most.
	Rows     []ChangedRow     `json:"rows"`
	Accounts []ChangedAccount `json:"accounts"`
}

// Change is one way in which attempts were treated differently.
type Change struct {
	From  risk.Action `json:"from"`
	To    risk.Action `json:"to"`
	Count int         `json:"count"`
}

// ChangedRow is one attempt that is treated differently, and why.
type ChangedRow struct {
	Time    time.Time   `json:"time"`
	Address string      `json:"address"`
	Account string      `json:"account"`
	Label   string      `json:"label,omitempty"`
	Person  bool        `json:"legitimate"`
	From    risk.Action `json:"from"`
	To      risk.Action `json:"to"`
	Score   [2]float64  `json:"score"`
	Reasons []string    `json:"reasons"` // under the policy that asks more
}

// ChangedAccount is how often an account is treated differently.
type ChangedAccount struct {
	Account string `json:"account"`
	Person  bool   `json:"legitimate"`
	Count   int    `json:"count"`
}

// How many rows and accounts a difference names.
const (
	diffRows     = 50
	diffAccounts = 20
)

// Differences replays a log under two policies and says who is treated
// differently. The two go along side by side, so that only what differs is
// kept.
func Differences(ctx context.Context, l *Log, a, b Policy, o Options) (*Difference, error) {
	d := &Difference{}
	c := changes{ways: make(map[way]int), accounts: make(map[changed]int)}
	reports, err := run(ctx, l, []Policy{a, b}, &o, func(s []Step) {
		if place(s[0].Met) == place(s[1].Met) {
			return
		}
		if c.add(s); len(d.Rows) < diffRows {
			d.Rows = append(d.Rows, changedRow(l, s))
		}
	})
	if err != nil {
		return nil, err
	}
	d.A, d.B = reports[0], reports[1]
	c.end(l, d)
	return d, nil
}

// changes counts attempts that are treated differently.
type changes struct {
	ways     map[way]int
	accounts map[changed]int
}

type way struct {
	from, to int
	person   bool
}

type changed struct {
	account uint32
	person  bool
}

func (c *changes) add(s []Step) {
	c.ways[way{place(s[0].Met), place(s[1].Met), s[0].Person}]++
	c.accounts[changed{s[0].Event.Account, s[0].Person}]++
}

// changedRow is one attempt as it is shown, with the reasons of the policy
// that asks more.
func changedRow(l *Log, s []Step) ChangedRow {
	e, more := s[0].Event, &s[1]
	if place(s[0].Met) > place(s[1].Met) {
		more = &s[0]
	}
	return ChangedRow{Time: e.Time(), Address: e.Address.String(), Account: l.Account.Get(e.Account),
		Label: l.Label.Get(e.Label), Person: s[0].Person, From: s[0].Met, To: s[1].Met,
		Score:   [2]float64{s[0].First.Assessment.Score, s[1].First.Assessment.Score},
		Reasons: codes(more.First.Verdict)}
}

// end puts what was counted in order, the most frequent first.
func (c *changes) end(l *Log, d *Difference) {
	for w, n := range c.ways {
		d.Changed.All += n
		list := &d.Changed.Attack
		if w.person {
			list = &d.Changed.Legitimate
		}
		*list = append(*list, Change{rungs[w.from], rungs[w.to], n})
	}
	for _, list := range [][]Change{d.Changed.Attack, d.Changed.Legitimate} {
		slices.SortFunc(list, func(a, b Change) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(place(a.From), place(b.From)), cmp.Compare(place(a.To), place(b.To)))
		})
	}
	for w, n := range c.accounts {
		d.Accounts = append(d.Accounts, ChangedAccount{l.Account.Get(w.account), w.person, n})
	}
	slices.SortFunc(d.Accounts, func(a, b ChangedAccount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Account, b.Account), compareBool(a.Person, b.Person))
	})
	d.Accounts = d.Accounts[:min(diffAccounts, len(d.Accounts))]
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func codes(v risk.Verdict) (out []string) {
	for _, r := range v.Reasons {
		out = append(out, r.Code)
	}
	return out
}

// Write writes the difference for people.
func (d *Difference) Write(w io.Writer) error {
	p := &printer{w: w}
	p.log(d.A)
	p.f("\nA: %s\nB: %s\n\n", d.A.Policy, d.B.Policy)
	p.table(func(t *tabwriter.Writer) {
		fmt.Fprintln(t, "  \tA\tB")
		row := func(name string, a, b float64) { fmt.Fprintf(t, "  %s\t%s\t%s\n", name, percent(a), percent(b)) }
		row("failed attempts that met nothing", d.A.UnchallengedShare, d.B.UnchallengedShare)
		row("people's attempts that met anything", d.A.Legitimate.Challenged.Share, d.B.Legitimate.Challenged.Share)
		row("... the picture", d.A.Legitimate.Picture.Share, d.B.Legitimate.Picture.Share)
		row("... denied", d.A.Legitimate.Denied.Share, d.B.Legitimate.Denied.Share)
	})
	if d.Changed.All == 0 {
		p.f("\nNobody is treated differently.\n")
		return p.err
	}
	p.f("\n%s of %s met something else under B:\n", number(d.Changed.All), plural(d.A.Attempts, "attempt"))
	for _, part := range []struct {
		name string
		list []Change
	}{{"attacks", d.Changed.Attack}, {"people", d.Changed.Legitimate}} {
		for _, c := range part.list {
			p.f("  %s: %s from %s to %s\n", part.name, number(c.Count), rungWords[place(c.From)], rungWords[place(c.To)])
		}
	}
	p.f("\nThe accounts with the most of them:\n")
	for _, a := range d.Accounts {
		p.f("  %q (%s): %s\n", a.Account, kind(a.Person), number(a.Count))
	}
	p.f("\nThe first of them:\n\n")
	p.table(func(t *tabwriter.Writer) {
		fmt.Fprintln(t, "  time\taddress\taccount\t\tunder A\tunder B\tscores\twhy")
		for _, r := range d.Rows {
			fmt.Fprintf(t, "  %s\t%s\t%q\t%s\t%s\t%s\t%g, %g\t%v\n", r.Time.Format(time.DateTime), r.Address, r.Account, kind(r.Person),
				rungWords[place(r.From)], rungWords[place(r.To)], r.Score[0], r.Score[1], r.Reasons)
		}
	})
	return p.err
}

func kind(person bool) string {
	if person {
		return "people"
	}
	return "an attack"
}
