package caddymodule

import (
	"net/http"
	"slices"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// siteProbe is a handler that reports the site it finds itself in.
type siteProbe struct {
	// Label tells the probes of one configuration apart.
	Label string `json:"label"`
	// For names the handler that it stands in for: a site block is known by
	// that name in its routes.
	For string `json:"for"`
}

// foundSites are what the probes of one configuration found. It is a
// variable because Caddy makes the modules; the tests here are not parallel.
var foundSites []string

func (siteProbe) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.login_guard_site_probe", New: func() caddy.Module { return new(siteProbe) }}
}

func (p *siteProbe) Provision(ctx caddy.Context) error {
	foundSites = append(foundSites, p.Label+"="+firstHost(ctx))
	return nil
}

func (p *siteProbe) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	return next.ServeHTTP(w, r)
}

func init() {
	caddy.RegisterModule(siteProbe{})
	httpcaddyfile.RegisterHandlerDirective("login_guard_site_probe", func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		h.Next()
		h.NextArg()
		return &siteProbe{Label: h.Val(), For: directive}, nil
	})
	httpcaddyfile.RegisterDirectiveOrder("login_guard_site_probe", httpcaddyfile.Before, "basic_auth")
}

func TestSiteIsNamedAfterItsFirstHost(t *testing.T) {
	out, err := adapt("Caddyfile", `
		&(shared) {
			login_guard_site_probe named
		}
		shop.example, www.shop.example {
			login_guard_site_probe first
		}
		http://plain.example:8080 {
			respond /nothing 204
			handle /deep/* {
				route {
					login_guard_site_probe nested
				}
			}
			invoke /shared shared
		}
		*.wild.example {
			tls internal
			login_guard_site_probe wild
		}
		:9090 {
			login_guard_site_probe hostless
		}`)
	if err != nil {
		t.Fatal(err)
	}
	foundSites = nil
	if err := validate(t, out); err != nil {
		t.Fatal(err)
	}
	slices.Sort(foundSites)
	want := []string{"first=shop.example", "hostless=", "named=", "nested=plain.example", "wild=*.wild.example"}
	if !slices.Equal(foundSites, want) {
		t.Errorf("got %q, want %q", foundSites, want)
	}
}
