// Package learn finds out how a shop's login looks on the wire and how the
// shop answers right and wrong, from one wrong and one right login that an
// operator makes: the wrong one with a random word for a password, by which
// it is found among all that is sent to the shop, the right one by coming
// from the same browser, to the same place, for the same account.
//
// It promises to look on only: it holds back, changes and lets through
// nothing, so that knowing that a shop is being learnt is worth nothing. It
// promises to keep names, statuses and places and no values: what of an
// answer differs anyway (tokens, ids, dates) cannot become a mark, and
// neither the account nor a password is kept or told.
//
// It does not promise that two answers are enough. A shop's third answer, to
// an expired form or after too many tries, is none of the two; what it makes
// of that is said as a warning.
package learn

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/login"
)

// Steps of a run.
const (
	StepWrong = "wrong" // waits for the login with the word
	StepRight = "right" // waits for the login with the right password
	StepDone  = "done"
)

// Options of a run.
type Options struct {
	// Word is the wrong password, of NewWord.
	Word string
	// Until is when the run ends.
	Until time.Time
	// Same reports whether a text is the test customer's account; nil where
	// the operator named none.
	Same func(string) bool
	// Tag turns an account into what may be kept of it: a keyed hash.
	Tag func(account string) string
}

// Run is one run of learning. It is safe for concurrent use.
type Run struct {
	opt Options

	mu       sync.Mutex
	step     string
	found    Found
	client   string // who made the wrong login
	account  string // its account's tag
	wrong    *facts
	presets  []string // those that read the wrong login right
	result   *Result
	notes    []string
	searched int // requests that were looked at
	own      map[string]int
}

// New starts a run.
func New(opt Options) *Run { return &Run{opt: opt, step: StepWrong, own: map[string]int{}} }

// NewWord makes the word that the wrong login has for a password. 40 random
// bits are enough for what must not occur by chance within the minutes of a
// run; it opens nothing. Letters, digits and hyphens stand for themselves in
// every encoding that logins come in.
func NewWord(random io.Reader) (string, error) {
	const letters = "abcdefghjkmnpqrstvwxyz0123456789" // none that is taken for another
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("making the word: %w", err)
	}
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return "learn-" + string(b[:]) + "-wrong", nil
}

// State is what a run tells the operator.
type State struct {
	Step  string    `json:"step"`
	Word  string    `json:"word"`
	Until time.Time `json:"until"`
	// Login is how it looked, from the wrong login on.
	Login *Found `json:"login,omitempty"`
	// Notes say what went wrong so far.
	Notes []string `json:"notes"`
	// Searched is how many requests were looked at, and Own what the guard
	// itself answered meanwhile, by kind: checks, refusals.
	Searched int            `json:"searched"`
	Own      map[string]int `json:"own"`
	Result   *Result        `json:"result,omitempty"`
}

// State tells how far the run is.
func (l *Run) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := State{Step: l.step, Word: l.opt.Word, Until: l.opt.Until, Notes: slices.Clone(l.notes),
		Searched: l.searched, Own: make(map[string]int), Result: l.result}
	for kind, n := range l.own {
		s.Own[kind] = n
	}
	if l.step != StepWrong {
		f := l.found
		s.Login = &f
	}
	if s.Notes == nil {
		s.Notes = []string{}
	}
	return s
}

// Open reports whether the run still waits for something.
func (l *Run) Open(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.step != StepDone && now.Before(l.opt.Until)
}

// Until is when the run ends by itself.
func (l *Run) Until() time.Time { return l.opt.Until }

// Answered notes that the guard itself answered a login: a check, a refusal.
func (l *Run) Answered(kind string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.own[kind]++
}

func (l *Run) noteLocked(text string) {
	if !slices.Contains(l.notes, text) && len(l.notes) < 8 {
		l.notes = append(l.notes, text)
	}
}

// Exchange is a request of the run whose answer is awaited.
type Exchange struct {
	run     *Run
	wrong   bool
	found   Found
	client  string
	account string // its tag
	asked   login.Asked
	hidden  secrets
	readers map[string]reading
}

// reading is what a preset made of the request.
type reading struct{ endpoint *login.Endpoint }

// Request looks at a request that goes to the shop, with its body whole, from
// a client that is told from others by client. It returns nil where the
// request is none of the run's.
func (l *Run) Request(client string, r *http.Request, body []byte) *Exchange {
	word := carries(r, body, l.opt.Word) // nearly all of the work, without the lock
	l.mu.Lock()
	defer l.mu.Unlock()
	l.searched++
	if word {
		return l.wrongLocked(client, r, body)
	}
	if l.step != StepRight || client != l.client || r.Method != l.found.Method {
		return nil
	}
	return l.rightLocked(client, r, body)
}

func (l *Run) wrongLocked(client string, r *http.Request, body []byte) *Exchange {
	f, account, problem := find(r, body, l.opt.Word, l.opt.Same)
	if problem != "" {
		l.noteLocked("a request carried the word, but " + problem)
		return nil
	}
	out, _, err := read([]config.Endpoint{f.endpoint()}, r, body)
	switch {
	case err != nil:
		l.noteLocked(fmt.Sprintf("a request carried the word, but its login cannot be described: %v", err))
		return nil
	case out.Kind == login.Refused:
		l.noteLocked("a request carried the word, but shops could read it in two ways (" + out.Reason + "), so the guard would refuse such a login")
		return nil
	case out.Kind != login.Attempt || out.Account != account:
		l.noteLocked("a request carried the word, but the guard would not find its account again")
		return nil
	}
	return l.exchange(true, f, client, account, r, body)
}

func (l *Run) rightLocked(client string, r *http.Request, body []byte) *Exchange {
	if l.found.Path != "" && r.URL.Path != l.found.Path {
		return nil
	}
	out, _, err := read([]config.Endpoint{l.found.endpoint()}, r, body)
	if err != nil || out.Kind != login.Attempt {
		return nil
	}
	if l.opt.Tag(out.Account) != l.account {
		l.noteLocked("a login for another account came from your browser: use the same account for both")
		return nil
	}
	return l.exchange(false, l.found, client, out.Account, r, body)
}

func (l *Run) exchange(wrong bool, f Found, client, account string, r *http.Request, body []byte) *Exchange {
	x := &Exchange{run: l, wrong: wrong, found: f, client: client, account: l.opt.Tag(account),
		asked:  login.Asked{Path: r.URL.Path, RawQuery: r.URL.RawQuery, Referer: r.Referer(), Cookies: r.Cookies()},
		hidden: newSecrets(account, l.opt.Word), readers: map[string]reading{}}
	for _, name := range config.PresetNames() {
		endpoints, _ := config.Preset(name)
		if out, _, err := read(endpoints, r, body); err == nil && out.Kind == login.Attempt && out.Account == account {
			x.readers[name] = reading{out.Endpoint}
		}
	}
	return x
}

// fits are the presets that say o of the answer.
func (x *Exchange) fits(a login.Reply, o login.Outcome) (names []string) {
	for _, name := range config.PresetNames() {
		if rd, ok := x.readers[name]; ok && rd.endpoint.Outcome(x.asked, a) == o {
			names = append(names, name)
		}
	}
	return names
}

// Answer takes the shop's answer to the request.
func (x *Exchange) Answer(a login.Reply) {
	l := x.run
	l.mu.Lock()
	defer l.mu.Unlock()
	which := map[bool]string{true: "wrong", false: "right"}[x.wrong]
	// 500 is what some shops' APIs answer to a wrong password.
	if a.Status == http.StatusTooManyRequests || a.Status == 419 || a.Status > 500 {
		l.noteLocked(fmt.Sprintf("the shop answered %d to the login with the %s password, so it was not judged: reload the login page and send it again", a.Status, which))
		return
	}
	seen := observe(x.asked, a, x.hidden)
	switch {
	case l.step == StepDone:
	case x.wrong:
		seen.whole = ""
		l.found, l.client, l.account, l.wrong = x.found, x.client, x.account, seen
		l.presets = x.fits(a, login.Failure)
		l.step = StepRight
	case l.step == StepRight && x.client == l.client:
		r := conclude(l.found, l.wrong, seen)
		for _, name := range x.fits(a, login.Success) {
			if slices.Contains(l.presets, name) {
				r.Presets = append(r.Presets, name)
			}
		}
		l.tried(&r, x, a)
		l.result, l.step = &r, StepDone
	}
}

// tried looks once more at the right answer, through what was made of it. A
// failure that holds for it is taken away.
func (l *Run) tried(r *Result, x *Exchange, a login.Reply) {
	o := r.outcome(x.asked, a)
	if o == login.Failure {
		for i := range r.Endpoints {
			if r.Endpoints[i].Failure = nil; len(r.Endpoints[i].Success) == 0 {
				r.Endpoints[i].Failure = noMark()
			}
		}
		r.Block = Caddyfile(r.Endpoints)
		o = r.outcome(x.asked, a)
	}
	if o != login.Success && len(r.Endpoints[0].Success) > 0 {
		r.warn("the block does not read its own right answer as a success: do not use it as it stands")
		r.Strength = None
	}
}

// outcome is what the first endpoint makes of an answer.
func (r *Result) outcome(q login.Asked, a login.Reply) login.Outcome {
	rd, err := login.NewReader(r.Endpoints[:1], login.Options{})
	if err != nil {
		return login.Unknown
	}
	return rd.Outcome(q, a)
}
