package faults_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/shoptest"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

// load is shoppers who look and log in, each on a connection of their own:
// Caddy closes those that wait when it reloads, and who sends on one in that
// moment cannot know whether it arrived.
type load struct {
	sent, failed, again atomic.Int64
	first               atomic.Pointer[string]
	stop                func()
}

func (f *fleet) load(gate int) *load {
	l := &load{}
	end := make(chan struct{})
	var done sync.WaitGroup
	for n := range 6 {
		// Of one account so many at once would be asked.
		own := shoptest.Account{Name: fmt.Sprint("shopper", n), Email: fmt.Sprintf("shopper%d@shop.example", n), Password: "Silas-Marner-1861"}
		f.shop.AddAccount(own)
		done.Go(func() {
			for {
				select {
				case <-end:
					return
				case <-time.After(5 * time.Millisecond):
				}
				v := f.visitor(gate)
				v.client.Transport = &http.Transport{DisableKeepAlives: true}
				for _, want := range []func() (answer, error){
					func() (answer, error) { return v.try(http.MethodGet, "/", "") },
					func() (answer, error) {
						return v.try(http.MethodPost, "/login", form(own.Email, own.Password))
					},
				} {
					a, err := want()
					if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) {
						// The system resets connections that Caddy had not
						// accepted yet when it changed listeners; browsers
						// open another.
						l.again.Add(1)
						a, err = want()
					}
					l.sent.Add(1)
					text := ""
					switch {
					case err != nil:
						text = err.Error()
					case a.guard() != "" || a.StatusCode >= 400:
						text = a.Status + " " + a.guard()
					default:
						continue
					}
					l.failed.Add(1)
					l.first.CompareAndSwap(nil, &text)
				}
			}
		})
	}
	l.stop = func() { close(end); done.Wait() }
	return l
}

func TestReloadsAndRejectedReloadsUnderLoad(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"one by itself", "two on a Redis"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			urls := []string{""}
			if strings.HasPrefix(kind, "two") {
				url := "redis://" + redistest.Start(t).Addr + "?timeout=5s"
				urls = []string{url, url}
			}
			f := newFleet(t, urls)
			if len(urls) > 1 {
				f.await(true, f.gates...)
			}
			f.spend()
			held := f.hold(0)
			l := f.load(0)
			good := f.caddyfile(urls[0], "remember 12h")
			for n := range 3 {
				if out := f.gates[0].Reload(good); out != "" {
					t.Error(out)
				}
				for _, bad := range []string{
					strings.Replace(good, "remember 12h", "remember never", 1),      // refused as it is read
					strings.Replace(good, "key $KEY", "key {env.THERE_IS_NONE}", 1), // refused as it starts
				} {
					if out := f.gates[0].Reload(bad); out == "" {
						t.Error("a wrong configuration was taken")
					}
				}
				if n == 1 {
					during := f.hold(0)
					defer during.pass()
				}
			}
			held.pass()
			l.stop()
			if n := l.failed.Load(); n > 0 || l.sent.Load() < 20 {
				t.Errorf("%d of %d requests failed, the first: %s", n, l.sent.Load(), *l.first.Load())
			}
			if got := f.guess(); got != (guesses{}) {
				t.Errorf("%+v guesses more than the limits allow", got)
			}
			t.Logf("%d requests, %d failed, %d sent on a second connection; slowest answer %v", l.sent.Load(), l.failed.Load(), l.again.Load(), f.slow.took)
		})
	}
}
