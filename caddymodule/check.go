package caddymodule

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/ledger"
	"github.com/login-guard/login-guard/internal/login"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/risk"
	"github.com/login-guard/login-guard/internal/store"
)

// challenge keeps a login and asks for a check.
func (h *Handler) challenge(w http.ResponseWriter, r *http.Request, a *attempt) error {
	h.settle(r.Context(), a, login.None)
	kind, err := kindOf(a.verdict.Action)
	if err != nil {
		return h.deny(w, r, a)
	}
	slip := held.Slip{Account: a.account, Budget: a.g.ledger.Budget(a.signals.Host, a.account), Ref: a.ref, Work: h.work(a)}
	if a.verdict.Gap > 0 {
		slip.NotBefore = a.now.Add(a.verdict.Gap)
	}
	switch {
	case a.solved != nil:
		// Checked, but not enough: the same held login waits on.
		slip.Ticket = a.solved.ticket
		if err := a.g.held.Return(r.Context(), slip.Ticket, a.now, a.solved.login); err != nil {
			h.notKept(err)
			slip.Ticket = held.Ticket{}
		}
	case h.otherWebsite(r):
		// Another website may have sent its own login by a visitor's browser.
		// Kept, it would go on as if our page had sent it, with the cookies
		// that SameSite held back: it is typed once more instead.
	case navigates(r), shaped(a):
		if slip.Ticket, err = a.g.held.Keep(r.Context(), a.now, h.heldLogin(r, a), a.same, a.g.ledger.HostKey(a.signals.Host), a.g.ledger.HostKey(a.signals.Network)); err != nil {
			h.notKept(err)
			slip.Ticket = held.Ticket{}
		}
	}
	h.report(r, a, login.None)
	if !navigates(r) && a.solved == nil {
		return h.tellScript(w, r, a, kind, slip)
	}
	// The same login sent again (reload, double tap) is free, but not another
	// picture with it: who may look at many takes the easiest.
	free := a.same
	if kind == challenge.Picture {
		free = store.Key{}
	}
	after, err := a.g.ledger.Count(r.Context(), a.now, config.LimitChallenges, a.signals.Host, free)
	if err == nil && after > 0 && !a.decision.Situation.Blameless {
		return h.startSlow(w, r, a.g, slip, h.action(r), slowLeft)
	}
	c := checkPage{kind: kind, action: h.action(r)}
	if a.solved != nil && kind == challenge.Picture {
		c.err = "more" // the slider was right, and is not all
	}
	return h.show(w, r, a.g, slip, c)
}

// kindOf is the check that a verdict asks for.
func kindOf(a risk.Action) (challenge.Kind, error) {
	switch a {
	case risk.Slider:
		return challenge.Slider, nil
	case risk.Picture:
		return challenge.Picture, nil
	}
	return 0, errors.New("no check")
}

func (h *Handler) notKept(err error) {
	if errors.Is(err, store.ErrFull) {
		h.app.logger.Warn("no room to keep a login; its sender signs in once more", zap.String("site", h.name))
		return
	}
	h.app.metrics.storeErrors.WithLabelValues("keep").Inc()
	h.app.logger.Warn("keeping a login", zapError(err))
}

// heldLogin is the request as it is to go on.
func (h *Handler) heldLogin(r *http.Request, a *attempt) *held.Login {
	return &held.Login{
		Method: r.Method, URI: r.URL.RequestURI(), Original: original(r).RequestURI(),
		ContentType: r.Header.Get("Content-Type"), Origin: r.Header.Get("Origin"), Referer: r.Header.Get("Referer"), FetchSite: r.Header.Get("Sec-Fetch-Site"),
		Endpoint: a.reading.Endpoint.Name(), Session: h.sessionHashes(r, a.g), Ref: a.ref, Script: !navigates(r), Body: a.reading.Body,
	}
}

// sessionHashes are keyed hashes of the shop's session cookies that are not
// empty, each with its name.
func (h *Handler) sessionHashes(r *http.Request, g *guard) [][]byte {
	return h.hashSessions(looseCookies(r.Header["Cookie"]), g)
}

// looseCookies reads cookies as PHP does: escapes undone in name and value,
// and a blank, dot or bracket in a name taken for `_`.
func looseCookies(lines []string) []*http.Cookie {
	var out []*http.Cookie
	plain := func(s string) string {
		if u, err := url.PathUnescape(s); err == nil {
			return u
		}
		return s
	}
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ";") {
			name, value, _ := strings.Cut(strings.Trim(part, " \t"), "=")
			name = strings.TrimLeft(plain(name), " ")
			name, _, _ = strings.Cut(name, "\x00")
			name = strings.Map(func(r rune) rune {
				if r == ' ' || r == '.' || r == '[' {
					return '_'
				}
				return r
			}, name)
			out = append(out, &http.Cookie{Name: name, Value: strings.Trim(plain(value), `" `)})
		}
	}
	return out
}

// newSessions are those that an answer sets.
func (h *Handler) newSessions(header http.Header, g *guard) [][]byte {
	return h.hashSessions((&http.Response{Header: header}).Cookies(), g)
}

func (h *Handler) hashSessions(cookies []*http.Cookie, g *guard) [][]byte {
	var out [][]byte
	for _, c := range cookies {
		if c.Value == "" || !matchesAny(h.sessions, c.Name) {
			continue
		}
		name := g.ring.Sum(keys.Pseudonym, []byte("session-name"), []byte(c.Name))
		value := g.ring.Sum(keys.Pseudonym, []byte("session"), []byte(c.Name), []byte(c.Value))
		out = append(out, append(name[:8:8], value[:8]...))
	}
	return out
}

func matchesAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if start, ok := strings.CutSuffix(p, "*"); (ok && strings.HasPrefix(name, start)) || p == name {
			return true
		}
	}
	return false
}

// otherSession reports whether a cookie that was on the held request has
// another value now.
func otherSession(then, now [][]byte) bool {
	for _, t := range then {
		for _, n := range now {
			if string(t[:8]) == string(n[:8]) && string(t[8:]) != string(n[8:]) {
				return true
			}
		}
	}
	return false
}

// action is where the check's form posts to: the login's own address, so
// that the shop's answer appears there. A query that could hold a password is
// left out: it is kept with the login.
func (h *Handler) action(r *http.Request) string {
	u := original(r)
	if h.reserved(r) {
		return u.RequestURI() // an address of ours, which says how it is shown
	}
	q, err := url.ParseQuery(u.RawQuery)
	if u.RawQuery == "" || err != nil {
		return u.EscapedPath()
	}
	for name := range q {
		if h.passwordName(name) {
			return u.EscapedPath()
		}
	}
	return u.RequestURI()
}

// passwordName reports whether a query parameter could hold a password, also
// one that is spelled as an array or stands in a GraphQL document.
func (h *Handler) passwordName(name string) bool {
	name = strings.ToLower(name)
	if strings.Contains(name, "pass") || strings.Contains(name, "pwd") {
		return true
	}
	for _, e := range h.endpoints {
		if e.Always { // its fields have no names
			return true
		}
		if len(e.GraphQL) > 0 && (name == "query" || name == "variables" || name == "operations") {
			return true
		}
		for _, f := range e.PasswordFields {
			// "pin" of "pin", "user[pin]", "*[pin]" and "/user/pin"
			parts := strings.FieldsFunc(strings.ToLower(f), func(r rune) bool { return strings.ContainsRune("/*[]", r) })
			if len(parts) > 0 && strings.Contains(name, parts[len(parts)-1]) {
				return true
			}
		}
	}
	return false
}

// checkPage says which check to show and how.
type checkPage struct {
	kind   challenge.Kind
	action string
	err    string       // key of the page's error text
	place  ledger.Place // in line for the slow way
	// renewals that came before, of the same check.
	renewals byte
}

// gapLeft is how long no answer to a slip's check is taken. No gap is longer
// than MaxGap: what says otherwise was written by a clock that was ahead of
// this one, and its shopper would wait until that time comes.
func gapLeft(slip held.Slip, now time.Time) time.Duration {
	return min(max(0, slip.NotBefore.Sub(now)), risk.MaxGap)
}

// work is how many times the usual proof of work a login has to pay: the rung
// that its score alone has reached.
func (h *Handler) work(a *attempt) byte {
	switch l, score := h.EffectiveLadder(), a.assessment.Score; {
	case l.Picture.Reached(score):
		return challenge.MaxWork
	case l.Slider.Reached(score):
		return challenge.MaxWork / 4
	}
	return 1
}

// issue makes a check for a slip.
func (h *Handler) issue(r *http.Request, g *guard, slip held.Slip, kind challenge.Kind, renewals byte) (page.Task, error) {
	return h.issueAt(r, g, slip, challenge.Spec{Kind: kind, Renewals: renewals})
}

// issueAt makes a check for a slip as spec says, which need not say what the
// slip does.
func (h *Handler) issueAt(r *http.Request, g *guard, slip held.Slip, spec challenge.Spec) (page.Task, error) {
	now := h.now()
	spec.Hold, spec.Account, spec.Budget = slip.Ticket.ID, slip.Account, slip.Budget
	spec.After, spec.Work = max(spec.After, gapLeft(slip, now)), slip.Work
	if !page.Trustworthy(r) {
		// Its script has no WebCrypto and works ten times as long.
		spec.Work = 1
	}
	c, err := g.checks.Issue(now, spec)
	if err != nil {
		return page.Task{}, err
	}
	h.app.metrics.challenges.WithLabelValues(spec.Kind.String(), "shown").Inc()
	return h.task(c), nil
}

// task is a check as its page gets it.
func (h *Handler) task(c challenge.Issued) page.Task {
	floor := (c.Floor + time.Millisecond - 1) / time.Millisecond
	t := page.Task{Token: c.Token, Salt: c.Salt, Cost: c.Cost, Target: c.Target, Floor: int(floor)}
	if c.Picture != "" {
		t.Picture = h.prefix + "picture/" + c.Picture
	}
	if c.Sound != "" {
		t.Sound = h.prefix + "sound/" + c.Sound
	}
	return t
}

// show writes the page of a check.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, c checkPage) error {
	task, err := h.issueAt(r, g, slip, challenge.Spec{Kind: c.kind, Renewals: c.renewals, Place: c.place.Key, After: c.place.End.Sub(h.now())})
	if err != nil {
		return err
	}
	wait := gapLeft(slip, h.now())
	if c.kind == challenge.Slow {
		wait = time.Duration(task.Floor) * time.Millisecond
	}
	return h.showTask(w, r, g, slip, c, task, wait)
}

// showTask writes the page of a check that was issued, with how long its
// answer is to wait.
func (h *Handler) showTask(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, c checkPage, task page.Task, wait time.Duration) error {
	v := page.View{Action: c.action, Hold: g.held.Write(slip), Ref: slip.Ref, Task: task, Error: c.err, Seconds: seconds(wait)}
	switch c.kind {
	case challenge.Slider:
		v.Kind = page.Slider
		h.mark(w, string(risk.Slider), slip.Ref)
	case challenge.Picture:
		v.Kind = page.Picture
		h.mark(w, string(risk.Picture), slip.Ref)
	case challenge.Sound:
		v.Kind = page.Sound
		h.mark(w, string(risk.Picture), slip.Ref)
	case challenge.Slow:
		if v.Kind = page.Slow; v.Seconds > seconds(challenge.SlowWait) && v.Error == "" {
			v.Error = "queue" // somebody of the same network is before
		}
		h.mark(w, string(risk.Picture), slip.Ref)
	default:
		return errors.New("showing a check: there is no such kind")
	}
	return h.page(w, r, h.EffectiveChallengeStatus(), v)
}

// why the slow way.
type why byte

const (
	slowChosen why = iota // by who is asked for a check
	slowLeft              // the address has had its checks
	slowSpent             // this address has passed its checks for this account
)

// startSlow takes a place for the slow way and shows it. When there is none,
// who chose it gets another picture, and who may have nothing else is told
// how long to wait: unless the address is many people's, most of whom have
// asked for nothing.
func (h *Handler) startSlow(w http.ResponseWriter, r *http.Request, g *guard, slip held.Slip, action string, because why) error {
	s := collectFrom(g, r)
	place, after, err := g.ledger.Slow(r.Context(), h.now(), s.Network, slip.Account, challenge.SlowWait)
	if err != nil {
		return h.writeDenial(w, r, slip.Ref, http.StatusServiceUnavailable, 10*time.Second)
	}
	if after > 0 {
		switch {
		case because == slowChosen && h.mayIssue(r, g):
			return h.show(w, r, g, slip, checkPage{kind: challenge.Picture, action: action, err: "busy"})
		case because != slowSpent && h.blameless(r, g):
			return h.show(w, r, g, slip, checkPage{kind: challenge.Picture, action: action})
		}
		return h.writeDenial(w, r, slip.Ref, http.StatusTooManyRequests, after)
	}
	return h.show(w, r, g, slip, checkPage{kind: challenge.Slow, action: action, place: place})
}

func seconds(d time.Duration) int { return int((max(0, d) + time.Second - 1) / time.Second) }

// navigates reports whether a person's browser waits for a page. Everything
// else is a script.
func navigates(r *http.Request) bool {
	if mode := first(r.Header, "Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(first(r.Header, "Accept"), "text/html") && first(r.Header, "X-Requested-With") != "XMLHttpRequest"
}
