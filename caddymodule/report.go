package caddymodule

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
)

// report writes the record of an attempt.
func (h *Handler) report(r *http.Request, a *attempt, o login.Outcome) {
	a.outcome = string(o)
	now := h.now()
	d := record.Decision{
		At: now, Ref: a.ref, Site: h.name, Endpoint: a.reading.Endpoint.Name(), Mode: a.mode,
		Action: string(a.verdict.Action), Would: string(a.verdict.Action),
		Score: a.assessment.Score, Reasons: a.verdict.Reasons, Outcome: a.outcome,
		Country: a.signals.Country, ASN: a.signals.ASN, Duration: now.Sub(a.now), Count: 1,
	}
	if a.mode == config.ModeMonitor {
		d.Action = string(risk.Allow)
	}
	h.setPlaceholders(r, a)
	if o != login.None {
		h.app.metrics.logins.WithLabelValues(a.outcome).Inc()
	}
	h.app.metrics.score.Observe(d.Score)
	h.app.state.noteRef(a.ref, refRecord{h.name, a.account, a.signals.Host, a.signals.Network})
	h.watchAttack(now, a, o)
	h.app.state.saw(h.name, d.Would, d.Outcome, a.signals.Private)
	h.app.record(now, d, func(d *record.Decision) {
		d.Account, d.Address = a.g.ledger.Pseudonym(a.account), h.logAddress(a)
		d.Host, d.RetryAfter = a.g.ledger.HostPseudonym(a.signals.Host), a.verdict.RetryAfter
		d.Basis = a.basis
		if dec := a.decision; dec != nil && dec.Counted() {
			d.Override = dec.Override
			d.Basis = record.NewBasis(dec.Facts, dec.Situation, a.g.engine.Ladder)
		}
		for _, name := range a.reading.Accounts {
			d.Accounts = append(d.Accounts, a.g.ledger.Pseudonym(a.g.ledger.Account(h.reader.FoldAccount(name))))
		}
	})
}

// reportRefusal writes the record of what was not read.
func (h *Handler) reportRefusal(r *http.Request, reading *login.Reading, ref string, monitor bool) {
	d := record.Decision{
		Ref: ref, Site: h.name, Mode: config.ModeEnforce,
		Action: string(risk.Unreadable), Would: string(risk.Unreadable),
		Reasons: []risk.Reason{{Code: reading.Reason}}, Outcome: string(login.None), Count: 1,
	}
	if reading.Endpoint != nil {
		d.Endpoint = reading.Endpoint.Name()
	}
	if monitor {
		d.Action, d.Mode = string(risk.Allow), config.ModeMonitor
	}
	if addr := clientAddress(r); h.LogsFullAddresses() {
		d.Address = addr.String()
	} else {
		d.Address = record.Truncated(addr)
	}
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Set("http.login_guard.action", d.Action)
		repl.Set("http.login_guard.reasons", reading.Reason)
		repl.Set("http.login_guard.ref", ref)
	}
	h.app.record(h.now(), d, func(d *record.Decision) {
		if g, err := h.ready(); err == nil {
			d.Host = g.ledger.HostPseudonym(collectFrom(g, r).Host)
		}
	})
}

func (h *Handler) logAddress(a *attempt) string {
	if !a.signals.Address.IsValid() {
		return ""
	}
	if h.LogsFullAddresses() {
		return a.signals.Address.String()
	}
	return record.Truncated(a.signals.Address)
}

// setPlaceholders makes the decision known to later handlers and the access
// log: they ask when they need it, which few do.
func (h *Handler) setPlaceholders(r *http.Request, a *attempt) {
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok || a.placed {
		return
	}
	a.placed = true
	repl.Map(a.placeholder)
}

const placeholders = "http.login_guard."

// placeholder is one of ours, as it is at this moment.
func (a *attempt) placeholder(key string) (any, bool) {
	name, ours := strings.CutPrefix(key, placeholders)
	if !ours {
		return nil, false
	}
	switch name {
	case "action":
		if a.mode == config.ModeMonitor {
			return string(risk.Allow), true
		}
		return string(a.verdict.Action), true
	case "score":
		return a.assessment.Score, true
	case "reasons":
		codes := make([]string, len(a.verdict.Reasons))
		for i, reason := range a.verdict.Reasons {
			codes[i] = reason.Code
		}
		return strings.Join(codes, ","), true
	case "ref":
		return a.ref, true
	case "outcome":
		return a.outcome, true
	case "country":
		return a.signals.Country, true
	case "asn":
		return a.signals.ASN, true
	}
	return nil, false
}

// record counts a decision and hands it to the log, folded where it must be.
// complete fills in what costs something, where the record is written at all.
func (a *App) record(now time.Time, d record.Decision, complete func(*record.Decision)) {
	a.metrics.decisions.WithLabelValues(d.Action, d.Mode, d.Site).Inc()
	a.folder.Add(now, d, complete)
}

// write is the end of a record: the log line and the event.
func (a *App) write(d record.Decision) {
	if c := a.decisionLog().Check(zap.InfoLevel, "decision"); c != nil {
		fields := []zap.Field{
			zap.String("ref", d.Ref), zap.String("site", d.Site), zap.String("endpoint", d.Endpoint),
			zap.String("action", d.Action), zap.String("would", d.Would), zap.String("mode", d.Mode),
			zap.Float64("score", d.Score), zap.Strings("reasons", d.Codes()), zap.String("outcome", d.Outcome),
			zap.String("account", d.Account), zap.String("address", d.Address), zap.Duration("duration", d.Duration),
		}
		if len(d.Accounts) > 1 {
			fields = append(fields, zap.Strings("accounts", d.Accounts))
		}
		if d.Country != "" {
			fields = append(fields, zap.String("country", d.Country))
		}
		if d.ASN != 0 {
			fields = append(fields, zap.Uint32("asn", d.ASN))
		}
		if d.Count > 1 {
			fields = append(fields, zap.Int("count", d.Count))
		}
		c.Write(fields...)
	}
	a.state.records().Write(d)
	const event = "login_guard.decision"
	if a.events != nil && a.events.ShouldEmit(event) {
		a.events.Emit(a.eventsCtx, event, map[string]any{
			"ref": d.Ref, "site": d.Site, "endpoint": d.Endpoint, "action": d.Action, "would": d.Would,
			"mode": d.Mode, "score": d.Score, "reasons": d.Codes(), "outcome": d.Outcome,
			"account": d.Account, "address": d.Address, "country": d.Country, "asn": d.ASN, "count": d.Count,
		})
	}
}
