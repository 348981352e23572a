// Package shared measures the store that several gateways share: what a
// decision costs Redis, beside the plainest script that could make it, and
// whether two gateways together let through more than one would.
package shared

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Server is a redis-server of our own, on loopback, that writes nothing down.
type Server struct {
	Addr   string
	client *goredis.Client
	cmd    *exec.Cmd
	folder string
}

// Start starts one.
func Start() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: l.Addr().String()}
	l.Close()
	if s.folder, err = os.MkdirTemp("", "login-guard-bench."); err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(s.Addr)
	s.cmd = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", s.folder, "--save", "",
		"--appendonly", "no", "--slowlog-log-slower-than", "-1")
	// It ends with us, however that is.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting redis-server: %w", err), os.RemoveAll(s.folder))
	}
	s.client = goredis.NewClient(&goredis.Options{Addr: s.Addr, PoolSize: 64, Protocol: 2, MaxRetries: -1, DisableIdentity: true})
	for range 500 {
		if err = s.client.Ping(context.Background()).Err(); err == nil {
			return s, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.Stop()
	return nil, fmt.Errorf("redis-server does not answer: %w", err)
}

// Stop ends it.
func (s *Server) Stop() {
	_ = s.client.Close()
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.folder)
}

// cpu is the processor time that the server has used.
func (s *Server) cpu(ctx context.Context) (time.Duration, error) {
	text, err := s.client.Info(ctx, "cpu").Result()
	if err != nil {
		return 0, err
	}
	var sum float64
	for _, name := range []string{"used_cpu_user:", "used_cpu_sys:"} {
		_, rest, _ := strings.Cut(text, name)
		value, _, _ := strings.Cut(rest, "\r")
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("reading %s %w", name, err)
		}
		sum += seconds
	}
	return time.Duration(sum * float64(time.Second)), nil
}

var calls = regexp.MustCompile(`cmdstat_(eval|evalsha|fcall):calls=(\d+)`)

// scripts is how many scripts the server has run.
func (s *Server) scripts(ctx context.Context) (n int, err error) {
	text, err := s.client.Info(ctx, "commandstats").Result()
	if err != nil {
		return 0, err
	}
	for _, m := range calls.FindAllStringSubmatch(text, -1) {
		k, err := strconv.Atoi(m[2])
		if err != nil {
			return 0, err
		}
		n += k
	}
	return n, nil
}
