package caddymodule

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/record"
)

// The account page lets customers set their second factors up. Who it is for
// is somebody who signed in through this gateway a few minutes ago, in this
// very session; whoever has a factor gives it before anything is changed.

// accountPath is where it is, below the prefix.
const accountPath = "account"

// Fields of its forms, beside those of the second factor.
const (
	fieldToken       = "login_guard_token"
	fieldTicket      = "login_guard_ticket"
	fieldID          = "login_guard_id"
	fieldName        = "login_guard_name"
	fieldContact     = "login_guard_contact"
	fieldAttestation = "login_guard_attestation"
)

// desk is where somebody changes his factors: on the account page, or at a
// login that waits until there is one.
type desk struct {
	h   *Handler
	w   http.ResponseWriter
	r   *http.Request
	g   *guard
	f   map[string]string
	now time.Time

	owner   factor.ID
	name    string // of the account, as typed
	session string // what is begun here is good only here
	actor   factor.Actor
	account *factor.Account // nil: nothing is known of it

	proof *proof     // on the account page
	held  *secondAsk // at a login
	own   ownCookies

	state deskState
	token string
}

// deskState is what goes from one page of a desk to the next, sealed.
type deskState struct {
	Given     string   `json:"g,omitempty"` // at a login: the factor that was set up
	Renewed   bool     `json:"n,omitempty"` // after a recovery code: a new one was set up
	Challenge string   `json:"c,omitempty"`
	Test      bool     `json:"t,omitempty"`
	Contact   string   `json:"p,omitempty"`
	Replaces  string   `json:"o,omitempty"` // the factor that the new one comes in place of
	State     []byte   `json:"s,omitempty"`
	Codes     []string `json:"r,omitempty"`
}

// serveAccount is the account page.
func (h *Handler) serveAccount(w http.ResponseWriter, r *http.Request, g *guard) error {
	if h.second == nil {
		http.NotFound(w, r)
		return nil
	}
	var f map[string]string
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		var ok bool
		if f, ok = h.readForm(w, r); !ok || !sameOrigin(r) {
			return h.message(w, r, http.StatusForbidden, page.Foreign, "")
		}
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return nil
	}
	now := h.now()
	p, ok := h.proved(r, g, cookieOf(r, proofCookie), r.Header["Cookie"], now)
	if !ok {
		return h.writeAccount(w, r, http.StatusOK, page.Account{State: page.AccountSignIn, Back: h.loginPath()})
	}
	d := &desk{h: h, w: w, r: r, g: g, f: f, now: now, owner: p.Owner, name: p.Name, session: p.session(), proof: &p,
		own: ownCookies{trust: cookieOf(r, trustCookie), device: cookieOf(r, deviceCookie)}}
	var err error
	if d.account, err = g.vault.Load(r.Context(), p.Owner); err != nil {
		return d.away(err)
	}
	if d.account != nil && d.account.Epoch != p.Epoch {
		// Since it was given somebody changed a factor or signed out
		// everywhere: it is given anew.
		p.Given = ""
	}
	d.actor = p.actor(r, g)
	d.open()
	if f != nil && subtle.ConstantTimeCompare([]byte(f[fieldToken]), []byte(d.token)) != 1 {
		f, d.f = nil, nil // of another login: begin anew
	}
	return d.serve()
}

// enrolHeld is the desk of a login that waits until there is a factor.
func (h *Handler) enrolHeld(w http.ResponseWriter, r *http.Request, g *guard, now time.Time, q secondAsk, f map[string]string, own ownCookies) error {
	d := &desk{h: h, w: w, r: r, g: g, f: f, now: now, owner: q.held.Owner, name: q.held.Name, session: hex.EncodeToString(q.ticket.ID[:]), held: &q, own: own,
		actor: factor.Actor{Established: q.held.Established, From: from(r, g), Session: hex.EncodeToString(q.ticket.ID[:])}}
	var err error
	if d.account, err = g.vault.Load(r.Context(), q.held.Owner); err != nil {
		return d.away(err)
	}
	d.open()
	if d.state.Given != "" && d.state.Given != factor.GivenRecovery && !d.account.Has(d.state.Given) {
		d.state.Given = "" // it was taken away since
	}
	d.actor.Factor = d.state.Given
	if !q.held.Enrol && d.state.Given == "" {
		return h.askSecond(w, r, g, now, q) // of another login
	}
	if f != nil && subtle.ConstantTimeCompare([]byte(f[fieldToken]), []byte(d.token)) != 1 {
		d.f = nil
	}
	return d.serve()
}

// setUpAgain leads somebody who had to use a recovery code, and so has lost
// something, to setting up anew, before his login goes on. He may do it later.
func (h *Handler) setUpAgain(w http.ResponseWriter, r *http.Request, g *guard, now time.Time, q secondAsk, own ownCookies) error {
	d := &desk{h: h, w: w, r: r, g: g, now: now, owner: q.held.Owner, name: q.held.Name, session: hex.EncodeToString(q.ticket.ID[:]), held: &q, own: own}
	var err error
	if d.account, err = g.vault.Load(r.Context(), q.held.Owner); err != nil {
		return d.away(err)
	}
	d.open()
	d.state = deskState{Given: factor.GivenRecovery}
	d.actor = factor.Actor{Established: q.held.Established, Factor: factor.GivenRecovery, From: from(r, g), Session: d.session}
	return d.setup()
}

// open reads the state that the page before left, and makes the form's token.
func (d *desk) open() {
	sum := d.g.ring.Sum(keys.Pseudonym, []byte("desk-token"), []byte(d.h.name), []byte(d.session), d.owner[:])
	d.token = hex.EncodeToString(sum[:16])
	raw, err := base64.RawURLEncoding.DecodeString(d.f[fieldTicket])
	if err != nil || len(raw) == 0 {
		return
	}
	if plain, err := d.g.ring.Open(keys.Factor, raw, d.bound()); err == nil {
		_ = json.Unmarshal(plain, &d.state) // ours, or nothing
	}
}

func (d *desk) bound() []byte {
	return []byte("desk/" + d.h.name + "/" + d.session + "/" + hex.EncodeToString(d.owner[:]))
}

// ticket is the state for the next page.
func (d *desk) ticket() string {
	plain, err := json.Marshal(d.state)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(d.g.ring.Seal(keys.Factor, plain, d.bound()))
}

// show writes a page.
func (d *desk) show(v page.Account) error {
	v.Token, v.Ticket, v.Name = d.token, d.ticket(), maskName(d.name)
	v.Back = "/"
	if d.held != nil {
		v.Action, v.Forced, v.Ref = d.held.held.Action, true, d.held.held.Ref
		if d.held.held.Script && d.held.held.Login != [16]byte{} {
			v.Action = d.h.prefix + secondPath
		}
	}
	return d.h.writeAccount(d.w, d.r, http.StatusOK, v)
}

func (h *Handler) writeAccount(w http.ResponseWriter, r *http.Request, status int, v page.Account) error {
	if v.Ref == "" {
		v.Ref = record.NewRef()
	}
	h.mark(w, markSecond, v.Ref)
	return h.pages.WriteAccount(w, r, status, v)
}

// away says that the store does not answer.
func (d *desk) away(err error) error {
	d.h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
	d.h.app.logger.Error("a customer's second factor cannot be read", zapError(err))
	return d.h.writeAccount(d.w, d.r, http.StatusServiceUnavailable, page.Account{State: page.AccountAway, Seconds: seconds(storeRetry), Back: "/"})
}

// loginPath is where the shop's login form is, as far as is known.
func (h *Handler) loginPath() string {
	for _, e := range h.endpoints {
		if e.Kind != config.KindLogin {
			continue
		}
		for _, p := range e.Paths {
			if p = strings.TrimPrefix(p, "*"); !strings.Contains(p, "*") && strings.HasPrefix(p, "/") {
				return p
			}
		}
	}
	return "/"
}

// mayLook reports whether the desk's owner has shown enough to see what there
// is: a factor, where there is one. What can be undone with the password alone
// is shown to who may undo it.
func (d *desk) mayLook() bool {
	if !d.account.Enrolled() || d.actor.Factor != "" {
		return true
	}
	return d.actor.Established && len(d.account.Undoable(d.now)) == len(d.account.Factors())
}

// serve answers one step.
func (d *desk) serve() error {
	s := d.f[fieldStep]
	if asked := s == stepSecond || s == stepMethod || s == stepResend; !d.mayLook() || asked && d.state.Challenge != "" {
		return d.confirm()
	}
	step := d.steps()[s]
	if step == nil {
		return d.home()
	}
	err := step()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, factor.ErrDenied), errors.Is(err, factor.ErrAlone), errors.Is(err, factor.ErrMany),
		errors.Is(err, factor.ErrNone), errors.Is(err, factor.ErrOver):
		return d.overview("again", page.SaidNothing)
	}
	return d.away(err)
}

// home is the first page: what there is, or at a login the choice of a method.
func (d *desk) home() error {
	if d.held != nil {
		return d.setup()
	}
	if d.r.URL.Query().Has("offer") && !d.account.Enrolled() {
		return d.show(page.Account{State: page.AccountOffer})
	}
	return d.overview("", said(d.r.URL.Query().Get("said")))
}

// said reads what an address says was done.
func said(text string) page.Said {
	s := page.Said(text)
	if slices.Contains([]page.Said{page.SaidAdded, page.SaidRemoved, page.SaidRenamed, page.SaidCodes, page.SaidTested, page.SaidForgotten, page.SaidSignedOut, page.SaidUndone, page.SaidKeysOn, page.SaidKeysOff}, s) {
		return s
	}
	return page.SaidNothing
}

// done leads back to the overview, so that a reload repeats nothing.
func (d *desk) done(s page.Said) error {
	if d.held != nil {
		return d.setup()
	}
	d.w.Header().Set("Location", d.h.prefix+accountPath+"?said="+string(s))
	d.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// gave notes that a factor was given in this session.
func (d *desk) gave(id string, account *factor.Account) {
	if d.account = account; account == nil {
		return
	}
	d.actor.Factor = id
	if d.held != nil {
		d.state.Given = id
		return
	}
	d.proof.Given, d.proof.Epoch = id, account.Epoch
	d.h.writeProof(d.w, d.r, d.g, *d.proof, d.proof.At.Add(proofLife).Sub(d.now))
}
