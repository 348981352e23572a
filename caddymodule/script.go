package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/page"
	"github.com/login-guard/login-guard/internal/store"
)

// A login that a script sent is not held: the script has it and sends it
// again. It is told where its check is, and what passing that check earns is
// good for this very body, once.

// scripted is what is kept of a script's login while its check is answered,
// under its reference. It is no secret and opens nothing.
type scripted struct {
	Kind      challenge.Kind `json:"k"`
	Login     [16]byte       `json:"l"` // keyed hash of the login, see loginHash
	Account   device.Account `json:"a"`
	Budget    store.Key      `json:"b"`
	NotBefore int64          `json:"n"` // unix milliseconds
	Work      byte           `json:"w"`
	// Action is where the form of a login that is held all the same posts
	// to, empty for others.
	Action string `json:"u,omitempty"`
}

// slip is the same as pages carry it: in place of a held login it names the
// one that the script has.
func (s scripted) slip(ref string) held.Slip {
	return held.Slip{Ticket: held.Ticket{ID: s.Login}, Account: s.Account, Budget: s.Budget, Ref: ref, NotBefore: time.UnixMilli(s.NotBefore), Work: s.Work}
}

// loginHash names a login by method, address and body.
func (h *Handler) loginHash(g *guard, r *http.Request, body []byte) (out [16]byte) {
	sum := g.ring.Sum(keys.Pseudonym, []byte("scripted"), []byte(h.name), []byte(r.Method), []byte(original(r).RequestURI()), body)
	copy(out[:], sum[:])
	return out
}

func (h *Handler) scriptKey(g *guard, ref string) store.Key {
	sum := g.ring.Sum(keys.Pseudonym, []byte("scripted-ref"), []byte(h.name), []byte(ref))
	return store.Key(sum[:16])
}

func (h *Handler) scriptBound(ref string) []byte { return []byte("scripted/" + h.name + "/" + ref) }

// tellScript answers a script's login with where its check is.
func (h *Handler) tellScript(w http.ResponseWriter, r *http.Request, a *attempt, kind challenge.Kind, slip held.Slip) error {
	keep := scripted{Kind: kind, Login: h.loginHash(a.g, r, a.reading.Body), Account: a.account,
		Budget: slip.Budget, NotBefore: slip.NotBefore.UnixMilli(), Work: slip.Work}
	if slip.Kept() {
		keep.Action = h.action(r)
	}
	plain, err := json.Marshal(keep)
	if err != nil {
		return err
	}
	// The address may name the account in its query.
	value := a.g.ring.Seal(keys.Challenge, plain, h.scriptBound(a.ref))
	h.mark(w, string(a.verdict.Action), a.ref)
	h.allowOrigin(w, r)
	path := h.prefix + "challenge/" + a.ref
	if err := a.g.store.Keep(r.Context(), h.scriptKey(a.g, a.ref), value, challenge.Life,
		store.Group{Key: a.same, Max: 2, Replace: true},
		store.Group{Key: a.g.ledger.HostKey(a.signals.Host), Max: held.PerHost},
		store.Group{Key: a.g.ledger.HostKey(a.signals.Network), Max: held.PerNetwork}); err != nil {
		h.notKept(err)
		path = "" // nothing to answer; the next try may have more room
	}
	if shape := scriptShapes[a.reading.Endpoint.Config().Script]; shape != nil && slip.Kept() && path != "" {
		http.SetCookie(w, &http.Cookie{Name: cookieName(r, holdCookie), Value: a.g.held.Write(slip), Path: "/",
			MaxAge: int(held.TTL / time.Second), HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteStrictMode})
		return shape(w, path)
	}
	return h.pages.Problem(w, r, http.StatusForbidden, page.Problem{Kind: page.Kind(kind.String()), Ref: a.ref, Challenge: path})
}

// scriptShapes are answers that a shop's own script understands: it leads the
// browser to the check. The login is held then, as for a form.
var scriptShapes = map[string]func(http.ResponseWriter, string) error{
	"opencart4": func(w http.ResponseWriter, path string) error {
		return sendJSON(w, http.StatusOK, map[string]string{"redirect": path})
	},
}

// shaped reports whether the endpoint's own script is answered in its shape.
func shaped(a *attempt) bool { return scriptShapes[a.reading.Endpoint.Config().Script] != nil }

// holdCookie carries the slip of a login that a shop's script sent, from its
// answer to the page of its check.
const holdCookie = "login_guard_hold"

// serveChallenge is a script's check: GET gives the task, POST of the answer
// the clearance. A browser that comes here gets the page.
func (h *Handler) serveChallenge(w http.ResponseWriter, r *http.Request, g *guard, ref string) error {
	h.allowOrigin(w, r)
	switch r.Method {
	case http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
		w.WriteHeader(http.StatusNoContent)
		return nil
	case http.MethodGet, http.MethodPost:
	default:
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return nil
	}
	value, err := g.store.Peek(r.Context(), h.scriptKey(g, ref))
	var s scripted
	if err == nil {
		value, err = g.ring.Open(keys.Challenge, value, h.scriptBound(ref))
	}
	if err == nil {
		err = json.Unmarshal(value, &s)
	}
	if err != nil {
		if navigates(r) {
			return h.message(w, r, http.StatusOK, page.Gone, "")
		}
		return sendJSON(w, http.StatusNotFound, reply{Status: "gone"})
	}
	switch {
	case r.Method == http.MethodGet && navigates(r):
		return h.showScripted(w, r, g, s, ref)
	case r.Method == http.MethodGet:
		if !h.mayIssue(r, g) && !h.blameless(r, g) {
			return h.writeDenial(w, r, ref, http.StatusTooManyRequests, 30*time.Second)
		}
		return h.sendTask(w, r, g, s, ref, http.StatusOK, "")
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return h.judgeScripted(w, r, g, s, ref)
	default:
		// The page's form, without a held login.
		reading := h.reader.Read(w, r)
		return h.answer(w, r, reading, ownCookies{}, caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
			return errors.New("a check's own address has no login to forward")
		}))
	}
}

// showScripted shows the page of a script's check. With the cookie of its
// answer it has the held login; otherwise passing it lets the next try in.
func (h *Handler) showScripted(w http.ResponseWriter, r *http.Request, g *guard, s scripted, ref string) error {
	slip := s.slip(ref)
	action := original(r).EscapedPath()
	if scheme, ok := framed(original(r), page.Dialog); ok {
		return h.showInFrame(w, r, g, slip, s.Kind, scheme)
	}
	if c, err := r.Cookie(cookieName(r, holdCookie)); err == nil && s.Action != "" {
		if kept, err := g.held.Read(c.Value); err == nil && kept.Ref == ref && kept.Account == s.Account {
			slip, action = kept, s.Action
			http.SetCookie(w, &http.Cookie{Name: cookieName(r, holdCookie), Path: "/", MaxAge: -1,
				HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteStrictMode})
		}
	}
	return h.another(w, r, g, slip, s.Kind, action, "")
}

// sendTask gives a script a fresh check.
func (h *Handler) sendTask(w http.ResponseWriter, r *http.Request, g *guard, s scripted, ref string, status int, why string) error {
	slip := s.slip(ref)
	// A script of its own cannot slide: its work is that of a press.
	slip.Work = max(slip.Work, challenge.PressWork)
	task, err := h.issue(r, g, slip, s.Kind, 0)
	if err != nil {
		return err
	}
	return sendJSON(w, status, struct {
		Kind  string     `json:"kind"`
		Ref   string     `json:"ref"`
		Task  *page.Task `json:"task"`
		Error string     `json:"error,omitempty"`
	}{s.Kind.String(), ref, &task, why})
}

// judgeScripted judges a script's answer.
func (h *Handler) judgeScripted(w http.ResponseWriter, r *http.Request, g *guard, s scripted, ref string) error {
	var a ask
	_ = http.NewResponseController(w).SetReadDeadline(h.now().Add(30 * time.Second))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAsk))
	if err != nil || json.Unmarshal(body, &a) != nil {
		return h.pages.Problem(w, r, http.StatusBadRequest, page.Problem{Kind: page.Unreadable, Ref: ref})
	}
	now := h.now()
	fresh := func(why string) error {
		if !h.mayIssue(r, g) && !h.blameless(r, g) {
			return h.writeDenial(w, r, ref, http.StatusTooManyRequests, 30*time.Second)
		}
		return h.sendTask(w, r, g, s, ref, http.StatusForbidden, why)
	}
	t, err := g.checks.Open(a.Challenge, now)
	if err != nil || t.Hold != s.Login || t.Account != s.Account {
		return fresh("again")
	}
	answer := a.answer()
	j, err := g.checks.Judge(r.Context(), now, t, answer)
	if err != nil {
		h.app.metrics.storeErrors.WithLabelValues("judge").Inc()
		return h.writeDenial(w, r, ref, http.StatusServiceUnavailable, 2*time.Second)
	}
	if before := h.recall(r, g, answer, j); before != nil {
		return sendBody(w, http.StatusOK, before)
	}
	h.countAnswer(t, j.Result, now.Sub(t.Issued))
	switch j.Result {
	case challenge.Checked:
		name, err := g.checks.Clear(r.Context(), g.checks.For(t.Earned(j.Evidence), answer))
		if err != nil {
			h.notKept(err)
			return h.writeDenial(w, r, ref, http.StatusServiceUnavailable, 5*time.Second)
		}
		return h.sendRemembered(w, r, g, answer, j, http.StatusOK, reply{Clearance: name})
	case challenge.Wait:
		return sendJSON(w, http.StatusForbidden, reply{Status: "wait", Seconds: max(1, seconds(j.Wait))})
	case challenge.Spent:
		return h.writeDenial(w, r, ref, http.StatusTooManyRequests, 5*time.Minute)
	default:
		return fresh("wrong")
	}
}

// redeem takes the clearance that a script sent with its login. One that is
// not for this login and account is worth nothing, and is spent all the same.
func (h *Handler) redeem(r *http.Request, a *attempt, name string) {
	if name == "" {
		return
	}
	cl, err := a.g.checks.TakeClearance(r.Context(), name)
	if err != nil || cl.Account != a.account || cl.Hold != h.loginHash(a.g, r, a.reading.Body) {
		return
	}
	a.cleared, a.evidence = cl.Rung, cl.Evidence
}

// allowOrigin lets a script of a listed origin read an answer of ours.
func (h *Handler) allowOrigin(w http.ResponseWriter, r *http.Request) {
	origin := first(r.Header, "Origin")
	if len(h.Origins) == 0 || origin == "" {
		return
	}
	w.Header().Add("Vary", "Origin")
	if !slices.Contains(h.Origins, origin) {
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	w.Header().Set("Access-Control-Expose-Headers", "Login-Guard, Retry-After")
}

// ownPreflight reports whether a listed origin asks the shop whether its
// script may send our clearance: the shop does not know that header.
func (h *Handler) ownPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && len(h.Origins) > 0 &&
		strings.Contains(strings.ToLower(r.Header.Get("Access-Control-Request-Headers")), strings.ToLower(clearanceHeader)) &&
		slices.Contains(h.Origins, r.Header.Get("Origin"))
}

// preflight asks the shop without our header, and adds it to what the shop
// allows. Whether the script may log in at all stays the shop's to say.
func (h *Handler) preflight(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	var rest []string
	for name := range strings.SplitSeq(r.Header.Get("Access-Control-Request-Headers"), ",") {
		if name = strings.TrimSpace(name); name != "" && !strings.EqualFold(name, clearanceHeader) {
			rest = append(rest, name)
		}
	}
	if r.Header.Del("Access-Control-Request-Headers"); len(rest) > 0 {
		r.Header.Set("Access-Control-Request-Headers", strings.Join(rest, ", "))
	}
	return next.ServeHTTP(&preflightWriter{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}, r)
}

type preflightWriter struct {
	*caddyhttp.ResponseWriterWrapper
	wrote bool
}

// WriteHeader adds our header where the shop allows the origin.
func (p *preflightWriter) WriteHeader(status int) {
	if h := p.Header(); !p.wrote && status >= 200 && h.Get("Access-Control-Allow-Origin") != "" {
		p.wrote = true
		if allowed := h.Get("Access-Control-Allow-Headers"); allowed == "" {
			h.Set("Access-Control-Allow-Headers", clearanceHeader)
		} else if allowed != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
			h.Set("Access-Control-Allow-Headers", allowed+", "+clearanceHeader)
		}
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *preflightWriter) Write(b []byte) (int, error) {
	if !p.wrote {
		p.WriteHeader(http.StatusOK)
	}
	return p.ResponseWriter.Write(b)
}

// afterScript turns the shop's answer to a held script's login into one that
// a browser can follow: the script that would have read it is gone.
func (h *Handler) afterScript(w http.ResponseWriter, r *http.Request, answer *answerWriter, back string) error {
	var said struct {
		Redirect string `json:"redirect"`
	}
	to := ""
	if json.Unmarshal(answer.body.Bytes(), &said) == nil {
		to = sameSite(r, said.Redirect)
	}
	if to == "" {
		if to = sameSite(r, back); to == "" {
			to = "/"
		}
	}
	header := w.Header()
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Etag", "Last-Modified"} {
		header.Del(name)
	}
	header.Set("Location", to)
	header.Set("Cache-Control", "no-store")
	answer.code = http.StatusSeeOther
	answer.body.Reset()
	return answer.release()
}

// sameSite is an address if it is on the site that was asked, else "".
func sameSite(r *http.Request, address string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" || strings.ContainsAny(address, "\\\r\n\t") {
		return ""
	}
	if u.Host == "" && u.Scheme == "" {
		if strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") {
			return address
		}
		return ""
	}
	if (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Host, r.Host) && u.User == nil {
		return address
	}
	return ""
}

func sendJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return sendBody(w, status, body)
}

func sendBody(w http.ResponseWriter, status int, body []byte) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}
