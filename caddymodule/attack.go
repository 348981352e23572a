package caddymodule

import (
	"fmt"
	"io"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/attack"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/login"
)

// attackEvent is the event of an attack's start and end.
const attackEvent = "login_guard.attack"

// attackOn is what watches a site for attacks.
func (s *state) attackOn(site string) *attack.Watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.attacks[site]
	if w == nil {
		w = new(attack.Watch)
		s.attacks[site] = w
	}
	return w
}

// watchAttack tells the site's watch what became of an attempt, and the
// operator when an attack begins by it.
func (h *Handler) watchAttack(now time.Time, a *attempt, o login.Outcome) {
	if a.reading.Kind == login.Side {
		return
	}
	s := attack.Seen{Would: a.verdict.Action, Reasons: a.verdict.Reasons, Again: a.solved != nil || a.cleared != device.NoRung,
		Succeeded: o == login.Success, Failed: o == login.Failure}
	if a.decision.Counted() {
		s.Facts = &a.decision.Facts
	}
	h.app.tellAttacks(h.name, a.mode, h.app.state.attackOn(h.name).Note(now, s))
}

// watchAttacks ends the attacks that are over at all sites.
func (a *App) watchAttacks(now time.Time) {
	for _, h := range a.siteList() {
		w := a.state.attackOn(h.name)
		a.tellAttacks(h.name, h.modeNow(), w.Tick(now))
		_, on, _ := w.Now()
		a.metrics.attack.WithLabelValues(h.name).Set(oneIf(on))
	}
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// tellAttacks says that attacks have begun or are over: gauge, log, event.
func (a *App) tellAttacks(site, mode string, changes []attack.Change) {
	for _, c := range changes {
		a.metrics.attack.WithLabelValues(site).Set(oneIf(!c.Over))
		fields := []zap.Field{zap.String("site", site), zap.String("mode", mode), zap.Time("since", c.Since), zap.Float64("share", c.Share),
			zap.Int("attempts", c.Attempts), zap.Int("challenged", c.Challenged), zap.Int("refused", c.Refused), zap.Int("failed", c.Failed),
			zap.Strings("reasons", c.Reasons)}
		data := map[string]any{
			"state": "start", "site": site, "mode": mode, "since": c.Since.UTC().Format(time.RFC3339), "until": "", "share": c.Share,
			"attempts": c.Attempts, "challenged": c.Challenged, "refused": c.Refused, "failed": c.Failed, "reasons": c.Reasons,
		}
		if c.Over {
			data["state"], data["until"] = "end", c.Until.UTC().Format(time.RFC3339)
			a.logger.Info("the attack is over", append(fields, zap.Time("until", c.Until))...)
		} else {
			a.logger.Warn("the site is under attack", fields...)
		}
		if a.events != nil && a.events.ShouldEmit(attackEvent) {
			a.events.Emit(a.eventsCtx, attackEvent, data)
		}
	}
}

// attackStatus is what status says of attacks.
type attackStatus struct {
	attack.Attack
	// Now: it goes on. Else it is the last one since the start.
	Now bool `json:"now"`
}

// attackOf is the attack on a site that goes on or was the last, nil without.
func (s *state) attackOf(site string) *attackStatus {
	current, on, last := s.attackOn(site).Now()
	switch {
	case on:
		return &attackStatus{current, true}
	case !last.Since.IsZero():
		return &attackStatus{last, false}
	}
	return nil
}

func printAttack(w io.Writer, a *attackStatus, mode string) {
	if a == nil {
		return
	}
	when, were := "under attack since "+a.Since.Local().Format(time.DateTime), "were"
	if !a.Now {
		when = "last attack from " + a.Since.Local().Format(time.DateTime) + " to " + a.Until.Local().Format(time.DateTime)
	}
	if mode == config.ModeMonitor {
		were = "would have been"
	}
	fmt.Fprintf(w, "  attack     %s: %d attempts, customers' too, of which %d %s asked for a check and %d refused; %d failed at the shop\n",
		when, a.Attempts, a.Challenged, were, a.Refused, a.Failed)
	if len(a.Reasons) > 0 {
		fmt.Fprintf(w, "             mostly by %s; up to %.0f %% of strangers' logins are taken for the attack's\n", strings.Join(a.Reasons, ", "), 100*a.Share)
	}
}
