package caddymodule

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Some things we ask the shop ourselves: who is signed in, and to sign a
// session out. Such a request goes through the rest of the site's route, as a
// request of the client would whom it is about, and its answer goes to nobody.

// ownRequest is the key by which a request of ours is known to every
// login_guard on its way. No client can set it.
type ownRequest struct{}

// isOwn reports whether a request is one that a login_guard made.
func isOwn(r *http.Request) bool { return r.Context().Value(ownRequest{}) != nil }

// forOwn are the fields of a client's request that a request of ours has too:
// what a shop, and proxies before it, need to know a session and its channel
// again. The session may be open at the shop, so nothing else of the sender's
// goes there that could make it another request (X-HTTP-Method-Override).
var forOwn = [...]string{
	"Cookie", "User-Agent", "Accept", "Accept-Language", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
	"Vendure-Token", "Store", "Sw-Access-Key",
}

// errOwn: the shop did not answer a request of ours in time, or not whole.
var errOwn = errors.New("the shop did not answer")

// askShop makes a GET of ours, as the client of r, and returns the answer. It
// is back when ctx ends, whatever the shop does.
func askShop(ctx context.Context, r *http.Request, next caddyhttp.Handler, u *url.URL, change func(http.Header)) (*ownAnswer, error) {
	out := r.Clone(context.WithValue(ctx, ownRequest{}, true))
	out.Method, out.URL, out.RequestURI = http.MethodGet, &url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}, u.RequestURI()
	out.Body, out.ContentLength, out.TransferEncoding, out.Trailer, out.GetBody = http.NoBody, 0, nil, nil, nil
	out.Form, out.PostForm, out.MultipartForm = nil, nil, nil
	sent := out.Header
	out.Header = make(http.Header, len(forOwn))
	for _, name := range forOwn {
		if v := sent[name]; len(v) > 0 {
			out.Header[name] = v
		}
	}
	takeCookies(out) // ours are not for the shop
	out.Header.Set("Accept-Encoding", "identity")
	out.Header.Set("Cache-Control", "no-cache, no-store")
	out.Header.Set("Pragma", "no-cache")
	if change != nil {
		change(out.Header)
	}
	answer := &ownAnswer{header: http.Header{}}
	// Handlers read addresses and variables from the context too: those of
	// this request, beside what the route has set before us.
	srv, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	vars, _ := r.Context().Value(caddyhttp.VarsCtxKey).(map[string]any)
	out = caddyhttp.PrepareRequest(out, caddy.NewReplacer(), answer, srv)
	if mine, ok := out.Context().Value(caddyhttp.VarsCtxKey).(map[string]any); ok {
		maps.Copy(mine, vars)
		delete(mine, passedVar)
	}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if what := recover(); what != nil { // as Caddy's proxy ends an answer that breaks off
				done <- fmt.Errorf("%w: %v", errOwn, what)
			}
		}()
		done <- next.ServeHTTP(answer, out)
	}()
	select {
	case err := <-done:
		if err == nil && answer.over {
			err = fmt.Errorf("%w in less than %d bytes", errOwn, maxOwn)
		}
		return answer, err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", errOwn, ctx.Err())
	}
}

// maxOwn is how much of an answer to a request of ours is read, in bytes.
const maxOwn = 1 << 20

// ownAnswer is the answer to a request of ours.
type ownAnswer struct {
	header http.Header // as it is being written
	code   int
	sent   http.Header // as it was when the status came
	body   bytes.Buffer
	over   bool
}

// Header implements http.ResponseWriter.
func (o *ownAnswer) Header() http.Header { return o.header }

// WriteHeader keeps the status; informational answers are none.
func (o *ownAnswer) WriteHeader(code int) {
	if o.code == 0 && code >= http.StatusOK {
		o.code, o.sent = code, o.header.Clone()
	}
}

// Write keeps so much of the body as is read.
func (o *ownAnswer) Write(p []byte) (int, error) {
	o.WriteHeader(http.StatusOK)
	if o.body.Len()+len(p) > maxOwn {
		o.over = true
		return 0, errOwn
	}
	return o.body.Write(p)
}

// Flush implements http.Flusher: there is nobody to send anything to.
func (o *ownAnswer) Flush() {}

// elsewhere is where the answer leads on the same host, nil if nowhere.
func (o *ownAnswer) elsewhere(r *http.Request, from *url.URL) *url.URL {
	switch o.code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil
	}
	to, err := from.Parse(o.sent.Get("Location"))
	if err != nil || o.sent.Get("Location") == "" || to.Opaque != "" || to.Host != "" && !strings.EqualFold(to.Host, r.Host) || !strings.HasPrefix(to.Path, "/") {
		return nil
	}
	return to
}
