package challenge

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Doubt is how many points of evidence ask for the picture as well: what lies
// between the slider's rung and the picture's.
const Doubt = 7

// Evidence is what the answering of a check says about who answered.
type Evidence struct {
	// Points are decibans for a program, 0 to 10.
	Points float64
	// Codes name what was seen, with blanks between them.
	Codes string
}

// evidence judges how a slider was answered. Who was in doubt within
// DoubtLife stays so: another try with another drag is the same sender.
func (c *Checks) evidence(ctx context.Context, now time.Time, t Token, a Answer) (Evidence, error) {
	e := c.assess(now, t, a)
	doubt := c.key("doubt", t.Budget[:])
	if e.Points >= Doubt {
		if err := c.Store.Flag(ctx, DoubtLife, doubt); err != nil {
			return e, fmt.Errorf("noting a doubt: %w", err)
		}
		return e, nil
	}
	up, err := c.Store.Flagged(ctx, doubt)
	if err != nil {
		return e, fmt.Errorf("looking for a doubt: %w", err)
	}
	if up[0] {
		e.Points = Doubt
	}
	return e, nil
}

// append writes evidence to the end of a value.
func (e Evidence) append(to []byte) []byte {
	to = append(to, byte(math.Round(math.Min(math.Max(e.Points, 0), 25)*10)))
	return append(to, e.Codes...)
}

// readEvidence reads what append wrote.
func readEvidence(b []byte) Evidence {
	return Evidence{Points: float64(b[0]) / 10, Codes: string(b[1:])}
}

// assess is what one answer says.
func (c *Checks) assess(_ time.Time, _ Token, a Answer) Evidence {
	switch a.Way {
	case WayPointer, WayTouch, WayPen:
		if len(a.Seen) == 0 {
			return Evidence{Points: 10, Codes: "nothing"}
		}
	}
	return Evidence{}
}
