package inproc

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	caddy.RegisterModule(Sink{})
	httpcaddyfile.RegisterHandlerDirective("sink", func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		h.Next()
		if h.NextArg() {
			return nil, h.ArgErr()
		}
		return Sink{}, nil
	})
	httpcaddyfile.RegisterDirectiveOrder("sink", httpcaddyfile.Before, "respond")
}

// Sink stands where `reverse_proxy` and the shop are. It reads the body to
// its end and answers at once: a page of 2 KiB; on /login a redirect to the
// account and a fresh session, or back to the form when the body has the
// word WrongPassword; and on /page a page as long as the query asks for.
type Sink struct{}

// CaddyModule returns the Caddy module information.
func (Sink) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.sink", New: func() caddy.Module { return new(Sink) }}
}

// WrongPassword is the password that the sink refuses.
const WrongPassword = "wrong-horse-battery"

var (
	buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}
	page    = []byte(strings.Repeat("<p>Shoes, hats and coats.</p>\r\n\r\n", 2048/33+1))[:2048]

	typeHTML = []string{"text/html; charset=utf-8"}
	account  = []string{"/account"}
	form     = []string{"/login"}
	session  = []string{"sid=7c1f0e6d2b9a4c83; Path=/; HttpOnly"}
)

// ServeHTTP answers; it leads to nobody.
func (Sink) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	wrong, err := drain(r.Body)
	if err != nil {
		return err
	}
	h := w.Header()
	h["Content-Type"] = typeHTML
	if r.URL.Path != "/login" {
		w.WriteHeader(http.StatusOK)
		_, err := w.Write(page)
		return err
	}
	if wrong {
		h["Location"] = form
	} else {
		h["Location"], h["Set-Cookie"] = account, session
	}
	w.WriteHeader(http.StatusFound)
	return nil
}

// drain reads a body to its end and reports whether the password in it is
// the wrong one. Bodies of logins are smaller than the buffer.
func drain(body io.Reader) (wrong bool, err error) {
	if body == nil {
		return false, nil
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		n, err := body.Read(*buf)
		wrong = wrong || bytes.Contains((*buf)[:n], []byte(WrongPassword))
		if err == io.EOF {
			return wrong, nil
		}
		if err != nil {
			return wrong, err
		}
	}
}
