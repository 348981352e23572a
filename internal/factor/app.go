package factor

import (
	"context"
	"slices"
	"time"

	"github.com/login-guard/login-guard/internal/factor/totp"
)

// AppSetup is what is shown while an app is being set up.
type AppSetup struct {
	URI string // for the QR code
	Key string // the same secret to type, in groups of four
	// State goes to ConfirmApp. It is sealed, and bound to account and
	// session: the page may carry it.
	State []byte
	Until time.Time
}

// Confirmed is what became of confirming something that was begun.
type Confirmed struct {
	// Why is Right, Wrong, Used, Unreadable, Wait, ClassLocked or Copied.
	Why    Why
	Wait   time.Duration
	Factor string // id of what was added
	// Skewed: the code is right for a clock that is Skew ahead.
	Skewed  bool
	Skew    time.Duration
	Noticed []Notice
	Account *Account
}

// BeginApp draws a secret for an authenticator app. Nothing is stored before
// a code of it was typed. session binds it to the session that began it;
// issuer and account are what the app shows.
func (v *Vault) BeginApp(now time.Time, id ID, session, issuer, account string) (*AppSetup, error) {
	secret, err := totp.NewSecret(v.source())
	if err != nil {
		return nil, err
	}
	p := pending{What: "app", Until: now.Add(PendingLife), Body: secret}
	if p.Setup, err = v.newID(); err != nil {
		return nil, err
	}
	state, err := v.put(id, session, p)
	if err != nil {
		return nil, err
	}
	return &AppSetup{URI: totp.URI(issuer, account, secret), Key: totp.Key(secret), State: state, Until: p.Until}, nil
}

// ShowApp shows again what BeginApp made, after a wrong code. ErrOver if it
// is over.
func (v *Vault) ShowApp(now time.Time, id ID, session, issuer, account string, state []byte) (*AppSetup, error) {
	p, err := v.get(now, id, session, "app", state)
	if err != nil {
		return nil, err
	}
	return &AppSetup{URI: totp.URI(issuer, account, p.Body), Key: totp.Key(p.Body), State: state, Until: p.Until}, nil
}

// ConfirmApp adds the app if code is one of it. The code is spent: it opens no
// login after that. A wrong code says by how much the app's clock is off,
// which helps no guesser: the secret stands on the page.
func (v *Vault) ConfirmApp(ctx context.Context, now time.Time, id ID, by Actor, session string, state []byte, typed, called string) (*Confirmed, error) {
	p, err := v.get(now, id, session, "app", state)
	if err != nil {
		return nil, err
	}
	code, err := totp.Parse(typed)
	if err != nil {
		return &Confirmed{Why: Unreadable}, nil
	}
	step, ok, _ := totp.Match(p.Body, code, now, 0, 0)
	if !ok {
		r := &Confirmed{Why: Wrong}
		r.Skew, r.Skewed = totp.Skew(p.Body, code, now)
		return r, nil
	}
	f, err := v.newFactor(now, by, called, p.Setup)
	if err != nil {
		return nil, err
	}
	return v.add(ctx, now, id, by, f, ClassApp, func(a *Account) error {
		switch {
		case slices.ContainsFunc(a.Apps, func(x App) bool { return x.Setup == p.Setup }):
			return ErrOver
		case len(a.Apps) >= MaxApps:
			return ErrMany
		}
		app := App{Factor: f, Secret: p.Body, Last: step}
		app.Drift, app.Lean = totp.Learn(0, 0, step, now)
		a.Apps = append(a.Apps, app)
		return nil
	})
}
