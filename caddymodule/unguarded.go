package caddymodule

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/login-guard/login-guard/internal/unguarded"
)

// before is what is kept of a request until its answer has gone: handlers on
// the way may change the request and its header.
type before struct {
	answer  http.Header
	cookies []string
	method  string
}

// before takes hold of the map that the answer's header will be in. The
// writer stays the one that came.
func (h *Handler) before(w http.ResponseWriter, r *http.Request) before {
	return before{answer: w.Header(), cookies: r.Header["Cookie"], method: r.Method}
}

// after looks whether the shop signed somebody in although no login was
// counted. Nearly every request ends in its first line.
func (h *Handler) after(r *http.Request, b before) {
	changes := b.method != http.MethodGet && unguarded.Changes(b.method)
	if !changes && len(b.answer["Set-Cookie"]) == 0 && !(h.unguarded.Learning() && isPage(b.answer)) {
		return
	}
	asked := original(r)
	f := h.signs.Look(unguarded.Asked{Method: b.method, URL: asked, Cookies: b.cookies, Header: r.Header}, b.answer)
	if f.Empty() || isCounted(r) {
		return
	}
	now := h.now()
	switch {
	case f.Issued != "":
		h.unguarded.Issued(now, unguarded.NewRoute(b.method, asked.Path), f.Issued)
	case changes:
		h.unguarded.Changed(now, unguarded.NewRoute(b.method, asked.Path), f)
		if f.Replaced[0] == "" {
			return
		}
	case f.Replaced[0] != "", h.unguarded.Learning() && isPage(b.answer):
		if !h.unguarded.Read(f) {
			return
		}
	default:
		return
	}
	h.tellUnguarded(now)
}

// tellUnguarded counts what is new and logs each route once a day.
func (h *Handler) tellUnguarded(now time.Time) {
	more, tell := h.unguarded.Due(now)
	if more > 0 {
		h.app.metrics.unguarded.WithLabelValues(h.name).Add(float64(more))
	}
	for _, s := range tell {
		h.app.decisionLog().Warn("a "+s.Issued+" was issued without a guarded login",
			zap.String("site", h.name), zap.String("method", s.Method), zap.String("path", s.Path),
			zap.Int64("seen", s.Times), zap.Time("last", s.Last), zap.String("advice", advice(s)))
	}
}

// isPage reports whether an answer is one that a shop makes for the reader:
// files come with cookies too and never touch a session.
func isPage(answer http.Header) bool {
	v := answer["Content-Type"]
	return len(v) > 0 && (strings.HasPrefix(v[0], "text/html") || strings.HasPrefix(v[0], "application/json"))
}

const countedVar = "login_guard.counted"

// counted notes that a request was counted as one of the side ways, or
// recorded as unreadable while nothing is refused.
func counted(r *http.Request) { caddyhttp.SetVar(r.Context(), countedVar, true) }

// isCounted reports whether a login_guard behind this one counted a request.
func isCounted(r *http.Request) bool {
	return caddyhttp.GetVar(r.Context(), passedVar) != nil || caddyhttp.GetVar(r.Context(), countedVar) != nil
}

// guards sums up the endpoints, to tell when they change.
func (h *Handler) guards() uint64 {
	sum := fnv.New64a()
	// A write to a hash never fails, and the endpoints came from JSON.
	_ = json.NewEncoder(sum).Encode(h.endpoints)
	return sum.Sum64()
}

// unguardedRoute is what status says of a way in that no endpoint guards.
type unguardedRoute struct {
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Issued string    `json:"issued"`
	Seen   int64     `json:"seen"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
	Advice string    `json:"advice"`
}

func unguardedRoutes(all []unguarded.Seen) []unguardedRoute {
	out := []unguardedRoute{}
	for _, s := range all {
		out = append(out, unguardedRoute{s.Method, s.Path, s.Issued, s.Times, s.First.UTC().Truncate(time.Second), s.Last.UTC().Truncate(time.Second), advice(s)})
	}
	return out
}

// advice says what to do about a route. What it is, its answer does not tell.
func advice(s unguarded.Seen) string {
	path := s.Pattern()
	if path == "" {
		return "if it is a login, `login-guard learn` makes an endpoint of it; it may be a registration, a reset, or a login by another provider"
	}
	return fmt.Sprintf("if it is a login, guard it with endpoint login { path %s ... } (`login-guard learn` writes it); it may be a registration, a reset, or a login by another provider", path)
}

// maxPrinted is how many routes the command prints; --json has all.
const maxPrinted = 20

func printUnguarded(w io.Writer, all []unguardedRoute) {
	for i, u := range all {
		if i == maxPrinted {
			fmt.Fprintf(w, "  unguarded  and %d more; --json has all\n", len(all)-i)
			break
		}
		fmt.Fprintf(w, "  unguarded  %s %s issued a %s without being guarded; seen %d times, last at %s; %s\n",
			u.Method, u.Path, u.Issued, u.Seen, u.Last.Format(time.RFC3339), u.Advice)
	}
}
