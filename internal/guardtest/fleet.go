package guardtest

import (
	"path/filepath"
	"strings"
	"testing"
)

// Shared makes of a Caddyfile of Site one whose counters are in the Redis at
// url. All gateways under test have one key, Key.
func Shared(caddyfile, url string) string {
	return strings.Replace(caddyfile, "key $KEY", "key $KEY\n\t\tstore redis "+url, 1)
}

// Kill ends the gateway at once, as kill -9 does.
func (g *Gateway) Kill() {
	_ = g.process.Process.Kill() // it may have ended
	<-g.ended
}

// Again starts a gateway that has ended once more: the same ports, folders
// and Caddyfile.
func (g *Gateway) Again() {
	g.t.Helper()
	for range 50 { // a port of before may be somebody's outgoing one for a moment
		if g.run() {
			return
		}
	}
	g.t.Fatal("a port of the gateway is taken")
}

// Upgrade is Again with another build of the gateway; "": the one of Binary.
func (g *Gateway) Upgrade(t testing.TB, binary string) {
	t.Helper()
	g.Stop()
	g.binary = binary
	g.Again()
}

// Data is the folder in which the gateway keeps counters and what is good
// once.
func (g *Gateway) Data() string { return filepath.Join(g.data, "caddy", "login_guard") }

// DataHome is what another gateway needs to use the same folder: With.Data.
func (g *Gateway) DataHome() string { return g.data }
