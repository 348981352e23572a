package caddymodule

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
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
	Hold      string          `json:"hold"`
	Challenge string          `json:"challenge"`
	Pow       uint32          `json:"pow"`
	Way       string          `json:"way"`
	Answer    string          `json:"answer"`
	Seen      json.RawMessage `json:"seen"`
	New       bool            `json:"new"` // renew: another picture is asked for
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
func (h *Handler) serveOwn(w http.ResponseWriter, r *http.Request, shop caddyhttp.Handler) error {
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
	if name, ok := strings.CutPrefix(rest, "sound/"); ok {
		return h.serveSpoken(w, r, g, name)
	}
	if rest == "help" {
		return h.serveHelp(w, r)
	}
	if ref, ok := strings.CutPrefix(rest, "check/"); ok {
		return h.serveCheck(w, r, ref)
	}
	if rest == secondPath {
		return h.serveSecond(w, r, g, shop)
	}
	if ref, ok := strings.CutPrefix(rest, "challenge/"); ok {
		return h.serveChallenge(w, r, g, ref)
	}
	switch rest {
	case "guard.js":
		return h.serveGuard(w, r)
	case "inline":
		return h.serveInline(w, r, g)
	case accountPath:
		return h.serveAccount(w, r, g)
	}
	serve := map[string]func(http.ResponseWriter, *http.Request, *guard, held.Slip, ask) error{
		"verify": h.serveVerify, "renew": h.serveRenew, "slow": h.serveSlow, "sound": h.serveSound,
	}[rest]
	if serve == nil {
		http.NotFound(w, r)
		return nil
	}
	return h.serveAsk(w, r, g, rest, serve)
}

// serveAsk reads a request of the check's script. Only our own pages may ask.
func (h *Handler) serveAsk(w http.ResponseWriter, r *http.Request, g *guard, what string, serve func(http.ResponseWriter, *http.Request, *guard, held.Slip, ask) error) error {
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
	if err != nil || !h.waits(r, g, slip) || inline(slip) && what != "verify" {
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
		if (a.Way == challenge.WayPicture || a.Way == challenge.WaySlow || a.Way == challenge.WaySound) && !inline(slip) {
			kind = challenge.Picture
		}
		return h.sendFresh(w, r, g, slip, kind, "again")
	}
	answer := a.answer()
	j, err := g.checks.Judge(r.Context(), now, t, answer)
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("judge").Inc()
		return sendJSON(w, http.StatusServiceUnavailable, reply{Status: "busy", Seconds: 2})
	}
	if before := h.recall(r, g, answer, j); before != nil {
		keepVoucher(w, r, slip, before)
		return sendBody(w, http.StatusOK, before)
	}
	h.countAnswer(t, j.Result, now.Sub(t.Issued))
	out, err := h.judged(r, g, slip, t, answer, j)
	if err != nil {
		h.notKept(err)
		return sendJSON(w, http.StatusServiceUnavailable, reply{Status: "busy", Seconds: 5})
	}
	body, err := json.Marshal(out)
	if err != nil {
		return err
	}
	keepVoucher(w, r, slip, body)
	return h.sendRemembered(w, r, g, answer, j, http.StatusOK, json.RawMessage(body))
}

// answer is what a script sent, as it is judged.
func (a ask) answer() challenge.Answer {
	return challenge.Answer{Token: a.Challenge, Pow: a.Pow, Way: a.Way, Text: a.Answer, Seen: a.Seen, Scripted: true}
}

// judged is the reply to a judgement.
func (h *Handler) judged(r *http.Request, g *guard, slip held.Slip, t challenge.Token, a challenge.Answer, j challenge.Judgement) (reply, error) {
	switch j.Result {
	case challenge.Checked:
		if inline(slip) {
			return h.voucher(r, g, t, j.Evidence)
		}
		name, err := g.checks.Clear(r.Context(), g.checks.For(t.Earned(j.Evidence), a))
		return reply{Status: "checked", Clearance: name}, err
	case challenge.Wait:
		return reply{Status: "wait", Seconds: max(1, seconds(j.Wait))}, nil
	case challenge.Spent:
		// The server shows what is left: the picture, or the slow way.
		return reply{Status: "picture"}, nil
	default:
		if t.Kind == challenge.Slow {
			return reply{Status: "picture"}, nil
		}
		return h.fresh(r, g, slip, t.Kind, "wrong")
	}
}

// recall is the reply that this very answer got before, nil if it got none:
// a reply that was lost on its way is asked for again.
func (h *Handler) recall(r *http.Request, g *guard, a challenge.Answer, j challenge.Judgement) []byte {
	if j.Result != challenge.Again {
		return nil
	}
	before, err := g.checks.Recall(r.Context(), a)
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("recall").Inc()
	}
	return before
}

// sendRemembered sends the reply to an answer and remembers it, unless the
// same answer is to be judged again.
func (h *Handler) sendRemembered(w http.ResponseWriter, r *http.Request, g *guard, a challenge.Answer, j challenge.Judgement, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if j.Result != challenge.Wait {
		if err := g.checks.Remember(r.Context(), a, body); err != nil {
			h.notKept(err)
		}
	}
	return sendBody(w, status, body)
}

// sendFresh answers with a fresh check, or, when this address has had its
// checks, sends the page to the server, which shows the slow way.
func (h *Handler) sendFresh(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, kind challenge.Kind, why string) error {
	out, err := h.fresh(r, g, slip, kind, why)
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, out)
}

// fresh is the reply with a fresh check.
func (h *Handler) fresh(r *http.Request, g *guard, slip held.Slip, kind challenge.Kind, why string) (reply, error) {
	if may := h.mayShow(kind); !may(r, g) {
		return reply{Status: "picture"}, nil
	}
	task, err := h.issue(r, g, slip, kind, 0)
	if err != nil {
		return reply{}, err
	}
	return reply{Status: "again", Task: &task, Error: why}, nil
}

// mayIssue counts one more check shown to an address.
func (h *Handler) mayIssue(r *http.Request, g *guard) bool {
	s := collectFrom(g, r)
	after, err := g.ledger.Count(r.Context(), h.now(), config.LimitChallenges, s.Host, store.Key{})
	return err == nil && after == 0
}

// blameless reports whether an address is private or shared by many people: it
// has its checks, however many were asked for by others behind it.
func (h *Handler) blameless(r *http.Request, g *guard) bool {
	s := collectFrom(g, r)
	if s.Private {
		return true
	}
	busy, err := g.ledger.Busy(r.Context(), h.now(), s.Host)
	return err == nil && busy
}

// mayShow is what counts a check of a kind.
func (h *Handler) mayShow(k challenge.Kind) func(*http.Request, *guard) bool {
	if k == challenge.Sound {
		return h.maySound
	}
	return h.mayIssue
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
	if may := h.mayShow(t.Kind); !may(r, g) {
		return sendJSON(w, http.StatusTooManyRequests, reply{Status: "picture"})
	}
	// One check has one successor: renewals are a chain, not a tree.
	if first, err := g.checks.Supersede(r.Context(), t); err != nil || !first {
		return sendJSON(w, http.StatusGone, reply{Status: "gone"})
	}
	task, err := h.issue(r, g, slip, t.Kind, t.Renewals+1)
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, reply{Task: &task})
}

// serveSlow starts the slow way.
func (h *Handler) serveSlow(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, _ ask) error {
	s := collectFrom(g, r)
	place, after, err := g.ledger.Slow(r.Context(), h.now(), s.Network, slip.Account, challenge.SlowWait)
	if err != nil {
		return sendJSON(w, http.StatusServiceUnavailable, reply{Status: "busy", Seconds: 10})
	}
	if after > 0 {
		return sendJSON(w, http.StatusTooManyRequests, reply{Status: "busy", Seconds: seconds(after)})
	}
	task, err := h.issueAt(r, g, slip, challenge.Spec{Kind: challenge.Slow, Place: place.Key, After: place.End.Sub(h.now())})
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, reply{Task: &task, Seconds: seconds(time.Duration(task.Floor) * time.Millisecond)})
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
