package picture

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

var ctx = context.Background()

func job(n int) Job {
	return Job{ID: [16]byte{byte(n), byte(n >> 8)}, Seed: seed(n), Text: some(n)}
}

// free is a pool with as large a budget as anybody asks for.
func free(t testing.TB) *Pool {
	return NewPool(painter(t), rate.NewLimiter(rate.Inf, 0))
}

func TestPoolDrawsWhatThePainterDraws(t *testing.T) {
	p := free(t)
	for _, style := range []Style{"", StyleLetters, StyleDigits} {
		j := job(len(style))
		j.Style = style
		want := p.painter.Letters
		if style == StyleDigits {
			j.Text, want = "012345", p.painter.Digits
		}
		a, err := p.Draw(ctx, j)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := want(j.Seed, j.Text); err != nil || !bytes.Equal(a, b) {
			t.Errorf("style %q: another picture, %v", style, err)
		}
	}
	j := Job{ID: [16]byte{70}, Seed: seed(7), Text: "01234567"}
	a, err := p.Speak(ctx, j, "ru")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := Sound(j.Seed, j.Text, "ru"); err != nil || !bytes.Equal(a, b) {
		t.Errorf("another sound, %v", err)
	}
	for _, j := range []Job{{ID: [16]byte{8}, Text: "KX7RM", Style: "clouds"}, {ID: [16]byte{9}, Text: "?"}} {
		if b, err := p.Draw(ctx, j); err == nil || b != nil {
			t.Errorf("%+v is drawn", j)
		}
	}
}

func TestPoolTakesFromItsBudgetOnceAPicture(t *testing.T) {
	p := NewPool(painter(t), rate.NewLimiter(rate.Every(24*time.Hour), 2+soundCost))
	first, err := p.Draw(ctx, job(1))
	if err != nil {
		t.Fatal(err)
	}
	// Shown again it is free.
	for range 50 {
		if b, err := p.Draw(ctx, job(1)); err != nil || !bytes.Equal(b, first) {
			t.Fatal(err)
		}
	}
	sound := job(2)
	sound.Text = "01234567"
	for range 2 {
		if _, err := p.Speak(ctx, sound, "en"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Draw(ctx, job(3)); err != nil {
		t.Fatal(err)
	}
	if b, err := p.Draw(ctx, job(4)); !errors.Is(err, ErrBusy) || b != nil {
		t.Errorf("over the budget: %v", err)
	}
	sound.ID[15]++
	if b, err := p.Speak(ctx, sound, "en"); !errors.Is(err, ErrBusy) || b != nil {
		t.Errorf("a sound over the budget: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := p.Draw(gone, job(4)); !errors.Is(err, context.Canceled) {
		t.Errorf("for nobody: %v", err)
	}
}

// What is over the budget for a moment waits; a sound that is dearer than all
// of a budget takes all of it.
func TestPoolLetsWaitForItsBudget(t *testing.T) {
	p := NewPool(painter(t), rate.NewLimiter(rate.Every(5*time.Millisecond), 1))
	for n := range 6 {
		if _, err := p.Draw(ctx, job(n)); err != nil {
			t.Errorf("picture %d: %v", n, err)
		}
	}
	j := job(99)
	j.Text = "01234567"
	if _, err := p.Speak(ctx, j, "en"); err != nil {
		t.Errorf("a sound: %v", err)
	}
}

func TestPoolHoldsABoundedNumberOfBytes(t *testing.T) {
	p := free(t)
	for n := range 5000 {
		p.keep([16]byte{byte(n), byte(n >> 8)}, make([]byte, 4000))
	}
	if len(p.held) != kept/4000 || len(p.order) != len(p.held) || p.bytes != len(p.held)*4000 {
		t.Errorf("it holds %d, of %d bytes", len(p.held), p.bytes)
	}
	if _, ok := p.Held([16]byte{byte(4999 & 255), byte(4999 >> 8)}); !ok {
		t.Error("the latest is not held")
	}
	for n := range 20 {
		p.keep([16]byte{byte(n), 255}, make([]byte, MaxSound))
	}
	if p.bytes > kept {
		t.Errorf("it holds %d bytes of sounds", p.bytes)
	}
}

// numbered returns jobs one after the other.
func numbered() (next func() (Job, error), made *atomic.Int64) {
	made = new(atomic.Int64)
	return func() (Job, error) { return job(int(made.Add(1))), nil }, made
}

func TestPoolDrawsAStockAheadAndServesEachOnce(t *testing.T) {
	p := free(t)
	next, made := numbered()
	p.Start(next)
	defer p.Stop()
	seen := map[[16]byte]bool{}
	for len(seen) < stock+8 {
		id, ok := p.Ready()
		if !ok {
			time.Sleep(time.Millisecond)
			continue
		}
		if seen[id] {
			t.Fatalf("%v is served twice", id)
		}
		seen[id] = true
		n := int(id[0]) | int(id[1])<<8
		b, err := p.Draw(ctx, job(n))
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := p.painter.Letters(seed(n), some(n)); !bytes.Equal(b, want) {
			t.Errorf("picture %d is another one", n)
		}
	}
	for !p.stocked() {
		time.Sleep(time.Millisecond)
	}
	if n := made.Load(); n != int64(len(seen)+stock) {
		t.Errorf("%d were drawn, %d served and %d are in stock", n, len(seen), stock)
	}
}

func TestPoolDrawsNothingAheadWhileItsBudgetIsLow(t *testing.T) {
	budget := rate.NewLimiter(rate.Every(24*time.Hour), 10)
	budget.AllowN(time.Now(), 2)
	p := NewPool(painter(t), budget)
	next, made := numbered()
	p.Start(next)
	for made.Load() < 4 { // from eight down to four
		time.Sleep(time.Millisecond)
	}
	time.Sleep(3 * pace)
	p.Stop()
	if n := made.Load(); n != 4 {
		t.Errorf("%d were drawn ahead, want 4: half of the budget is for those who ask", n)
	}
	for n := range 4 {
		if _, err := p.Draw(ctx, job(1000+n)); err != nil {
			t.Errorf("picture %d of the rest of the budget: %v", n, err)
		}
	}
}

func TestPoolStopsAndLeavesNobodyBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	for n := range 20 {
		p := free(t)
		next, _ := numbered()
		if n%3 == 0 {
			next = func() (Job, error) { return Job{}, errors.New("no randomness") }
		}
		if n%4 > 0 { // Stop without Start does nothing
			p.Start(next)
		}
		if n%2 == 0 {
			p.Ready()
		}
		p.Stop()
		p.Stop()
		if _, err := p.Draw(ctx, job(2000)); err != nil {
			t.Errorf("after Stop: %v", err)
		}
	}
	// Stop has waited, so that no goroutine is at its end only.
	if after := runtime.NumGoroutine(); after > before {
		buf := make([]byte, 1<<16)
		if stacks := string(buf[:runtime.Stack(buf, true)]); strings.Contains(stacks, "ahead") {
			t.Errorf("%d goroutines before and %d after:\n%s", before, after, stacks)
		}
	}
}

func TestPoolIsSafeForManyAtOnce(t *testing.T) {
	p := free(t)
	next, _ := numbered()
	p.Start(next)
	defer p.Stop()
	want, err := p.painter.Letters(seed(3000), some(3000))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for n := range 20 {
				p.Ready()
				if _, err := p.Draw(ctx, job(4000+g*100+n)); err != nil {
					t.Error(err)
				}
				if b, err := p.Draw(ctx, job(3000)); err != nil || !bytes.Equal(b, want) {
					t.Error("a picture that others drew on", err)
				}
			}
		})
	}
	all.Wait()
}
