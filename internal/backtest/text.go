package backtest

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// Write writes the report for people.
func (r *Report) Write(w io.Writer) error {
	p := &printer{w: w}
	p.log(r)
	p.f("\nPolicy: %s. Of %s:\n\n", r.Policy, plural(r.Failed, "failed attempt"))
	p.table(func(t *tabwriter.Writer) {
		fmt.Fprintln(t, "  met nothing\tslider\tpicture\tdenied\t")
		for i := range rungs {
			fmt.Fprintf(t, "  %s\t", percent(part64(r.FailedByRung[i], r.Failed)))
		}
		fmt.Fprintln(t)
	})
	p.first(r)
	p.people(r)
	p.labels(r)
	p.reasons("Why attacks met something", r.Reasons.Attack)
	p.reasons("Why people did", r.Reasons.Legitimate)
	p.peers(r)
	p.f("\nWhat the replay assumes: docs/backtest.md.\n")
	if r.Evicted > 0 {
		p.f("The replay's tables pushed out %s: some counts are too low. Replay a shorter log.\n", plural(int(r.Evicted), "row"))
	}
	return p.err
}

// printer writes until an error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) f(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *printer) table(rows func(*tabwriter.Writer)) {
	t := tabwriter.NewWriter(p.w, 0, 0, 3, ' ', 0)
	rows(t)
	if err := t.Flush(); p.err == nil {
		p.err = err
	}
}

func (p *printer) log(r *Report) {
	p.f("%s, %s and %s of unknown outcome, from %s at %s,\n%s to %s (%s)\n",
		plural(r.Attempts, "attempt"), plural(r.Succeeded, "success"), number(r.Unknown),
		plural(r.Addresses, "address"), plural(r.Accounts, "account"),
		r.From.Format(time.DateTime), r.To.Format(time.DateTime), span(r.To.Sub(r.From)))
	if r.BadLines > 0 {
		p.f("%s of %s could not be read and %s passed over, such as:\n", number(r.BadLines), plural(r.Lines, "line"), were(r.BadLines))
		for _, b := range r.Samples {
			p.f("  %s:%d: %s\n", b.File, b.Line, b.Why)
		}
	}
	for _, note := range r.Notes {
		p.f("%s\n", note)
	}
}

func (p *printer) first(r *Report) {
	p.f("\nAttempts until something stood in the way (1 is the very first; of those who met anything):\n\n")
	p.table(func(t *tabwriter.Writer) {
		fmt.Fprintln(t, "  by\tmedian\t95th percentile\tmet nothing")
		for _, row := range []struct {
			name string
			f    First
		}{{"address", r.FirstAction.Address}, {"account", r.FirstAction.Account}, {"campaign", r.FirstAction.Campaign}} {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s of %s\n", row.name, orNone(row.f.Median), orNone(row.f.P95), number(row.f.Never), number(row.f.Subjects))
		}
	})
	for _, c := range r.FirstAction.Campaigns {
		if c.FirstAction > 0 {
			p.f("  %q was met first at attempt %s of %s\n", c.Name, number(c.FirstAction), number(c.Attempts))
		} else {
			p.f("  %q met nothing in %s\n", c.Name, plural(c.Attempts, "attempt"))
		}
	}
}

func (p *printer) people(r *Report) {
	g := &r.Legitimate
	if g.Attempts == 0 {
		p.f("\nNo attempt of a person is in the log: none is labelled, and none succeeded.\n")
	} else {
		p.f("\nOf %s of people:\n\n", plural(g.Attempts, "attempt"))
		p.table(func(t *tabwriter.Writer) {
			for _, row := range []struct {
				name string
				s    Share
			}{{"met anything", g.Challenged}, {"the slider", g.Slider}, {"the picture", g.Picture}, {"denied", g.Denied}} {
				fmt.Fprintf(t, "  %s\t%s\t%s\t95 %% interval %s to %s\n", row.name, number(row.s.Count), percent(row.s.Share), percent(row.s.Low), percent(row.s.High))
			}
		})
	}
	if r.Hits.All > 0 {
		p.f("\nOf %s with the right password %s met something, and %s reached the shop.\n",
			plural(r.Hits.All, "attack's attempt"), percent(r.Hits.Challenged.Share), number(r.Hits.Reached))
	}
}

func (p *printer) labels(r *Report) {
	if len(r.Groups) == 0 {
		return
	}
	p.f("\nBy label (what is not said to be people's is an attack's; --legitimate LABEL changes that):\n\n")
	p.table(func(t *tabwriter.Writer) {
		fmt.Fprintln(t, "  label\ttaken for\tattempts\tmet nothing\tslider\tpicture\tdenied")
		for i := range r.Groups {
			g := &r.Groups[i]
			kind := "an attack"
			if g.Person {
				kind = "people"
			}
			fmt.Fprintf(t, "  %q\t%s\t%s", g.Name, kind, number(g.Attempts))
			for _, n := range g.ByRung {
				fmt.Fprintf(t, "\t%s", percent(part64(n, g.Attempts)))
			}
			fmt.Fprintln(t)
		}
	})
}

// topReasons is how many reasons are printed.
const topReasons = 6

func (p *printer) reasons(title string, list []ReasonCount) {
	if len(list) == 0 {
		return
	}
	p.f("\n%s (docs/reasons.md has the words):\n\n", title)
	p.table(func(t *tabwriter.Writer) {
		for _, r := range list[:min(topReasons, len(list))] {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", r.Code, number(r.Count), percent(r.Share))
		}
	})
}

func (p *printer) peers(r *Report) {
	p.f("\nOther tools' default rules on the same log (rebuilt; without community blocklist):\n\n")
	p.table(func(t *tabwriter.Writer) {
		fmt.Fprintln(t, "  \tfailed attempts that met nothing\tpeople's attempts denied\taddresses banned")
		for _, key := range slices.Sorted(maps.Keys(r.Peers)) {
			peer := r.Peers[key]
			denied := "-"
			if peer.LegitimateDenied.Of > 0 {
				denied = percent(peer.LegitimateDenied.Share)
			}
			fmt.Fprintf(t, "  %s, %s\t%s\t%s\t%s\n", peer.Name, peer.Rules, percent(peer.UnchallengedShare), denied, number(peer.Banned))
		}
	})
}

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

func orNone(n int) string {
	if n == 0 {
		return "-"
	}
	return number(n)
}

// number writes a number with commas.
func number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int, word string) string {
	switch {
	case n == 1:
	case word[len(word)-1] == 's':
		word += "es"
	default:
		word += "s"
	}
	return number(n) + " " + word
}

func were(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// span is a length of time in the words of a report.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.1f hours", d.Hours())
	default:
		return d.Round(time.Second).String()
	}
}
