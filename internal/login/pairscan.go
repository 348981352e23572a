package login

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// maxKey is up to how many raw bytes of a name are looked at: the longest
// credential in the longest encoding (16 letters of three bytes, each as
// three characters) and room to spare.
const maxKey = 256

// pairScanner scans urlencoded data.
type pairScanner struct {
	password matcher
	ends     string // what ends a pair

	off   int64  // of the next byte
	start int64  // of the name that is held
	key   []byte // the name so far, raw
	state pairState
}

type pairState int

const (
	inKey     pairState = iota
	inLongKey           // its start is gone: only its brackets matter
	inValue
)

func (sc *pairScanner) scan(b []byte, eof bool) (int64, bool) {
	for i := 0; i < len(b); i++ {
		c := b[i]
		if sc.state == inValue {
			// Values are long and names are not.
			if j := sc.indexEnd(b[i:]); j >= 0 {
				i += j
				sc.off += int64(j) + 1
				sc.begin()
				continue
			}
			sc.off += int64(len(b) - i)
			break
		}
		end := strings.IndexByte(sc.ends, c) >= 0
		if end || c == '=' && !sc.namesPart() {
			if sc.match() {
				return sc.start, true
			}
			sc.off++
			if end {
				sc.begin()
			} else {
				sc.state, sc.key = inValue, sc.key[:0]
			}
			continue
		}
		sc.key = append(sc.key, c)
		sc.off++
		if len(sc.key) <= maxKey {
			continue
		}
		if sc.state == inKey && sc.mayBecome() || sc.match() {
			return sc.start, true
		}
		// Let the first half go on; a bracket that matters is still whole
		// in what stays.
		sc.state = inLongKey
		sc.start += maxKey / 2
		sc.key = append(sc.key[:0], sc.key[maxKey/2:]...)
	}
	if sc.state == inValue {
		return sc.off, false
	}
	if eof {
		if sc.match() {
			return sc.start, true
		}
		return sc.off, false
	}
	return sc.start, false
}

func (sc *pairScanner) begin() {
	sc.state, sc.start, sc.key = inKey, sc.off, sc.key[:0]
}

func (sc *pairScanner) indexEnd(b []byte) int {
	return bytes.IndexAny(b, sc.ends)
}

// namesPart reports whether, in a body that may be a multipart in disguise,
// the name so far is a part's `name=`: then what follows is looked at too.
func (sc *pairScanner) namesPart() bool {
	return len(sc.ends) > 2 && sc.state == inKey && indexFold(string(sc.key), "name") >= 0
}

// match decides over the name that is held.
func (sc *pairScanner) match() bool {
	if len(sc.key) == 0 {
		return false
	}
	name, _ := unescape(string(sc.key))
	if len(sc.ends) > 2 {
		names, unclear := looseNames(string(sc.key))
		for _, n := range names {
			unclear = unclear || sc.password.match(n)
		}
		if unclear {
			return true
		}
	}
	if sc.state == inKey {
		return sc.password.match(name)
	}
	// The start of a long name is gone; what matters are fields of any
	// head, such as *[password].
	text := looseText(strings.ReplaceAll(name, "\x00", ""))
	for i := range sc.password {
		if f := &sc.password[i]; f.wild && strings.Contains(text, f.toks[0]) {
			return true
		}
	}
	return false
}

// mayBecome reports whether a name too long to be held could still turn out
// to be a password's: nothing but blanks so far, or a password's beginning.
func (sc *pairScanner) mayBecome() bool {
	raw := string(sc.key)
	// An escape or a letter that is cut in two here is not judged yet.
	if i := strings.LastIndexByte(raw, '%'); i >= len(raw)-2 && i >= 0 {
		raw = raw[:i]
	}
	name, _ := unescape(raw)
	for n := 0; n < utf8.UTFMax-1 && name != ""; n++ {
		if r, size := utf8.DecodeLastRuneInString(name); r != utf8.RuneError || size > 1 {
			break
		}
		name = name[:len(name)-1]
	}
	text := looseText(name)
	head := strings.Trim(strings.Join(splitBrackets(text), ""), "_")
	if head == "" {
		return true
	}
	for i := range sc.password {
		f := &sc.password[i]
		if !f.wild && strings.HasPrefix(strings.Join(f.toks, ""), head) {
			return true
		}
	}
	return sc.match()
}
