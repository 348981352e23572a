package engine

import (
	"context"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/store"
)

// Decide counts an attempt and says what it meets. The decision is to be
// settled, whatever the verdict: with login.None where the attempt does not
// reach the shop.
//
// When the store does not answer it returns the error and a decision that
// denies. What was counted until then is in it: settle it where the attempt
// goes on all the same, or leave it counted.
func (e *Engine) Decide(ctx context.Context, now time.Time, a Attempt) (*Decision, error) {
	d := &Decision{Attempt: a}
	override := risk.NoOverride
	if e.Overrides != nil {
		override, d.Override = e.Overrides(Subject{Account: a.Account, Others: a.Others, Address: a.Signals.Address, ASN: a.Signals.ASN})
	}
	if err := e.reserve(ctx, now, d, override); err != nil {
		d.Verdict = StoreDown()
		return d, err
	}
	e.judge(now, d, override)
	return d, nil
}

// AskFactor decides anew on a login whose password was right and whose account
// has a second factor that is due.
func (e *Engine) AskFactor(d *Decision) {
	d.Situation.FactorDue = true
	d.Verdict = risk.Decide(e.Ladder, d.Situation)
}

// judge makes the verdict of what the ledger has said.
func (e *Engine) judge(now time.Time, d *Decision, override risk.Override) {
	d.passed()
	d.Facts = d.facts()
	d.Assessment = risk.Assess(d.Facts)
	d.Situation = e.situation(now, d)
	d.Situation.Override = override
	d.Verdict = risk.Decide(e.Ladder, d.Situation)
	for _, r := range d.reserved {
		r.Asked = d.Verdict.Action == risk.Slider || d.Verdict.Action == risk.Picture
	}
}

// reserve counts the attempt on every account that it may be for.
func (e *Engine) reserve(ctx context.Context, now time.Time, d *Decision, override risk.Override) error {
	a := &d.Attempt
	q := ledger.Attempt{
		Account: a.Account, Host: a.Signals.Host, Network: a.Signals.Network,
		Device: a.Device.ID, Known: a.Known, Same: a.Same, Again: a.Solved,
		Country: a.Signals.Country, ASN: a.Signals.ASN, Family: a.Signals.Family,
		Blind: a.Blind, Repeated: a.Repeated,
		Lenient: a.Signals.Private || override == risk.AllowOverride,
	}
	q.Cluster, q.Kin = a.Signals.Cluster()
	if a.Passed != device.NoRung && !a.Pass.Succeeded {
		q.Pass = a.Pass.ID
	}
	first, err := e.Ledger.Reserve(ctx, now, q)
	if err != nil {
		return err
	}
	d.reserved, d.Busy = append(d.room[:0], first), first.Busy
	// Neither the device nor the pass was earned with the others.
	q.Known, q.Pass, q.Same = false, [16]byte{}, store.Key{}
	for _, q.Account = range a.Others {
		r, err := e.Ledger.Reserve(ctx, now, q)
		if err != nil {
			return err
		}
		d.reserved = append(d.reserved, r)
	}
	return nil
}

// passed works out which device and which check still count.
func (d *Decision) passed() {
	r := d.reserved[0]
	void := r.AccountRevoked
	if r.SiteRevoked.After(void) {
		void = r.SiteRevoked
	}
	if !void.IsZero() {
		// The operator revoked what is from before.
		d.Known = d.Known && d.Seen.After(void)
		if !d.Pass.Issued.After(void) {
			d.Passed = device.NoRung
		}
	}
	if r.PassSpent {
		d.Passed = device.NoRung
	}
	if d.Solved {
		d.Passed = max(d.Passed, d.Rung)
	}
}

// facts is all that the score looks at. A login that may be of several
// accounts is as suspect as that one of them against which most was guessed.
func (d *Decision) facts() risk.Facts {
	f, s := d.reserved[0].Facts, &d.Signals
	for _, r := range d.reserved[1:] {
		f.AccountFailures = max(f.AccountFailures, r.Facts.AccountFailures)
		f.AccountNetworksFailed = max(f.AccountNetworksFailed, r.Facts.AccountNetworksFailed)
	}
	f.DeviceKnown = d.Known
	f.CheckPassed = d.Passed != device.NoRung
	f.Check = d.Evidence
	f.NoAcceptLanguage = s.NoAcceptLanguage
	f.Tor, f.Blocked, f.VPN, f.Hosting = s.Tor, s.Blocked, s.VPN, s.Hosting
	return f
}

// situation is all that the verdict looks at.
func (e *Engine) situation(now time.Time, d *Decision) risk.Situation {
	first := d.reserved[0]
	s := risk.Situation{
		Assessment:   d.Assessment,
		Over:         first.Over,
		DeviceKnown:  d.Known,
		Blameless:    d.Signals.Private || d.Busy,
		AddressUnits: d.Facts.AddressFailures,
		Passed:       action(d.Passed),
		FactorGiven:  d.Factor,
	}
	for _, r := range d.reserved[1:] {
		s.Over = append(s.Over, r.Over...)
	}
	if e.AskAfter > 0 && (!d.Known || now.Sub(d.Seen) > e.AskAfter) {
		s.Floors = append(s.Floors, risk.Floor{Demands: risk.Slider, Code: risk.CodeAskAfter})
	}
	if points(d.Evidence) >= evidence.Enough && e.Ladder.Picture != config.RungOff {
		s.Floors = append(s.Floors, risk.Floor{Demands: risk.Picture, Code: risk.CodeFloorEvidence})
	}
	if e.guessed(d) {
		s.Floors = append(s.Floors, risk.Floor{Demands: risk.Slider, Code: risk.CodeLimit + config.LimitAccount})
	}
	return s
}

// guessed reports whether an account that the attempt may be for has had so
// many failures from unknown devices that everybody else is checked. The
// device is known to the first account alone.
func (e *Engine) guessed(d *Decision) bool {
	account := e.Limits[config.LimitAccount]
	if account.Off || len(account.Steps) == 0 {
		return false
	}
	for i, r := range d.reserved {
		if (i > 0 || !d.Known) && r.Wall.Failures >= account.Steps[0] {
			return true
		}
	}
	return false
}

func points(reasons []risk.Reason) (sum float64) {
	for _, r := range reasons {
		sum += r.Points
	}
	return sum
}

func action(r device.Rung) risk.Action {
	switch r {
	case device.Slider:
		return risk.Slider
	case device.Picture:
		return risk.Picture
	default:
		return risk.Allow
	}
}
