package login

import (
	"bytes"
	"strings"
)

// maxScanDepth is how deep a streamed JSON text may nest before its keys are
// looked for wherever they stand.
const maxScanDepth = 32

// jsonScanner scans JSON for keys that could be a password's, and for login
// fields in the text of a GraphQL request. While the text is JSON only keys
// count, each in its place; from the first byte on that is none, whatever
// looks like such a word does.
type jsonScanner struct {
	password matcher
	logins   wordScanner // in the text of a GraphQL request

	off   int64
	start int64  // of the key or word that is held
	held  []byte // it, raw
	state jsonState
	back  bool // a backslash came before
	key   bool // a key is next

	stack []jsonStep // the containers around: a key or an element each
	open  []byte     // their opening brackets
}

type jsonState int

const (
	outside jsonState = iota
	inName
	inLongName // too long to be any of ours
	inText
	inQueryText // the text of a GraphQL request
	anywhere    // no JSON any more
)

func (sc *jsonScanner) scan(b []byte, eof bool) (int64, bool) {
	for i := 0; i < len(b); i++ {
		if sc.state == inText && !sc.back {
			// Texts are long and their bytes mean nothing.
			j := bytes.IndexAny(b[i:], `"\`)
			if j < 0 {
				sc.off += int64(len(b) - i)
				break
			}
			i += j
			sc.off += int64(j)
		}
		if cut := sc.byte(b[i]); cut {
			return sc.start, true
		}
		sc.off++
	}
	switch {
	case eof:
		// A key or text that never ends is no JSON to anybody.
		if sc.state == anywhere && sc.word() {
			return sc.start, true
		}
	case sc.state == inName, sc.state == anywhere && len(sc.held) > 0:
		return sc.start, false
	case sc.state == inQueryText && len(sc.logins.word) > 0:
		return sc.logins.start, false
	}
	return sc.off, false
}

// byte takes the next byte and reports whether the body must end at start.
func (sc *jsonScanner) byte(c byte) (cut bool) {
	switch sc.state {
	case outside:
		return sc.between(c)
	case inName, inLongName:
		return sc.name(c)
	case inText, inQueryText:
		quote := c == '"' && !sc.back
		sc.back = c == '\\' && !sc.back
		if sc.state == inQueryText {
			sc.logins.off = sc.off
			if sc.logins.byte(c) {
				sc.start = sc.logins.start
				return true
			}
		}
		if quote {
			sc.state, sc.key = outside, sc.inObject()
		}
		return false
	}
	return sc.loose(c)
}

// between takes a byte outside of quotes.
func (sc *jsonScanner) between(c byte) (cut bool) {
	n := len(sc.open)
	switch {
	case isJSONSpace(c):
	case c == '{' || c == '[':
		if n == maxScanDepth || sc.key {
			return sc.lost(c)
		}
		sc.open = append(sc.open, c)
		sc.stack = append(sc.stack, indexStep)
		sc.key = c == '{'
	case c == '}' || c == ']':
		if n == 0 || sc.open[n-1] != c-2 {
			return sc.lost(c)
		}
		sc.open, sc.stack = sc.open[:n-1], sc.stack[:n-1]
		sc.key = sc.inObject()
	case c == ',':
		sc.key = sc.inObject()
	case c == ':':
		sc.key = false
	case c == '"' && sc.key:
		sc.state, sc.start, sc.held, sc.back = inName, sc.off, sc.held[:0], false
	case c == '"':
		sc.state, sc.back = inText, false
		if sc.inQuery() {
			sc.state = inQueryText
			sc.logins.begin(sc.off)
		}
	case strings.IndexByte("truefalsn0123456789+-.eE", c) < 0 || sc.key:
		return sc.lost(c)
	}
	return false
}

// inObject reports whether the innermost container is an object.
func (sc *jsonScanner) inObject() bool {
	return len(sc.open) > 0 && sc.open[len(sc.open)-1] == '{'
}

// inQuery reports whether the text that begins is one that says what a GraphQL
// request asks for: under its key, in an object that is all of the body or one of a batch.
func (sc *jsonScanner) inQuery() bool {
	if len(sc.logins.names) == 0 {
		return false
	}
	_, flat := jsonPath(sc.stack).flatTokens()
	return len(flat) > 0 && sc.logins.parts[flat[0]]
}

// flatTokens gives the path without the elements of arrays.
func (p jsonPath) flatTokens() (usual, flat tokens) {
	usual, flat = p.tokens()
	if flat == nil {
		flat = usual
	}
	return usual, flat
}

// name takes a byte of a key.
func (sc *jsonScanner) name(c byte) (cut bool) {
	if c == '"' && !sc.back {
		long := sc.state == inLongName
		sc.state = outside // a colon follows, or another key
		step := jsonStep{}
		if !long {
			step = keyStep(plainEscapes(string(sc.held)))
		}
		sc.stack[len(sc.stack)-1] = step
		return !long && sc.match()
	}
	sc.back = c == '\\' && !sc.back
	if sc.state == inLongName {
		return false
	}
	if sc.held = append(sc.held, c); len(sc.held) > maxKey {
		// What begins like one of ours, or with nothing but blanks, is.
		sc.stack[len(sc.stack)-1] = keyStep(strings.TrimRight(plainEscapes(string(sc.held[:maxKey-12])), "\uFFFD"))
		if len(sc.stack[len(sc.stack)-1].toks) == 0 || sc.begins() {
			return true
		}
		sc.state = inLongName
	}
	return false
}

// plainEscapes undoes the escapes of a key, of JSON and of what is like it.
func plainEscapes(s string) string {
	p := jsonParser{s: `"` + s + `"`}
	if t, err := p.text(); err == nil && p.i == len(p.s) {
		return t
	}
	return plainKey(s)
}

// match reports whether the path could be a password's.
func (sc *jsonScanner) match() bool {
	usual, flat := jsonPath(sc.stack).flatTokens()
	for i := range sc.password {
		f := &sc.password[i]
		if f.loose(usual) || !f.wild && f.loose(flat) {
			return true
		}
	}
	return false
}

// begins reports whether a long key begins with a password's name.
func (sc *jsonScanner) begins() bool {
	t := sc.stack[len(sc.stack)-1].toks[0]
	for i := range sc.password {
		if last := sc.password[i].last(); strings.HasPrefix(t, last) {
			return true
		}
	}
	return false
}

// last is the innermost part of a credential's name.
func (f *credential) last() string { return f.toks[len(f.toks)-1] }

// lost gives up on the text as JSON, at byte c.
func (sc *jsonScanner) lost(c byte) (cut bool) {
	sc.state, sc.held, sc.stack, sc.open = anywhere, sc.held[:0], nil, nil
	return sc.loose(c)
}

// loose takes a byte of what is no JSON.
func (sc *jsonScanner) loose(c byte) (cut bool) {
	if c == 0 {
		return false // ASCII in 16 bits has one beside every letter
	}
	if keyDelimiter(c) {
		cut = sc.word()
		sc.held = sc.held[:0]
		return cut
	}
	if len(sc.held) == 0 {
		sc.start = sc.off
	}
	if sc.held = append(sc.held, c); len(sc.held) > maxKey {
		cut = sc.word()
		sc.start += maxKey / 2
		sc.held = append(sc.held[:0], sc.held[maxKey/2+1:]...)
	}
	return cut
}

// word decides over a word that stands anywhere.
func (sc *jsonScanner) word() bool {
	if len(sc.held) == 0 {
		return false
	}
	w := plainKey(string(sc.held))
	if contains(sc.logins.names, w) {
		return true
	}
	toks, _ := looseTokens(w)
	for i := range sc.password {
		if len(toks) > 0 && toks[len(toks)-1] == sc.password[i].last() {
			return true
		}
	}
	return false
}

// wordScanner looks for names of GraphQL in a text, in JSON's escapes.
type wordScanner struct {
	names []string
	parts map[string]bool // of a request that they are looked for in

	off   int64 // of the next byte
	start int64 // of the word that is held
	word  []byte
	esc   []byte // an escape so far
	long  bool
}

// begin starts anew; the next byte is at off.
func (w *wordScanner) begin(off int64) {
	w.off, w.word, w.esc, w.long = off, w.word[:0], w.esc[:0], false
}

// byte takes the next byte and reports whether it ends one of the names.
func (w *wordScanner) byte(c byte) bool {
	if len(w.esc) == 0 && c != '\\' {
		return w.letter(c, w.off)
	}
	w.esc = append(w.esc, c)
	switch {
	case len(w.esc) == 1, w.esc[1] == 'u' && len(w.esc) < 6 && c != '"':
		return false
	}
	plain := byte(' ')
	if w.esc[1] == 'u' {
		p := jsonParser{s: string(w.esc), i: 2}
		if r, ok := p.hex4(); ok && r < 0x80 {
			plain = byte(r)
		}
	}
	at := w.off - int64(len(w.esc)-1)
	w.esc = w.esc[:0]
	return w.letter(plain, at)
}

// letter takes a letter that is written at an offset.
func (w *wordScanner) letter(c byte, at int64) bool {
	if !namePart(c) {
		hit := !w.long && contains(w.names, string(w.word))
		w.word, w.long = w.word[:0], false
		return hit
	}
	if w.long {
		return false
	}
	if len(w.word) == 0 {
		w.start = at
	}
	if w.word = append(w.word, c); len(w.word) > maxKey {
		w.word, w.long = w.word[:0], true
	}
	return false
}

// textScanner scans a text that is a GraphQL document.
type textScanner struct{ wordScanner }

func (sc *textScanner) scan(b []byte, eof bool) (int64, bool) {
	for _, c := range b {
		hit := sc.byte(c)
		sc.off++
		if hit {
			return sc.start, true
		}
	}
	if len(sc.word) > 0 && !eof {
		return sc.start, false
	}
	return sc.off, eof && contains(sc.names, string(sc.word))
}

// bothScanner scans a body that may be read in two ways.
type bothScanner struct{ a, b scanner }

func (s bothScanner) scan(b []byte, eof bool) (int64, bool) {
	safeA, cutA := s.a.scan(b, eof)
	safeB, cutB := s.b.scan(b, eof)
	return min(safeA, safeB), cutA || cutB
}
