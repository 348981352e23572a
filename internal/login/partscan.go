package login

import (
	"bytes"
	"strings"
)

// maxPartHead is how long the header of a part may be in a streamed body.
// Browsers send below 1 KiB; file names are at most 255 bytes.
const maxPartHead = 8 << 10

// partScanner scans multipart data. The boundary is looked for anywhere, not
// only at the start of a line, as Django does; what follows it must be a
// clean header, because on others servers differ about where it ends.
type partScanner struct {
	password matcher
	dash     []byte // the boundary with its hyphens

	off  int64  // of the next byte
	tail []byte // shorter than dash
	seam []byte // room to look at what straddles two chunks
	// The state of the part: the header so far, held back from start.
	inHead bool
	start  int64
	head   []byte
	done   bool // the closing boundary was seen

	logins wordScanner // in parts that hold a GraphQL request
	query  bool        // this part does
}

func newPartScanner(m matcher, boundary string) *partScanner {
	return &partScanner{password: m, dash: []byte("--" + boundary)}
}

func (sc *partScanner) scan(b []byte, eof bool) (int64, bool) {
	for len(b) > 0 {
		if sc.inHead {
			sc.head = append(sc.head, b[0])
			sc.off++
			b = b[1:]
			if cut := sc.header(); cut {
				return sc.start, true
			}
			continue
		}
		if sc.done {
			// Behind the end some servers go on reading.
			if n := len(b) - len(bytes.TrimLeft(b, "\r\n")); n < len(b) {
				sc.off += int64(n)
				return sc.off, true
			}
			sc.off += int64(len(b))
			break
		}
		i := sc.boundary(b)
		if sc.query {
			n := len(b)
			if i >= 0 {
				n = i + len(sc.dash) - len(sc.tail)
			}
			for j, c := range b[:n] {
				if sc.logins.off = sc.off + int64(j); sc.logins.byte(c) {
					return sc.logins.start, true
				}
			}
		}
		if i < 0 {
			sc.off += int64(len(b))
			sc.keep(b)
			break
		}
		used := i + len(sc.dash) - len(sc.tail)
		sc.start = sc.off - int64(len(sc.tail)) + int64(i)
		sc.off += int64(used)
		b = b[used:]
		sc.tail, sc.head, sc.inHead, sc.query = sc.tail[:0], sc.head[:0], true, false
	}
	switch {
	case sc.inHead && eof:
		return sc.start, true // a header that never ended
	case sc.inHead:
		return sc.start, false
	case eof:
		return sc.off, false
	}
	safe := sc.off - int64(len(sc.tail))
	if sc.query && len(sc.logins.word) > 0 {
		safe = min(safe, sc.logins.start)
	}
	return safe, false
}

// boundary finds the boundary in what is kept and b together, -1 if it is not
// there. Only where the two meet are they put together.
func (sc *partScanner) boundary(b []byte) int {
	if n := len(sc.tail); n > 0 {
		sc.seam = append(append(sc.seam[:0], sc.tail...), b[:min(len(b), len(sc.dash)-1)]...)
		if i := bytes.Index(sc.seam, sc.dash); i >= 0 {
			return i
		}
		if i := bytes.Index(b, sc.dash); i >= 0 {
			return n + i
		}
		return -1
	}
	return bytes.Index(b, sc.dash)
}

// keep keeps what could be the start of a boundary.
func (sc *partScanner) keep(b []byte) {
	most := len(sc.dash) - 1
	if len(b) >= most {
		sc.tail = append(sc.tail[:0], b[len(b)-most:]...)
		return
	}
	sc.tail = append(sc.tail, b...)
	if over := len(sc.tail) - most; over > 0 {
		sc.tail = append(sc.tail[:0], sc.tail[over:]...)
	}
}

// header looks at the header so far, which is behind the boundary, and
// reports whether the body must end before it.
func (sc *partScanner) header() (cut bool) {
	h := sc.head
	n := len(h)
	switch {
	case n == 1:
		return h[0] != '\r' && h[0] != '-'
	case n == 2:
		if h[0] == '-' && h[1] == '-' {
			sc.inHead, sc.done = false, true
			return false
		}
		return h[0] != '\r' || h[1] != '\n'
	case n > maxPartHead:
		return true
	case h[n-1] == '\n' && h[n-2] != '\r', h[n-1] != '\n' && h[n-2] == '\r', h[n-1] == 0:
		return true
	case !bytes.HasSuffix(h, []byte("\r\n\r\n")):
		return false
	}
	if bytes.Contains(h, sc.dash) || !cleanHead(string(h)) {
		return true
	}
	sc.inHead = false
	names, unclear := looseNames(string(h))
	if unclear {
		return true
	}
	for _, name := range names {
		if sc.password.match(name) {
			return true
		}
		toks, _ := looseTokens(name)
		if len(sc.logins.names) > 0 && len(toks) > 0 && sc.logins.parts[toks[0]] {
			sc.query = true
			sc.logins.begin(sc.off)
		}
	}
	return false
}

// cleanHead reports whether a part's header, with the line ends around it,
// is nothing but fields, one of them the part's disposition. An empty one,
// or one with lines that are no fields, ends elsewhere for some servers.
func cleanHead(h string) bool {
	h = strings.TrimSuffix(strings.TrimPrefix(h, "\r\n"), "\r\n\r\n")
	n := 0
	for line := range strings.SplitSeq(h, "\r\n") {
		name, _, ok := strings.Cut(line, ":")
		if !ok || !token(name) {
			return false
		}
		if strings.EqualFold(name, "Content-Disposition") {
			n++
		}
	}
	return n == 1
}
