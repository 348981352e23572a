package report

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
)

// Machine is where it was measured, and with what.
type Machine struct {
	Processor, Go, Valgrind, Load string
	Cores                         int
	Modules                       []string
}

func thisMachine() Machine {
	m := Machine{Go: runtime.Version(), Cores: runtime.NumCPU(), Processor: runtime.GOARCH}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.SplitSeq(string(b), "\n") {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.Processor = strings.TrimSpace(value)
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load = strings.Join(strings.Fields(string(b))[:1], "")
	}
	if b, err := exec.Command("valgrind", "--version").Output(); err == nil {
		m.Valgrind = strings.TrimSpace(string(b))
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			switch d.Path {
			case "github.com/caddyserver/caddy/v2", "github.com/mholt/caddy-ratelimit", "golang.org/x/time":
				m.Modules = append(m.Modules, d.Path+" "+d.Version)
			}
		}
	}
	return m
}
