package inproc

import (
	"io"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

func init() { caddy.RegisterModule(Nowhere{}) }

// Nowhere is a log's output: lines are made and thrown away. Caddy's own
// `discard` makes none. There is no call of the kernel in it, as those make Go
// change threads under valgrind, which costs more than all else.
type Nowhere struct{}

// CaddyModule returns the Caddy module information.
func (Nowhere) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.logging.writers.nowhere", New: func() caddy.Module { return new(Nowhere) }}
}

// UnmarshalCaddyfile reads `output nowhere`.
func (*Nowhere) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	return nil
}

func (Nowhere) String() string { return "nowhere" }

// WriterKey is the same for all: there is nothing to tell apart.
func (Nowhere) WriterKey() string { return "nowhere" }

// OpenWriter opens it.
func (Nowhere) OpenWriter() (io.WriteCloser, error) { return nowhere{}, nil }

type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) Close() error                { return nil }

var (
	_ caddy.WriterOpener    = (*Nowhere)(nil)
	_ caddyfile.Unmarshaler = (*Nowhere)(nil)
)
