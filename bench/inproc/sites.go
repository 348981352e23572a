package inproc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/filestorage"
	_ "github.com/caddyserver/caddy/v2/modules/logging"
	_ "github.com/login-guard/login-guard/caddymodule"
	_ "github.com/mholt/caddy-ratelimit"
)

// Site is one site: a name, and the directives of its block.
type Site struct {
	Name, Block string
}

// Host is the name that requests ask for.
const Host = "shop.example"

// firstPort tells the sites apart in the Caddyfile; nothing listens on it.
const firstPort = 9000

// Start runs all sites in one Caddy, each in a server of its own, and returns
// the servers by name. global are lines for the global options. Caddy's
// storage is in folder. Only one may run at a time; stop ends it.
func Start(folder, global string, sites []Site) (servers map[string]http.Handler, stop func() error, err error) {
	// What Login Guard keeps on disk is below Caddy's data folder.
	if err := os.Setenv("XDG_DATA_HOME", folder); err != nil {
		return nil, nil, err
	}
	var file strings.Builder
	fmt.Fprintf(&file, "{\nadmin off\npersist_config off\nauto_https off\nstorage file_system %q\n%s\n}\n", folder, global)
	for i, s := range sites {
		fmt.Fprintf(&file, "http://%s:%d {\n%s\n}\n", Host, firstPort+i, s.Block)
	}
	config, err := adapt(file.String())
	if err != nil {
		return nil, nil, err
	}
	names, err := deafen(config, sites)
	if err != nil {
		return nil, nil, err
	}
	if err := caddy.Run(config); err != nil {
		return nil, nil, fmt.Errorf("starting Caddy: %w", err)
	}
	app, err := caddy.ActiveContext().App("http")
	if err != nil {
		return nil, nil, fmt.Errorf("getting the http app: %w", err)
	}
	servers = make(map[string]http.Handler)
	for key, server := range app.(*caddyhttp.App).Servers {
		servers[names[key]] = server
	}
	return servers, caddy.Stop, nil
}

// Run runs a Caddyfile as it is, with its sockets.
func Run(caddyfile string) error {
	config, err := adapt(caddyfile)
	if err != nil {
		return err
	}
	return caddy.Run(config)
}

func adapt(caddyfile string) (*caddy.Config, error) {
	adapted, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), nil)
	if err != nil {
		return nil, fmt.Errorf("adapting the Caddyfile: %w", err)
	}
	for _, w := range warnings {
		if w.Directive != "" {
			return nil, fmt.Errorf("adapting the Caddyfile: %s", w)
		}
	}
	config := new(caddy.Config)
	if err := json.Unmarshal(adapted, config); err != nil {
		return nil, fmt.Errorf("reading the adapted Caddyfile: %w", err)
	}
	return config, nil
}

// deafen takes the addresses to listen on out of a configuration and returns
// the site of each server.
func deafen(config *caddy.Config, sites []Site) (map[string]string, error) {
	var app map[string]json.RawMessage
	var servers map[string]map[string]json.RawMessage
	if err := json.Unmarshal(config.AppsRaw["http"], &app); err != nil {
		return nil, fmt.Errorf("reading the http app: %w", err)
	}
	if err := json.Unmarshal(app["servers"], &servers); err != nil {
		return nil, fmt.Errorf("reading the servers: %w", err)
	}
	names := make(map[string]string)
	for key, server := range servers {
		for i, s := range sites {
			if strings.Contains(string(server["listen"]), fmt.Sprintf(":%d", firstPort+i)) {
				names[key] = s.Name
			}
		}
		delete(server, "listen")
	}
	if len(names) != len(sites) {
		return nil, fmt.Errorf("%d sites became %d servers", len(sites), len(names))
	}
	var err error
	if app["servers"], err = json.Marshal(servers); err != nil {
		return nil, err
	}
	config.AppsRaw["http"], err = json.Marshal(app)
	return names, err
}
