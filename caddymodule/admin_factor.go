package caddymodule

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/store"
)

// factorAsk is what an operator asks of second factors.
type factorAsk struct {
	Site string `json:"site,omitempty"`
	// status, reset, withdraw, unlock, rekey, accept-loss or forget-key.
	Do      string `json:"do"`
	Account string `json:"account,omitempty"`
	// Delay of a reset, such as 24h or 0s. Default: the site's reset_delay
	Delay string `json:"delay,omitempty"`
	By    string `json:"by,omitempty"`
}

// factorReply says what there is, and what was done.
type factorReply struct {
	Site    string     `json:"site"`
	Account string     `json:"account,omitempty"` // keyed hash, as in the log
	Done    string     `json:"done,omitempty"`
	Due     *time.Time `json:"due,omitempty"` // of a reset
	// Of one account: what it has.
	Has *factorHas `json:"has,omitempty"`
	// Of the site: how many.
	All *factor.Tally `json:"all,omitempty"`
	// Rows that were sealed anew, and those that do not open.
	Rekeyed *factor.Rekeyed `json:"rekeyed,omitempty"`
	Lost    int             `json:"lost,omitempty"`
}

// factorHas is what an account has. No number, address or secret is in it.
type factorHas struct {
	Apps     int  `json:"apps"`
	Passkeys int  `json:"passkeys"`
	Contacts int  `json:"contacts"`
	Recovery int  `json:"recovery_codes"`
	Trusted  int  `json:"trusted_browsers"`
	Level    int  `json:"level"`
	Enrolled bool `json:"enrolled"`
}

var errFactorOff = errors.New("this site has no second factor: second_factor optional, in its login_guard block, gives it one")

// serveFactor looks after second factors for an operator. Every change is in
// the log, with who ordered it.
func serveFactor(app *App, r *http.Request, q factorAsk) (any, error) {
	h, g, err := siteGuard(app, q.Site)
	if err != nil {
		return nil, err
	}
	if h.second == nil {
		return nil, errFactorOff
	}
	out := factorReply{Site: h.name}
	switch q.Do {
	case "status":
		if q.Account != "" {
			break
		}
		all, err := g.vault.Count(r.Context(), h.factorGroup(g))
		out.All = &all
		return out, err
	case "rekey":
		done, err := g.vault.Rekey(r.Context(), h.factorGroup(g))
		out.Rekeyed, out.Done = &done, q.Do
		return out, err
	case "forget-key":
		app.logger.Warn("second factors that another key made are given up; their accounts are open to the password alone", zap.String("by", q.By))
		out.Done = q.Do
		return out, h.forgetKey(r.Context(), g)
	case "accept-loss":
		n, err := g.store.AcceptLoss(r.Context())
		out.Lost, out.Done = n, q.Do
		app.logger.Warn("second factors that the store lost are given up; their accounts are open to the password alone", zap.Int("rows", n), zap.String("by", q.By))
		return out, err
	}
	if q.Account == "" {
		return nil, fmt.Errorf("name the account as it is typed at the login, such as: login-guard factor %s anna@example.org", q.Do)
	}
	account := g.ledger.Account(h.reader.FoldAccount(q.Account))
	owner := h.owner(g, account)
	out.Account = g.ledger.Pseudonym(account)
	return h.changeFactor(r.Context(), g, owner, q, out)
}

// changeFactor does what concerns one account.
func (h *Handler) changeFactor(ctx context.Context, g *guard, owner factor.ID, q factorAsk, out factorReply) (any, error) {
	now := h.now()
	var a *factor.Account
	var err error
	switch q.Do {
	case "status":
		a, err = g.vault.Load(ctx, owner)
	case "reset":
		delay := time.Duration(h.second.ResetDelay)
		if q.Delay != "" {
			d, derr := config.ParseDuration(q.Delay)
			if derr != nil {
				return nil, fmt.Errorf("--delay: %w", derr)
			}
			if d > config.MaxResetDelay {
				return nil, fmt.Errorf("--delay: %s is more than %s; write --delay 24h", q.Delay, config.MaxResetDelay)
			}
			delay = time.Duration(d)
		}
		if a, err = g.vault.Reset(ctx, now, owner, delay); err == nil && delay > 0 {
			due := now.Add(delay)
			out.Due = &due
		}
	case "withdraw":
		a, err = g.vault.WithdrawReset(ctx, now, owner)
	case "unlock":
		a, err = g.vault.Unlock(ctx, owner)
	default:
		return nil, fmt.Errorf("%q is none of status, reset, withdraw, unlock, rekey, accept-loss and forget-key", q.Do)
	}
	if errors.Is(err, factor.ErrNone) {
		return nil, errors.New("the account has none of that")
	}
	if err != nil {
		return nil, err
	}
	if a != nil {
		out.Has = &factorHas{len(a.Apps), len(a.Passkeys), len(a.Contacts), len(a.Recovery), len(a.Trusted), a.Level(now).Number, a.Enrolled()}
		if q.Do != "status" && len(a.Notices) > 0 {
			h.notify(q.Account, a.Notices[len(a.Notices)-1:])
		}
	}
	if out.Done = q.Do; q.Do != "status" {
		h.app.logger.Info("an operator changed a second factor", zap.String("site", h.name), zap.String("account", out.Account), zap.String("done", q.Do), zap.String("by", q.By))
	}
	return out, nil
}

func (h *Handler) factorGroup(g *guard) uint64 {
	group := h.rowGroup(g, "factors")
	return binary.BigEndian.Uint64(group[:])
}

// distrust ends the trust in all browsers of an account, or of everybody when
// account is the zero value.
func (h *Handler) distrust(ctx context.Context, g *guard, account device.Account) error {
	if h.second == nil {
		return nil
	}
	if account != (device.Account{}) {
		return g.vault.PasswordChanged(ctx, h.owner(g, account))
	}
	return g.store.EachRow(ctx, h.factorGroup(g), func(owner store.Key, _ store.Row) error {
		if err := g.vault.PasswordChanged(ctx, owner); !errors.Is(err, factor.ErrSealed) {
			return err
		}
		return nil
	})
}

// rekeyFactors seals all second factors anew, so that an old key can go.
func (a *App) rekeyFactors(ctx context.Context) error {
	for _, h := range a.siteList() {
		if h.second == nil {
			continue
		}
		g, err := h.ready()
		if err != nil {
			return err
		}
		if _, err := g.vault.Rekey(ctx, h.factorGroup(g)); err != nil {
			return fmt.Errorf("sealing second factors of %s anew: %w; `login-guard factor rekey` does it again", h.name, err)
		}
	}
	return nil
}

// factorVerbs are what `factor` can be told to do.
func factorVerbs() []string {
	return []string{"status", "reset", "withdraw", "unlock", "rekey", "export", "import", "accept-loss", "forget-key"}
}

// factorCommand is the verb `factor`.
func factorCommand() *cobra.Command {
	q := factorAsk{}
	replace := false
	v := newVerb("factor "+strings.Join(factorVerbs(), "|")+" [ACCOUNT|FILE]", "Look after customers' second factors", func(v *verb, args []string) error {
		if len(args) == 0 || len(args) > 2 {
			return fmt.Errorf("want one of %s, such as: login-guard factor status", strings.Join(factorVerbs(), ", "))
		}
		if q.Do = args[0]; len(args) == 2 {
			q.Account = args[1]
		}
		if !slices.Contains(factorVerbs(), q.Do) {
			return fmt.Errorf("%q is none of %s", q.Do, strings.Join(factorVerbs(), ", "))
		}
		if q.Do == "export" || q.Do == "import" {
			if len(args) != 2 {
				return fmt.Errorf("name the file, such as: login-guard factor %s factors.lgx", q.Do)
			}
			return v.transfer(q.Do, args[1], replace)
		}
		q.Site = v.site
		if q.By == "" {
			if u, err := user.Current(); err == nil {
				q.By = u.Username
			}
		}
		var out factorReply
		if printed, err := v.ask(http.MethodPost, "factor", q, &out); printed || err != nil {
			return err
		}
		printFactor(v, out)
		return nil
	}).withSite()
	v.cmd.Long = `Look after customers' second factors.

  factor status                       how many have one
  factor status anna@example.org      what an account has
  factor reset anna@example.org       take it away: a lost phone, and no codes
  factor withdraw anna@example.org    take a reset back that waits
  factor unlock anna@example.org      forget wrong codes that were counted
  factor rekey                        seal all anew with the first key
  factor export FILE                  all of them, sealed
  factor import FILE                  add those that are not there; --replace for all
  factor accept-loss                  the store was emptied: give up what it lost
  factor forget-key                   the key was lost: give up what it made

ACCOUNT is as it is typed at the login. A reset waits for the site's
reset_delay; --delay 0s does it at once. Make sure first who asks for it.`
	v.cmd.Flags().BoolVar(&replace, "replace", false, "import: also in place of what is there")
	v.cmd.Flags().StringVar(&q.Delay, "delay", "", "how long a reset waits, such as 24h")
	v.cmd.Flags().StringVar(&q.By, "by", "", "who orders it (default: the user who runs the command)")
	return v.cmd
}

func printFactor(v *verb, out factorReply) {
	w := v.cmd.OutOrStdout()
	switch {
	case out.All != nil:
		t := out.All
		fmt.Fprintf(w, "%s: %d accounts with a second factor: %d apps, %d passkeys, %d numbers and addresses\n", out.Site, t.Enrolled, t.Apps, t.Passkeys, t.Contacts)
		fmt.Fprintf(w, "  %d have a method that is locked, %d a reset that waits, %d are sealed with an older key, %d do not open\n", t.Locked, t.Resets, t.Old, t.Sealed)
		return
	case out.Rekeyed != nil:
		fmt.Fprintf(w, "%s: %d sealed anew, %d were, %d do not open\n", out.Site, out.Rekeyed.Changed, out.Rekeyed.Fresh, out.Rekeyed.Sealed)
		return
	case out.Done == "accept-loss":
		fmt.Fprintf(w, "%s: %d rows that the store lost are given up\n", out.Site, out.Lost)
		return
	case out.Done == "forget-key":
		fmt.Fprintf(w, "%s: the second factors that another key made are given up\n", out.Site)
		return
	case out.Due != nil:
		fmt.Fprintf(w, "%s: %s: the second factor goes at %s; its owner is told at each login and may object\n", out.Site, out.Account, out.Due.Local().Format(time.DateTime))
	case out.Done != "status":
		fmt.Fprintf(w, "%s: %s: %s done\n", out.Site, out.Account, out.Done)
	}
	if out.Has == nil {
		fmt.Fprintf(w, "%s: %s has no second factor\n", out.Site, out.Account)
		return
	}
	fmt.Fprintf(w, "%s: %s: level %d; %d apps, %d passkeys, %d numbers and addresses, %d recovery codes, %d trusted browsers\n",
		out.Site, out.Account, out.Has.Level, out.Has.Apps, out.Has.Passkeys, out.Has.Contacts, out.Has.Recovery, out.Has.Trusted)
}
