package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
)

// Class says what is promised of a request.
type Class string

// Classes of requests. Whatever their class, no guess may pass unseen.
const (
	// Odd: anything may happen but that.
	Odd Class = "odd"
	// Plain: a login that every shop of the kind reads; it is let through,
	// counted, and the shop reads what was sent.
	Plain Class = "plain"
	// Innocent: no login; it reaches the shop, uncounted.
	Innocent Class = "innocent"
)

// Kinds of violations.
const (
	Unseen       = "unseen"        // the login ran and no attempt was counted
	OtherAccount = "other-account" // counted on another account than it ran on
	ManyGuesses  = "many-guesses"  // several passwords counted as one
	CountedTwice = "counted-twice" // one run, several decisions
	RefusedRan   = "refused-ran"   // refused and ran all the same
	FalseRefusal = "false-refusal" // a plain login or no login at all, refused
	Lost         = "lost"          // let through, but the shop did not read it
	Crash        = "crash"         // the gateway did not answer as it should
)

// Violation is one broken promise.
type Violation struct{ Kind, Detail string }

// Case is one request that was sent, and what came of it.
type Case struct {
	Backend   string
	Request   *Request
	Transport Transport
	ID        string
	Class     Class
	// What a Plain login has.
	Account, Password string
	// Marks name what is odd about it.
	Marks []string

	Answer Answer
}

// Judge compares what the gateway counted with what ran.
type Judge struct{ accounts map[string]*ledger.Ledger }

// NewJudge makes a judge of gateways with the master key, which is written
// in hexadecimal.
func NewJudge(key string, sites []string) (*Judge, error) {
	master, err := keys.Parse(key)
	if err != nil {
		return nil, err
	}
	ring, err := keys.NewRing(master)
	if err != nil {
		return nil, err
	}
	j := &Judge{accounts: map[string]*ledger.Ledger{}}
	for _, site := range sites {
		j.accounts[site] = ledger.New(ring, nil, site, nil)
	}
	return j, nil
}

// pseudonym is the account as the gateway's log shows it.
func (j *Judge) pseudonym(site, account string) string {
	l := j.accounts[site]
	return l.Pseudonym(l.Account(login.FoldAccount(account)))
}

// tried reports whether a login ran that could let somebody in: with an
// account and a password.
func (r *Ran) tried() bool {
	text := func(s string) bool { return s != "" }
	return r.Handler == "login" && slices.ContainsFunc(r.Accounts, text) && slices.ContainsFunc(r.Passwords, text)
}

// noise reports whether what a login took is no text and came under a scheme
// that is not Basic: to an app that does not look at the scheme any token is an
// account and a password, but nobody's.
func noise(c *Case, run *Ran) bool {
	if c.Request == nil {
		return false
	}
	tokens := 0
	for _, f := range c.Request.Header {
		if strings.EqualFold(f.Name, "Authorization") {
			tokens++
			if v := strings.ToLower(strings.TrimSpace(f.Value)); strings.HasPrefix(v, "basic") {
				return false
			}
		}
	}
	odd := func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }
	return tokens > 0 && strings.ContainsFunc(strings.Join(append(slices.Clone(run.Accounts), run.Passwords...), ""), odd)
}

// Of judges one request.
func (j *Judge) Of(c *Case, w *Watch) []Violation {
	var out []Violation
	say := func(kind, format string, args ...any) {
		out = append(out, Violation{kind, fmt.Sprintf(format, args...)})
	}
	runs := w.Of(c.Backend, c.ID)
	refused := strings.HasPrefix(c.Answer.Guard, "unreadable")
	perRef := map[string]int{}
	for i := range runs {
		run := &runs[i]
		if !run.tried() || noise(c, run) {
			continue
		}
		perRef[run.Ref]++
		took := fmt.Sprintf("the shop took %.60q with %.60q", run.Accounts, run.Passwords)
		if refused {
			say(RefusedRan, "%s; the gateway answered %d %s", took, c.Answer.Status, c.Answer.Guard)
		}
		var allowed []Decision
		for _, d := range w.By(run.Ref) {
			if d.Action == "allow" {
				allowed = append(allowed, d)
			}
		}
		switch {
		case len(allowed) == 0:
			say(Unseen, "%s", took)
			continue
		case len(allowed) > 1:
			say(CountedTwice, "%s; %d decisions", took, len(allowed))
		}
		for _, account := range run.Accounts {
			name := j.pseudonym(c.Backend, account)
			if name != allowed[0].Account && !slices.Contains(allowed[0].Accounts, name) {
				say(OtherAccount, "%s; counted on another account", took)
				break
			}
		}
		passwords := slices.Compact(slices.Sorted(slices.Values(run.Passwords)))
		if len(passwords) > 1 {
			say(ManyGuesses, "%s", took)
		}
	}
	for ref, n := range perRef {
		if n > 1 {
			say(ManyGuesses, "%d logins ran on the one decision %s", n, ref)
		}
	}
	out = append(out, j.promised(c, runs, refused)...)
	if c.Answer.Guard == "" && (c.Answer.Status == 500 || c.Answer.Status == 502) && c.Answer.Handler == "" && len(runs) == 0 && c.Class != Odd {
		say(Crash, "status %d", c.Answer.Status)
	}
	return out
}

// promised checks what holds for plain logins and for what is no login.
func (j *Judge) promised(c *Case, runs []Ran, refused bool) (out []Violation) {
	if c.Class == Odd {
		return nil
	}
	if refused {
		return []Violation{{FalseRefusal, fmt.Sprintf("%d %s", c.Answer.Status, c.Answer.Guard)}}
	}
	// A GraphQL API says each login and that it has answered.
	runs = slices.DeleteFunc(slices.Clone(runs), func(r Ran) bool { return r.Handler == "answered" && len(runs) > 1 })
	if len(runs) != 1 {
		return []Violation{{Lost, fmt.Sprintf("ran %d times; status %d, %v", len(runs), c.Answer.Status, c.Answer.Err)}}
	}
	run := &runs[0]
	switch {
	case c.Class == Plain && (run.Handler != "login" || len(run.Accounts) != 1 || run.Accounts[0] != c.Account ||
		len(run.Passwords) != 1 || run.Passwords[0] != c.Password):
		out = append(out, Violation{Lost, fmt.Sprintf("%s took %.60q with %.60q, sent were %.60q and %.60q",
			run.Handler, run.Accounts, run.Passwords, c.Account, c.Password)})
	case c.Class == Innocent && c.Answer.Guard != "":
		out = append(out, Violation{FalseRefusal, c.Answer.Guard})
	}
	return out
}
