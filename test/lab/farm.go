package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Backend is one app behind the gateway.
type Backend struct {
	Name string
	// Target is a login's request target.
	Target string
	// GraphQL: its logins are fields of a GraphQL API.
	GraphQL bool
	// Endpoint is what the gateway is told beyond path and fields.
	Endpoint string
	// Basic is where a login by HTTP Basic goes, "" if nowhere.
	Basic string
	// FastCGI: the gateway speaks to php-fpm itself.
	FastCGI bool

	port, plain, secure int
	bare                int // the same way without the guard
}

// Backends are all apps.
func Backends() []*Backend {
	const login = "/account/login"
	query := "/index.php?route=account/login"
	route := "query route account/login"
	all := []*Backend{
		{Name: "php-trim", Target: login},
		{Name: "php-query", Target: query, Endpoint: route},
		{Name: "php-pathinfo", Target: "/index.php" + login},
		{Name: "fpm-trim", Target: login},
		{Name: "fpm-query", Target: query, Endpoint: route},
		{Name: "fpm-pathinfo", Target: "/index.php" + login},
		{Name: "fastcgi", Target: "/index.php" + login, FastCGI: true},
		{Name: "express4", Target: login, Endpoint: "inflates"},
		{Name: "express5", Target: login, Endpoint: "inflates"},
		{Name: "fastify", Target: login},
		{Name: "koa", Target: login, Endpoint: "inflates"},
		{Name: "flask", Target: login},
		{Name: "django", Target: login},
		{Name: "rack", Target: login},
		{Name: "sinatra", Target: login},
		{Name: "tomcat", Target: login},
		{Name: "go", Target: login},
		{Name: "graphql", Target: "/graphql", GraphQL: true, Endpoint: "inflates"},
	}
	for _, b := range all {
		if !b.GraphQL {
			b.Basic = strings.Replace(b.Target, "account/login", "account/basic", 1)
		}
	}
	return all
}

// Farm is the apps and the gateway, as processes of this one.
type Farm struct {
	Apps     []*Backend // all that are started
	Backends []*Backend // those that get requests
	Work     string     // folder for logs and sockets
	Here     string     // the folder of this file
	Binary   string     // the gateway
	Modules  string     // node's modules
	GoApp    string     // the app in Go

	fpm       int
	processes []*process
}

type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
}

// only keeps the backends of these names.
func (f *Farm) only(names []string) {
	f.Backends = slices.DeleteFunc(slices.Clone(f.Backends), func(b *Backend) bool { return !slices.Contains(names, b.Name) })
}

// Logs is the folder that apps write to.
func (f *Farm) Logs() string { return filepath.Join(f.Work, "ran") }

// Decisions is the gateway's log.
func (f *Farm) Decisions() string { return filepath.Join(f.Work, "gateway.jsonl") }

// Start starts everything and waits until it answers.
func (f *Farm) Start() error {
	for _, dir := range []string{f.Logs(), filepath.Join(f.Work, "tomcat/webapps/ROOT/WEB-INF")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	ports, err := freePorts(4*len(f.Apps) + 1)
	if err != nil {
		return err
	}
	f.fpm = ports[0]
	for i, b := range f.Apps {
		b.port, b.plain, b.secure, b.bare = ports[4*i+1], ports[4*i+2], ports[4*i+3], ports[4*i+4]
		if b.FastCGI {
			b.port = f.fpm
		}
	}
	if err := f.apps(); err != nil {
		return err
	}
	if err := f.gateway(); err != nil {
		return err
	}
	for _, b := range f.Backends {
		for _, port := range []int{b.port, b.plain} {
			if err := f.await(b.Name, port); err != nil {
				return err
			}
		}
		// The first request makes an app load what it needs.
		resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/first", b.plain))
		if err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
		resp.Body.Close()
		if resp.StatusCode >= 500 {
			return fmt.Errorf("%s answers %s", b.Name, resp.Status)
		}
	}
	return nil
}

// named is the port of a backend.
func (f *Farm) named(name string) int {
	for _, b := range f.Apps {
		if b.Name == name {
			return b.port
		}
	}
	return 0
}

// fill copies a file of this folder with the @NAMES@ in it replaced.
func (f *Farm) fill(from, to string) error {
	b, err := os.ReadFile(filepath.Join(f.Here, "backends", from))
	if err != nil {
		return err
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	pairs := []string{"@WORK@", f.Work, "@LOGS@", f.Logs(), "@PHP@", filepath.Join(f.Here, "backends/php"),
		"@FPM@", fmt.Sprint(f.fpm), "@USER@", user}
	for _, b := range f.Apps {
		pairs = append(pairs, "@"+b.Name+"@", fmt.Sprint(b.port))
	}
	return os.WriteFile(to, []byte(strings.NewReplacer(pairs...).Replace(string(b))), 0o600)
}

// run starts a process that ends with us.
func (f *Farm) run(name, dir string, env []string, command ...string) error {
	out, err := os.Create(filepath.Join(f.Work, name+".out"))
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = append(os.Environ(), append([]string{"LAB_LOGS=" + f.Logs()}, env...)...)
	// Some servers have workers of their own: the group ends as one.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	p := &process{name: name, cmd: cmd, done: make(chan struct{})}
	f.processes = append(f.processes, p)
	go func() {
		_ = cmd.Wait()
		close(p.done)
	}()
	return nil
}

// await waits until something listens.
func (f *Farm) await(name string, port int) error {
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			conn.Close()
			return nil
		}
		if ended := f.Ended(); ended != "" {
			return fmt.Errorf("%s ended:\n%s", ended, f.Output(ended))
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not come up: %w", name, err)
		}
	}
}

// Ended names a process that has ended, "" if all run.
func (f *Farm) Ended() string {
	for _, p := range f.processes {
		select {
		case <-p.done:
			return p.name
		default:
		}
	}
	return ""
}

// Output is the end of what a process printed.
func (f *Farm) Output(name string) string {
	b, _ := os.ReadFile(filepath.Join(f.Work, name+".out"))
	return string(b[max(0, len(b)-2000):])
}

// Stop ends all processes, the gateway first.
func (f *Farm) Stop() {
	for i := len(f.processes) - 1; i >= 0; i-- {
		p := f.processes[i]
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	}
	late := time.After(5 * time.Second)
	for _, p := range f.processes {
		select {
		case <-p.done:
		case <-late:
			_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
			<-p.done
			late = time.After(time.Second)
		}
	}
}

// freePorts finds ports outside the kernel's own range for outgoing
// connections, where a connection could take one in between.
func freePorts(n int) ([]int, error) {
	var ports []int
	for port := 20000 + os.Getpid()%8000; port < 32000 && len(ports) < n; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		l.Close()
		ports = append(ports, port)
	}
	if len(ports) < n {
		return nil, fmt.Errorf("found %d free ports on loopback of %d", len(ports), n)
	}
	return ports, nil
}
