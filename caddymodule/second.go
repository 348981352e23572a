package caddymodule

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"golang.org/x/time/rate"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/factor/send"
	"github.com/login-guard/login-guard/internal/hold"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/store"
)

// A login with a second factor: the shop looks at the password first. Before
// it is asked, the sessions that the browser has are shut, as some shops sign
// in the very session that there is. When the shop says yes, its whole answer
// is held, and the browser gets the page that asks for the factor. Until the
// factor is given the sessions lead to that page, whatever is asked for.

// second is what a handler has where accounts may have a second factor.
type second struct {
	*config.SecondFactor
	// sessions are the names of the cookies that hold the shop's sessions.
	sessions []string
	// identity are the names of those that say who signed in.
	identity []string
	// tells are the logins of shops that say so when they are asked.
	tells []config.Endpoint
	// names are both as isSession compares them.
	names   []string
	flying  flights
	here    shutHere
	missed  *rate.Limiter // how often it is logged that the shop does not say who it is
	key     keyCheck
	senders map[factor.Kind]send.Sender
	hook    *send.Webhook // nil: notices go nowhere
	notices *queue
}

// newSecond prepares for second factors; nil where they are off.
func newSecond(h *Handler) (*second, error) {
	if !h.SecondFactor.On() {
		return nil, nil
	}
	s := &second{SecondFactor: h.SecondFactor, notices: newQueue(), missed: newMissed()}
	known := config.KnownSessionNames()
	for _, e := range h.endpoints {
		if e.Kind != config.KindLogin {
			continue
		}
		names := e.SessionCookies
		if len(names) == 0 || e.Name == config.GenericPreset {
			names = slices.Concat(known.Login, known.Visitor)
		}
		for _, n := range names {
			if !slices.Contains(s.sessions, n) {
				s.sessions = append(s.sessions, n)
			}
		}
		if e.Identity != nil {
			s.tells = append(s.tells, e)
		}
		if e.IdentityCookie != "" && !slices.Contains(s.identity, e.IdentityCookie) {
			s.identity = append(s.identity, e.IdentityCookie)
		}
	}
	for _, n := range slices.Concat(s.sessions, s.identity) {
		s.names = append(s.names, sessionName(n))
	}
	return s, s.newSenders()
}

// owner names the row of an account's factors. All of a site's begin alike.
func (h *Handler) owner(g *guard, a device.Account) store.Key {
	return h.rowKey(g, "factors", a[:])
}

func (h *Handler) rowKey(g *guard, kind string, of []byte) (k store.Key) {
	group := h.rowGroup(g, kind)
	sum := g.ring.Sum(keys.Pseudonym, []byte(kind), []byte(h.name), of)
	copy(k[:8], group[:])
	copy(k[8:], sum[:8])
	return k
}

func (h *Handler) rowGroup(g *guard, kind string) (group [8]byte) {
	sum := g.ring.Sum(keys.Pseudonym, []byte("rows"), []byte(kind), []byte(h.name))
	copy(group[:], sum[:])
	return group
}

// pending is an attempt whose answer may have to wait for a second factor.
type pending struct {
	owner store.Key
	// must: there is a factor that is asked for; enrol: there is none, and
	// there has to be one.
	must, enrol bool
	sessions    []store.Key // that were shut
	here        bool        // on this node alone, as the store did not answer
	entry       [16]byte
	landed      func()      // the shop has answered
	header      http.Header // of our answer before the shop wrote to it
}

// errSecond: whether the account has a second factor cannot be told.
var errSecond = errors.New("the store does not say whether the account has a second factor")

// beforeShop finds out whether an attempt is of somebody with a second
// factor, and shuts its sessions. nil: nothing is to be held.
func (h *Handler) beforeShop(w http.ResponseWriter, r *http.Request, a *attempt) (*pending, error) {
	if h.second == nil || a.mode == config.ModeMonitor {
		return nil, nil
	}
	if err := h.second.key.check(r.Context(), h, a.g); err != nil {
		return nil, errors.Join(errSecond, err)
	}
	if h.alias(a) {
		return nil, errShut
	}
	p := &pending{header: w.Header().Clone(), landed: func() {}}
	for _, account := range append([]device.Account{a.account}, a.others...) {
		one := pending{}
		if err := h.asks(w, r, a, &one, h.owner(a.g, account)); err != nil {
			return nil, err
		}
		switch {
		case p.must && one.must && p.owner != one.owner:
			// Which of them it is only the shop knows, and the factor of one
			// must not open what is another's.
			return nil, errShut
		case one.must, !p.must && !p.enrol:
			p.owner, p.must, p.enrol = one.owner, one.must, one.enrol
		}
	}
	if _, err := io.ReadFull(h.random, p.entry[:]); err != nil {
		return nil, err
	}
	sessions := h.sessionsOf(r, a.reading.Body, a.g)
	if len(sessions) > maxSessions || a.reading.Endpoint.Config().Identity != nil && h.severalSessions(r, a.reading.Body, a.g) {
		return nil, errShut
	}
	if !p.must && !p.enrol {
		// What a shop says to a login depends on who is signed in already.
		if shut, _ := h.isShut(r.Context(), a.g, sessions); shut {
			return nil, errShut
		}
		switch {
		case !a.tellsWho():
			return nil, nil
		case !a.shutsFirst():
			return p, nil // the answer says who it is
		}
	}
	if !h.dropShort(r, a.reading.Body) {
		return nil, errShut
	}
	if p.must || p.enrol { // what is shut for others opens again at once
		switch wait, err := h.room(r.Context(), a); {
		case err != nil:
			return nil, errors.Join(errSecond, err)
		case wait > 0:
			return nil, &noRoom{wait}
		}
	}
	p.sessions = sessions
	p.landed = h.second.flying.start(p.sessions)
	if err := h.shutFor(r, a, p); err != nil {
		return nil, err
	}
	return p, nil
}

// shutFor shuts the sessions of an attempt. When the store does not answer,
// who is not known to have a factor signs in all the same, and this node alone
// keeps the session shut until it is known whose it is.
func (h *Handler) shutFor(r *http.Request, a *attempt, p *pending) error {
	shut := hold.Shut
	if !p.must && !p.enrol {
		shut = hold.Ask
	}
	err := shut(r.Context(), a.g.store, a.now, p.sessions, p.entry, p.owner)
	if err == nil {
		_, err = hold.Waiting(r.Context(), a.g.store, p.sessions, p.entry, p.owner)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, hold.ErrAnother), errors.Is(err, hold.ErrBusy):
		h.unsent(r, a, p)
		return errShut
	case !p.must && !p.enrol && h.second.here.shut(p.sessions, p.entry):
		p.here = true
		h.app.metrics.storeErrors.WithLabelValues("session").Inc()
		return nil
	}
	p.landed()
	return errors.Join(errSecond, err)
}

// alias reports whether an attempt names somebody otherwise than by a plain
// name, at a door whose answer does not say who it is, of a shop whose other
// doors do. There the factors are those of the name in the answer, and an
// address of e-mail is another name for the same account, as is whatever
// WordPress changes before it looks a name up: markup, and letters that its
// language writes in two (`ö` as `oe`).
func (h *Handler) alias(a *attempt) bool {
	if len(h.second.identity) == 0 || a.reading.Endpoint.Config().IdentityCookie != "" {
		return false
	}
	return !plainName(a.reading.Account) || slices.ContainsFunc(a.reading.Accounts, func(n string) bool { return !plainName(n) })
}

// plainName reports whether a name has only what WordPress leaves in a login
// name as it is, or letters of other scripts.
func plainName(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.ContainsRune(" _.-", c):
			return false
		}
		return c < unicode.MaxASCII || !unicode.IsLetter(c) || unicode.Is(unicode.Latin, c)
	})
}

// errShut: a login in a session that waits for the second factor of another.
var errShut = errors.New("the session waits for a second factor")

// asks notes whether an owner is to give a second factor. When the store does
// not say, this node's own knowledge of who has one decides; who has none
// signs in as ever.
func (h *Handler) asks(w http.ResponseWriter, r *http.Request, a *attempt, p *pending, owner store.Key) error {
	p.owner = owner
	account, err := a.g.vault.Load(r.Context(), owner)
	switch {
	case err != nil && a.g.store.KnownRow(owner):
		return errors.Join(errSecond, err)
	case err != nil:
		h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
		return nil
	case account.Enrolled() && h.established(a) && len(account.Undoable(a.now)) == len(account.Factors()):
		// Only what somebody else may have added a short while ago: it must
		// not keep out the owner, who undoes it on the account page.
	case account.Enrolled():
		p.must = h.risky(a) || !h.trusted(w, r, a, owner)
	case h.second.Mode == config.SecondRequired:
		p.enrol = h.graceOver(a.now, account)
	}
	return nil
}

// risky reports whether an attempt has the score from which a trusted browser
// is not enough.
func (h *Handler) risky(a *attempt) bool {
	return h.EffectiveLadder().SecondFactor.Reached(a.assessment.Score)
}

// graceOver reports whether the time is over that a customer has to set a
// second factor up. It begins with the first login at which he is told.
func (h *Handler) graceOver(now time.Time, account *factor.Account) bool {
	grace := h.second.GraceTime()
	return grace == 0 || account != nil && !account.AskedSince.IsZero() && now.Sub(account.AskedSince) >= grace
}

// noteRequired notes at a login that the shop let in that its customer needs a
// second factor. Before that nobody knows whether there is such a customer.
func (h *Handler) noteRequired(r *http.Request, g *guard, now time.Time, owner store.Key) {
	if h.second.Mode != config.SecondRequired || h.second.GraceTime() == 0 {
		return
	}
	if _, err := g.vault.Required(r.Context(), now, owner); err != nil {
		h.app.metrics.storeErrors.WithLabelValues("factor").Inc()
	}
}

// afterShop holds the shop's answer if a second factor is due, and reports
// whether it did. What was shut for a login that the shop refused opens.
func (h *Handler) afterShop(w http.ResponseWriter, r *http.Request, a *attempt, p *pending, answer *answerWriter, o login.Outcome, refused bool, next caddyhttp.Handler) (held bool, err error) {
	if p == nil || answer.released {
		return false, nil
	}
	defer p.landed()
	if !refused {
		h.probe(r, a, answer, o == login.Success, next)
	}
	_, named := h.identity(a, answer.Header())
	if !named && refused {
		// Where another login waits in the session the shop may take its sender
		// for signed in, whatever the password was.
		waiting, err := hold.Waiting(r.Context(), a.g.store, p.sessions, p.entry, p.owner)
		if h.lift(r, a.g, p); len(p.sessions) > 0 && (waiting || err != nil) && !p.here {
			h.dropAnswer(w, p, answer)
			h.settle(r.Context(), a, o)
			h.report(r, a, o)
			return true, h.shutPage(w, r, a.g, a.cookies)
		}
		return false, nil
	}
	begun := *p
	if err := h.named(w, r, a, p, answer); err != nil {
		h.dropAnswer(w, p, answer)
		if errors.Is(err, errShut) {
			h.settle(r.Context(), a, login.Retry)
			h.report(r, a, o)
			return true, h.shutPage(w, r, a.g, a.cookies)
		}
		h.settle(r.Context(), a, o)
		h.report(r, a, o)
		return true, h.secondDown(w, r, a, err)
	}
	if !p.must && !p.enrol {
		h.lift(r, a.g, &begun)
		return h.besides(w, r, a, p, answer, o)
	}
	return h.holdFor(w, r, a, p, answer, o)
}

// named makes p that of who signed in, where the shop says who that is.
func (h *Handler) named(w http.ResponseWriter, r *http.Request, a *attempt, p *pending, answer *answerWriter) error {
	name, ok := h.identity(a, answer.Header())
	switch {
	case !ok && a.untold != nil && !p.must && !p.enrol:
		return a.untold
	case !ok:
		return nil
	}
	owner := h.owner(a.g, a.g.ledger.Account(h.reader.FoldAccount(name)))
	if owner == p.owner && (p.must || p.enrol) {
		return nil
	}
	typed := *p
	p.must, p.enrol = false, false
	if err := h.asks(w, r, a, p, owner); err != nil {
		return err
	}
	if a.found != "" && typed.must && p.must {
		// The page may tell of another session than the login's: EverShop's
		// staff sign in into a cookie of their own, beside that of a customer.
		// The factor of one must not open what is the other's.
		return errShut
	}
	if a.found != "" && typed.must && !p.must {
		// The factor was set up under the name that was typed, before the shop
		// was asked for another. It is asked for as long as it is there.
		p.owner, p.must, p.enrol = typed.owner, true, false
	}
	return nil
}

// besides lets the answer to a login go that no factor is due for, unless its
// session was shut meanwhile by a login that one is due for: what the shop says
// to somebody depends on who is signed in already.
func (h *Handler) besides(w http.ResponseWriter, r *http.Request, a *attempt, p *pending, answer *answerWriter, o login.Outcome) (held bool, err error) {
	p.landed()
	shut, err := h.isShut(r.Context(), a.g, h.sessionsOf(r, a.reading.Body, a.g))
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("session").Inc()
	}
	if !shut && !answer.over {
		return false, nil
	}
	h.dropAnswer(w, p, answer)
	h.settle(r.Context(), a, o)
	h.report(r, a, o)
	if !shut {
		return true, h.secondPage(w, r, http.StatusBadGateway, a.ref, page.Second{State: page.SecondExpired, Action: h.action(r), Back: h.action(r), Cancel: true})
	}
	return true, h.shutPage(w, r, a.g, a.cookies)
}

func identityOf(patterns []string, answer http.Header) (string, bool) {
	for _, c := range (&http.Response{Header: answer}).Cookies() {
		if !matchesAny(patterns, c.Name) || c.Value == "" || c.MaxAge < 0 {
			continue
		}
		value, err := url.QueryUnescape(c.Value)
		if err != nil {
			value = c.Value
		}
		if name, _, ok := strings.Cut(value, "|"); ok && name != "" {
			return name, true
		}
	}
	return "", false
}

// lift opens what was shut for a login that the shop refused.
func (h *Handler) lift(r *http.Request, g *guard, p *pending) {
	if len(p.sessions) == 0 {
		return
	}
	if h.second.here.open(p.sessions, p.entry); p.here {
		return
	}
	ctx, cancel := lasting(r, 2*time.Second)
	defer cancel()
	if err := hold.Lift(ctx, g.store, p.sessions, p.entry); err != nil {
		h.app.metrics.storeErrors.WithLabelValues("session").Inc()
		h.app.logger.Warn("a session stays shut after a refused login", zapError(err))
	}
}

// established reports whether a device is this account's for a while: its
// changes are believed. Where a login names several, it may not be this one's.
func (h *Handler) established(a *attempt) bool {
	return len(a.others) == 0 && a.known && a.device.Established(a.account, a.now)
}
