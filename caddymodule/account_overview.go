package caddymodule

import (
	"slices"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/page"
)

// overview shows all there is.
func (d *desk) overview(problem string, s page.Said) error {
	d.state = deskState{}
	a := d.account
	level := a.Level(d.now)
	v := page.Account{State: page.AccountOverview, Error: problem, Said: s, Level: level.Number, Plus: level.Plus, Next: nextOf(level.Next),
		Offered: d.offered(), CodesLeft: -1, Items: d.items()}
	if a == nil {
		return d.show(v)
	}
	if d.h.second.Mode == config.SecondRequired && !a.Enrolled() && !a.AskedSince.IsZero() {
		v.Required = a.AskedSince.Add(d.h.second.GraceTime())
	}
	v.Trial = !a.MayChange(d.now, d.actor)
	if !a.RecoveryMade.IsZero() {
		v.CodesLeft = len(a.Recovery)
	}
	this := d.g.vault.Device(d.now, d.owner, a, d.own.trust)
	for _, t := range a.Trusted {
		v.Devices = append(v.Devices, page.Device{ID: t.ID, Name: label(t.Label, t.From.Place), Added: t.Added, Used: t.Used, This: t.ID == this})
	}
	v.KeysOnly = a.KeysOnly
	given, _ := a.Find(d.actor.Factor)
	v.Keys = !a.KeysOnly && (d.actor.Established || given != nil && !given.Provisional(d.now)) && len(a.Apps)+len(a.Contacts) > 0 && (len(a.Passkeys) > 1 || len(a.Passkeys) == 1 && len(a.Recovery) > 0)
	if v.Next == page.NextKeys && (v.Trial || !v.Keys) {
		v.Next = page.NextNothing // who is on trial finds no button for it
	}
	stays := !a.MayDismiss(d.now, d.actor)
	for _, n := range slices.Backward(a.Notices) {
		if n.Event == factor.ResetOrdered {
			continue // below, with the day on which it comes
		}
		name := n.Name
		if name == n.From.Client {
			name = "" // a browser's own; it is said beside the place
		}
		v.Notices = append(v.Notices, page.Notice{ID: n.ID, Event: page.Event(n.Event.String()), At: n.At, Name: name, From: label(n.From.Client, n.From.Place), Undo: d.undoes(n) != "", Stays: stays})
	}
	if !a.ResetAt.IsZero() {
		v.Notices = append(v.Notices, page.Notice{ID: "reset", Event: page.Event(factor.ResetOrdered.String()), At: a.ResetAt, Undo: true})
	}
	return d.show(v)
}

func label(client, place string) string {
	switch {
	case client == "":
		return place
	case place == "":
		return client
	}
	return client + ", " + place
}

// items are the factors as their owner knows them.
func (d *desk) items() (items []page.Item) {
	if d.account == nil {
		return nil
	}
	a := d.account
	add := func(m page.Method, f *factor.Factor, name string) {
		i := page.Item{Method: m, ID: f.ID, Name: name, Added: f.Added, Used: f.Used}
		if f.Provisional(d.now) {
			i.Provisional = f.Until
		}
		items = append(items, i)
	}
	for i := range a.Passkeys {
		add(page.MethodPasskey, &a.Passkeys[i].Factor, a.Passkeys[i].Name)
	}
	for i := range a.Apps {
		add(page.MethodApp, &a.Apps[i].Factor, a.Apps[i].Name)
	}
	for i := range a.Contacts {
		c := &a.Contacts[i]
		if c.Pending {
			continue
		}
		m := page.MethodSMS
		if c.Kind == factor.Email {
			m = page.MethodEmail
		}
		add(m, &c.Factor, factor.Hint(c.Kind, c.To))
	}
	return items
}

// item is the one that a form names.
func (d *desk) item() (page.Item, bool) {
	items := d.items()
	i := slices.IndexFunc(items, func(i page.Item) bool { return i.ID == d.id() })
	if i < 0 {
		return page.Item{}, false
	}
	return items[i], true
}

func (d *desk) edit() error      { return d.showItem(page.AccountEdit) }
func (d *desk) askRemove() error { return d.showItem(page.AccountRemove) }

func (d *desk) showItem(s page.AccountState) error {
	item, ok := d.item()
	if !ok {
		return factor.ErrNone
	}
	return d.show(page.Account{State: s, Item: item, Last: len(d.items()) == 1, Trial: !d.account.MayChange(d.now, d.actor), Mine: item.ID == d.actor.Factor})
}

func (d *desk) rename() error {
	if _, err := d.g.vault.Rename(d.r.Context(), d.now, d.owner, d.actor, d.id(), d.f[fieldName]); err != nil {
		return err
	}
	return d.done(page.SaidRenamed)
}

func (d *desk) remove() error {
	a, err := d.g.vault.Remove(d.r.Context(), d.now, d.owner, d.actor, d.id())
	if err != nil {
		return err
	}
	d.changed(a)
	return d.done(page.SaidRemoved)
}

// changed tells the owner what was changed, where notices go. Who changed it
// need not give his factor again, unless it is the one that is gone.
func (d *desk) changed(a *factor.Account) {
	if a != nil {
		if f, _ := a.Find(d.actor.Factor); f != nil || d.actor.Factor == factor.GivenRecovery {
			d.gave(d.actor.Factor, a)
		}
	}
	if a != nil && len(a.Notices) > 0 {
		d.h.notify(d.name, a.Notices[len(a.Notices)-1:])
	}
}

func (d *desk) test() error {
	d.state = deskState{Test: true}
	return d.asks(asking{}, 0)
}

func (d *desk) forget() error {
	own := d.g.vault.Device(d.now, d.owner, d.account, d.own.trust)
	id := d.id()
	if id == "" {
		id = own
	}
	if _, err := d.g.vault.Distrust(d.r.Context(), d.now, d.owner, d.actor, own, id); err != nil {
		return err
	}
	if id == own {
		expireCookie(d.w, d.r, trustCookie)
	}
	return d.done(page.SaidForgotten)
}

// signOutAll ends the trust of all browsers. The shop's sessions are its own;
// passes and devices of before are void from now on.
func (d *desk) signOutAll() error {
	a, err := d.g.vault.SignOut(d.r.Context(), d.now, d.owner, d.actor)
	if err != nil {
		return err
	}
	if err := d.g.ledger.Revoke(d.r.Context(), d.now, d.proof.Account); err != nil {
		return err
	}
	d.changed(a)
	expireCookie(d.w, d.r, trustCookie)
	return d.done(page.SaidSignedOut)
}

func (d *desk) keysOn() error  { return d.keysOnly(true, page.SaidKeysOn) }
func (d *desk) keysOff() error { return d.keysOnly(false, page.SaidKeysOff) }

func (d *desk) keysOnly(on bool, s page.Said) error {
	a, err := d.g.vault.SetKeysOnly(d.r.Context(), d.now, d.owner, d.actor, on)
	if err != nil {
		return err
	}
	d.changed(a)
	return d.done(s)
}

func (d *desk) dismiss() error {
	if _, err := d.g.vault.Dismiss(d.r.Context(), d.now, d.owner, d.actor, d.id()); err != nil {
		return err
	}
	return d.done(page.SaidNothing)
}

// undoes is the factor that a notice tells of and that can be undone here.
func (d *desk) undoes(n factor.Notice) string {
	if n.Event != factor.Added || !d.actor.Established {
		return ""
	}
	for _, f := range d.account.Undoable(d.now) {
		if f.Added.Equal(n.At) {
			return f.ID
		}
	}
	return ""
}

func (d *desk) undo() error {
	if d.id() == "reset" {
		a, err := d.g.vault.CancelReset(d.r.Context(), d.now, d.owner, d.actor)
		if err != nil {
			return err
		}
		d.changed(a)
		return d.done(page.SaidUndone)
	}
	if d.account == nil {
		return factor.ErrNone
	}
	i := slices.IndexFunc(d.account.Notices, func(n factor.Notice) bool { return n.ID == d.id() })
	if i < 0 {
		return factor.ErrNone
	}
	id := d.undoes(d.account.Notices[i])
	if id == "" {
		return factor.ErrDenied
	}
	a, err := d.g.vault.Undo(d.r.Context(), d.now, d.owner, d.actor, id)
	if err != nil {
		return err
	}
	d.changed(a)
	return d.done(page.SaidUndone)
}

// nextOf is the advice as the page has it.
func nextOf(n factor.Next) page.Next {
	switch n {
	case factor.NextAdd:
		return page.NextSetup
	case factor.NextSaveRecovery:
		return page.NextCodes
	case factor.NextRenewRecovery:
		return page.NextRenew
	case factor.NextAddPasskey:
		return page.NextPasskey
	case factor.NextDropContact:
		return page.NextDrop
	case factor.NextKeysOnly:
		return page.NextKeys
	case factor.NextSecond:
		return page.NextAnother
	case factor.NextTest:
		return page.NextTest
	}
	return page.NextNothing
}
