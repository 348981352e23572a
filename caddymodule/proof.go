package caddymodule

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/store"
)

// proof says that somebody signed in a few minutes ago, in this very session:
// what the account page wants to see. It is a sealed cookie.
type proof struct {
	Account device.Account `json:"a"`
	Owner   store.Key      `json:"o"`
	Name    string         `json:"n"` // as it was typed
	At      time.Time      `json:"t"`
	// Sessions of the shop after the login; none where it is not known by
	// which cookies the shop keeps them.
	Sessions []store.Key `json:"s,omitempty"`
	// Established: the device has been this account's for a while.
	Established bool `json:"e,omitempty"`
	// ID ties to it what was begun on the account page.
	ID [8]byte `json:"i"`
	// Given is the factor that was given since, see factor.Actor.
	Given string `json:"g,omitempty"`
	// Epoch of the account when it was given.
	Epoch uint64 `json:"c,omitempty"`
}

// proofLife is how long after a login its owner may change his factors.
const proofLife = 10 * time.Minute

// prove writes the proof of a login that needed no second factor.
func (h *Handler) prove(w http.ResponseWriter, r *http.Request, a *attempt, o login.Outcome) {
	if h.second == nil || o != login.Success || a.mode == config.ModeMonitor || h.otherWebsite(r) {
		return
	}
	p := proof{Account: a.account, Name: a.reading.Account, Established: h.established(a)}
	if name, ok := h.identity(a, w.Header()); ok {
		p.Account, p.Name = a.g.ledger.Account(h.reader.FoldAccount(name)), name
	}
	p.Owner = h.owner(a.g, p.Account)
	h.noteRequired(r, a.g, a.now, p.Owner)
	if p.Sessions = h.sessionKeysOf((&http.Response{Header: w.Header()}).Cookies(), a.g); len(p.Sessions) == 0 {
		p.Sessions = h.sessionKeys(r.Header["Cookie"], a.g)
	}
	h.proveFor(w, r, a, p)
}

func (h *Handler) proveFor(w http.ResponseWriter, r *http.Request, a *attempt, p proof) {
	p.At = a.now
	if _, err := h.random.Read(p.ID[:]); err != nil {
		return
	}
	h.writeProof(w, r, a.g, p, proofLife)
}

func (h *Handler) writeProof(w http.ResponseWriter, r *http.Request, g *guard, p proof, life time.Duration) {
	plain, err := json.Marshal(p)
	if err != nil || life <= 0 {
		return
	}
	value := g.ring.Seal(keys.Factor, plain, []byte("proof/"+h.name))
	writeCookie(w, r, proofCookie, base64.RawURLEncoding.EncodeToString(value), life)
}

// proved reads the proof of a request; ok is false unless it is ours, young
// enough, and of the session that the browser has now.
func (h *Handler) proved(r *http.Request, g *guard, cookie string, lines []string, now time.Time) (p proof, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || len(raw) == 0 {
		return proof{}, false
	}
	plain, err := g.ring.Open(keys.Factor, raw, []byte("proof/"+h.name))
	if err != nil || json.Unmarshal(plain, &p) != nil || now.Before(p.At.Add(-time.Minute)) || now.Sub(p.At) >= proofLife {
		return proof{}, false
	}
	if len(p.Sessions) > 0 {
		has := h.sessionKeys(lines, g)
		if !slices.ContainsFunc(p.Sessions, func(s store.Key) bool { return slices.Contains(has, s) }) {
			return proof{}, false
		}
	}
	return p, true
}

// leaves takes the proof away from who signs out at the shop, where it is known
// how: some shops keep the session, and the next at this browser would find the
// account page open.
func (h *Handler) leaves(w http.ResponseWriter, r *http.Request) {
	asked := original(r)
	for _, e := range h.endpoints {
		u, err := url.ParseRequestURI(e.SignOut)
		if err != nil || e.Kind != config.KindLogin {
			continue
		}
		out := asked.Path == u.Path
		if want := u.Query(); len(want) > 0 { // routes of a query are asked for at any path
			has := asked.Query()
			out = true
			for name := range want {
				out = out && has.Get(name) == want.Get(name)
			}
		}
		if out {
			expireCookie(w, r, proofCookie)
			return
		}
	}
}

// session names the login for what is begun after it.
func (p *proof) session() string { return hex.EncodeToString(p.ID[:]) }

// actor is who changes something after this login.
func (p *proof) actor(r *http.Request, g *guard) factor.Actor {
	return factor.Actor{Established: p.Established, Factor: p.Given, From: from(r, g), Session: p.session()}
}

// from is where a request comes from as its sender would recognise it.
func from(r *http.Request, g *guard) factor.From {
	s := collectFrom(g, r)
	return factor.From{Client: s.Family, Place: s.Country}
}

// trusted reports whether a browser is one that the owner is not asked on
// again. Its cookie is replaced at each use.
func (h *Handler) trusted(w http.ResponseWriter, r *http.Request, a *attempt, owner store.Key) bool {
	if h.second.TrustTime() == 0 || a.cookies.trust == "" {
		return false
	}
	next, ok, err := a.g.vault.UseTrust(r.Context(), a.now, owner, a.cookies.trust)
	if err != nil || !ok {
		return false // asked: that is always safe
	}
	if next != "" {
		a.trust = next
	}
	return true
}
