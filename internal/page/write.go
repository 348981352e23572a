package page

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// scratch is memory that answers take turns in.
type scratch struct {
	bits [16]byte
	body []byte
}

func (p *Pages) borrow() *scratch {
	if s, ok := p.scratch.Get().(*scratch); ok {
		return s
	}
	return &scratch{}
}

// maxScratch keeps an answer with something huge in it from holding memory.
const maxScratch = 64 << 10

func (p *Pages) giveBack(s *scratch) {
	if cap(s.body) <= maxScratch {
		p.scratch.Put(s)
	}
}

// Write sends a page. Nothing is sent when it returns an error of its own
// making; an error of the connection comes after the header.
func (p *Pages) Write(w http.ResponseWriter, r *http.Request, status int, v View) error {
	s := p.borrow()
	defer p.giveBack(s)
	policy, nonce, err := p.policy(s)
	if err != nil {
		return err
	}
	lang := p.Language(r)
	d, err := p.document(r, lang, nonce, v)
	if err != nil {
		return err
	}
	if s.body, err = p.render(s.body[:0], &d); err != nil {
		return err
	}
	return p.sendPage(w, r, status, lang, policy, v.Frame, s.body)
}

// sendPage sends a page that is made, with the header that all have.
func (p *Pages) sendPage(w http.ResponseWriter, r *http.Request, status int, lang *Language, policy string, frame Frame, body []byte) error {
	h, own := w.Header(), make(values, 0, 11)
	own.common(h, lang)
	if frame != "" {
		own.frame(h)
	}
	own.set(h, "Content-Type", "text/html; charset=utf-8")
	own.set(h, "Content-Security-Policy", policy)
	// The form must tell the shop where it came from, and nobody else.
	own.set(h, "Referrer-Policy", "same-origin")
	own.set(h, "Content-Length", strconv.Itoa(len(body)))
	return send(w, r, status, body)
}

// values holds the values of an answer's header in one piece of memory. Each
// answer needs its own: who comes after us may change them in place.
type values []string

// set sets a field by its canonical name, which http.Header.Set would look
// for letter by letter.
func (v *values) set(h http.Header, name, value string) {
	*v = append(*v, value)
	n := len(*v)
	h[name] = (*v)[n-1 : n : n]
}

// common sets what pages and problems share.
func (v *values) common(h http.Header, lang *Language) {
	v.set(h, "Cache-Control", "no-store")
	v.set(h, "Content-Language", lang.Tag)
	v.set(h, "X-Content-Type-Options", "nosniff")
	if before := h["Vary"]; len(before) > 0 {
		h["Vary"] = append(before, "Accept-Language")
	} else {
		v.set(h, "Vary", "Accept-Language")
	}
}

func send(w http.ResponseWriter, r *http.Request, status int, body []byte) error {
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(body)
	return err
}

// The content security policy, around two times the nonce. It allows what a
// page consists of and nothing else. Trusted Types are on and no policy may be
// made: no text can become code. There is no form-action: Chromium applies it
// to redirects too (measured with 156), so 'self' would block every shop that
// goes on to another host after a login.
const (
	policyScript = "default-src 'none'; script-src 'nonce-"
	policyStyle  = "'; style-src 'nonce-"
	policyRest   = "'; img-src 'self'; media-src 'self'; connect-src 'self'; frame-ancestors 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

	nonceLength = 22 // 128 bits in base64
	policyFirst = len(policyScript)
	policyAgain = policyFirst + nonceLength + len(policyStyle)
)

// policy returns the policy of one answer and its nonce, 128 fresh bits.
func (p *Pages) policy(s *scratch) (text, nonce string, err error) {
	if _, err := io.ReadFull(p.theme.Rand, s.bits[:]); err != nil {
		return "", "", fmt.Errorf("making a nonce: %w", err)
	}
	var b [policyAgain + nonceLength + len(policyRest)]byte
	copy(b[:], policyScript)
	base64.RawURLEncoding.Encode(b[policyFirst:], s.bits[:])
	copy(b[policyFirst+nonceLength:], policyStyle)
	copy(b[policyAgain:], b[policyFirst:policyFirst+nonceLength])
	copy(b[policyAgain+nonceLength:], policyRest)
	text = string(b[:])
	return text, text[policyFirst : policyFirst+nonceLength], nil
}
