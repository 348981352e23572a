package forge

import (
	"math/rand/v2"
	"testing"

	"github.com/login-guard/login-guard/internal/evidence"
)

// Every drag of every family is one that the page could have reported.
func TestForgedReportsAreReportsOfThePage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	families := append(append(Known(), Unseen(false)...), Unseen(true)...)
	for _, f := range append(families, Imitator(), Chooser(Imitator())) {
		t.Run(f.Name, func(t *testing.T) {
			for range 20 {
				track := f.Drag(rng)
				r, err := evidence.Parse(Report("mouse", track, rng))
				if err != nil {
					t.Fatal(err)
				}
				last := r.Track[len(r.Track)-1]
				if last.X < 150 || last.X > 450 || last.T < 1 || last.T > 20_000 {
					t.Errorf("ends after %v ms at %v px", last.T, last.X)
				}
				for _, reason := range evidence.Assess(r, "pointer", 0).Reasons {
					if reason.Code == evidence.CodeMismatch || reason.Code == evidence.CodeWebdriver || reason.Code == evidence.CodeHover {
						t.Errorf("a fact is not fixed: %s", reason.Code)
					}
				}
			}
		})
	}
	for name, report := range map[string][]byte{"bare": Bare(), "click": Click(rng), "keys": Keys(rng)} {
		if _, err := evidence.Parse(report); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheChooserKeepsWhatOurJudgeDoubtsLeast(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	f := Chooser(Known()[18])
	for range 10 {
		if p := evidence.Assess(parse(Report("mouse", f.Drag(rng), rng)), "pointer", 0).Points; p >= evidence.Enough {
			t.Errorf("%v points", p)
		}
	}
}

// A replay is the drag that it replays, in its own way, and time in it never
// runs back.
func TestReplaysKeepTheDrag(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	track := Imitator().Drag(rng)
	for _, r := range Replays() {
		t.Run(r.Name, func(t *testing.T) {
			got := r.Make(rng, track)
			if len(got) != len(track) || got[0] != track[0] {
				t.Fatalf("%d points from %v, want %d from %v", len(got), got[0], len(track), track[0])
			}
			last, was := got[len(got)-1], track[len(track)-1]
			if last.X < 0.8*was.X || last.X > 1.2*was.X || last.T < 0.5*was.T || last.T > 2*was.T {
				t.Errorf("ends at %v, the drag at %v", last, was)
			}
			for i := 1; i < len(got); i++ {
				if got[i].T < got[i-1].T {
					t.Fatalf("point %d is before point %d", i, i-1)
				}
			}
			if same := Took(got) == Took(track); same != (r.Name == "verbatim" || r.Name == "scaled by 15 %") {
				t.Errorf("as long as the drag: %v", same)
			}
		})
	}
}
