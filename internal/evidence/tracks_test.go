package evidence_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/evidence/people"
)

var now = time.Unix(1_700_000_000, 0)

// drags of one population, each another.
func drags(n int) []*evidence.Report {
	rng, style := rand.New(rand.NewPCG(9, 9)), people.All()[5]
	out := make([]*evidence.Report, n)
	for i := range out {
		out[i] = &evidence.Report{Track: style.Drag(rng)}
	}
	return out
}

func TestATrackIsGoodOnceADay(t *testing.T) {
	memory, all := evidence.NewTracks(0), drags(2)
	for _, step := range []struct {
		after time.Duration
		drag  *evidence.Report
		first bool
	}{
		{0, all[0], true}, {time.Second, all[0], false}, {time.Second, all[1], true}, {23 * time.Hour, all[0], false},
		{24*time.Hour - time.Second, all[0], false}, {24 * time.Hour, all[0], true}, {25 * time.Hour, all[0], false},
	} {
		if got := memory.Once(now.Add(step.after), step.drag); got != step.first {
			t.Errorf("after %v: first %v, want %v", step.after, got, step.first)
		}
	}
}

func TestOfManyCopiesAtOnceOneIsTheFirst(t *testing.T) {
	memory := evidence.NewTracks(64)
	for _, drag := range drags(20) {
		var first atomic.Int32
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if memory.Once(now, drag) {
					first.Add(1)
				}
			})
		}
		wg.Wait()
		if first.Load() != 1 {
			t.Errorf("%d of 16 copies are the first", first.Load())
		}
	}
}

func TestTheMemoryForgetsTheOldestAndOnlyThose(t *testing.T) {
	const size = 50
	memory, all := evidence.NewTracks(size), drags(3*size)
	for i, drag := range all {
		if !memory.Once(now, drag) {
			t.Fatalf("drag %d is taken for another's", i)
		}
		// What is in it and what is not, without remembering anything more.
		if i >= size && i%10 == 0 && memory.Once(now, all[i-size+1]) {
			t.Fatalf("drag %d is forgotten after %d others", i-size+1, size-1)
		}
	}
	if !memory.Once(now, all[0]) {
		t.Error("the first of all is remembered still")
	}
}

func TestWhatHasNoTrackIsAlwaysTheFirst(t *testing.T) {
	memory := evidence.NewTracks(0)
	for name, r := range map[string]*evidence.Report{
		"nothing": nil, "no track": {}, "a click": {Track: []evidence.Point{{}, {T: 90}}},
		"a click that trembles": {Track: []evidence.Point{{}, {T: 10, X: 1}, {T: 20, X: 2}, {T: 30, X: 1}, {T: 40, X: 2}}},
		"at no time":            {Track: []evidence.Point{{}, {X: 100}, {X: 200}, {X: 250}, {X: 300}}},
	} {
		for range 3 {
			if !memory.Once(now, r) {
				t.Errorf("%s: taken for a copy", name)
			}
		}
	}
}

func BenchmarkLookingAtAFullMemory(b *testing.B) {
	memory, all := evidence.NewTracks(0), drags(4096)
	for _, drag := range all {
		memory.Once(now, drag)
	}
	for i := 0; b.Loop(); i++ {
		memory.Once(now, all[i%len(all)])
	}
}

func BenchmarkAssess(b *testing.B) {
	long := straight(evidence.MaxPoints-2, 16.7, 290)
	r := hand()
	r.Track = long
	for b.Loop() {
		evidence.Assess(r, "pointer", time.Minute)
	}
}
