package picture

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Style says what pictures show.
type Style string

// Styles.
const (
	StyleLetters Style = "letters" // five letters and digits
	StyleDigits  Style = "digits"  // six digits
)

// ErrBusy: the budget is spent, and will be for longer than anybody waits.
var ErrBusy = errors.New("too many pictures are being drawn")

// Job is a picture to draw. Its ID is that of the check that shows it.
type Job struct {
	ID    [16]byte
	Style Style // empty: letters
	Seed  [32]byte
	Text  string
}

// Bounds of a Pool.
const (
	// stock is how many pictures are drawn ahead.
	stock = 32
	// kept is how many bytes of pictures and sounds are held: those drawn
	// ahead, and those that were shown, for a browser that asks again.
	kept = 2 << 20
	// patience is how long a picture waits for the budget: a browser shows a
	// late picture, and a refused one not at all.
	patience = 2 * time.Second
	// soundCost is what a sound takes from the budget: it is as much work as
	// that many pictures, or more.
	soundCost = 15
)

// Pool draws the pictures of one site under a budget, so that a flood of them
// costs a bounded share of a processor: each takes one from the budget, and
// waits for it where it has to.
//
// While the budget is at least half full, some pictures are drawn ahead. That
// saves little, as a picture is less than a millisecond of work: it is for the
// first second of a rush, which they take without touching the budget. During a
// flood none are, as most of them would be for checks that nobody looks at.
//
// It is safe for concurrent use. The zero value is not usable; Start and Stop
// are for drawing ahead only.
type Pool struct {
	painter *Painter
	budget  *rate.Limiter

	wake chan struct{} // something was taken from the stock
	quit chan struct{} // closed by Stop
	stop sync.Once
	done sync.WaitGroup

	mu    sync.Mutex
	ready [][16]byte          // drawn ahead, for a check to come
	held  map[[16]byte][]byte // what was drawn
	order [][16]byte          // of held, the oldest first
	bytes int
}

// NewPool returns a pool with a budget of pictures.
func NewPool(p *Painter, budget *rate.Limiter) *Pool {
	return &Pool{painter: p, budget: budget, held: map[[16]byte][]byte{}, wake: make(chan struct{}, 1), quit: make(chan struct{})}
}

// Start begins to draw ahead what next returns, until Stop. It is called once.
func (p *Pool) Start(next func() (Job, error)) {
	p.done.Go(func() { p.ahead(next) })
}

// Stop ends drawing ahead and waits for it. Draw goes on working.
func (p *Pool) Stop() {
	p.stop.Do(func() { close(p.quit) })
	p.done.Wait()
}

// pace is how often the one that draws ahead looks whether there is something
// to do: a picture each, so that it takes half of a budget of 50 a second.
const pace = 40 * time.Millisecond

func (p *Pool) ahead(next func() (Job, error)) {
	tick := time.NewTimer(0)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-tick.C:
		}
		if p.stocked() {
			select {
			case <-p.quit:
				return
			case <-p.wake:
			}
		} else if p.budget.Tokens() >= float64(p.budget.Burst())/2 && p.budget.Allow() {
			if err := p.one(next); err != nil {
				return // whoever asks for a picture is told why
			}
		}
		tick.Reset(pace)
	}
}

func (p *Pool) stocked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.ready) >= stock
}

// one draws one ahead.
func (p *Pool) one(next func() (Job, error)) error {
	j, err := next()
	if err != nil {
		return err
	}
	picture, err := p.draw(j)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keepLocked(j.ID, picture)
	p.ready = append(p.ready, j.ID)
	return nil
}

// Ready returns the ID of a picture that was drawn ahead, for a check that is
// issued now. ok is false when there is none. Each is returned once.
func (p *Pool) Ready() (id [16]byte, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.ready) > 0 && !ok {
		id = p.ready[0]
		p.ready = p.ready[1:]
		_, ok = p.held[id] // or it had to make room
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return id, ok
}

// Draw returns the picture of a job as PNG. The error is ErrBusy when the
// budget is spent, or that of ctx.
func (p *Pool) Draw(ctx context.Context, j Job) ([]byte, error) {
	if picture, ok := p.Held(j.ID); ok {
		return picture, nil
	}
	if err := p.wait(ctx, 1); err != nil {
		return nil, err
	}
	picture, err := p.draw(j)
	if err != nil {
		return nil, err
	}
	p.keep(j.ID, picture)
	return picture, nil
}

// Speak returns a job's text as WAV; see Sound. Errors are those of Draw.
func (p *Pool) Speak(ctx context.Context, j Job, lang string) ([]byte, error) {
	if sound, ok := p.Held(j.ID); ok {
		return sound, nil
	}
	if err := p.wait(ctx, soundCost); err != nil {
		return nil, err
	}
	sound, err := Sound(j.Seed, j.Text, lang)
	if err != nil {
		return nil, err
	}
	p.keep(j.ID, sound)
	return sound, nil
}

// Held returns what was drawn or spoken already, as long as there was room to
// keep it. It costs nothing, and tells who has seen it nothing new.
func (p *Pool) Held(id [16]byte) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.held[id]
	return b, ok
}

func (p *Pool) draw(j Job) ([]byte, error) {
	switch j.Style {
	case StyleLetters, "":
		return p.painter.Letters(j.Seed, j.Text)
	case StyleDigits:
		return p.painter.Digits(j.Seed, j.Text)
	}
	return nil, fmt.Errorf("drawing a picture: there is no style %q", j.Style)
}

// wait takes cost from the budget, at most all that it can hold.
func (p *Pool) wait(ctx context.Context, cost int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.budget.Limit() == rate.Inf {
		return nil
	}
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := p.budget.WaitN(patient, max(1, min(cost, p.budget.Burst()))); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return ErrBusy
	}
	return nil
}

func (p *Pool) keep(id [16]byte, b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keepLocked(id, b)
}

func (p *Pool) keepLocked(id [16]byte, b []byte) {
	if _, ok := p.held[id]; ok {
		return
	}
	for p.bytes+len(b) > kept && len(p.order) > 0 {
		p.bytes -= len(p.held[p.order[0]])
		delete(p.held, p.order[0])
		p.order = p.order[1:]
	}
	p.held[id] = b
	p.order = append(p.order, id)
	p.bytes += len(b)
}
