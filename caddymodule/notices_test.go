package caddymodule

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/login-guard/login-guard/internal/factor"
	"github.com/login-guard/login-guard/internal/factor/send"
)

// Whoever guesses makes notices. A webhook that hangs must not fill the memory.
func TestNoticesThatWaitForAWebhookAreBounded(t *testing.T) {
	var going, most, came atomic.Int64
	free := make(chan struct{})
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n := going.Add(1)
		defer going.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		came.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-free:
		case <-r.Context().Done():
		}
	}))
	defer hook.Close()
	to, err := send.NewWebhook(hook.URL, []byte("0123456789abcdef"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &Handler{app: &App{logger: zap.NewNop()}, now: time.Now, second: &second{hook: to, notices: newQueue()}}
	const all = notifyRoom + 500
	for range all {
		h.notify("anna", []factor.Notice{{Event: factor.Failed}})
	}
	if n := h.second.notices.waiting.Load(); n > notifyRoom {
		t.Errorf("%d notices wait", n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for going.Load() < notifyAtOnce && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	close(free)
	for h.second.notices.waiting.Load() > 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	if most.Load() != notifyAtOnce || came.Load() != notifyRoom {
		t.Errorf("%d went out at once and %d in all, want %d and %d", most.Load(), came.Load(), notifyAtOnce, notifyRoom)
	}
}

func TestACodeIsForTheShopsOwnHost(t *testing.T) {
	for _, test := range []struct {
		any              bool
		site, host, want string
	}{
		{false, "shop.example", "shop.example", "shop.example"},
		{false, "shop.example", "www.shop.example:8443", "www.shop.example"},
		{true, "shop.example", "www.shop.example", "shop.example"},
		{true, "shop.example", "evil.example", "shop.example"},
		{true, "shop.example", "127.0.0.1:8080", "127.0.0.1"},
		{true, "shop.example", "localhost:8080", "localhost"},
		{true, "default", "www.shop.example", "www.shop.example"},
	} {
		h := &Handler{anyHost: test.any, name: test.site}
		if got := h.sentFrom(&http.Request{Host: test.host}); got != test.want {
			t.Errorf("site %s, any host %v: at %s a code is for %s, want %s", test.site, test.any, test.host, got, test.want)
		}
	}
}
