package tally

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is a whole run.
type Report struct {
	Began time.Time
	Took  time.Duration
	Rows  []Row
	// Hours is what the limits let through, as they are.
	Hours []Hour
	// Notes are lines below the tables.
	Notes []string
}

// Hour is what an attacker gets out of an hour.
type Hour struct {
	Attack, Solver, Config                 string
	Tried, Reached, Checks, Pictures, Slow int
	Denied                                 int
	CPU                                    time.Duration
}

// Add adds a row.
func (r *Report) Add(row Row) { r.Rows = append(r.Rows, row) }

// Line is a row in one line, for who watches.
func (r *Row) Line() string {
	low, high := Wilson(r.Passed, r.Tried)
	return fmt.Sprintf("%s / %s: %d of %d (%s-%s %%), %s CPU s, %s s each; %s", r.Adversary, r.Path, r.Passed, r.Tried,
		percent(low), percent(high), each(r.CPU, r.Tried), each(r.Wall, r.Tried), r.ends())
}

// ends says what tries ended at, most frequent first.
func (r *Row) ends() string {
	keys := slices.SortedFunc(maps.Keys(r.Met), func(a, b string) int {
		if d := r.Met[b] - r.Met[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = fmt.Sprintf("%s %d", k, r.Met[k])
	}
	return strings.Join(out, ", ")
}

// Text writes the tables.
func (r *Report) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 2, 8, 2, ' ', 0)
	group := ""
	for _, row := range r.Rows {
		if row.Group != group {
			group = row.Group
			counts := "passed"
			if row.Counts != "" {
				counts = row.Counts
			}
			fmt.Fprintf(t, "\n%s\tpath\t%s\t%%\t95 %%\tCPU s\twall s\trequests\tgoal\t\n", strings.ToUpper(group), counts)
		}
		low, high := Wilson(row.Passed, row.Tried)
		goal := ""
		if row.Goal > 0 {
			goal = "≤ " + percent(row.Goal) + " % missed"
			if row.Share() <= row.Goal {
				goal = "≤ " + percent(row.Goal) + " % met"
			}
		}
		requests := "-"
		if row.Requests > 0 && row.Tried > 0 {
			requests = fmt.Sprintf("%.1f", float64(row.Requests)/float64(row.Tried))
		}
		fmt.Fprintf(t, "%s\t%s\t%d of %d\t%s\t%s-%s\t%s\t%s\t%s\t%s\t%s\n", row.Adversary, row.Path, row.Passed, row.Tried, percent(row.Share()),
			percent(low), percent(high), each(row.CPU, row.Tried), each(row.Wall, row.Tried), requests, goal, row.Note)
	}
	if len(r.Hours) > 0 {
		fmt.Fprintf(t, "\nAN HOUR, LIMITS AS THEY ARE\tsolver\ttried\treached the shop\tsliders\tpictures\tslow ways\tdenied\tCPU s\t\n")
		for _, h := range r.Hours {
			fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.0f\t%s\n", h.Attack, h.Solver, h.Tried, h.Reached, h.Checks, h.Pictures, h.Slow, h.Denied, h.CPU.Seconds(), h.Config)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "\n%s\n", n)
	}
	_, err := fmt.Fprintf(w, "\nThe run took %.0f minutes.\n", r.Took.Minutes())
	return err
}
