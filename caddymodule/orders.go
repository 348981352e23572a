package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/override"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/store"
)

// What an operator ordered (allow, deny) is kept in this node's file, and with
// a shared store also there, as one sealed value that every node reads every
// few seconds.

// ordersBucket holds orders in the node's file, each under its site and
// subject.
const ordersBucket = "orders"

// sharedOrders is where the nodes of a shared store keep theirs.
var sharedOrders = store.Key([]byte("login-guard-rule"))

// orders are those in force.
func (s *state) ordersNow(now time.Time) *override.List {
	if l := s.orders.Load(); l != nil {
		return l
	}
	s.ordersMu.Lock()
	defer s.ordersMu.Unlock()
	if l := s.orders.Load(); l != nil {
		return l
	}
	var all []override.Order
	s.store().Each(ordersBucket, func(_, value []byte) bool {
		if l, err := override.Decode(now, value); err == nil {
			all = append(all, l.All()...)
		}
		return true
	})
	l := override.NewList(now, all)
	s.orders.Store(l)
	return l
}

// overrides is the engine's question about orders.
func (h *Handler) overrides(s engine.Subject) (risk.Override, string) {
	return h.app.state.ordersNow(h.now()).Look(h.now(), h.name, s.Account, s.Others, s.Address, s.ASN)
}

// order changes the orders: change makes the next list of the present one.
func (a *App) order(ctx context.Context, now time.Time, change func(*override.List) (*override.List, error)) error {
	a.syncOrders(ctx, now)
	a.state.ordersNow(now)
	a.state.ordersMu.Lock()
	defer a.state.ordersMu.Unlock()
	next, err := change(a.state.orders.Load())
	if err != nil {
		return err
	}
	if err := a.shareOrders(ctx, next); err != nil {
		return err
	}
	a.state.takeOrders(ctx, next)
	a.forgetDenials()
	return nil
}

// takeOrders makes a list the one in force and writes it to the node's file.
// s.ordersMu is held.
func (s *state) takeOrders(ctx context.Context, next *override.List) {
	had := s.orders.Load().All()
	s.orders.Store(next)
	rows := map[string]bool{}
	for _, o := range next.All() {
		rows[o.Site+"\x00"+o.Subject] = true
		// A file that cannot be written is told by the store's own warning.
		if b, err := override.NewList(o.At, []override.Order{o}).Encode(); err == nil {
			_ = s.store().Put(ctx, ordersBucket, orderKey(o), b, o.Until)
		}
	}
	for _, o := range had {
		if !rows[o.Site+"\x00"+o.Subject] {
			_ = s.store().Delete(ctx, ordersBucket, orderKey(o))
		}
	}
}

func orderKey(o override.Order) []byte {
	key := o.Site + "\x00" + o.Subject
	return []byte(key[max(0, len(key)-255):])
}

// shareOrders writes the orders for the other nodes.
func (a *App) shareOrders(ctx context.Context, l *override.List) error {
	if a.shared == nil {
		return nil
	}
	ring, err := a.keys.load()
	if err != nil {
		return err
	}
	b, err := l.Encode()
	if err != nil {
		return err
	}
	if err := a.shared.Keep(ctx, sharedOrders, ring.Seal(keys.Challenge, b, sharedOrders[:]), override.Longest); err != nil {
		return fmt.Errorf("the shared store does not take the order: %w", err)
	}
	return nil
}

// syncOrders takes over what other nodes ordered. When the shared store has
// forgotten them, they are written anew from here.
func (a *App) syncOrders(ctx context.Context, now time.Time) {
	if a.shared == nil {
		return
	}
	ring, err := a.keys.load()
	if err != nil {
		return
	}
	mine := a.state.ordersNow(now)
	sealed, err := a.shared.Peek(ctx, sharedOrders)
	if errors.Is(err, store.ErrNotFound) {
		if len(mine.All()) > 0 {
			_ = a.shareOrders(ctx, mine)
		}
		return
	}
	if err != nil {
		return
	}
	plain, err := ring.Open(keys.Challenge, sealed, sharedOrders[:])
	if err != nil {
		return // another key; that is told already
	}
	theirs, err := override.Decode(now, plain)
	if err != nil {
		return
	}
	a.state.ordersMu.Lock()
	defer a.state.ordersMu.Unlock()
	was, err1 := a.state.orders.Load().Encode()
	is, err2 := theirs.Encode()
	if err1 == nil && err2 == nil && string(was) == string(is) {
		return
	}
	a.state.takeOrders(ctx, theirs)
	a.forgetDenials()
}

// forgetDenials drops remembered denials of all sites.
func (a *App) forgetDenials() {
	for _, h := range a.siteList() {
		h.denials.clear()
	}
}

// orderAsk is an order as the command line gives it.
type orderAsk struct {
	Do      string `json:"do"`
	Site    string `json:"site,omitempty"`
	Subject string `json:"subject,omitempty"`
	Account string `json:"account,omitempty"`
	// Ref stands for the account that a reference is about.
	Ref    string `json:"ref,omitempty"`
	For    string `json:"for,omitempty"`
	Reason string `json:"reason,omitempty"`
	By     string `json:"by,omitempty"`
	Remove bool   `json:"remove,omitempty"`
}

// orderReply is one order as it is shown.
type orderReply struct {
	override.Order
	Removed bool `json:"removed,omitempty"`
}

// subject is what an order is about: an account by its keyed hash.
func (q *orderAsk) subject(h *Handler, g *guard) (string, error) {
	switch {
	case (q.Subject == "") == (q.Account == ""):
		return "", errors.New("name one: an address, a network or an AS, or with --account an account as it is typed at the login")
	case q.Account != "":
		return override.OfAccount(g.ledger.Account(h.reader.FoldAccount(q.Account))), nil
	}
	return q.Subject, nil
}

// setOrder makes an order, or takes one back.
func setOrder(app *App, r *http.Request, q orderAsk) (any, error) {
	if q.Ref != "" {
		if q.Subject != "" || q.Account != "" {
			return nil, errors.New("a reference stands for its account: name nothing else")
		}
		rec, ok := app.state.findRef(strings.ToUpper(strings.TrimSpace(q.Ref)))
		if !ok {
			return nil, fmt.Errorf("%q is none of the last %d references of this process; name the account with --account", q.Ref, recentRefs)
		}
		q.Site, q.Subject = rec.site, override.OfAccount(rec.account)
	}
	h, g, err := siteGuard(app, q.Site)
	if err != nil {
		return nil, err
	}
	subject, err := q.subject(h, g)
	if err != nil {
		return nil, err
	}
	now := h.now()
	o := override.Order{Do: q.Do, Site: h.name, Subject: subject, Reason: q.Reason, By: q.By, At: now.Truncate(time.Second)}
	if q.Remove {
		found := false
		err := app.order(r.Context(), now, func(l *override.List) (*override.List, error) {
			var next *override.List
			next, found = l.Without(now, h.name, subject)
			return next, nil
		})
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, fmt.Errorf("nothing is ordered about %s; `%s list` says what is", subject, q.Do)
		}
		app.logger.Info("an order was taken back", zap.String("site", h.name), zap.String("subject", subject), zap.String("by", q.By))
		return orderReply{o, true}, nil
	}
	life, err := time.ParseDuration(q.For)
	if err != nil {
		return nil, fmt.Errorf("--for %q is no time; one that works is 4h", q.For)
	}
	o.Until = o.At.Add(life)
	if err := app.order(r.Context(), now, func(l *override.List) (*override.List, error) { return l.With(now, o) }); err != nil {
		return nil, err
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	app.logger.Info("an order was made", zap.String("site", h.name), zap.String("order", o.Do), zap.String("subject", o.Subject),
		zap.Time("until", o.Until), zap.String("reason", o.Reason), zap.String("by", o.By))
	return orderReply{o, false}, nil
}

// listOrders lists what is ordered.
func listOrders(app *App) (any, error) {
	now := app.keys.now()
	out := []override.Order{}
	for _, o := range app.state.ordersNow(now).All() {
		if o.Until.After(now) {
			out = append(out, o)
		}
	}
	return map[string]any{"orders": out}, nil
}
