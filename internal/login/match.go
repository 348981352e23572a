package login

import (
	"strings"
	"unicode/utf8"
)

// pair is one field of a form or one parameter of a query, decoded.
type pair struct {
	name, value string
	strict      bool // every escape of the value was one
	query       bool // from the query
	odd         bool // never exact: a file, a part with its own encoding
	toks, alt   tokens
}

// interesting fills in the pair's loose forms and reports whether any
// endpoint could care for it.
func (rd *Reader) interesting(p *pair) bool {
	p.toks, p.alt = looseTokens(p.name)
	return rd.interestingTokens(p.toks) || rd.interestingTokens(p.alt)
}

func (rd *Reader) interestingTokens(t tokens) bool {
	return len(t) > 0 && rd.heads[t[0]] || len(t) > 1 && rd.inner[t[1]]
}

// tally counts how often a field is there.
type tally struct {
	f              *credential
	body, query, n int // exact in body, exact in query, loosely only
	value          string
	differs        bool // exact ones with different values
	badEscape      bool
	looseAt        bool // a loose one's value has an @
}

func (t *tally) present() bool { return t.body+t.query+t.n > 0 }

// once reports whether every shop reads the same: byte-exact, once in the
// body, once in the query, or once in each with the same value.
func (t *tally) once() bool {
	return t.n == 0 && t.body <= 1 && t.query <= 1 && !t.differs
}

func (t *tally) add(p *pair) {
	if t.body+t.query > 0 && t.value != p.value {
		t.differs = true
	}
	t.value, t.badEscape = p.value, t.badEscape || !p.strict
	if p.query {
		t.query++
	} else {
		t.body++
	}
}

// found is what one endpoint makes of a request's fields.
type found struct {
	attempt   bool
	account   string
	accountBy *credential
	password  string
	reason    string // refused
}

// count tallies the endpoint's credentials among the pairs.
func (e *Endpoint) count(pairs []pair) (account, fallback, password, requires []tally) {
	lists := [4][]tally{tallies(e.account), tallies(e.fallback), tallies(e.password), tallies(e.requires)}
	// Heads of names such as `user[email]` that are credentials themselves:
	// `user[remember_me]` beside it is then no odd spelling of `user`.
	var heads []string
	skip := func(p *pair) bool { return p.query && e.cfg.BodyOnly }
	exact := make([]bool, len(pairs))
	for i := range pairs {
		p := &pairs[i]
		if skip(p) || p.odd {
			continue
		}
		for _, l := range lists {
			for j := range l {
				if l[j].f.exact(p.name) {
					l[j].add(p)
					exact[i] = true
				}
			}
		}
		if exact[i] && len(p.toks) > 1 {
			heads = append(heads, p.toks[0])
		}
	}
	for i := range pairs {
		p := &pairs[i]
		if exact[i] || skip(p) {
			continue
		}
		for _, l := range lists {
			for j := range l {
				f := l[j].f
				if !f.loose(p.toks) && !f.loose(p.alt) {
					continue
				}
				if len(f.toks) == 1 && !f.wild && len(p.toks) > 1 && p.alt == nil && !p.odd && contains(heads, p.toks[0]) {
					continue
				}
				l[j].n++
				l[j].looseAt = l[j].looseAt || strings.Contains(p.value, "@")
			}
		}
	}
	return lists[0], lists[1], lists[2], lists[3]
}

func tallies(fs []credential) []tally {
	ts := make([]tally, len(fs))
	for i := range fs {
		ts[i].f = &fs[i]
	}
	return ts
}

// complete reports whether every credential is there, however spelled.
func complete(account, fallback, password, requires []tally) bool {
	if !anyPresent(account) && !anyPresent(fallback) || !anyPresent(password) {
		return false
	}
	for i := range requires {
		if !requires[i].present() {
			return false
		}
	}
	return true
}

func anyPresent(ts []tally) bool {
	for i := range ts {
		if ts[i].present() {
			return true
		}
	}
	return false
}

// judge says whether the pairs are this endpoint's login, no login, or one
// that two shops would read differently.
func (e *Endpoint) judge(pairs []pair) found {
	account, fallback, password, requires := e.count(pairs)
	if !complete(account, fallback, password, requires) {
		return found{}
	}
	second := fallback
	if !anyPresent(account) {
		account, second = fallback, nil
	}
	for _, l := range [][]tally{account, password, requires} {
		for i := range l {
			if !l[i].once() {
				return found{reason: ReasonField}
			}
		}
	}
	f := found{attempt: true}
	for i := range account {
		t := &account[i]
		switch {
		case !t.present():
			continue
		case f.accountBy != nil && t.value != f.account:
			return found{reason: ReasonTwoAccounts}
		case t.badEscape:
			return found{reason: ReasonEscape}
		}
		f.account, f.accountBy = t.value, t.f
	}
	for i := range second {
		t := &second[i]
		if t.looseAt || t.differs || strings.Contains(t.value, "@") && t.value != f.account {
			return found{reason: ReasonTwoAccounts}
		}
	}
	seen := false
	for i := range password {
		t := &password[i]
		if !t.present() {
			continue
		}
		if seen && t.value != f.password {
			return found{reason: ReasonTwoPasswords}
		}
		f.password, seen = t.value, true
	}
	return f
}

// could reports whether the pairs, read as loosely as any shop would, hold
// all of the endpoint's credentials.
func (e *Endpoint) could(pairs []pair) bool {
	return complete(e.count(pairs))
}

// hasPassword reports whether a name could be one of the endpoint's password
// fields.
func (e *Endpoint) hasPassword(t, alt tokens) bool {
	for i := range e.password {
		if e.password[i].loose(t) || e.password[i].loose(alt) {
			return true
		}
	}
	return false
}

func contains(l []string, s string) bool {
	for _, x := range l {
		if x == s {
			return true
		}
	}
	return false
}

func validUTF8(pairs []pair) bool {
	for i := range pairs {
		if !utf8.ValidString(pairs[i].name) || !pairs[i].odd && !utf8.ValidString(pairs[i].value) {
			return false
		}
	}
	return true
}
