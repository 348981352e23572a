package caddymodule

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/login-guard/login-guard/internal/signal"
)

// How a request knows by what client its connection was made: Caddy asks the
// matchers of its TLS connection policies about each ClientHello, so one that
// always says yes sees them all. It writes the fingerprint to a note that
// hangs on the connection's context, which both the handshake and the
// requests have. There is no table of connections: the note goes when the
// connection does.
//
// Where any of that is not so the fingerprint is absent: without TLS here,
// with HTTP/3 (its connections get no context of ours), behind a listener
// wrapper that hides the TLS connection, and in connections from before a
// reload that brought the first login_guard.

// helloMatcher is the handshake matcher `login_guard`. It matches always and
// changes nothing. The handler adds it to the policies of its server by
// itself; nobody has to write it down.
type helloMatcher struct{}

// CaddyModule returns the Caddy module information.
func (helloMatcher) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "tls.handshake_match." + appID, New: func() caddy.Module { return new(helloMatcher) }}
}

// Match notes what the client says of itself.
func (helloMatcher) Match(hello *tls.ClientHelloInfo) bool {
	if n := noteOf(hello.Context()); n != nil && n.Load() == nil {
		ja4 := signal.JA4(hello)
		n.Store(&ja4)
	}
	return true
}

// note holds the fingerprint of a connection, once its handshake began.
type note = atomic.Pointer[string]

type noteKey struct{}

func noteOf(ctx context.Context) *note {
	if ctx == nil {
		return nil
	}
	n, _ := ctx.Value(noteKey{}).(*note)
	return n
}

// noteHellos has the handshakes of the server noted that a handler is
// provisioned in. Caddy provisions a server's TLS connection policies after
// its handlers, and looks at their order alone, so one matcher more that
// always matches leaves them as they were.
func (a *App) noteHellos(ctx caddy.Context) {
	srv, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if srv == nil || len(srv.TLSConnPolicies) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.noting == nil {
		a.noting = make(map[*caddyhttp.Server]bool)
	}
	if a.noting[srv] {
		return
	}
	a.noting[srv] = true
	for _, p := range srv.TLSConnPolicies {
		if p.MatchersRaw == nil {
			p.MatchersRaw = make(caddy.ModuleMap)
		}
		p.MatchersRaw[appID] = json.RawMessage("{}")
	}
	srv.RegisterConnContext(func(ctx context.Context, c net.Conn) context.Context {
		if _, ok := c.(*tls.Conn); !ok {
			return ctx
		}
		return context.WithValue(ctx, noteKey{}, new(note))
	})
}

// ja4Of is the fingerprint of a request's client, "" where it is not known.
// Behind a trusted proxy it would be the proxy's.
func ja4Of(r *http.Request) string {
	if proxied, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool); proxied {
		return ""
	}
	if n := noteOf(r.Context()); n != nil {
		if ja4 := n.Load(); ja4 != nil {
			return *ja4
		}
	}
	return ""
}
