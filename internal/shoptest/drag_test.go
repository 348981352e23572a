package shoptest

import (
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/evidence"
)

func TestADragOfAPersonIsBelievedAndNoTwoAreAlike(t *testing.T) {
	tracks := evidence.NewTracks(0)
	now := time.Unix(1e9, 0)
	doubted, again := 0, 0
	const drags = 1500
	for range drags {
		drag, _ := Drag("pointer")
		r, err := evidence.Parse(drag)
		if err != nil {
			t.Fatal(err)
		}
		if e := evidence.Assess(r, "pointer", 5*time.Second); e.Points >= evidence.Enough-2 {
			doubted++
			t.Log(e)
		}
		if !tracks.Once(now, r) {
			again++
		}
	}
	if doubted > 0 || again > 20 {
		t.Errorf("of %d drags %d are doubted, %d taken for another", drags, doubted, again)
	}
	seen, _ := Seen("press")
	r, err := evidence.Parse(seen)
	if err != nil {
		t.Fatal(err)
	}
	if e := evidence.Assess(r, "press", 5*time.Second); e.Points >= evidence.Enough-2 {
		t.Errorf("a press: %v", e)
	}
}
