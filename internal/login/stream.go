package login

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// errCut ends a streamed body before a password field.
var errCut = errors.New("login guard: the body holds a password field beyond the size that a login may have")

// chunk is how much of a streamed body is read at once.
const chunk = 32 << 10

// scanner follows a body's names as it streams by.
type scanner interface {
	// scan looks at the next bytes. It returns up to which offset of the
	// whole body bytes may go on; a name that is still undecided is held
	// back. cut says that a password's name begins there and nothing more
	// may follow. At the end of the body it is called once more with eof.
	scan(b []byte, eof bool) (safe int64, cut bool)
}

// stream is a body that goes on while its names are scanned. What it holds
// back is bounded by the scanner (see maxKey and maxPartHead).
type stream struct {
	cut atomic.Bool

	mu   sync.Mutex
	src  io.ReadCloser
	sc   scanner
	buf  []byte // holds held
	held []byte // read and not given out
	base int64  // offset of held[0]
	safe int64  // offset up to which bytes may go out
	err  error  // of src, or errCut

	watch bool // a cut is noted and not made
}

// startStream lets a body beyond the cap go on; buf is its beginning.
func (rd *Reader) startStream(s *subject, buf *[]byte) Reading {
	var sc scanner
	switch s.media.kind {
	case mediaMultipart:
		if !s.media.clean {
			rd.giveUp(s.r, buf)
			return unreadable
		}
		parts := newPartScanner(rd.passwordMatcher(s), s.media.boundary)
		parts.logins.names, parts.logins.parts = rd.loginNames(s), rd.askingParts(s)
		sc = parts
	case mediaJSON:
		sc = rd.jsonScanner(s)
	case mediaGraphQL:
		sc = &textScanner{wordScanner{names: rd.loginNames(s)}}
	case mediaForm:
		sc = &pairScanner{password: rd.pairMatcher(s), ends: "&;"}
	default:
		sc = &pairScanner{password: rd.pairMatcher(s), ends: "&;\r\n"}
	}
	if (rd.json || len(rd.graphql) > 0) && s.media.kind != mediaJSON && listsObjects(*buf) {
		// Some servers read it as JSON whatever its type says.
		sc = bothScanner{sc, rd.jsonScanner(s)}
	}
	if s.media.graphql && s.media.kind == mediaText {
		sc = bothScanner{sc, &textScanner{wordScanner{names: rd.loginNames(s)}}}
	}
	st := &stream{src: s.r.Body, sc: sc, held: *buf, watch: rd.opt.Watch != nil && rd.opt.Watch()}
	var cut bool
	if st.safe, cut = sc.scan(*buf, false); cut {
		rd.giveUp(s.r, buf)
		return tooLarge
	}
	s.r.Body = st
	out := rd.sideUnread(s)
	out.stream = st
	return out
}

func (st *stream) Read(p []byte) (int, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for {
		if n := st.safe - st.base; n > 0 {
			k := copy(p, st.held[:n])
			st.held = st.held[k:]
			st.base += int64(k)
			return k, nil
		}
		if st.err != nil {
			return 0, st.err
		}
		if len(p) == 0 {
			return 0, nil
		}
		if len(p) >= 2*len(st.held) && len(p) >= chunk/8 {
			if n := st.pass(p); n > 0 {
				return n, nil
			}
			continue
		}
		st.fill()
	}
}

// pass reads into the caller's own memory, which is most of what streams by,
// and returns how much of it may go on. The rest is held back.
func (st *stream) pass(p []byte) int {
	n := copy(p, st.held)
	k, err := st.src.Read(p[n:])
	all := p[:n+k]
	st.held = all
	st.scanned(all[n:], err)
	free := int(st.safe - st.base)
	st.buf = append(st.buf[:0], all[free:]...)
	st.held, st.base = st.buf, st.safe
	return free
}

// fill reads and scans once more.
func (st *stream) fill() {
	// What is held back moves to the front, so that memory stays constant, and
	// the next bytes are read behind it.
	n := len(st.held)
	if cap(st.buf) < n+chunk {
		st.buf = append(make([]byte, 0, n+2*chunk), st.held...)
	} else {
		st.buf = st.buf[:n]
		copy(st.buf, st.held)
	}
	k, err := st.src.Read(st.buf[n : n+chunk])
	st.buf = st.buf[:n+k]
	st.held = st.buf
	st.scanned(st.buf[n:], err)
}

// scanned scans what was read, the last of held.
func (st *stream) scanned(b []byte, err error) {
	if len(b) > 0 {
		st.scan(b, false)
	}
	if err == io.EOF && st.err == nil {
		st.scan(nil, true)
	}
	if err != nil && st.err == nil {
		st.err = err
	}
}

func (st *stream) scan(b []byte, eof bool) {
	if st.watch && st.cut.Load() {
		st.safe = st.base + int64(len(st.held))
		return
	}
	safe, cut := st.sc.scan(b, eof)
	if cut && st.watch {
		st.cut.Store(true)
		st.safe = st.base + int64(len(st.held))
		return
	}
	st.safe = max(st.safe, safe)
	if cut {
		st.cut.Store(true)
		st.err = errCut
	}
}

// Close ends the body; nothing more is read from it.
func (st *stream) Close() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.err == nil {
		st.err = http.ErrBodyReadAfterClose
	}
	st.buf, st.held, st.base, st.safe = nil, nil, 0, 0
	return st.src.Close()
}

// jsonScanner makes a scanner for JSON bodies.
func (rd *Reader) jsonScanner(s *subject) *jsonScanner {
	sc := &jsonScanner{}
	for _, e := range rd.endpoints {
		if e.cfg.Body == bodyForm && !e.cfg.FormOnly && e.applies(s) {
			sc.password = append(sc.password, e.password...)
		}
	}
	sc.logins.names, sc.logins.parts = rd.loginNames(s), rd.askingParts(s)
	delete(sc.logins.parts, partOperations) // of forms only
	return sc
}

// listsObjects reports whether a text begins as an object or a list of
// objects does.
func listsObjects(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n\x00\ufeff")
	return len(b) > 0 && (b[0] == '{' || b[0] == '[' && bytes.IndexByte(b[:min(len(b), 64)], '{') > 0)
}

// loginNames are words without which no GraphQL login that could be met comes:
// the fields' names, and one of each name that a persisted login is listed
// under.
func (rd *Reader) loginNames(s *subject) (names []string) {
	for i := range rd.graphql {
		g := &rd.graphql[i]
		if !g.e.applies(s) {
			continue
		}
		for _, name := range append([]string{g.last()}, g.e.cfg.Persisted...) {
			if word := longestWord(name); word != "" && !contains(names, word) {
				names = append(names, word)
			}
		}
	}
	return names
}

// longestWord is the longest part of a text that wordScanner takes for a word.
func longestWord(text string) (word string) {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r >= 0x80 || !namePart(byte(r)) }) {
		if len(part) > len(word) {
			word = part
		}
	}
	return word
}

// pairMatcher says which names of a form could be a password or hold a
// GraphQL login.
func (rd *Reader) pairMatcher(s *subject) matcher {
	m := rd.passwordMatcher(s)
	if len(rd.loginNames(s)) > 0 {
		m = append(m, credential{name: partQuery, toks: tokens{partQuery}}, credential{name: partOperations, toks: tokens{partOperations}})
	}
	if !rd.listsPersisted(s) {
		return m
	}
	// Such a login needs variables; where the query has them, what names it.
	given := false
	for i := range s.query {
		given = given || s.query[i].toks.startsWith(tokens{partVariables})
	}
	for part := range graphQLParts {
		if given || part == partVariables {
			m = append(m, credential{name: part, toks: tokens{part}})
		}
	}
	return m
}

// listsPersisted reports whether a persisted login could be met here.
func (rd *Reader) listsPersisted(s *subject) bool {
	for i := range rd.graphql {
		if e := rd.graphql[i].e; len(e.cfg.Persisted) > 0 && e.applies(s) {
			return true
		}
	}
	return false
}

// askingParts are the parts of a GraphQL request that say what it asks for.
func (rd *Reader) askingParts(s *subject) map[string]bool {
	parts := map[string]bool{partQuery: true, partOperations: true}
	if rd.listsPersisted(s) {
		for part := range graphQLParts {
			parts[part] = part != partVariables
		}
	}
	return parts
}

// passwordMatcher says which names could be a password here.
func (rd *Reader) passwordMatcher(s *subject) matcher {
	var m matcher
	for _, e := range rd.endpoints {
		if e.cfg.Body == bodyForm && e.applies(s) {
			m = append(m, e.password...)
		}
	}
	return m
}

// matcher is the password fields of all endpoints that could be met.
type matcher []credential

// match reports whether a decoded name could be one of them.
func (m matcher) match(name string) bool {
	usual, unclosed := looseTokens(name)
	for i := range m {
		if m[i].loose(usual) || m[i].loose(unclosed) {
			return true
		}
	}
	return false
}
