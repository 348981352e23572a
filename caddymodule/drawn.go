package caddymodule

import (
	"bytes"
	"errors"
	"net/http"
	"time"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/picture"
)

// servePicture draws a picture that a check of ours named, once.
func (h *Handler) servePicture(w http.ResponseWriter, r *http.Request, g *guard, name string) error {
	return h.serveDrawn(w, r, "image/png", func() ([]byte, error) {
		return g.checks.Draw(r.Context(), name, h.now())
	})
}

// serveSpoken speaks the digits of a check of ours, once.
func (h *Handler) serveSpoken(w http.ResponseWriter, r *http.Request, g *guard, name string) error {
	return h.serveDrawn(w, r, "audio/wav", func() ([]byte, error) {
		return g.checks.DrawSound(r.Context(), name, h.pages.Language(r).Tag, h.now())
	})
}

func (h *Handler) serveDrawn(w http.ResponseWriter, r *http.Request, contentType string, draw func() ([]byte, error)) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return nil
	}
	body, err := draw()
	if errors.Is(err, picture.ErrBusy) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return nil
	}
	if err != nil {
		if !errors.Is(err, challenge.ErrNoPicture) && r.Context().Err() == nil {
			h.app.metrics.storeErrors.WithLabelValues("draw").Inc()
		}
		// Not ours, too old, shown already, or it could not be counted: the
		// page says that it did not load and offers another one.
		http.NotFound(w, r)
		return nil
	}
	w.Header().Set("Content-Type", contentType)
	// By parts, as Safari asks for every sound.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	return nil
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
