package page

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// Write sends a page. Nothing is sent when it returns an error of its own
// making; an error of the connection comes after the header.
func (p *Pages) Write(w http.ResponseWriter, r *http.Request, status int, v View) error {
	nonce, err := p.nonce()
	if err != nil {
		return err
	}
	lang := p.Language(r)
	body, err := p.render(r, lang, nonce, v)
	if err != nil {
		return err
	}
	h := w.Header()
	common(h, lang)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy(nonce))
	// The form must tell the shop where it came from, and nobody else.
	h.Set("Referrer-Policy", "same-origin")
	return send(w, r, status, body)
}

// common sets what pages and problems share.
func common(h http.Header, lang *Language) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", lang.Tag)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Accept-Language")
}

func send(w http.ResponseWriter, r *http.Request, status int, body []byte) error {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(body)
	return err
}

// policy allows what a page consists of and nothing else. Trusted Types are
// on and no policy may be made: no text can become code. There is no
// form-action: Chromium applies it to redirects too (measured with 156), so
// 'self' would block every shop that goes on to another host after a login.
func policy(nonce string) string {
	return "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce + "'; img-src 'self'; connect-src 'self'; " +
		"frame-ancestors 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

// nonce returns 128 fresh bits.
func (p *Pages) nonce() (string, error) {
	var bits [16]byte
	if _, err := io.ReadFull(p.theme.Rand, bits[:]); err != nil {
		return "", fmt.Errorf("making a nonce: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(bits[:]), nil
}
