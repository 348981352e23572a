package caddymodule

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/hold"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/store"
)

// A script whose login was right and waits for a second factor asks for the
// ways to give it and posts the answer as JSON. What it earns is a clearance:
// the script repeats its very login with it and gets the shop's answer, which
// was held. Nothing goes to the shop again.

// clearanceSecond starts the name of such a clearance; the rest is the ticket.
const clearanceSecond = "s2."

// clearLife is how long a script has to repeat its login.
const clearLife = 2 * time.Minute

// clearedSecond says that the second factor of a held answer was given.
type clearedSecond struct {
	Given string `json:"g"`
	Epoch uint64 `json:"e"`
	Trust bool   `json:"t,omitempty"` // remember this browser
}

// scriptAnswer is what a script posts, and scriptTask what it is told.
type scriptAnswer struct {
	Step      string          `json:"step"` // second (default), method, resend
	Method    string          `json:"method"`
	Code      string          `json:"code"`
	Assertion json.RawMessage `json:"assertion"`
}

type scriptTask struct {
	Kind    string          `json:"kind"`
	Ref     string          `json:"ref"`
	Method  string          `json:"method"`
	Methods []scriptWay     `json:"methods"`
	Options json.RawMessage `json:"options,omitempty"` // of a passkey
	Sent    bool            `json:"sent,omitempty"`
	Resend  int             `json:"resend_in,omitempty"`
	Error   string          `json:"error,omitempty"`
	Seconds int             `json:"seconds,omitempty"`
	Left    int             `json:"left,omitempty"`
}

type scriptWay struct {
	Method  string `json:"method"`
	Kind    string `json:"kind"`
	Contact string `json:"contact,omitempty"`
}

// serveSecondScript is the second factor for scripts.
func (h *Handler) serveSecondScript(w http.ResponseWriter, r *http.Request, g *guard, own ownCookies) error {
	h.allowOrigin(w, r)
	now := h.now()
	t, ok := hold.ParseTicket(own.second)
	held, err := (*hold.Answer)(nil), hold.ErrGone
	if ok {
		held, err = g.answers.Look(r.Context(), t, now)
	}
	switch {
	case errors.Is(err, hold.ErrGone), err == nil && held.Enrol:
		return sendJSON(w, http.StatusNotFound, reply{Status: "gone"})
	case err != nil:
		return h.writeDenial(w, r, "", http.StatusServiceUnavailable, storeRetry)
	}
	if r.Method != http.MethodPost {
		return h.secondTask(w, r, g, now, held, asking{}, http.StatusOK)
	}
	_ = http.NewResponseController(w).SetReadDeadline(now.Add(30 * time.Second))
	var a scriptAnswer
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil || json.Unmarshal(body, &a) != nil {
		return h.pages.Problem(w, r, http.StatusBadRequest, page.Problem{Kind: page.Unreadable, Ref: held.Ref})
	}
	switch a.Step {
	case stepResend:
		return h.secondTask(w, r, g, now, held, h.sendCode(r, g, now, held.Owner, held.Challenge, a.Method, held.Established), http.StatusOK)
	case stepMethod:
		return h.secondTask(w, r, g, now, held, asking{method: a.Method}, http.StatusOK)
	}
	f := map[string]string{fieldMethod: a.Method, fieldCode: a.Code, fieldAssertion: string(a.Assertion)}
	res, err := h.judgeFactor(r, g, now, held.Owner, held.Challenge, held.Established, false, f)
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
		return h.writeDenial(w, r, held.Ref, http.StatusServiceUnavailable, storeRetry)
	}
	h.notify(held.Name, res.Noticed)
	h.countSecond(a.Method, res)
	switch {
	case res.Right():
		clearance, err := h.clearSecond(r, g, t, res, false)
		if err != nil {
			return h.writeDenial(w, r, held.Ref, http.StatusServiceUnavailable, storeRetry)
		}
		return sendJSON(w, http.StatusOK, reply{Clearance: clearance})
	case res.Why == factor.Gone, res.Left == 0 && res.Why != factor.NotOffered:
		h.overHeld(r, g, t, res)
		return sendJSON(w, http.StatusNotFound, reply{Status: "gone"})
	}
	return h.secondTask(w, r, g, now, held, wrongly(a.Method, f, res), http.StatusForbidden)
}

// secondTask tells a script what is asked for.
func (h *Handler) secondTask(w http.ResponseWriter, r *http.Request, g *guard, now time.Time, held *hold.Answer, q asking, status int) error {
	var v page.Second
	if err := h.fillAsking(r, g, now, &v, held.Owner, held.Challenge, held.Established, q); err != nil {
		h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
		return h.writeDenial(w, r, held.Ref, http.StatusServiceUnavailable, storeRetry)
	}
	task := scriptTask{Kind: markSecond, Ref: held.Ref, Method: v.Method.Posted(), Options: v.Options,
		Sent: v.Sent, Resend: v.ResendIn, Error: v.Error, Seconds: v.Seconds, Left: v.Left}
	for _, way := range v.Methods {
		task.Methods = append(task.Methods, scriptWay{way.Posted(), string(way.Method), way.Contact})
	}
	h.mark(w, markSecond, held.Ref)
	return sendJSON(w, status, task)
}

func (h *Handler) clearedKey(g *guard, t hold.Ticket) store.Key {
	sum := g.ring.Sum(keys.Pseudonym, []byte("second-cleared"), []byte(h.name), t.ID[:])
	return store.Key(sum[:16])
}

// clearSecond notes that the second factor was given, and names the clearance.
func (h *Handler) clearSecond(r *http.Request, g *guard, t hold.Ticket, res *factor.Result, trust bool) (string, error) {
	plain, err := json.Marshal(clearedSecond{res.Factor, res.Account.Epoch, trust})
	if err != nil {
		return "", err
	}
	value := g.ring.Seal(keys.Factor, plain, append([]byte("cleared/"+h.name+"/"), t.ID[:]...))
	if err := g.store.Keep(r.Context(), h.clearedKey(g, t), value, clearLife); err != nil {
		return "", err
	}
	return clearanceSecond + t.String(), nil
}

// releaseScript answers a script's repeated login with the answer that was
// held for it, and reports whether it did. A clearance that is not for this
// very login is worth nothing, and is spent all the same.
func (h *Handler) releaseScript(w http.ResponseWriter, r *http.Request, a *attempt) (done bool, err error) {
	name, ok := strings.CutPrefix(a.clearance, clearanceSecond)
	if !ok || h.second == nil {
		return false, nil
	}
	t, ok := hold.ParseTicket(name)
	if !ok {
		return false, nil
	}
	value, err := a.g.store.Take(r.Context(), h.clearedKey(a.g, t))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return true, h.secondDown(w, r, a, err)
	}
	plain, err := a.g.ring.Open(keys.Factor, value, append([]byte("cleared/"+h.name+"/"), t.ID[:]...))
	var cl clearedSecond
	if err != nil || json.Unmarshal(plain, &cl) != nil {
		return false, nil
	}
	held, err := a.g.answers.Look(r.Context(), t, a.now)
	switch {
	case errors.Is(err, hold.ErrGone):
		return false, nil
	case err != nil:
		return true, h.secondDown(w, r, a, err)
	case held.Login != h.loginHash(a.g, r, a.reading.Body):
		return false, nil
	}
	return true, h.release(w, r, a.g, t, held, a.cookies, false, func(_ *attempt, p *proof) {
		p.Given, p.Epoch = cl.Given, cl.Epoch
		if cl.Trust {
			h.trustBrowser(w, r, a.g, a.now, held)
		}
	})
}
