package caddymodule

import (
	"errors"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/factor/qr"
	"github.com/login-guard/login-guard/internal/page"
)

// steps are what the forms of a desk ask for. What is not among them leads to
// the first page.
func (d *desk) steps() map[string]func() error {
	all := map[string]func() error{
		"add": d.add, "app": d.confirmApp, "passkey": d.confirmPasskey, "contact": d.addContact, "sent": d.confirmContact,
		stepResend: d.resendContact, "codes": d.makeCodes, "saved": d.savedCodes, "again": d.codesAgain, "typed": d.typedCode,
		"setup": d.setup,
	}
	if d.held != nil {
		all["later"] = d.finish // only shown where there is a factor already
		return all
	}
	all["later"] = d.notNow
	for name, step := range map[string]func() error{
		"edit": d.edit, "rename": d.rename, "remove": d.askRemove, "delete": d.remove, "test": d.test,
		"keys_on": d.keysOn, "keys_off": d.keysOff, "forget": d.forget, "signout": d.signOutAll, "dismiss": d.dismiss, "undo": d.undo,
	} {
		all[name] = step
	}
	return all
}

// id of the item that a form is about.
func (d *desk) id() string { return d.f[fieldID] }

// offered are the methods that can be added.
func (d *desk) offered() []page.Method {
	out := []page.Method{page.MethodApp}
	if passkeysWork(d.r) {
		out = append(out, page.MethodPasskey)
	}
	if a := d.account; a != nil && len(a.Apps)+len(a.Passkeys)+len(a.Recovery) > 0 {
		if d.h.second.sends(factor.SMS) {
			out = append(out, page.MethodSMS)
		}
		if d.h.second.sends(factor.Email) {
			out = append(out, page.MethodEmail)
		}
	}
	return out
}

// setup lets a customer choose a method, and at a login goes on when there is
// all that is needed.
func (d *desk) setup() error {
	d.state.Challenge, d.state.State, d.state.Codes, d.state.Contact = "", nil, nil, ""
	through := d.held != nil && d.account.Enrolled() && d.actor.Factor != ""
	if through && (d.actor.Factor != factor.GivenRecovery || d.state.Renewed) {
		if len(d.account.Recovery) == 0 {
			return d.makeCodes()
		}
		return d.finish()
	}
	return d.show(page.Account{State: page.AccountSetup, Offered: d.offered(), Later: through})
}

// finish lets the login go that waited for a factor.
func (d *desk) finish() error {
	if d.held == nil || !d.account.Enrolled() || d.actor.Factor == "" {
		return d.setup()
	}
	return d.h.release(d.w, d.r, d.g, d.held.ticket, d.held.held, d.own, true, func(_ *attempt, p *proof) {
		p.Given, p.Epoch = d.actor.Factor, d.account.Epoch
	})
}

// add begins to add a method.
func (d *desk) add() error {
	method := page.Method(d.f[fieldMethod])
	if !slices.Contains(d.offered(), method) {
		return d.home()
	}
	if _, ok := d.item(); ok {
		d.state.Replaces = d.id()
	}
	switch method {
	case page.MethodApp:
		app, err := d.g.vault.BeginApp(d.now, d.owner, d.session, d.issuer(), d.name)
		if err != nil {
			return err
		}
		d.state.State = app.State
		return d.showApp(app, page.Account{})
	case page.MethodPasskey:
		return d.beginPasskey("")
	}
	return d.show(page.Account{State: page.AccountContact, Method: method})
}

// issuer is the shop's name as apps show it.
func (d *desk) issuer() string {
	if d.h.Page.Name != "" {
		return d.h.Page.Name
	}
	return d.h.name
}

// enrolSteps: set it up, write the codes down, type one back.
const enrolSteps = 3

func (d *desk) showApp(app *factor.AppSetup, v page.Account) error {
	svg, err := qr.SVG(app.URI, d.issuer())
	if err != nil {
		return err
	}
	v.State, v.QR, v.Key, v.URI, v.Issuer = page.AccountApp, template.HTML(svg), app.Key, app.URI, d.issuer()
	d.step(&v, 1)
	return d.show(v)
}

// step says how far a first set-up is.
func (d *desk) step(v *page.Account, n int) {
	if d.account == nil || len(d.account.Recovery) == 0 {
		v.Step, v.Of = n, enrolSteps
	}
}

func (d *desk) confirmApp() error {
	c, err := d.g.vault.ConfirmApp(d.r.Context(), d.now, d.owner, d.actor, d.session, d.state.State, d.f[fieldCode], d.f[fieldName])
	if err != nil {
		return err
	}
	if c.Why == factor.Right {
		return d.added(c)
	}
	app, err := d.g.vault.ShowApp(d.now, d.owner, d.session, d.issuer(), d.name, d.state.State)
	if err != nil {
		return err
	}
	v := page.Account{Error: wrongCode(c, d.f[fieldCode])}
	if c.Skewed {
		v.Error, v.ClockOff = page.AccountClock, int(c.Skew/time.Second)
	}
	return d.showApp(app, v)
}

// wrongCode is what is said to a code that was not right.
func wrongCode(c *factor.Confirmed, typed string) string {
	switch {
	case strings.TrimSpace(typed) == "":
		return page.SecondEmpty
	case c.Why == factor.Used:
		return page.SecondUsed
	case c.Why == factor.Unreadable:
		return page.SecondUnreadable
	case c.Why == factor.Wait:
		return page.SecondSlow
	case c.Why == factor.ClassLocked:
		return page.SecondLocked
	}
	return page.SecondWrong
}

// added goes on after a method was added: to recovery codes where there are
// none, as a lost phone is what most who are shut out have lost.
func (d *desk) added(c *factor.Confirmed) error {
	d.h.notify(d.name, c.Noticed)
	before, old, given := d.actor, d.state.Replaces, c.Factor
	d.state.State, d.state.Contact, d.state.Replaces = nil, "", ""
	if f, _ := c.Account.Find(before.Factor); f != nil && d.held == nil && before.Factor != old {
		given = before.Factor // the new one may be on trial, and may do less
	}
	d.gave(given, c.Account)
	d.state.Renewed = true
	if old != "" {
		a, err := d.g.vault.Remove(d.r.Context(), d.now, d.owner, before, old)
		switch {
		case err == nil:
			d.gave(given, a)
			d.changed(a)
		case errors.Is(err, factor.ErrDenied), errors.Is(err, factor.ErrNone), errors.Is(err, factor.ErrAlone):
			// It stays beside the new one, where its owner sees it.
		default:
			return err
		}
	}
	if len(c.Account.Recovery) == 0 {
		return d.makeCodes()
	}
	return d.done(page.SaidAdded)
}

func (d *desk) addContact() error {
	kind, method := factor.SMS, page.Method(d.f[fieldMethod])
	if method == page.MethodEmail {
		kind = factor.Email
	} else {
		method = page.MethodSMS
	}
	if !slices.Contains(d.offered(), method) {
		return d.home()
	}
	id, account, err := d.g.vault.AddContact(d.r.Context(), d.now, d.owner, d.actor, kind, d.f[fieldContact], d.f[fieldName], d.h.sending(d.g))
	if errors.Is(err, factor.ErrAddress) {
		v := page.Account{State: page.AccountContact, Method: method, Contact: d.f[fieldContact], Error: page.AccountPhone}
		if kind == factor.Email {
			v.Error = page.AccountEmail
		} else if _, err := factor.Number(d.f[fieldContact], []string{"+1", "+2", "+3", "+4", "+5", "+6", "+7", "+8", "+9"}); err == nil {
			v.Error = page.AccountCountry
		}
		return d.show(v)
	}
	if err != nil {
		return err
	}
	d.account, d.state.Contact = account, id
	return d.resendContact()
}

// resendContact sends the code that confirms a number or address.
func (d *desk) resendContact() error {
	q := d.h.sendCode(d.r, d.g, d.now, d.owner, d.state.Contact, "to:"+d.state.Contact, d.actor.Established)
	return d.showSent(q.err, q.seconds)
}

func (d *desk) showSent(problem string, wait int) error {
	v := page.Account{State: page.AccountSent, Method: page.MethodSMS, Error: problem, Seconds: wait}
	account, err := d.g.vault.Load(d.r.Context(), d.owner)
	if err != nil {
		return err
	}
	if account != nil {
		for _, c := range account.Contacts {
			if c.ID == d.state.Contact {
				v.Contact = factor.Hint(c.Kind, c.To)
				if c.Kind == factor.Email {
					v.Method = page.MethodEmail
				}
			}
		}
		_, v.ResendIn = sentTo(account, d.state.Contact, d.state.Contact, d.now)
	}
	return d.show(v)
}

func (d *desk) confirmContact() error {
	c, err := d.g.vault.ConfirmContact(d.r.Context(), d.now, d.owner, d.actor, d.state.Contact, d.f[fieldCode])
	if err != nil {
		return err
	}
	if c.Why != factor.Right {
		return d.showSent(wrongCode(c, d.f[fieldCode]), max(1, int(c.Wait/time.Second)))
	}
	return d.added(c)
}

func (d *desk) makeCodes() error {
	set, err := d.g.vault.MakeRecovery(d.now, d.owner, d.session)
	if err != nil {
		return err
	}
	d.state.State, d.state.Codes = set.State, set.Codes
	return d.codesAgain()
}

func (d *desk) codesAgain() error {
	if len(d.state.Codes) == 0 {
		return d.makeCodes()
	}
	v := page.Account{State: page.AccountCodes, Codes: d.state.Codes, Void: d.account != nil && len(d.account.Recovery) > 0}
	d.step(&v, 2)
	return d.show(v)
}

func (d *desk) savedCodes() error { return d.showTyped("") }

func (d *desk) showTyped(problem string) error {
	v := page.Account{State: page.AccountTyped, Error: problem}
	d.step(&v, enrolSteps)
	return d.show(v)
}

func (d *desk) typedCode() error {
	c, err := d.g.vault.ConfirmRecovery(d.r.Context(), d.now, d.owner, d.actor, d.session, d.state.State, d.f[fieldCode])
	if err != nil {
		return err
	}
	if c.Why != factor.Right {
		return d.showTyped(wrongCode(c, d.f[fieldCode]))
	}
	d.h.notify(d.name, c.Noticed)
	d.account, d.state = c.Account, deskState{Given: d.state.Given}
	if d.held != nil {
		return d.finish()
	}
	return d.done(page.SaidCodes)
}
