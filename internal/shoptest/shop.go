package shoptest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/testport"
)

// Account is one customer, or with Admin one of the staff.
type Account struct {
	Name, Email, Password string
	Admin                 bool
	// Number is another name that logins by e-mail take, as shops with
	// customer numbers do. Default: none
	Number string
}

// Alice returns the customer that every shop starts with. Her password has
// the characters that forms encode in more than one way.
func Alice() Account {
	return Account{Name: "alice", Email: "alice@shop.example", Password: "Wuthering+Heights 1847%"}
}

// Bob returns the second customer that every shop starts with.
func Bob() Account {
	return Account{Name: "bob", Email: "bob@shop.example", Password: "Great-Expectations-1861"}
}

// Admin returns the member of staff that every shop starts with.
func Admin() Account {
	return Account{Name: "admin", Email: "admin@shop.example", Password: "Middlemarch&1871", Admin: true}
}

// Shop is an upstream server. It is an http.Handler; Start puts it on a
// loopback port. Its methods may be called from any goroutine.
type Shop struct {
	// Name of the shop, which is the preset's.
	Name string
	// URL is the address after Start, such as http://127.0.0.1:40123.
	URL string
	// OwnLimits turns on the shop's own lock after too many failures, where
	// the captured shop has one (opencart3, opencart4, zencart).
	// Default: off. Set it before Start.
	OwnLimits bool

	serve func(*visit)
	// keepsTruncated: the script runs on what came of a cut body, as
	// php-fpm does; else it is refused with 400.
	keepsTruncated bool

	mu       sync.Mutex
	accounts []Account
	sessions map[string]*session
	failures map[string]int
	requests []*Request
	delay    time.Duration
	address  string
	server   *http.Server
}

func newShop(name string, serve func(*visit)) *Shop {
	return &Shop{
		Name: name, serve: serve, keepsTruncated: true,
		accounts: []Account{Alice(), Bob(), Admin()},
		sessions: map[string]*session{}, failures: map[string]int{},
	}
}

// Start listens on a free loopback port, sets URL and stops when the test
// ends.
func (s *Shop) Start(tb testing.TB) *Shop {
	tb.Helper()
	// A port of the test's own, so that nobody else has it while the shop is
	// Down, not even as the near end of a connection.
	if err := s.Listen(fmt.Sprintf("127.0.0.1:%d", testport.Take(tb, 1)[0])); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Down)
	return s
}

// Listen serves on address; for programs that are no test.
func (s *Shop) Listen(address string) error {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("starting shop %s: %w", s.Name, err)
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 30 * time.Second}
	s.mu.Lock()
	s.server, s.address = server, ln.Addr().String()
	s.URL = "http://" + s.address
	s.mu.Unlock()
	go func() {
		// Serve ends only through Down; an error of its own would show as
		// refused connections in the test that asks.
		_ = server.Serve(ln)
	}()
	return nil
}

// Down closes the port and every connection: from now on dialling fails. A
// process that is started at this moment may have a copy of the port until it
// is another program; that is waited for.
func (s *Shop) Down() {
	s.mu.Lock()
	server, address := s.server, s.address
	s.server = nil
	s.mu.Unlock()
	if server == nil {
		return
	}
	_ = server.Close()
	for end := time.Now().Add(10 * time.Second); !testport.Quiet(address) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// Up opens the same port again after Down.
func (s *Shop) Up() error {
	s.mu.Lock()
	address, up := s.address, s.server != nil
	s.mu.Unlock()
	switch {
	case address == "":
		return errors.New("the shop was never started")
	case up:
		return nil
	}
	return s.Listen(address)
}

// SetDelay makes every answer wait, from the moment the body was read.
func (s *Shop) SetDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// AddAccount adds a customer; one with the same name or e-mail is replaced.
func (s *Shop) AddAccount(a Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, old := range s.accounts {
		if strings.EqualFold(old.Name, a.Name) || strings.EqualFold(old.Email, a.Email) {
			s.accounts[i] = a
			return
		}
	}
	s.accounts = append(s.accounts, a)
}

// account finds by login name or e-mail, as databases with a
// case-insensitive collation do.
func (s *Shop) account(name string, byName, byEmail bool) (Account, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.accounts {
		if byName && strings.EqualFold(a.Name, name) || byEmail && (strings.EqualFold(a.Email, name) || a.Number != "" && a.Number == name) {
			return a, true
		}
	}
	return Account{}, false
}

// ServeHTTP records the request and has the shop answer it.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := newVisit(s, w, r)
	s.mu.Lock()
	s.requests = append(s.requests, v.rec)
	delay := s.delay
	s.mu.Unlock()
	if wait(r.Context(), delay) != nil {
		return
	}
	if v.rec.Truncated && !s.keepsTruncated {
		v.html(http.StatusBadRequest, "Bad Request", "")
		return
	}
	s.serve(v)
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
