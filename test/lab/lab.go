package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

// workers is how many requests are under way at once.
const workers = 12

// Lab sends cases and judges them.
type Lab struct {
	farm    *Farm
	clients map[string]*Client
	watch   *Watch
	judge   *Judge

	sent    atomic.Int64 // also numbers the requests
	failed  []*Failure
	tallies map[string]*tally
}

// Failure is a case with its violations.
type Failure struct {
	Case       *Case
	Violations []Violation
}

// tally is a line of the table.
type tally struct {
	sent, refused, counted, ran, silent, failed int
	by                                          map[Transport]int
}

// NewLab makes a lab of a farm that runs.
func NewLab(farm *Farm) (*Lab, error) {
	l := &Lab{farm: farm, clients: map[string]*Client{}, tallies: map[string]*tally{}}
	var names []string
	for _, b := range farm.Backends {
		names = append(names, b.Name)
		l.clients[b.Name] = NewClient(fmt.Sprintf("127.0.0.1:%d", b.plain), fmt.Sprintf("127.0.0.1:%d", b.secure))
		l.tallies[b.Name] = &tally{by: map[Transport]int{}}
	}
	l.watch = NewWatch(farm.Logs(), names, farm.Decisions())
	var err error
	l.judge, err = NewJudge(masterKey, names)
	return l, err
}

// Close ends the clients' connections.
func (l *Lab) Close() {
	for _, c := range l.clients {
		c.Close()
	}
}

// send sends one case under a new id.
func (l *Lab) send(c *Case) {
	c.ID = fmt.Sprintf("x%d", l.sent.Add(1))
	c.Answer, c.Transport = l.clients[c.Backend].Send(c.Request, c.Transport, c.ID)
}

// all sends cases and judges them when everything has been written.
func (l *Lab) all(cases []*Case) error {
	var wg sync.WaitGroup
	next := make(chan *Case)
	for range workers {
		wg.Go(func() {
			for c := range next {
				l.send(c)
			}
		})
	}
	for i, c := range cases {
		next <- c
		if i%500 == 499 {
			if err := l.watch.Poll(); err != nil {
				return err
			}
			if ended := l.farm.Ended(); ended != "" {
				return fmt.Errorf("%s ended:\n%s", ended, l.farm.Output(ended))
			}
		}
	}
	close(next)
	wg.Wait()
	if err := l.settle(500*time.Millisecond, 15*time.Second); err != nil {
		return err
	}
	l.account(cases)
	return nil
}

// settle waits until nothing more is written.
func (l *Lab) settle(quiet, atMost time.Duration) error {
	deadline := time.Now().Add(atMost)
	for last := -1; l.watch.Lines != last && time.Now().Before(deadline); {
		last = l.watch.Lines
		time.Sleep(quiet)
		if err := l.watch.Poll(); err != nil {
			return err
		}
	}
	return nil
}

// account judges cases and counts them in.
func (l *Lab) account(cases []*Case) {
	known := map[string]bool{}
	byAccount := map[string]*Case{}
	for _, c := range cases {
		byAccount[c.Backend+" "+c.Account] = c
		t := l.tallies[c.Backend]
		t.sent++
		t.by[c.Transport]++
		if strings.HasPrefix(c.Answer.Guard, "unreadable") {
			t.refused++
		}
		if c.Answer.Err != nil {
			t.silent++
		}
		for _, run := range l.watch.Of(c.Backend, c.ID) {
			if run.tried() {
				t.ran++
			}
		}
		v := l.judge.Of(c, l.watch)
		if len(v) == 1 && (v[0].Kind == Lost || v[0].Kind == Crash) && l.lostAnyway(c) {
			v = nil
		}
		if len(v) > 0 {
			t.failed++
			l.failed = append(l.failed, &Failure{c, v})
		}
	}
	// What ran under no id of ours: a request within a request, or one whose
	// id the gateway took for a hop's. (Controls are known, too.)
	for n := range l.sent.Load() {
		for _, b := range l.farm.Backends {
			known[fmt.Sprintf("%s x%d", b.Name, n+1)] = true
		}
	}
	for key, runs := range l.watch.Unclaimed(known) {
		backend, id, _ := strings.Cut(key, " ")
		stray := &Case{Backend: backend, ID: id, Class: Odd, Marks: []string{"stray"}}
		for _, run := range runs {
			for _, account := range run.Accounts {
				if c := byAccount[backend+" "+account]; c != nil {
					stray.Request, stray.Transport, stray.Marks = c.Request, c.Transport, c.Marks
				}
			}
		}
		if v := l.judge.Of(stray, l.watch); len(v) > 0 && stray.Request != nil {
			l.tallies[backend].failed++
			l.failed = append(l.failed, &Failure{stray, v})
		}
	}
}

// lostAnyway reports whether the app does not read the request without the
// guard either: some answer 400 to what browsers send.
func (l *Lab) lostAnyway(c *Case) bool {
	control := *c
	control.ID = fmt.Sprintf("x%d", l.sent.Add(1))
	for _, b := range l.farm.Backends {
		if b.Name == c.Backend {
			bare := NewClient(fmt.Sprintf("127.0.0.1:%d", b.bare), "")
			defer bare.Close()
			way := c.Transport
			if way == H2 || way == H3 {
				way = H2C
			}
			control.Answer, _ = bare.Send(c.Request, way, control.ID)
		}
	}
	if err := l.settle(100*time.Millisecond, time.Second); err != nil {
		return false
	}
	return len(l.judge.promised(&control, l.watch.Of(c.Backend, control.ID), false)) > 0
}

// Generate sends at least count requests of the grammar, as many to each app.
func (l *Lab) Generate(count int, seed uint64, jsonToo bool) error {
	if count == 0 {
		return nil
	}
	began, oddities := time.Now(), 0
	var cases []*Case
	each := (count + len(l.farm.Backends) - 1) / len(l.farm.Backends)
	grammars := make([]*Grammar, len(l.farm.Backends))
	for i := range grammars {
		grammars[i] = NewGrammar(seed, uint64(i))
		grammars[i].JSON = jsonToo
	}
	for range each {
		for i, b := range l.farm.Backends {
			cases = append(cases, grammars[i].Next(b))
		}
	}
	seen := map[string]bool{}
	for _, c := range cases {
		for _, mark := range c.Marks {
			seen[mark] = true
		}
	}
	for i, g := range grammars {
		if oddities = max(oddities, g.Oddities()); l.farm.Backends[i].GraphQL {
			oddities += len(graphQLs())
		}
	}
	if err := l.all(cases); err != nil {
		return err
	}
	fmt.Printf("%d requests of seed %d in %.0f s, with %d oddities of %d\n", len(cases), seed, time.Since(began).Seconds(), len(seen), oddities)
	return nil
}

// Table prints what came of it, an app a line.
func (l *Lab) Table(to io.Writer) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "app\tsent\trefused\tcounted\tlogin ran\tno answer\tviolations\traw/h1/h2c/h2/h3\t")
	for _, b := range l.farm.Backends {
		t := l.tallies[b.Name]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d/%d/%d/%d/%d\t\n", b.Name, t.sent, t.refused, l.watch.Decided[b.Name],
			t.ran, t.silent, t.failed, t.by[Raw], t.by[H1], t.by[H2C], t.by[H2], t.by[H3])
	}
	w.Flush()
}

// Totals are how many requests kept every promise, and how many did not.
func (l *Lab) Totals() (passed, failed int) {
	for _, t := range l.tallies {
		passed += t.sent - t.failed
		failed += t.failed
	}
	return passed, failed
}
