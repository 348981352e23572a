// Package suite runs every adversary on every path and keeps what came out.
package suite

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/login-guard/login-guard/bench/bots/gate"
	"github.com/login-guard/login-guard/bench/bots/tally"
	"github.com/login-guard/login-guard/bench/bots/web"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// Options say what to run and with what.
type Options struct {
	// Quick does less of everything: minutes instead of most of an hour.
	Quick bool
	// Only runs the parts whose names it matches; nil for all.
	Only *regexp.Regexp
	// Who runs only the adversaries of http and browser whose group or name
	// it matches, and only the readers of those kinds of pictures; nil for
	// all.
	Who *regexp.Regexp
	// Training is the processor time that the network for letters gets.
	// Default: a quarter of an hour, 40 s if Quick
	Training time.Duration
	// Binary is the gateway as it is shipped, Clocked the one whose clock
	// can be set.
	Binary, Clocked string
	// Folder for what is written meanwhile.
	Folder string
	// Drive is the folder of drive.mjs, Chromium the browser.
	Drive, Chromium string
	// Python has torch and numpy; Network is the file net.py.
	Python, Network string
	// Seed of everything that is drawn.
	Seed uint64
	// Progress gets a line for each part.
	Progress io.Writer
}

// Suite is one run.
type Suite struct {
	Options
	Report tally.Report

	mu       sync.Mutex               // for rows that several tries fill
	networks map[string]chan training // by kind of picture
}

// parts in the order in which they run. Each has gateways of its own.
func (s *Suite) parts() []part {
	return []part{
		{"people", s.people},
		{"http", s.http},
		{"browser", s.browsers},
		{"pictures", s.pictures},
		{"sound", s.sounds},
		{"hours", s.hours},
	}
}

type part struct {
	name string
	run  func(context.Context) error
}

// Run runs all parts.
func (s *Suite) Run(ctx context.Context) error {
	s.Report.Began = time.Now()
	if s.Only == nil || s.Only.MatchString("pictures") {
		s.train(ctx)
	}
	for _, p := range s.parts() {
		if s.Only != nil && !s.Only.MatchString(p.name) {
			continue
		}
		began := time.Now()
		if err := p.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		s.say("%s took %.0f s", p.name, time.Since(began).Seconds())
	}
	s.Report.Took = time.Since(s.Report.Began)
	return nil
}

// runs reports whether an adversary is to run.
func (s *Suite) runs(group, name string) bool {
	return s.Who == nil || s.Who.MatchString(group) || s.Who.MatchString(name)
}

func (s *Suite) say(format string, args ...any) {
	fmt.Fprintf(s.Progress, "bots: "+format+"\n", args...)
}

// note adds a paragraph below the tables.
func (s *Suite) note(format string, args ...any) {
	s.Report.Notes = append(s.Report.Notes, fmt.Sprintf(format, args...))
	s.say(format, args...)
}

// count is how many tries: full of them, or quick.
func (s *Suite) count(full, quick int) int {
	if s.Quick {
		return quick
	}
	return full
}

// slides is a gateway that asks every unknown device for the slider, and
// nothing else of anybody who has not failed yet.
func (s *Suite) slides(more ...string) (*gate.Gate, error) {
	return gate.Start(gate.Options{Binary: s.Binary, Folder: s.Folder, Lines: append([]string{"ask_after 3d"}, more...)})
}

// reads is a gateway that asks every login for a picture.
func (s *Suite) reads(more ...string) (*gate.Gate, error) {
	return gate.Start(gate.Options{Binary: s.Binary, Folder: s.Folder, Blocked: true, Lines: append([]string{"ladder slider 2 picture 4"}, more...)})
}

// crowd makes n logins with the right password, each of an account and an
// address of its own, so that no limit stands before the check.
func crowd(g *gate.Gate, n int) []web.Login {
	out := make([]web.Login, n)
	for i := range out {
		from := address()
		name := "bot-" + strings.ReplaceAll(from, ".", "-")
		a := shoptest.Account{Name: name, Email: name + "@shop.example", Password: "Bleak-House-1853"}
		g.Shop.AddAccount(a)
		out[i] = web.Login{Account: a.Email, Password: a.Password, Address: from}
	}
	return out
}

var addresses struct {
	sync.Mutex
	n int
}

// address is one that no login came from before, each in a network (/24) of
// its own, out of the public ones.
func address() string {
	addresses.Lock()
	defer addresses.Unlock()
	n := addresses.n
	addresses.n++
	return fmt.Sprintf("%d.%d.%d.%d", 60+n>>16&63, n>>8&255, n&255, 7+n>>22)
}

// each runs n jobs, parallel of them at a time, and returns the first error.
func each(n, parallel int, job func(i int) error) error {
	var wg sync.WaitGroup
	work := make(chan int)
	errs := make(chan error, parallel)
	stop := make(chan struct{})
	var once sync.Once
	for range min(parallel, n) {
		wg.Go(func() {
			for i := range work {
				if err := job(i); err != nil {
					errs <- err
					once.Do(func() { close(stop) })
					return
				}
			}
		})
	}
feed:
	for i := range n {
		select {
		case work <- i:
		case <-stop:
			break feed
		}
	}
	close(work)
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// scratch makes a folder of its own for a part.
func (s *Suite) scratch(name string) (string, error) {
	dir := filepath.Join(s.Folder, name)
	return dir, os.MkdirAll(dir, 0o700)
}
