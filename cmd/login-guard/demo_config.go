package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"go.uber.org/zap"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
)

// logFile is where Caddy's log goes, in the demo's temporary folder: what
// the guard decides about 400 addresses would push the password off the
// terminal.
const logFile = "caddy.log"

// demoConfig is a configuration ready to run.
type demoConfig struct {
	// Caddy's JSON.
	JSON []byte
	// The port of the shop's address.
	Port int
	// The address of the admin API; empty if the file turned it off.
	Admin string
}

// statusFlags is what a command needs to find this demo's admin API.
func (c demoConfig) statusFlags() string {
	if c.Admin == caddy.DefaultAdminListen {
		return ""
	}
	return " --admin " + c.Admin
}

// loadDemoConfig reads the configuration in file, with SHOP_UPSTREAM set to
// upstream, and changes what only a demo may have: see demoSettings. A port
// of 0 means that of the file.
func loadDemoConfig(file, dir, upstream string, port int) (demoConfig, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return demoConfig{}, fmt.Errorf("there is no %s here: run the demo from the folder that has it, or name another with --config", file)
	}
	if err := os.Setenv("SHOP_UPSTREAM", upstream); err != nil {
		return demoConfig{}, fmt.Errorf("setting SHOP_UPSTREAM: %w", err)
	}
	adapted, err := adapt(file)
	if err != nil {
		return demoConfig{}, err
	}
	var cfg map[string]any
	if err := json.Unmarshal(adapted, &cfg); err != nil {
		return demoConfig{}, fmt.Errorf("reading the adapted %s: %w", file, err)
	}
	server, err := onlyServer(cfg)
	if err != nil {
		return demoConfig{}, fmt.Errorf("%s: %w", file, err)
	}
	if port == 0 {
		if port, err = portOf(server); err != nil {
			return demoConfig{}, fmt.Errorf("%s: %w", file, err)
		}
	}
	listen, err := loopback(port)
	if err != nil {
		return demoConfig{}, err
	}
	admin := demoSettings(cfg, server, dir, listen)
	data, err := json.Marshal(cfg)
	return demoConfig{JSON: data, Port: port, Admin: admin}, err
}

// adapt turns file into Caddy's JSON.
func adapt(file string) (data []byte, err error) {
	err = quietly(func() error {
		data, _, _, err = caddycmd.LoadConfig(file, "")
		return err
	})
	return data, err
}

// quietly runs f with what Caddy logs kept back: Caddy has not been told yet
// that the terminal is for the demo's own words. A configuration that f
// loads gets the lines in its log; else they are dropped, as f's error says
// all that the terminal needs.
func quietly(f func() error) error {
	_, terminal, kept := caddy.BufferedLog()
	err := f()
	kept.FlushTo(zap.NewNop())
	caddy.UnbufferDefaultLogger(terminal)
	return err
}

// demoSettings changes what differs between the demo and earnest, and
// returns the address of the admin API:
//
//   - the shop is open to this computer only;
//   - loopback is trusted as a proxy, so that the shop can play 400
//     addresses. On a server that would let anyone on it be any address;
//   - data and log are in dir, errors alone come to the terminal, and the
//     configuration is not kept for `--resume`;
//   - open connections have 2 s to end: Ctrl-C should not take long.
func demoSettings(cfg, server map[string]any, dir string, listen []string) (admin string) {
	server["listen"] = listen
	server["trusted_proxies"] = map[string]any{
		"source": "static",
		"ranges": []string{"127.0.0.0/8", "::1/128"},
	}
	section(section(cfg, "apps"), "http")["grace_period"] = "2s"
	cfg["storage"] = map[string]any{"module": "file_system", "root": filepath.Join(dir, "caddy")}

	logs := section(section(cfg, "logging"), "logs")
	logs["default"] = map[string]any{
		"level":  "INFO",
		"writer": map[string]any{"output": "file", "filename": filepath.Join(dir, logFile)},
	}
	logs["terminal"] = map[string]any{
		"level":   "ERROR",
		"writer":  map[string]any{"output": "stderr"},
		"encoder": map[string]any{"format": "console"},
	}

	api := section(cfg, "admin")
	section(api, "config")["persist"] = false
	if off, _ := api["disabled"].(bool); off {
		return ""
	}
	if own, _ := api["listen"].(string); own != "" {
		return own
	}
	api["listen"] = adminAddress()
	return api["listen"].(string)
}

// section returns the object under key, made if it is not there.
func section(parent map[string]any, key string) map[string]any {
	if child, ok := parent[key].(map[string]any); ok {
		return child
	}
	child := map[string]any{}
	parent[key] = child
	return child
}

// onlyServer returns the one HTTP server of cfg: with several it would be a
// guess which of them the shop's own links lead to.
func onlyServer(cfg map[string]any) (map[string]any, error) {
	servers := section(section(section(cfg, "apps"), "http"), "servers")
	if len(servers) == 1 {
		for _, s := range servers {
			if server, ok := s.(map[string]any); ok {
				return server, nil
			}
		}
	}
	return nil, fmt.Errorf("the demo needs one site on one port, such as http://localhost:8080; this file has %d", len(servers))
}

// portOf returns the port on which server listens.
func portOf(server map[string]any) (int, error) {
	if listen, ok := server["listen"].([]any); ok && len(listen) == 1 {
		if text, ok := listen[0].(string); ok {
			addr, err := caddy.ParseNetworkAddress(text)
			if err == nil && addr.PortRangeSize() == 1 && addr.StartPort > 0 {
				return int(addr.StartPort), nil
			}
		}
	}
	return 0, errors.New("the demo needs one site on one port, such as http://localhost:8080")
}

// loopback returns the addresses that `localhost` stands for, with port. A
// browser may try either, so none of them may belong to someone else; Caddy
// itself would share a port that another Caddy of this user has.
func loopback(port int) ([]string, error) {
	if port < 1 || port > 65535 {
		return nil, fmt.Errorf("--port %d is no port; one that works is 8081", port)
	}
	var free []string
	for _, host := range []string{"127.0.0.1", "::1"} {
		addr := net.JoinHostPort(host, strconv.Itoa(port))
		switch err := tryListen(addr); {
		case err == nil:
			free = append(free, addr)
		case errors.Is(err, syscall.EADDRINUSE):
			return nil, fmt.Errorf("port %d is in use by another program; name a free one, such as --port %d", port, port%65535+1)
		case host == "127.0.0.1":
			return nil, fmt.Errorf("opening port %d: %w; name another with --port, such as --port 8081", port, err)
		}
		// Otherwise this computer has no IPv6, and 127.0.0.1 is enough.
	}
	return free, nil
}

// adminAddress returns Caddy's usual admin address, or one of the ports after
// it if some Caddy already has that one. A port that the system chose could be
// the near end of somebody's connection by the time Caddy listens.
func adminAddress() string {
	host, usual, err := net.SplitHostPort(caddy.DefaultAdminListen)
	first, notANumber := strconv.Atoi(usual)
	if err != nil || notANumber != nil {
		return caddy.DefaultAdminListen
	}
	for port := first; port < first+100; port++ {
		if addr := net.JoinHostPort(host, strconv.Itoa(port)); tryListen(addr) == nil {
			return addr
		}
	}
	return caddy.DefaultAdminListen // Caddy says what is wrong with it
}

func tryListen(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return l.Close()
}
