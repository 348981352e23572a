package faults_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/login-guard/login-guard/internal/shoptest"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

func TestWithOnStoreErrorDenyNobodyGainsAGuess(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	url := whose(r.Addr)
	f := newFleet(t, []string{url, url}, "on_store_error deny")
	f.await(true, f.gates...)
	f.spend()
	held := f.hold(0)
	r.Pause()
	f.await(false, f.gates...)
	for i := range f.gates {
		v := f.visitor(i)
		a := v.send(http.MethodPost, "/login", form(shoptest.Admin().Email, shoptest.Admin().Password))
		if after, err := strconv.Atoi(a.Header.Get("Retry-After")); a.StatusCode != http.StatusServiceUnavailable || err != nil || after > 10 {
			t.Errorf("a login: %s, Retry-After %q", a.Status, a.Header.Get("Retry-After"))
		}
		if a := v.send(http.MethodGet, "/", ""); a.StatusCode != http.StatusOK {
			t.Errorf("the start page: %s", a.Status)
		}
	}
	if got := f.guess(); got != (guesses{}) {
		t.Errorf("%+v guesses reached the shop", got)
	}
	r.Resume()
	t.Logf("healed %v; slowest answer %v", f.await(true, f.gates...), f.slow.took)
	held.pass()
	f.shops(0)
	f.shops(1)
	if got := f.guess(); got != (guesses{}) {
		t.Errorf("afterwards %+v guesses reached the shop", got)
	}
}
