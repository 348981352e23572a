package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/override"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
)

// explainAsk says which decisions are to be explained.
type explainAsk struct {
	Site    string `json:"site,omitempty"`
	Ref     string `json:"ref,omitempty"`
	Address string `json:"address,omitempty"`
	Account string `json:"account,omitempty"`
	Limit   int    `json:"limit,omitempty"`
}

// maxExplained is how many decisions are explained at once.
const maxExplained = 100

// explain finds decisions in this node's journal and says why they were made.
func explain(app *App, _ *http.Request, q explainAsk) (any, error) {
	if q.Limit <= 0 || q.Limit > maxExplained {
		q.Limit = maxExplained
	}
	var has string
	var match func(*record.Entry) bool
	switch {
	case q.Ref != "":
		ref := strings.ToUpper(strings.TrimSpace(q.Ref))
		if !record.IsRef(ref) {
			return nil, fmt.Errorf("%q is no reference; one looks like 7KQ2-M4XD", q.Ref)
		}
		has, match = ref, func(e *record.Entry) bool { return e.Ref == ref }
	case (q.Address == "") == (q.Account == ""):
		return nil, errors.New("name a reference such as 7KQ2-M4XD, or --address or --account")
	default:
		h, g, err := siteGuard(app, q.Site)
		if err != nil {
			return nil, err
		}
		if q.Account != "" {
			has = g.ledger.Pseudonym(g.ledger.Account(h.reader.FoldAccount(q.Account)))
			match = func(e *record.Entry) bool { return e.Site == h.name && e.About(has) }
			break
		}
		host, err := hostOf(g, q.Address)
		if err != nil {
			return nil, err
		}
		has = g.ledger.HostPseudonym(host)
		match = func(e *record.Entry) bool { return e.Site == h.name && e.Host == has }
	}
	found, err := app.state.records().Find(has, q.Limit, match)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("the gateway %s has no such decision of the last 7 days; with several gateways ask each, with --admin, and think of typing errors", nodeName())
	}
	out := make([]record.Explanation, len(found))
	for i, e := range found {
		out[i] = record.Explain(e)
		out[i].LetIn = app.letIn(&e)
	}
	return map[string]any{"node": nodeName(), "decisions": out}, nil
}

// nodeName is how this gateway calls itself where there are several.
func nodeName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "this gateway"
	}
	return name
}

// letIn are the commands that let in who was stopped.
func (a *App) letIn(e *record.Entry) []string {
	out := []string{}
	about := "--ref " + e.Ref
	if _, known := a.state.findRef(e.Ref); !known {
		// The journal has no address or account to go by.
		about = "--account NAME --address ADDRESS"
	}
	switch e.Remedy() {
	case record.Reorder:
		// An order reads: deny SUBJECT until ...
		if words := strings.Fields(e.Override); len(words) > 1 {
			out = append(out, "login-guard deny remove "+words[1])
		}
	case record.GiveFactor:
		// Of a customer who has lost all of them, when you are sure who asks.
		out = append(out, "login-guard factor reset NAME")
	case record.Release:
		out = append(out, "login-guard release "+about)
	case record.ReleaseAndAllow:
		out = append(out, "login-guard release "+about)
		if strings.HasPrefix(about, "--ref") {
			out = append(out, "login-guard allow "+about+" --for 1h --reason \"...\"")
		} else {
			out = append(out, "login-guard allow --account NAME --for 1h --reason \"...\"")
		}
	}
	if e.Site != "" && len(a.siteList()) > 1 && !(len(out) > 0 && strings.Contains(out[0], "--ref")) {
		for i := range out {
			out[i] += " --site " + e.Site
		}
	}
	return out
}

// hostOf is the /32 or /64 that an address counts as.
func hostOf(g *guard, address string) (netip.Prefix, error) {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no address; one that works is 203.0.113.7", address)
	}
	return g.collector.Collect(addr, http.Header{}, 0).Host, nil
}

// eventActions are what decisions can be chosen by.
func eventActions() []string {
	return []string{string(risk.Allow), string(risk.Slider), string(risk.Picture), string(risk.SecondFactor), string(risk.Deny), string(risk.Unreadable)}
}

// serveEvents lists decisions as lines of JSON, the oldest first, and with
// follow=1 goes on as they come.
func serveEvents(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("only GET")}
	}
	app, err := runningApp()
	if err != nil {
		return err
	}
	q := r.URL.Query()
	bad := func(name, want string) error {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: fmt.Errorf("--%s %q is none; one that works is %s", name, q.Get(name), want)}
	}
	limit, since := 50, time.Time{}
	if s := q.Get("limit"); s != "" {
		if limit, err = strconv.Atoi(s); err != nil || limit < 0 || limit > 100_000 {
			return bad("limit", "50")
		}
	}
	if s := q.Get("since"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return bad("since", "1h")
		}
		since = app.keys.now().Add(-d)
	}
	if s := q.Get("action"); s != "" && !slices.Contains(eventActions(), s) {
		return bad("action", strings.Join(eventActions(), ", "))
	}
	match := func(e *record.Entry) bool {
		return (q.Get("site") == "" || e.Site == q.Get("site")) && (q.Get("action") == "" || e.Action == q.Get("action") || e.Would == q.Get("action")) &&
			!e.At.Before(since)
	}
	journal := app.state.records()
	follow, stop := journal.Follow()
	defer stop()
	found, err := journal.Find("", max(limit, 1), match)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines := json.NewEncoder(w)
	var last time.Time
	for i := min(len(found), limit) - 1; i >= 0; i-- {
		if err := lines.Encode(found[i]); err != nil {
			return err
		}
		last = found[i].At
	}
	flush := http.NewResponseController(w)
	for q.Get("follow") == "1" {
		_ = flush.Flush()
		select {
		case <-r.Context().Done():
			return nil
		case e := <-follow:
			if e.At.After(last) && match(&e) {
				if err := lines.Encode(e); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// simulateAsk is an attempt that is only asked about.
type simulateAsk struct {
	Site      string `json:"site,omitempty"`
	Address   string `json:"address"`
	Account   string `json:"account"`
	Known     bool   `json:"known_device,omitempty"`
	Passed    string `json:"passed,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
	Language  string `json:"language,omitempty"`
}

// simulate decides on an attempt that nobody makes, and counts nothing.
func simulate(app *App, r *http.Request, q simulateAsk) (any, error) {
	h, g, err := siteGuard(app, q.Site)
	if err != nil {
		return nil, err
	}
	addr, err := netip.ParseAddr(q.Address)
	if err != nil {
		return nil, fmt.Errorf("--address %q is no address; one that works is 203.0.113.7", q.Address)
	}
	if q.Account == "" {
		return nil, errors.New("name an account with --account, as it is typed at the login")
	}
	passed := device.NoRung
	switch q.Passed {
	case "":
	case "slider":
		passed = device.Slider
	case "picture":
		passed = device.Picture
	default:
		return nil, fmt.Errorf("--passed %q is neither slider nor picture", q.Passed)
	}
	header := http.Header{}
	for name, value := range map[string]string{"User-Agent": q.UserAgent, "Accept-Language": q.Language} {
		if value != "" {
			header.Set(name, value)
		}
	}
	now := h.now()
	s := g.collector.Collect(addr.Unmap(), header, 1)
	d, err := g.engine.Decide(r.Context(), now, engine.Attempt{
		Account: g.ledger.Account(h.reader.FoldAccount(q.Account)), Signals: s, Known: q.Known, Seen: now,
		Solved: passed != device.NoRung, Rung: passed})
	if err != nil {
		return nil, err
	}
	if err := g.engine.Undo(r.Context(), now, d); err != nil {
		return nil, err
	}
	basis := record.NewBasis(d.Facts, d.Situation, g.engine.Ladder)
	mode, _ := h.mode()
	return record.Explain(record.Entry{At: now, Site: h.name, Mode: mode, Action: string(d.Verdict.Action), Would: string(d.Verdict.Action),
		Score: d.Assessment.Score, Reasons: d.Verdict.Reasons, RetryAfter: d.Verdict.RetryAfter, Override: d.Override, Outcome: "none",
		Account: g.ledger.Pseudonym(d.Account), Host: g.ledger.HostPseudonym(s.Host), Address: record.Truncated(addr), Country: s.Country, ASN: s.ASN, Basis: basis}), nil
}

// eraseAsk names an account to forget.
type eraseAsk struct {
	Site    string `json:"site,omitempty"`
	Account string `json:"account"`
}

// erase forgets all that is known of an account: counts, places, devices,
// passes, orders and decisions.
func erase(app *App, r *http.Request, q eraseAsk) (any, error) {
	h, g, err := siteGuard(app, q.Site)
	if err != nil {
		return nil, err
	}
	if q.Account == "" {
		return nil, errors.New("name the account as it is typed at the login")
	}
	now := h.now()
	account := g.ledger.Account(h.reader.FoldAccount(q.Account))
	if err := g.ledger.Erase(r.Context(), account); err != nil {
		return nil, err
	}
	// Cookies in browsers name the account by its hash: they are void.
	if err := g.ledger.Revoke(r.Context(), now.Truncate(time.Second), account); err != nil {
		return nil, err
	}
	if err := app.order(r.Context(), now, func(l *override.List) (*override.List, error) {
		next, _ := l.Without(now, h.name, override.OfAccount(account))
		return next, nil
	}); err != nil {
		return nil, err
	}
	if err := g.vault.Erase(r.Context(), h.owner(g, account)); err != nil && !errors.Is(err, factor.ErrNone) {
		return nil, err
	}
	name := g.ledger.Pseudonym(account)
	n, err := app.state.records().Erase(func(e *record.Entry) bool { return e.Site == h.name && e.About(name) })
	if err != nil {
		return nil, err
	}
	app.state.forgetRefs(h.name, account)
	app.logger.Info("an account was erased", zap.String("site", h.name), zap.Int("decisions", n))
	return map[string]any{"site": h.name, "decisions": n}, nil
}
