package caddymodule

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/factor/passkey"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/store"
)

// party is this shop as passkeys know it: they are bound to its host name.
func (h *Handler) party(r *http.Request) passkey.Party {
	scheme := "http"
	if secure(r) {
		scheme = "https"
	}
	p := passkey.Party{Name: h.Page.Name, Origin: scheme + "://" + r.Host}
	if u, err := url.Parse(p.Origin); err == nil {
		p.Host = u.Hostname()
	}
	if p.Name == "" {
		p.Name = p.Host
	}
	return p
}

// passkeysWork reports whether browsers have passkeys where the shop is: over
// TLS or on this very machine, by a name and not by an address.
func passkeysWork(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err != nil && secure(r)
}

// passkeyKey is where the state of a passkey's challenge is kept.
func (h *Handler) passkeyKey(g *guard, owner factor.ID, challenge string) store.Key {
	sum := g.ring.Sum(keys.Pseudonym, []byte("passkey"), []byte(h.name), owner[:], []byte(challenge))
	return store.Key(sum[:16])
}

// passkeyOptions is what the browser needs to ask for a passkey. The state of
// it is kept, and good for one answer.
func (h *Handler) passkeyOptions(r *http.Request, g *guard, account *factor.Account, owner factor.ID, challenge string) (json.RawMessage, error) {
	options, state, err := g.vault.BeginPasskeyLogin(h.now(), owner, account, challenge, h.party(r))
	if err != nil {
		return nil, err
	}
	return options, h.keepPasskey(r, g, owner, challenge, state)
}

// maxAsked is how many pages of one account may ask for a passkey at once.
const maxAsked = 16

func (h *Handler) keepPasskey(r *http.Request, g *guard, owner factor.ID, challenge string, state []byte) error {
	key := h.passkeyKey(g, owner, challenge)
	if _, err := g.store.Take(r.Context(), key); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	sum := g.ring.Sum(keys.Pseudonym, []byte("passkeys-of"), []byte(h.name), owner[:])
	return g.store.Keep(r.Context(), key, state, factor.PendingLife, store.Group{Key: store.Key(sum[:16]), Max: maxAsked, Replace: true})
}

// takePasskey takes the state of a passkey's challenge before the answer is
// judged; none where it was taken already.
func (h *Handler) takePasskey(r *http.Request, g *guard, owner factor.ID, challenge string) ([]byte, error) {
	state, err := g.store.Take(r.Context(), h.passkeyKey(g, owner, challenge))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return state, err
}

// beginPasskey begins to add a passkey.
func (d *desk) beginPasskey(problem string) error {
	options, state, err := d.g.vault.BeginPasskey(d.now, d.owner, d.account, d.session, d.h.party(d.r), d.name)
	if err != nil {
		return err
	}
	if err := d.h.keepPasskey(d.r, d.g, d.owner, d.session, state); err != nil {
		return err
	}
	v := page.Account{State: page.AccountPasskey, Options: options, Error: problem}
	d.step(&v, 1)
	return d.show(v)
}

func (d *desk) confirmPasskey() error {
	state, err := d.h.takePasskey(d.r, d.g, d.owner, d.session)
	if err != nil {
		return err
	}
	if state == nil || d.f[fieldAttestation] == "" {
		return d.beginPasskey(page.SecondStopped)
	}
	c, err := d.g.vault.FinishPasskey(d.r.Context(), d.now, d.owner, d.actor, d.session, d.h.party(d.r), state, []byte(d.f[fieldAttestation]), d.f[fieldName])
	switch {
	case errors.Is(err, passkey.ErrThere):
		return d.beginPasskey(page.AccountThere)
	case err != nil:
		return err
	case c.Why != factor.Right:
		return d.beginPasskey(page.SecondStopped)
	}
	return d.added(c)
}
