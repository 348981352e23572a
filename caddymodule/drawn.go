package caddymodule

import (
	"net/http"
	"strconv"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/held"
)

// servePicture draws a picture that a check of ours named.
func (h *Handler) servePicture(w http.ResponseWriter, r *http.Request, g *guard, name string) error {
	now := h.now()
	if !h.mayDraw(w, r, g.checks.MayDraw(r.Context(), name, now)) {
		return nil
	}
	png, ok, err := g.checks.Draw(name, now)
	return sendDrawn(w, r, "image/png", png, ok, err)
}

// serveSpoken speaks the digits of a check of ours.
func (h *Handler) serveSpoken(w http.ResponseWriter, r *http.Request, g *guard, name string) error {
	now := h.now()
	if !h.mayDraw(w, r, g.checks.MaySpeak(r.Context(), name, now)) {
		return nil
	}
	wav, ok, err := g.checks.Speak(name, challenge.SpokenIn(h.pages.Language(r).Tag), now)
	return sendDrawn(w, r, "audio/wav", wav, ok, err)
}

// mayDraw refuses what is not to be drawn: what is not ours, what was looked
// at too often (a picture is looked at once, or a few times on a bad
// connection), and what is more than this site draws in a second.
func (h *Handler) mayDraw(w http.ResponseWriter, r *http.Request, ours bool) bool {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
	case !ours:
		http.NotFound(w, r)
	case !h.pictures.AllowN(h.now(), 1):
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	default:
		return true
	}
	return false
}

func sendDrawn(w http.ResponseWriter, r *http.Request, contentType string, body []byte, ok bool, err error) error {
	if err != nil {
		return err
	}
	if !ok {
		http.NotFound(w, r)
		return nil
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = w.Write(body)
	return err
}

// serveSound gives a page digits to hear instead of a picture.
func (h *Handler) serveSound(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, _ ask) error {
	if !h.maySound(r, g) {
		return sendJSON(w, http.StatusOK, reply{Status: "busy"})
	}
	task, err := h.issue(r, g, slip, challenge.Sound, 0)
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, reply{Task: &task})
}

// maySound counts a sound that a network asks for, which is a check as well.
func (h *Handler) maySound(r *http.Request, g *guard) bool {
	if !h.mayIssue(r, g) {
		return false
	}
	after, err := g.ledger.Sound(r.Context(), h.now(), collectFrom(g, r).Network)
	return err == nil && after == 0
}
