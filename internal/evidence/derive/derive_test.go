package main

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/evidence/bots"
	"github.com/login-guard/login-guard/internal/evidence/people"
)

var now = time.Unix(1_700_000_000, 0)

// drawn is what the weights are derived from, made once for all tests.
var drawn = sync.OnceValue(func() (d struct {
	people, bots     []sample
	ofPeople, ofBots []densities
}) {
	d.people, d.bots = drawPeople(seedDerive, people.All()), drawBots(seedDerive)
	d.ofPeople, d.ofBots = measureAll(d.people), measureBots(d.bots)
	return d
})

// Processors differ in the last digit of what they compute, so points may be
// off by a little.
func TestTheCommittedWeightsAreThoseThatAreDerived(t *testing.T) {
	d := drawn()
	want, err := evidence.ReadWeights(encode(derive(d.people, d.ofPeople, d.ofBots)))
	if err != nil {
		t.Fatal(err)
	}
	got := evidence.Default()
	plain := func(w *evidence.Weights) *evidence.Weights {
		c := *w
		c.Tracks = nil
		return &c
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 0.06 })
	if diff := cmp.Diff(plain(want), plain(got), near); diff != "" {
		t.Errorf("derived (-) and committed (+) differ; run go run ./internal/evidence/derive -write internal/evidence/weights.json\n%s", diff)
	}
	for _, kind := range kinds {
		if len(got.Tracks[kind]) != len(want.Tracks[kind]) {
			t.Fatalf("%s: %d features, derived are %d", kind, len(got.Tracks[kind]), len(want.Tracks[kind]))
		}
		for i := range want.Tracks[kind] {
			a, b := &want.Tracks[kind][i], &got.Tracks[kind][i]
			if a.Name != b.Name || a.Group != b.Group {
				t.Errorf("%s: feature %d is %s, derived is %s", kind, i, b.Name, a.Name)
			}
			for v := 0.0; v <= 1; v += 0.01 {
				if x, y := a.At(v), b.At(v); math.Abs(x-y) > 0.25 {
					t.Errorf("%s: %s of %.2f counts %.2f, derived is %.2f", kind, a.Name, v, y, x)
				}
			}
		}
	}
}

// Shares in percent of what reaches the picture.
func TestOneInAHundredPeopleIsAskedForMoreAtMost(t *testing.T) {
	w, mean := evidence.Default(), 0.0
	fresh := drawPeople(seedLook, people.All())
	for i := range fresh {
		share := 100 * reach(w, &fresh[i], "pointer", evidence.Enough)
		mean += share / float64(len(fresh))
		// Who is quick, or sends few places, looks most like a program.
		if share > 1.8 {
			t.Errorf("%s: %.2f %%", fresh[i].name, share)
		}
		if i < 5 && share > 0.8 {
			t.Errorf("%s, of whom figures are published: %.2f %%", fresh[i].name, share)
		}
		if share := 100 * reach(w, &fresh[i], "touch", evidence.Enough); share > 0.2 {
			t.Errorf("%s, by touch: %.2f %%", fresh[i].name, share)
		}
		// A person in a browser that says it is driven: a shop's own tests.
		if share := 100 * reachDriven(w, &fresh[i]); share > 9 {
			t.Errorf("%s, in a driven browser: %.2f %%", fresh[i].name, share)
		}
	}
	if mean > 0.8 {
		t.Errorf("all: %.2f %%, want 0.8 at most", mean)
	}
	others := drawPeople(seedLook, people.Others())
	for i := range others {
		if share := 100 * reach(w, &others[i], "pointer", evidence.Enough); share > 8 {
			t.Errorf("%s, whom the weights never saw: %.2f %%", others[i].name, share)
		}
	}
}

// Of the families but one, each is caught also when the weights are derived
// without it. That one is the imitator that nothing here is meant to stop: the
// profile of a hand, an arm's drift, and whole pixels.
func TestFamiliesThatTheWeightsNeverSawAreAskedForMore(t *testing.T) {
	const imitator = "minimum jerk, two movements, drifting"
	d, fresh := drawn(), drawBots(seedLook)
	known := 0.0
	for i := range fresh {
		others := append(append([]densities{}, d.ofBots[:i]...), d.ofBots[i+1:]...)
		w := derive(d.people, d.ofPeople, others)
		share := 100 * reach(w, &fresh[i], "pointer", evidence.Enough)
		if share < 70 && fresh[i].name != imitator {
			t.Errorf("%s: %.1f %% are caught by weights that never saw it, want 70 at least", fresh[i].name, share)
		}
		if fresh[i].name == imitator && share > 50 {
			t.Errorf("%s: %.1f %% are caught: it is no longer the exception that documents say", imitator, share)
		}
		known += 100 * reach(evidence.Default(), &fresh[i], "pointer", evidence.Enough) / float64(len(fresh))
	}
	if known < 88 {
		t.Errorf("%.1f %% of all are caught, want 88", known)
	}
}

// A track that was accepted is good once, whatever is done to it short of
// bending its time.
func TestCopiesOfTracksAreKnownAndPeopleAreNot(t *testing.T) {
	for name, c := range map[string]struct {
		change bots.Change
		random bool // stretched by 0.75 to 1.35, slowed down by 0.8 to 1.2
		pass   float64
	}{
		"as it was":                        {pass: 1},
		"stretched, at another tempo":      {random: true, pass: 3},
		"stretched, whole pixels":          {random: true, change: bots.Change{Whole: true}, pass: 3},
		"stretched, trembling by 0.3 px":   {random: true, change: bots.Change{Tremble: 0.3}, pass: 3},
		"stretched, trembling, 4 ms late":  {random: true, change: bots.Change{Tremble: 0.3, Whole: true, Late: 4}, pass: 4},
		"only along, 8 ms late":            {random: true, change: bots.Change{Down: 1.0001, Late: 8}, pass: 4},
		"its time bent by 15 % of itself":  {change: bots.Change{Bend: 0.15}, pass: 3},
		"its time bent by 15 %, trembling": {random: true, change: bots.Change{Bend: -0.15, Tremble: 0.3}, pass: 4},
	} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(21, 21))
			passed, all := 0, 0
			for _, style := range people.All() {
				memory := evidence.NewTracks(0)
				for range 60 {
					r := &evidence.Report{Track: style.Drag(rng)}
					if len(r.Track) < 8 {
						continue // there is nothing to tell it by
					}
					memory.Once(now, r)
					change := c.change
					if c.random {
						change.Along, change.Tempo = between(rng, 0.75, 1.35), between(rng, 0.8, 1.2)
						if change.Down == 0 {
							change.Down = change.Along
						}
					}
					all++
					if memory.Once(now, &evidence.Report{Track: bots.Replay(rng, r.Track, change)}) {
						passed++
					}
				}
			}
			if share := 100 * float64(passed) / float64(all); share > c.pass {
				t.Errorf("%.1f %% of %d are taken for new, want %.0f at most", share, all, c.pass)
			}
		})
	}
	t.Run("people", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(22, 22))
		memory, styles, known := evidence.NewTracks(0), people.All(), 0
		const all = 12000
		for i := range all {
			if !memory.Once(now, &evidence.Report{Track: styles[i%len(styles)].Drag(rng)}) {
				known++
			}
		}
		if share := 100 * float64(known) / all; share > 0.2 {
			t.Errorf("%.2f %% of people are taken for copies of others, want 0.2 at most", share)
		}
	})
}
