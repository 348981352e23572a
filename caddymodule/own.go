package caddymodule

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/store"
)

// maxAsk is more than any request of the check's script has.
const maxAsk = 16 << 10

// ask is what the check's script sends.
type ask struct {
	Hold      string      `json:"hold"`
	Challenge string      `json:"challenge"`
	Pow       uint32      `json:"pow"`
	Way       string      `json:"way"`
	Answer    string      `json:"answer"`
	Track     [][]float64 `json:"track"`
	New       bool        `json:"new"` // renew: another picture is asked for
}

// reply is what it gets.
type reply struct {
	Status    string     `json:"status,omitempty"`
	Clearance string     `json:"clearance,omitempty"`
	Task      *page.Task `json:"task,omitempty"`
	Error     string     `json:"error,omitempty"`
	Seconds   int        `json:"seconds,omitempty"`
}

// serveOwn answers the reserved paths. Nothing below them reaches the shop.
func (h *Handler) serveOwn(w http.ResponseWriter, r *http.Request) error {
	path := r.URL.Path
	if !strings.HasPrefix(path, h.prefix) {
		path = original(r).Path
	}
	g, err := h.ready()
	if err != nil {
		return caddyhttp.Error(http.StatusInternalServerError, err)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	rest := strings.TrimPrefix(path, h.prefix)
	if name, ok := strings.CutPrefix(rest, "picture/"); ok {
		return h.servePicture(w, r, g, name)
	}
	if ref, ok := strings.CutPrefix(rest, "challenge/"); ok {
		return h.serveChallenge(w, r, g, ref)
	}
	serve := map[string]func(http.ResponseWriter, *http.Request, *guard, held.Slip, ask) error{
		"verify": h.serveVerify, "renew": h.serveRenew, "slow": h.serveSlow,
	}[rest]
	if serve == nil {
		http.NotFound(w, r)
		return nil
	}
	return h.serveAsk(w, r, g, serve)
}

// serveAsk reads a request of the check's script. Only our own pages may ask.
func (h *Handler) serveAsk(w http.ResponseWriter, r *http.Request, g *guard, serve func(http.ResponseWriter, *http.Request, *guard, held.Slip, ask) error) error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return nil
	}
	if !sameOrigin(r) || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return sendJSON(w, http.StatusForbidden, reply{Status: "gone"})
	}
	_ = http.NewResponseController(w).SetReadDeadline(h.now().Add(30 * time.Second))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAsk))
	if err != nil {
		return sendJSON(w, http.StatusRequestEntityTooLarge, reply{Status: "again"})
	}
	var a ask
	if json.Unmarshal(body, &a) != nil {
		return sendJSON(w, http.StatusBadRequest, reply{Status: "gone"})
	}
	if g.held.Foreign(a.Hold) {
		h.app.foreign(h.now())
	}
	slip, err := g.held.Read(a.Hold)
	if err != nil || !h.waits(r, g, slip) {
		return sendJSON(w, http.StatusGone, reply{Status: "gone"})
	}
	return serve(w, r, g, slip, a)
}

// serveVerify judges an answer. What a right one earns is a clearance that
// is good once, for this held login. A judgement is 200 whatever it is: only
// our own script asks, and a browser reports every 4xx of a fetch as an error
// of the page.
func (h *Handler) serveVerify(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, a ask) error {
	now := h.now()
	t, err := g.checks.Open(a.Challenge, now)
	if err != nil || t.Hold != slip.Ticket.ID || t.Account != slip.Account {
		kind := challenge.Slider
		if a.Way == challenge.WayPicture || a.Way == challenge.WaySlow {
			kind = challenge.Picture
		}
		return h.sendFresh(w, r, g, slip, kind, "again")
	}
	res, wait, err := g.checks.Judge(r.Context(), now, t,
		challenge.Answer{Token: a.Challenge, Pow: a.Pow, Way: a.Way, Text: a.Answer, Scripted: true})
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("judge").Inc()
		return sendJSON(w, http.StatusServiceUnavailable, reply{Status: "busy", Seconds: 2})
	}
	h.countAnswer(t, res, now.Sub(t.Issued))
	switch res {
	case challenge.Checked:
		name, err := g.checks.Clear(r.Context(), t.Earned())
		if err != nil {
			h.notKept(err)
			return sendJSON(w, http.StatusServiceUnavailable, reply{Status: "busy", Seconds: 5})
		}
		return sendJSON(w, http.StatusOK, reply{Status: "checked", Clearance: name})
	case challenge.Wait:
		return sendJSON(w, http.StatusOK, reply{Status: "wait", Seconds: max(1, seconds(wait))})
	case challenge.Spent:
		if t.Kind == challenge.Slider {
			return sendJSON(w, http.StatusOK, reply{Status: "picture"})
		}
		return h.sendFresh(w, r, g, slip, t.Kind, "again")
	default:
		if t.Kind == challenge.Slow {
			return sendJSON(w, http.StatusOK, reply{Status: "picture"})
		}
		return h.sendFresh(w, r, g, slip, t.Kind, "wrong")
	}
}

// sendFresh answers with a fresh check, or, when this address has had its
// checks, sends the page to the server, which shows the slow way.
func (h *Handler) sendFresh(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, kind challenge.Kind, why string) error {
	if !h.mayIssue(r, g) {
		return sendJSON(w, http.StatusForbidden, reply{Status: "picture"})
	}
	task, err := h.issue(g, slip, kind, 0)
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, reply{Status: "again", Task: &task, Error: why})
}

// mayIssue counts one more check shown to an address.
func (h *Handler) mayIssue(r *http.Request, g *guard) bool {
	s := collectFrom(g, r)
	after, err := g.ledger.Count(r.Context(), h.now(), config.LimitChallenges, s.Host, store.Key{})
	return err == nil && after == 0
}

// maxRenewals: ten minutes and twelve renewals are over two hours; WCAG 2.2
// SC 2.2.1 asks for ten.
const maxRenewals = 12

// serveRenew gives a page that stood open a fresh check.
func (h *Handler) serveRenew(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, a ask) error {
	t, err := g.checks.Open(a.Challenge, h.now())
	if err != nil || t.Hold != slip.Ticket.ID || t.Renewals >= maxRenewals || t.Kind == challenge.Slow {
		return sendJSON(w, http.StatusGone, reply{Status: "gone"})
	}
	// Each renewal leaves a mark of what is spent: it counts as a check.
	if !h.mayIssue(r, g) {
		return sendJSON(w, http.StatusTooManyRequests, reply{Status: "picture"})
	}
	// One check has one successor: renewals are a chain, not a tree.
	if first, err := g.checks.Supersede(r.Context(), t); err != nil || !first {
		return sendJSON(w, http.StatusGone, reply{Status: "gone"})
	}
	task, err := h.issue(g, slip, t.Kind, t.Renewals+1)
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, reply{Task: &task})
}

// serveSlow starts the slow way.
func (h *Handler) serveSlow(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, _ ask) error {
	s := collectFrom(g, r)
	after, err := g.ledger.Slow(r.Context(), h.now(), s.Network, slip.Account, challenge.SlowWait)
	if err != nil {
		return sendJSON(w, http.StatusServiceUnavailable, reply{Status: "busy", Seconds: 10})
	}
	if after > 0 {
		return sendJSON(w, http.StatusTooManyRequests, reply{Status: "busy", Seconds: seconds(after)})
	}
	task, err := h.issue(g, slip, challenge.Slow, 0)
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, reply{Task: &task, Seconds: seconds(challenge.SlowWait)})
}

// servePicture draws a picture that a check of ours named.
func (h *Handler) servePicture(w http.ResponseWriter, r *http.Request, g *guard, name string) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return nil
	}
	now := h.now()
	// A picture is looked at once, or a few times on a bad connection; one
	// name must not use up what all shoppers share.
	if !g.checks.MayDraw(r.Context(), name, now) {
		http.NotFound(w, r)
		return nil
	}
	if !h.pictures.AllowN(now, 1) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return nil
	}
	png, ok, err := g.checks.Draw(name, now)
	if err != nil {
		return err
	}
	if !ok {
		http.NotFound(w, r)
		return nil
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Content-Length", strconv.Itoa(len(png)))
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = w.Write(png)
	return err
}

func (h *Handler) countAnswer(t challenge.Token, res challenge.Result, took time.Duration) {
	outcome := "failed"
	switch res {
	case challenge.Checked:
		outcome = "passed"
		h.app.metrics.solveSeconds.Observe(took.Seconds())
	case challenge.Wait:
		outcome = "early"
	case challenge.Spent:
		outcome = "spent"
	}
	h.app.metrics.challenges.WithLabelValues(t.Kind.String(), outcome).Inc()
}

// otherWebsite reports whether the browser says that another website had the
// request sent, one that the operator does not list in origins. Over plain
// HTTP browsers say nothing.
func (h *Handler) otherWebsite(r *http.Request) bool {
	return first(r.Header, "Sec-Fetch-Site") == "cross-site" && !slices.Contains(h.Origins, first(r.Header, "Origin"))
}

// sameOrigin reports whether a page of this very origin sent the request:
// the browser says so, or the Origin is ours.
func sameOrigin(r *http.Request) bool {
	if site := first(r.Header, "Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	o, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || o.Host == "" {
		return false
	}
	scheme, port := "http", "80"
	if secure(r) {
		scheme, port = "https", "443"
	}
	return o.Scheme == scheme && strings.EqualFold(strings.TrimSuffix(o.Host, ":"+port), strings.TrimSuffix(r.Host, ":"+port))
}
