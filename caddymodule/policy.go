package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/backtest"
	"github.com/login-guard/login-guard/internal/signal"
)

// loadPolicy reads the settings of a site from a Caddyfile, or from Caddy's
// JSON, as the server would: nothing of it is started. say is told what is
// wrong with a GeoIP file or list.
func loadPolicy(file, site string, say func(string)) (backtest.Policy, error) {
	p := backtest.Policy{Name: file}
	text, err := os.ReadFile(file)
	if err != nil {
		return p, fmt.Errorf("--policy: %w", err)
	}
	if !strings.EqualFold(filepath.Ext(file), ".json") {
		// What it warns of (mostly of blanks) does not matter here.
		if text, _, err = caddyconfig.GetAdapter("caddyfile").Adapt(text, map[string]any{"filename": file}); err != nil {
			return p, fmt.Errorf("--policy %s: %w", file, err)
		}
	}
	sites, app, err := sitesOf(text)
	if err != nil {
		return p, fmt.Errorf("--policy %s: %w", file, err)
	}
	names := slices.Sorted(maps.Keys(sites))
	switch {
	case len(names) == 0:
		return p, fmt.Errorf("--policy %s has no login_guard in it; a site block needs one, such as: login_guard woocommerce", file)
	case site == "" && len(names) > 1:
		return p, fmt.Errorf("--policy %s has several sites (%s); name one, such as --site %s", file, strings.Join(names, ", "), names[0])
	case site == "":
		site = names[0]
	}
	s, ok := sites[site]
	if !ok {
		return p, fmt.Errorf("--site %s is not in %s; there is %s", site, file, strings.Join(names, ", "))
	}
	if p.Site = s; len(names) > 1 {
		p.Name += ", site " + site
	}
	if len(app.GeoIP)+len(app.Lists) > 0 {
		p.Files = signal.OpenFiles(app.GeoIP, app.Lists, func(file string, err error) {
			if err != nil {
				say(fmt.Sprintf("%s: %v", file, err))
			}
		})
	}
	return p, nil
}

var errSameSite = errors.New("has two blocks with different settings; give one of them a name of its own with `site NAME`")

// sitesOf finds the settings of all sites in a configuration, by their names.
func sitesOf(text []byte) (map[string]config.Site, config.App, error) {
	var c struct {
		Apps struct {
			HTTP struct {
				Servers map[string]struct {
					Routes []json.RawMessage `json:"routes"`
				} `json:"servers"`
			} `json:"http"`
			Guard config.App `json:"login_guard"`
		} `json:"apps"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, c.Apps.Guard, fmt.Errorf("reading the configuration: %w", err)
	}
	sites := make(map[string]config.Site)
	for _, name := range slices.Sorted(maps.Keys(c.Apps.HTTP.Servers)) {
		for _, route := range c.Apps.HTTP.Servers[name].Routes {
			for _, s := range guardsIn(route) {
				if err := s.Validate(); err != nil {
					return nil, c.Apps.Guard, err
				}
				if s.Site == "" {
					s.Site = routeHost(route)
				}
				if other, ok := sites[s.Site]; ok && !reflect.DeepEqual(other, s) {
					return nil, c.Apps.Guard, fmt.Errorf("site %s %w", s.Site, errSameSite)
				}
				sites[s.Site] = s
			}
		}
	}
	return sites, c.Apps.Guard, nil
}

// guardsIn finds the login_guard handlers in a route, however deep.
func guardsIn(raw json.RawMessage) (found []config.Site) {
	var handler struct {
		Handler string `json:"handler"`
	}
	if json.Unmarshal(raw, &handler) == nil && handler.Handler == appID {
		var s config.Site
		if json.Unmarshal(raw, &s) == nil {
			return []config.Site{s}
		}
	}
	var list []json.RawMessage
	var object map[string]json.RawMessage
	switch {
	case json.Unmarshal(raw, &list) == nil:
		for _, x := range list {
			found = append(found, guardsIn(x)...)
		}
	case json.Unmarshal(raw, &object) == nil:
		for _, name := range slices.Sorted(maps.Keys(object)) {
			found = append(found, guardsIn(object[name])...)
		}
	}
	return found
}

// routeHost is the first host name that a route is for, or what a site without
// one is called.
func routeHost(route json.RawMessage) string {
	var r struct {
		Match []struct {
			Host []string `json:"host"`
		} `json:"match"`
	}
	if json.Unmarshal(route, &r) == nil {
		for _, m := range r.Match {
			if len(m.Host) > 0 {
				return m.Host[0]
			}
		}
	}
	return "default"
}
