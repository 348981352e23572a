// Package gate runs the shipped gateway in front of a small shop for the
// adversaries: each kind gets a gateway, a store and a shop of its own, so
// that what one of them spends is not missing for another.
package gate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// Options is what one gateway has of its own.
type Options struct {
	// Binary is the gateway to run.
	Binary string
	// Folder is where it may write; it makes a folder below.
	Folder string
	// Lines of the site's login_guard block.
	Lines []string
	// Blocked puts every address on the blocked list: 6 points each login.
	Blocked bool
	// Clock is a file with how many seconds the gateway's clock is off; only
	// for a binary of guardtest.BuildClocked.
	Clock string
}

// Gate is a running gateway and the shop behind it.
type Gate struct {
	URL  string
	Shop *shoptest.Shop
	// Site is the name that checks are issued under.
	Site string

	folder string
	log    *os.File
	cmd    *exec.Cmd
	ended  chan struct{}
	seen   int
	mu     sync.Mutex
	ran    map[string]int
}

// Start starts one and waits until it answers.
func Start(o Options) (*Gate, error) {
	// A port that was free a moment ago may be somebody's by now.
	var err error
	for range 5 {
		var g *Gate
		if g, err = start(o); err == nil {
			return g, nil
		}
	}
	return nil, err
}

func start(o Options) (*Gate, error) {
	folder, err := os.MkdirTemp(o.Folder, "gate.")
	if err != nil {
		return nil, err
	}
	g := &Gate{Site: "shop", Shop: shoptest.Generic(), folder: folder, ended: make(chan struct{}), ran: make(map[string]int)}
	if err := g.Shop.Listen("127.0.0.1:0"); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	g.URL = fmt.Sprintf("http://localhost:%d", port)
	file, err := g.caddyfile(o, port)
	if err != nil {
		return nil, err
	}
	if g.log, err = os.Create(filepath.Join(folder, "log")); err != nil {
		return nil, err
	}
	g.cmd = exec.Command(o.Binary, "run", "--config", file, "--adapter", "caddyfile")
	g.cmd.Env = append(os.Environ(), "HOME="+folder, "XDG_DATA_HOME="+folder, "XDG_CONFIG_HOME="+folder, guardtest.ClockVariable+"="+o.Clock)
	g.cmd.Stdout, g.cmd.Stderr = g.log, g.log
	// It ends with us, however that is.
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := g.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", o.Binary, err)
	}
	go func() {
		_ = g.cmd.Wait()
		close(g.ended)
	}()
	if err := g.await(); err != nil {
		return nil, errors.Join(err, g.Stop())
	}
	return g, nil
}

func (g *Gate) caddyfile(o Options, port int) (string, error) {
	list := ""
	if o.Blocked {
		path := filepath.Join(g.folder, "blocked.txt")
		if err := os.WriteFile(path, []byte("0.0.0.0/0\n::/0\n"), 0o600); err != nil {
			return "", err
		}
		list = "list blocked " + path
	}
	path := filepath.Join(g.folder, "Caddyfile")
	return path, os.WriteFile(path, fmt.Appendf(nil, `{
	admin off
	storage file_system %s
	auto_https off
	servers {
		trusted_proxies static 127.0.0.0/8 ::1/128
	}
	log {
		output stderr
		level WARN
	}
	login_guard {
		key %s
		%s
	}
}
%s {
	login_guard {
		site %s
		%s
	}
	reverse_proxy %s
}
`, g.folder, guardtest.Key, list, g.URL, g.Site, strings.Join(o.Lines, "\n\t\t"), strings.TrimPrefix(g.Shop.URL, "http://")), 0o600)
}

func (g *Gate) await() error {
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		select {
		case <-g.ended:
			return fmt.Errorf("the gateway ended: %s", g.Log())
		default:
		}
		if resp, err := http.Get(g.URL + "/"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	return fmt.Errorf("the gateway does not answer: %s", g.Log())
}

// Log is the end of what the gateway has logged.
func (g *Gate) Log() string {
	text, err := os.ReadFile(g.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// CPU is the processor time that the gateway has used, read from Linux.
func (g *Gate) CPU() time.Duration { return processCPU(g.cmd.Process.Pid) }

// Reached reports whether the shop ran a login with this account, and how
// often.
func (g *Gate) Reached(account string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := g.Shop.Logins()
	for _, l := range all[g.seen:] {
		g.ran[l.Account]++
	}
	g.seen = len(all)
	return g.ran[account]
}

// Logins is how many logins the shop has run.
func (g *Gate) Logins() int { return len(g.Shop.Logins()) }

// Stop ends the gateway and the shop and removes what they wrote.
func (g *Gate) Stop() error {
	_ = g.cmd.Process.Signal(os.Interrupt) // it may have ended
	select {
	case <-g.ended:
	case <-time.After(5 * time.Second):
		_ = g.cmd.Process.Kill()
		<-g.ended
	}
	g.Shop.Down()
	return errors.Join(g.log.Close(), os.RemoveAll(g.folder))
}

// freePort is a free port on loopback, from below those of outgoing
// connections and beside those that the tests take.
func freePort() (int, error) {
	for range 100 {
		port := 23000 + rand.IntN(9000)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			l.Close()
			return port, nil
		}
	}
	return 0, errors.New("no free port on loopback")
}
