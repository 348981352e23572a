package guardtest

import "path/filepath"

// Expand replaces $PORT, $PORT2, $DIR and the like in text by what they are
// for this gateway.
func (g *Gateway) Expand(text string) string { return g.vars.Replace(text) }

// Storage is the folder in which the gateway keeps what lasts.
func (g *Gateway) Storage() string { return filepath.Join(g.dir, "storage") }

// PID is the id of the gateway's process.
func (g *Gateway) PID() int { return g.process.Process.Pid }
