package login

import (
	"slices"
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

	// Of JSON:
	json   bool
	kind   valueKind
	listed bool   // in an array: never exact
	flat   tokens // the path without the elements of arrays; nil if it has none
}

// scalar reports whether the value is one and no list or map.
func (p *pair) scalar() bool { return !p.json || p.kind != kindArray && p.kind != kindObject }

// text reports whether the value is a text.
func (p *pair) text() bool { return !p.json || p.kind == kindString }

// interesting fills in the pair's loose forms and reports whether any
// endpoint could care for it.
func (rd *Reader) interesting(p *pair) bool {
	if t, ok := rd.plainName(p.name); ok {
		p.toks = t
		return t != nil
	}
	p.toks, p.alt = looseTokens(p.name)
	return rd.interestingTokens(p.toks) || rd.interestingTokens(p.alt)
}

func (rd *Reader) interestingTokens(t tokens) bool {
	return len(t) > 0 && rd.heads[t[0]] || len(t) > 1 && rd.inner[t[1]]
}

// tally counts how often a field is there.
type tally struct {
	f              *credential
	at             int // in its list
	body, query, n int // exact in body, exact in query, loosely only
	value          string
	inQuery        string // the query's value
	null           int
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
	if p.query && t.query == 0 {
		t.inQuery = p.value
	}
	if t.body+t.query > 0 && t.value != p.value {
		t.differs = true
	}
	// The query's come first, so the value is the body's where it has one.
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
	accounts  []string // see Reading.Accounts
	accountBy *credential
	password  string
	reason    string // refused
}

// lists of credentials, in the order of Endpoint.lists.
const (
	listAccount = iota
	listFallback
	listPassword
	listRequires
	listCount
)

// tallies are those of the fields of one list that were found, in the list's
// order.
type tallies []tally

// of returns the tally of the at-th field of a list, a new one if it was not
// found before.
func (ts *tallies) of(f *credential, at int) *tally {
	i := 0
	for i < len(*ts) && (*ts)[i].at < at {
		i++
	}
	if i == len(*ts) || (*ts)[i].at != at {
		*ts = slices.Insert(*ts, i, tally{f: f, at: at})
	}
	return &(*ts)[i]
}

// counted are the tallies of an endpoint's lists.
type counted struct{ lists [listCount]tallies }

// room is for the tallies that logins have, so that they need no other.
type room [listCount][3]tally

// count tallies the endpoint's credentials among the pairs.
func (e *Endpoint) count(out *counted, pairs []pair) {
	// Heads of names such as `user[email]` that are credentials themselves:
	// `user[remember_me]` beside it is then no odd spelling of `user`.
	var heads []string
	skip := func(p *pair) bool { return p.query && e.cfg.BodyOnly || p.json && e.cfg.FormOnly }
	var few [16]bool
	exact := few[:min(len(pairs), len(few))]
	if len(pairs) > len(few) {
		exact = make([]bool, len(pairs))
	}
	for i := range pairs {
		p := &pairs[i]
		if skip(p) || p.odd || p.listed || !p.scalar() {
			continue
		}
		for _, is := range e.named(p.name) {
			exact[i] = true
			out.lists[is.list].of(is.f, is.at).found(p, is.list <= listFallback)
		}
		for _, is := range e.wild {
			if is.f.exact(p.name) {
				exact[i] = true
				out.lists[is.list].of(is.f, is.at).found(p, is.list <= listFallback)
			}
		}
		if exact[i] && len(p.toks) > 1 {
			heads = append(heads, p.toks[0])
		}
	}
	for i := range pairs {
		if p := &pairs[i]; !exact[i] && !skip(p) {
			e.countLoose(out, p, heads)
		}
	}
	// An account of null is none where another names one, else a spelling
	// that shops take in their own ways.
	for _, l := range out.lists[:listPassword] {
		for j := range l {
			if !anyPresent(l) {
				l[j].n += l[j].null
			}
		}
	}
}

// found notes a pair that is this field to the byte.
func (t *tally) found(p *pair, account bool) {
	// A number for an account matches many rows in MySQL; as a password it is
	// a guess like any other.
	switch {
	case account && p.json && p.kind == kindNull:
		t.null++
	case account && !p.text():
		t.n++
	default:
		t.add(p)
	}
}

// countLoose notes a pair that some shop could take for one of the fields.
func (e *Endpoint) countLoose(out *counted, p *pair, heads []string) {
	for n, fs := range e.lists() {
		for j := range fs {
			f := &fs[j]
			if !f.loose(p.toks) && !f.loose(p.alt) && (f.wild || !f.loose(p.flat)) {
				continue
			}
			if len(f.toks) == 1 && !f.wild && len(p.toks) > 1 && p.alt == nil && !p.odd && contains(heads, p.toks[0]) {
				continue
			}
			t := out.lists[n].of(f, j)
			t.n++
			t.looseAt = t.looseAt || strings.Contains(p.value, "@")
		}
	}
}

// lists are the credentials that are counted.
func (e *Endpoint) lists() [listCount][]credential {
	return [listCount][]credential{e.account, e.fallback, e.password, e.requires}
}

// complete reports whether every credential is there, however spelled.
func (e *Endpoint) complete(c *counted) bool {
	// A side way names what it needs; a login needs both.
	if !anyPresent(c.lists[listAccount]) && !anyPresent(c.lists[listFallback]) && (len(e.account)+len(e.fallback) > 0 || !e.isSide()) {
		return false
	}
	if !anyPresent(c.lists[listPassword]) && (len(e.password) > 0 || !e.isSide()) {
		return false
	}
	requires := c.lists[listRequires]
	for i := range requires {
		if !requires[i].present() {
			return false
		}
	}
	return len(requires) == len(e.requires)
}

func anyInQuery(ts []tally) bool {
	for i := range ts {
		if ts[i].query > 0 {
			return true
		}
	}
	return false
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
	var c counted
	var r room
	for n := range r {
		c.lists[n] = r[n][:0]
	}
	if e.count(&c, pairs); !e.complete(&c) {
		return found{}
	}
	account, fallback, password, requires := c.lists[listAccount], c.lists[listFallback], c.lists[listPassword], c.lists[listRequires]
	second := fallback
	if !anyPresent(account) {
		account, second = fallback, nil
	}
	more, prefilled := e.prefilled(account, password, requires)
	for n, l := range [][]tally{account, password, requires} {
		for i := range l {
			if n == 0 && prefilled {
				continue
			}
			if !l[i].once() {
				return found{reason: ReasonField}
			}
		}
	}
	f := found{attempt: true, accounts: more}
	for i := range account {
		t := &account[i]
		switch {
		case !t.present() || prefilled && t.body == 0:
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

// prefilled reports whether the address names other accounts than the body
// does, as that of a form that was filled in from a link and edited by the
// shopper (`/login?email=x`). accounts is all of them, the body's first.
//
// Most servers take the body's, some the address' (Java's and ASP.NET's), so
// the attempt counts on each, and it is only read so where the caller counts
// on each. Everything else must be plain: all credentials in the body,
// byte-exact and once, no password in the address.
func (e *Endpoint) prefilled(account, password, requires []tally) (accounts []string, ok bool) {
	if !e.countsAll || !anyInQuery(account) {
		return nil, false
	}
	for _, l := range [][]tally{password, requires} {
		for i := range l {
			if l[i].present() && (l[i].body != 1 || l[i].query > 0 || l[i].n > 0) {
				return nil, false
			}
		}
	}
	for i := range account {
		t := &account[i]
		if t.n > 0 || t.body > 1 || t.query > 1 || t.badEscape {
			return nil, false
		}
		if t.body == 1 && !contains(accounts, t.value) {
			accounts = append(accounts, t.value)
		}
	}
	if len(accounts) != 1 {
		return nil, false
	}
	for i := range account {
		if t := &account[i]; t.query == 1 && !contains(accounts, t.inQuery) {
			accounts = append(accounts, t.inQuery)
		}
	}
	if len(accounts) == 1 {
		return nil, false
	}
	return accounts, true
}

// could reports whether the pairs, read as loosely as any shop would, hold
// all of the endpoint's credentials.
func (e *Endpoint) could(pairs []pair) bool {
	var c counted
	var r room
	for n := range r {
		c.lists[n] = r[n][:0]
	}
	e.count(&c, pairs)
	return e.complete(&c)
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
