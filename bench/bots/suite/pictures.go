package suite

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/login-guard/login-guard/bench/bots/gate"
	"github.com/login-guard/login-guard/bench/bots/letters"
	"github.com/login-guard/login-guard/bench/bots/tally"
	"github.com/login-guard/login-guard/bench/bots/web"
)

// reader reads pictures, many at once.
type reader interface {
	Read(ctx context.Context, pictures []*image.Gray) ([]letters.Guess, time.Duration, error)
}

// bookworm is one adversary who reads pictures.
type bookworm struct {
	name   string
	reader reader
	goal   float64
	// unsure skips answers that are less sure than this and asks for another
	// picture instead, at most looks times.
	unsure float64
	looks  int
}

// tries is how often a bookworm answers for one held login.
const tries = 3

// pictures lets them read, without a script and with it.
func (s *Suite) pictures(ctx context.Context) error {
	for _, k := range s.kinds() {
		worms, err := s.bookworms(ctx, k)
		if err != nil {
			return err
		}
		for _, w := range worms {
			for _, scripted := range []bool{false, true} {
				if scripted && w.looks > 0 {
					continue
				}
				each, all, err := s.library(ctx, k, w, scripted)
				if err != nil {
					return fmt.Errorf("%s: %w", w.name, err)
				}
				for _, row := range []tally.Row{each, all} {
					s.Report.Add(row)
					s.say("%s", row.Line())
				}
			}
		}
	}
	return nil
}

// kinds are the kinds of pictures that are read.
func (s *Suite) kinds() []letters.Kind {
	return slices.DeleteFunc(slices.Clone(letters.Kinds), func(k letters.Kind) bool {
		return s.Quick && k.Name != "letters" || !s.runs("pictures", k.Name)
	})
}

// bookworms are the readers of a kind of picture, and what they learnt.
func (s *Suite) bookworms(ctx context.Context, k letters.Kind) ([]bookworm, error) {
	best, said, err := letters.Best(ctx, k, s.count(60, 20), s.Seed)
	if err != nil {
		return nil, err
	}
	s.note("tesseract on %d %s that our renderer drew, by cleaning; the best goes on:\n  %s", s.count(60, 20), k.Name, strings.Join(said, "\n  "))
	worms := []bookworm{{name: fmt.Sprintf("tesseract (%s, mode %s)", best.Cleaning.Name, best.Mode), reader: best, goal: 0.01}}
	trained := <-s.networks[k.Name]
	if trained.err != nil {
		return nil, trained.err
	}
	n := trained.net
	t := n.Trained
	s.note("network for %s: %.0f CPU s of training, %d pictures drawn and %d looked at; of those it had not seen it reads %.1f %% exact, %.1f %% of characters",
		k.Name, t.Seconds, t.Drawn, t.Seen, 100*t.Exact, 100*t.Each)
	worms = append(worms, bookworm{name: "network", reader: n, goal: 0.40})
	// Who may look at several answers the one of which he is sure.
	unsure, err := s.median(ctx, k, n)
	if err != nil {
		return nil, err
	}
	return append(worms, bookworm{name: "network, the surer half", reader: n, goal: 0.40, unsure: unsure, looks: 5}), nil
}

// median is how sure the network is of half of all pictures.
func (s *Suite) median(ctx context.Context, k letters.Kind, n *letters.Network) (float64, error) {
	pictures := make([]*image.Gray, 100)
	if err := k.Draw(len(pictures), s.Seed+1, func(i int, d letters.Drawn) error {
		pictures[i] = d.Image
		return nil
	}); err != nil {
		return 0, err
	}
	guesses, _, err := n.Read(ctx, pictures)
	if err != nil {
		return 0, err
	}
	slices.SortFunc(guesses, func(a, b letters.Guess) int { return int(math.Copysign(1, a.Sure-b.Sure)) })
	return guesses[len(guesses)/2].Sure, nil
}

// training is a network that is being trained.
type training struct {
	net *letters.Network
	err error
}

// train begins to train the networks, beside everything else that runs.
func (s *Suite) train(ctx context.Context) {
	s.networks = make(map[string]chan training)
	for _, k := range letters.Kinds {
		s.networks[k.Name] = make(chan training, 1)
	}
	go func() {
		for _, k := range s.kinds() {
			// Letters have the quarter of an hour, digits are easy.
			budget := s.Training
			if budget == 0 {
				budget = time.Duration(s.count(900, 40)) * time.Second
			}
			// Enough that few are looked at more than ten times.
			pictures := min(max(80*int(budget/time.Second), 6_000), 40_000)
			if k.Name == "digits" {
				pictures, budget = 12_000, time.Minute
			}
			folder, err := s.scratch("network-" + k.Name)
			var t training
			if t.err = err; err == nil {
				t.net, t.err = letters.Train(ctx, k, s.Python, s.Network, folder, pictures, budget, s.Seed+2)
			}
			s.networks[k.Name] <- t
		}
	}()
}

// heldLogin is a login that waits for its picture.
type heldLogin struct {
	v      *web.Visitor
	login  web.Login
	page   web.Page
	looked int // pictures put aside
	tried  int
	in     bool
}

// library sends many logins, each with so many tries, and reads the pictures
// of all that still wait at once. The first row counts tries, the second
// logins.
func (s *Suite) library(ctx context.Context, k letters.Kind, w bookworm, scripted bool) (each1, all tally.Row, err error) {
	g, err := s.reads("page {", "\tpicture "+k.Name, "}")
	if err != nil {
		return each1, all, err
	}
	defer func() { err = errors.Join(err, g.Stop()) }()
	path := k.Name + ", no script"
	if scripted {
		path = k.Name + ", script"
	}
	each1 = tally.Row{Group: "pictures", Adversary: w.name, Path: path + ", a try", Goal: w.goal, Met: make(map[string]int)}
	all = tally.Row{Group: "pictures", Adversary: w.name, Path: fmt.Sprintf("%s, a login of %d tries", path, tries), Met: make(map[string]int)}
	n := s.count(200, 16)
	if scripted {
		n /= 4 // the same pictures; what differs is the price
	}
	logins := crowd(g, n)
	waiting := make([]*heldLogin, n)
	before, began := gate.OwnCPU(), time.Now()
	err = each(n, 4, func(i int) error {
		h := &heldLogin{v: web.Visit(g.URL, logins[i]), login: logins[i]}
		waiting[i] = h
		var err error
		if h.page, err = h.v.SignIn(ctx); err == nil && h.page.Met != web.Picture {
			err = fmt.Errorf("a login met %s (%d), want a picture: %s", h.page.Met, h.page.Status, g.Log())
		}
		return err
	})
	if err != nil {
		return each1, all, err
	}
	for len(waiting) > 0 {
		reading, err := s.round(ctx, w, scripted, waiting, &each1)
		if err != nil {
			return each1, all, err
		}
		each1.CPU += reading
		waiting = slices.DeleteFunc(waiting, func(h *heldLogin) bool {
			done := h.in || h.tried >= tries || h.page.Met != web.Picture
			if done {
				all.Met[string(h.page.Met)]++
				all.Requests += h.v.Requests
			}
			return done
		})
	}
	each1.CPU += gate.OwnCPU() - before
	each1.Wall = time.Since(began)
	each1.Requests = all.Requests
	all.Tried, all.CPU, all.Wall = n, each1.CPU, each1.Wall
	for _, l := range logins {
		all.Passed += g.Reached(l.Account)
	}
	return each1, all, nil
}

// round reads the pictures of all that wait and answers them.
func (s *Suite) round(ctx context.Context, w bookworm, scripted bool, waiting []*heldLogin, row *tally.Row) (time.Duration, error) {
	pictures := make([]*image.Gray, len(waiting))
	if err := each(len(waiting), 4, func(i int) error {
		file, err := waiting[i].v.Fetch(ctx, waiting[i].page.Check.Task.Picture)
		if err == nil {
			pictures[i], err = letters.Decode(file)
		}
		return err
	}); err != nil {
		return 0, err
	}
	guesses, spent, err := w.reader.Read(ctx, pictures)
	if err != nil {
		return 0, err
	}
	return spent, each(len(waiting), 4, func(i int) error {
		h, guess := waiting[i], guesses[i]
		if h.looked < w.looks && guess.Sure < w.unsure {
			h.looked++
			var err error
			h.page, err = h.v.Post(ctx, h.page.Check, url.Values{"login_guard_step": {"new"}})
			return err
		}
		text := guess.Text
		if text == "" {
			text = "AAAAA" // nothing was read; an empty answer is no try
		}
		h.tried++
		err := answerPicture(ctx, h, text, scripted)
		s.mu.Lock()
		defer s.mu.Unlock()
		row.Tried++
		row.Met[string(h.page.Met)]++
		if h.in = h.page.Met == web.Shop; h.in {
			row.Passed++
		}
		return err
	})
}

// answerPicture answers by the form, or as the page's script does.
func answerPicture(ctx context.Context, h *heldLogin, text string, scripted bool) (err error) {
	if !scripted {
		c := h.page.Check
		if wait := time.Duration(c.Task.Floor)*time.Millisecond + 10*time.Millisecond - time.Since(h.page.At); wait > 0 {
			time.Sleep(wait)
		}
		h.page, err = h.v.Post(ctx, c, url.Values{"login_guard_challenge": {c.Task.Token}, "login_guard_answer": {text}})
		return err
	}
	reply, err := h.v.Verify(ctx, h.page.Check, h.page.At, web.Answer{Way: "picture", Text: text})
	if err != nil {
		return err
	}
	switch {
	case reply.Status == "checked":
		h.page, err = h.v.Continue(ctx, h.page.Check, reply.Clearance)
	case reply.Task != nil && reply.Task.Picture != "":
		h.page.Check.Task = *reply.Task
		h.page.At = time.Now()
	default:
		h.page = web.Page{Met: web.Met(reply.Status)}
	}
	return err
}
