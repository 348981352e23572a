package evaluate

import (
	"strings"
	"time"

	"github.com/login-guard/login-guard/internal/backtest"
)

// Seeds: weights may be chosen by what the first do, never by the others.
var (
	tuningSeeds  = []uint64{1, 2, 3}
	heldOutSeeds = []uint64{101, 102, 103}
)

// Scenario is one generated log with what is expected of it.
type Scenario struct {
	Name string
	Spec string
	// NoPlace: no country and operator is known, as at a shop without GeoIP
	// databases.
	NoPlace bool
	// Attack is the label of the campaign that is looked at, and From and To
	// bound the time in which people are looked at; zero: all of it.
	Attack   string
	From, To time.Duration
	Goals    []Goal
}

// Goal is one figure and what it is to be.
type Goal struct {
	Text string
	// Figure works the figure out of a run.
	Figure func(*Run) float64
	// Most is the largest that is good; Least the smallest, where it is
	// above zero.
	Most, Least float64
	Percent     bool
	// Watched: there is no goal, the figure is shown.
	Watched bool
}

// good reports whether a figure meets the goal.
func (g *Goal) good(x float64) bool {
	switch {
	case g.Watched:
		return true
	case g.Least > 0:
		return x >= g.Least
	default:
		return x <= g.Most
	}
}

// Run is one scenario with one seed.
type Run struct {
	Scenario *Scenario
	Seed     uint64
	Report   *backtest.Report
	// People are those within the scenario's time, Strangers those of them
	// whose device and address had not logged in to the account before.
	People, Strangers Met
	// ByLabel are the same by label, whenever.
	ByLabel map[string]*Met
	// Decisions were made, Different of them came out otherwise from their
	// record.
	Decisions, Different int
	// OwnerChecks is the most checks that the owner of the account under
	// attack met in a day.
	OwnerChecks int
}

// Met counts what attempts met.
type Met struct {
	Attempts, Slider, Picture, Denied, Unmet int
	// Right are those with the right password, RightMet those of them that
	// met something.
	Right, RightMet int
}

func (m *Met) challenged() float64 { return share(m.Slider+m.Picture+m.Denied, m.Attempts) }

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// Goals that several scenarios have.

func unchallenged(label string, most float64) Goal {
	return Goal{Text: "of its attempts unchallenged", Percent: true, Most: most, Figure: func(r *Run) float64 {
		m := r.label(label)
		return share(m.Unmet, m.Attempts)
	}}
}

func noticed(label string, by float64) Goal {
	return Goal{Text: "its first attempt that met something", Most: by, Figure: func(r *Run) float64 {
		for _, c := range r.Report.FirstAction.Campaigns {
			if c.Name == label && c.FirstAction > 0 {
				return float64(c.FirstAction)
			}
		}
		return 1e9 // never
	}}
}

func hits(label string, least float64) Goal {
	return Goal{Text: "of its right guesses challenged", Percent: true, Least: least, Figure: func(r *Run) float64 {
		m := r.label(label)
		return share(m.RightMet, m.Right)
	}}
}

// people are the goals for everybody who is no attacker.
func people(when string) []Goal {
	return []Goal{
		{Text: "of people " + when + " see a slider", Percent: true, Most: 0.03, Figure: func(r *Run) float64 { return share(r.People.Slider, r.People.Attempts) }},
		{Text: "of people " + when + " see a picture", Percent: true, Most: 0.005, Figure: func(r *Run) float64 { return share(r.People.Picture, r.People.Attempts) }},
		{Text: "of people " + when + " are denied", Percent: true, Watched: true, Figure: func(r *Run) float64 { return share(r.People.Denied, r.People.Attempts) }},
		{Text: "of people " + when + " are new: neither device nor address is known", Percent: true, Watched: true, Figure: func(r *Run) float64 { return share(r.Strangers.Attempts, r.People.Attempts) }},
		{Text: "of those who are new meet anything", Percent: true, Watched: true, Figure: func(r *Run) float64 { return r.Strangers.challenged() }},
	}
}

func challenged(label string, most float64) Goal {
	return Goal{Text: who(label) + " challenged", Percent: true, Most: most, Figure: func(r *Run) float64 { return r.label(label).challenged() }}
}

func denied(label string) Goal {
	return Goal{Text: who(label) + " denied", Most: 0, Figure: func(r *Run) float64 { return float64(r.label(label).Denied) }}
}

func picture(label string, most float64) Goal {
	return Goal{Text: who(label) + " see a picture", Percent: true, Most: most, Figure: func(r *Run) float64 {
		m := r.label(label)
		return share(m.Picture, m.Attempts)
	}}
}

func watched(g Goal) Goal { g.Watched = true; return g }

// label is what attempts of a label met; nothing where there are none.
func (r *Run) label(name string) *Met {
	if m := r.ByLabel[name]; m != nil {
		return m
	}
	return &Met{}
}

// who names the people of a label.
func who(label string) string { return "of “" + strings.TrimPrefix(label, "legit:") + "”" }
