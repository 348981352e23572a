// Package redistest starts real Redis servers for tests: one, a master with a
// replica and three sentinels, a cluster of three. Each has a folder of the
// test's own and a free port on loopback, and ends with the test.
package redistest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/login-guard/login-guard/internal/testport"
)

// patience is how long a server may take to do what is asked of it, on a
// machine that many tests share.
const patience = 60 * time.Second

// Server is one redis-server process.
type Server struct {
	Addr string // 127.0.0.1:port

	t    testing.TB
	dir  string
	args []string
	env  serverEnv
	cmd  *exec.Cmd
	gone chan struct{}
}

// serverEnv is how to speak to a server.
type serverEnv struct {
	password string
	tls      *Certificates
	sentinel bool
}

// Start starts one server. args follow redis-server's own, such as
// "--requirepass", "secret".
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return start(t, serverEnv{}, args...)
}

// StartWithPassword starts a server that wants a password.
func StartWithPassword(t testing.TB, password string, args ...string) *Server {
	t.Helper()
	return start(t, serverEnv{password: password}, append([]string{"--requirepass", password}, args...)...)
}

// StartTLS starts a server that speaks TLS only.
func StartTLS(t testing.TB, c *Certificates, args ...string) *Server {
	t.Helper()
	return start(t, serverEnv{tls: c}, append([]string{"--tls-cert-file", c.Cert, "--tls-key-file", c.Key, "--tls-ca-cert-file", c.CA, "--tls-auth-clients", "no"}, args...)...)
}

func start(t testing.TB, env serverEnv, args ...string) *Server {
	t.Helper()
	s := &Server{Addr: freePort(t), t: t, dir: t.TempDir(), env: env}
	_, port, _ := net.SplitHostPort(s.Addr)
	s.args = []string{"--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--appendonly", "no", "--loglevel", "notice"}
	if env.tls != nil {
		s.args = append(s.args, "--port", "0", "--tls-port", port)
	} else {
		s.args = append(s.args, "--port", port)
	}
	s.args = append(s.args, args...)
	s.launch()
	t.Cleanup(s.Kill)
	return s
}

// freePort is a port whose bus port (+10000) is free as well.
func freePort(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", testport.Take(t, 1, 10000)[0])
}

func (s *Server) launch() {
	s.t.Helper()
	args := s.args
	if s.env.sentinel {
		args = append([]string{filepath.Join(s.dir, "sentinel.conf"), "--sentinel"}, args...)
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command("redis-server", args...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	// The server dies with the test, however that ends.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	gone := make(chan struct{})
	s.gone = gone
	go func(c *exec.Cmd) { _ = c.Wait(); close(gone) }(s.cmd)
	s.Eventually("it answers", func() bool {
		err := s.Client().Ping(context.Background()).Err()
		return err == nil || strings.HasPrefix(err.Error(), "NOAUTH") || strings.HasPrefix(err.Error(), "NOPERM")
	})
}

// Client is a plain client of this server; it ends with the test.
func (s *Server) Client() *goredis.Client {
	o := &goredis.Options{Addr: s.Addr, Password: s.env.password, Protocol: 2, DisableIdentity: true, MaxRetries: -1}
	if s.env.tls != nil {
		o.TLSConfig = s.env.tls.Config
	}
	c := goredis.NewClient(o)
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Do runs a command and returns its answer.
func (s *Server) Do(args ...any) any {
	s.t.Helper()
	v, err := s.Client().Do(context.Background(), args...).Result()
	if err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return v
}

// Info reads one field of INFO, such as "used_cpu_user".
func (s *Server) Info(section, field string) string {
	s.t.Helper()
	text, err := s.Client().Info(context.Background(), section).Result()
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		// A server that becomes master closes its clients' connections, also
		// one whose question it has not read yet.
		text, err = s.Client().Info(context.Background(), section).Result()
	}
	if err != nil {
		s.t.Fatalf("info %s: %v", section, err)
	}
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// Pid is the process, for its CPU clock.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Kill ends the server at once, as kill -9 does.
func (s *Server) Kill() {
	_ = s.cmd.Process.Signal(syscall.SIGCONT)
	_ = s.cmd.Process.Kill()
	<-s.gone
}

// Stop ends it in good order.
func (s *Server) Stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.gone:
	case <-time.After(patience):
		s.Kill()
	}
}

// Pause makes it hang (SIGSTOP): it takes connections and answers nothing.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Restart starts it again at the same address, empty.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.launch()
}

// Flush empties it.
func (s *Server) Flush() {
	s.t.Helper()
	s.Do("flushall")
}

// Log is what the server printed.
func (s *Server) Log() string {
	b, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(bytes.TrimSpace(b))
}

// Eventually waits until ok.
func (s *Server) Eventually(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(25 * time.Millisecond) {
		if ok() {
			return
		}
		select {
		case <-s.gone:
			s.t.Fatalf("waiting until %s: the server ended:\n%s", what, s.Log())
		default:
		}
		if time.Now().After(end) {
			s.t.Fatalf("waiting until %s: not within %v:\n%s", what, patience, s.Log())
		}
	}
}
