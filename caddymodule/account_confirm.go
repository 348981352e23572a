package caddymodule

import (
	"time"

	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/page"
)

// confirm asks for a factor that there is before anything is shown.
func (d *desk) confirm() error {
	q := asking{method: d.f[fieldMethod]}
	if d.state.Challenge != "" {
		switch d.f[fieldStep] {
		case stepSecond:
			res, err := d.h.judgeFactor(d.r, d.g, d.now, d.owner, d.state.Challenge, d.actor.Established, d.state.Test, d.f)
			if err != nil {
				return d.away(err)
			}
			d.h.notify(d.name, res.Noticed)
			d.h.countSecond(d.f[fieldMethod], res)
			if res.Right() {
				tested := d.state.Test
				d.state = deskState{}
				d.gave(res.Factor, res.Account)
				if tested {
					return d.done(page.SaidTested)
				}
				if d.held != nil {
					return d.setup()
				}
				return d.done(page.SaidNothing)
			}
			if q = wrongly(q.method, d.f, res); res.Why == factor.Gone || res.Left == 0 && res.Why != factor.NotOffered {
				d.state.Challenge = ""
			}
			if res.Skewed {
				return d.asks(asking{method: q.method, err: page.AccountClock, left: res.Left}, int(res.Skew/time.Second))
			}
		case stepResend:
			q = d.h.sendCode(d.r, d.g, d.now, d.owner, d.state.Challenge, q.method, d.actor.Established)
		}
	}
	return d.asks(q, 0)
}

// asks shows the page that asks for a factor.
func (d *desk) asks(q asking, clock int) error {
	if d.state.Challenge == "" {
		name, account, err := d.g.vault.Begin(d.r.Context(), d.now, d.owner, d.actor.Established)
		if err != nil {
			return d.away(err)
		}
		if d.account = account; name == "" {
			return d.home() // the operator took the factors away
		}
		d.state.Challenge = name
	}
	v := page.Account{State: page.AccountConfirm, ClockOff: clock}
	if d.f == nil {
		// Who removes the very method that was given is asked for another.
		v.Said = said(d.r.URL.Query().Get("said"))
	}
	if d.state.Test {
		v.State = page.AccountTest
	}
	if err := d.h.fillAsking(d.r, d.g, d.now, &v.Ask, d.owner, d.state.Challenge, d.actor.Established, q); err != nil {
		return d.away(err)
	}
	v.Error, v.Seconds, v.Left = v.Ask.Error, v.Ask.Seconds, v.Ask.Left
	return d.show(v)
}
