package caddymodule

import (
	"net/http"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/store/embedded"
)

// answering is a shop whose every answer has these headers.
func answering(lines ...string) caddyhttp.Handler {
	return caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		for i := 0; i < len(lines); i += 2 {
			w.Header().Add(lines[i], lines[i+1])
		}
		return nil
	})
}

func TestAnUnguardedRouteIsLoggedOnceADay(t *testing.T) {
	h := withStore(t, config.Site{Site: "log-once"}, embedded.New(embedded.Options{}))
	core, logs := observer.New(zapcore.WarnLevel)
	h.app.decisions = zap.New(core)
	start := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	shop := answering("X-Auth-Token", "canary")
	for _, c := range []struct {
		after time.Duration
		path  string
		lines int
	}{
		{0, "/app/token/17", 1}, {time.Hour, "/app/token/18", 1}, {time.Hour, "/other", 2},
		{24*time.Hour - time.Second, "/app/token/17", 2}, {24 * time.Hour, "/app/token/17", 3}, {26 * time.Hour, "/other", 4},
	} {
		h.now = func() time.Time { return start.Add(c.after) }
		w, r := visit(http.MethodPost, c.path+"?key=canary", "")
		if err := h.ServeHTTP(w, r, shop); err != nil {
			t.Fatal(err)
		}
		if n := logs.Len(); n != c.lines {
			t.Errorf("%s after %s: %d lines, want %d", c.path, c.after, n, c.lines)
		}
	}
	last := logs.All()[2].ContextMap()
	if last["path"] != "/app/token/{id}" || last["method"] != "POST" || last["site"] != "log-once" || last["seen"] != int64(4) {
		t.Errorf("%v", last)
	}
}

func TestHandlersOnTheWayDoNotHideWhatWasAsked(t *testing.T) {
	h := withStore(t, config.Site{Site: "rewritten"}, embedded.New(embedded.Options{}))
	w, r := visit(http.MethodPost, "/app/enter", "PHPSESSID=0123456789abcdef01234567; wordpress_logged_in_1=x")
	shop := caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		r.Method, r.URL.Path = http.MethodGet, "/index.php"
		r.Header.Del("Cookie")
		w.Header().Add("Set-Cookie", "wordpress_logged_in_1=y; HttpOnly") // its owner was in already
		w.Header().Set("X-Auth-Token", "x")
		return nil
	})
	if err := h.ServeHTTP(w, r, shop); err != nil {
		t.Fatal(err)
	}
	all := h.unguarded.List()
	if len(all) != 1 || all[0].Method != http.MethodPost || all[0].Path != "/app/enter" || all[0].Issued != "token" {
		t.Errorf("%+v", all)
	}
}

func TestASessionThatIsSentAgainCostsAReaderNoAllocation(t *testing.T) {
	h := withStore(t, config.Site{Site: "again"}, embedded.New(embedded.Options{}))
	w, r := visit(http.MethodGet, "/index.php?route=common/home", "OCSESSID=0123456789abcdef01234567")
	line := []string{"OCSESSID=0123456789abcdef01234567; path=/"}
	shop := caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header()["Set-Cookie"] = line
		return nil
	})
	if n := testing.AllocsPerRun(100, func() { _ = h.ServeHTTP(w, r, shop) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
