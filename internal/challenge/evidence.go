package challenge

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/store"
)

// Doubt is how many points of evidence ask for the picture as well: what lies
// between the slider's rung and the picture's.
const Doubt = evidence.Enough

// Evidence is what the answering of a check says about who answered.
type Evidence struct {
	// Points are decibans for a program, 0 to 10.
	Points float64
	// Detail is what they are made of: codes and their points, with blanks
	// between them.
	Detail string
}

// evidence judges how a slider was answered. Who was in doubt within
// DoubtLife stays so: another try with another drag is the same sender.
func (c *Checks) evidence(ctx context.Context, now time.Time, t Token, a Answer) (Evidence, error) {
	e := c.assess(now, t, a)
	if t.Budget.IsZero() {
		return e, nil
	}
	return c.doubted(ctx, now, t.Budget, e)
}

// doubted remembers a doubt for an address and account, and adds it to what is
// known of one.
func (c *Checks) doubted(ctx context.Context, now time.Time, budget store.Key, e Evidence) (Evidence, error) {
	doubt := c.key("doubt", budget[:])
	if e.Points >= Doubt {
		// A mark holds on this node also while a shared store is away, and
		// the error says that the others do not know.
		_ = c.Store.Mark(ctx, doubt, now, DoubtLife)
		return e, nil
	}
	at, err := c.marked(ctx, now, doubt)
	if err != nil {
		return e, fmt.Errorf("looking for a doubt: %w", err)
	}
	if !at.IsZero() {
		e.add(evidence.CodeDoubt, Doubt)
	}
	return e, nil
}

// marked is when a key was marked, zero if it was not.
func (c *Checks) marked(ctx context.Context, now time.Time, key store.Key) (time.Time, error) {
	var got store.Reserved
	err := c.Store.Reserve(ctx, &store.Reserve{Now: now, Marks: []store.Key{key}}, &got)
	return got.Marks[0], err
}

// assess is what one answer says. A report that no page of ours sends says
// as much as none.
func (c *Checks) assess(now time.Time, t Token, a Answer) (out Evidence) {
	report, err := evidence.Parse(a.Seen)
	if err != nil {
		report = nil
	}
	elapsed := now.Sub(t.Issued)
	if t.Renewals > 0 {
		elapsed = 0 // a drag may be older than a check that was renewed meanwhile
	}
	found := evidence.Assess(report, a.Way, elapsed)
	for _, r := range found.Reasons {
		out.add(r.Code, r.Points)
	}
	if out.Points < Doubt && c.Tracks != nil && !c.Tracks.Once(now, report) {
		out.add(evidence.CodeRepeated, evidence.Default().Repeated())
	}
	return out
}

// add gives the evidence a reason.
func (e *Evidence) add(code string, points float64) {
	e.Points = min(e.Points+points, evidence.Max)
	e.Detail = strings.TrimPrefix(e.Detail+" "+code+" "+strconv.FormatFloat(points, 'f', -1, 64), " ")
}

// Each calls f with each reason and its points.
func (e Evidence) Each(f func(code string, points float64)) {
	parts := strings.Fields(e.Detail)
	for i := 0; i+1 < len(parts); i += 2 {
		if points, err := strconv.ParseFloat(parts[i+1], 64); err == nil {
			f(parts[i], points)
		}
	}
}

// append writes evidence to the end of a value.
func (e Evidence) append(to []byte) []byte {
	to = append(to, byte(math.Round(min(max(e.Points, 0), evidence.Max)*10)))
	return append(to, e.Detail...)
}

// readEvidence reads what append wrote.
func readEvidence(b []byte) Evidence {
	return Evidence{Points: float64(b[0]) / 10, Detail: string(b[1:])}
}
