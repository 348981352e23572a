package caddymodule

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/login-guard/login-guard/internal/attack"
	"github.com/login-guard/login-guard/internal/testport"
)

// told is an events handler that keeps the data of what it is told.
type told struct{}

// registerTold is called again where the test runs more than once.
var registerTold = sync.OnceFunc(func() { caddy.RegisterModule(told{}) })

var toldEvents struct {
	sync.Mutex
	data []map[string]any
}

func (told) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "events.handlers.login_guard_told", New: func() caddy.Module { return new(told) }}
}

func (told) Handle(_ context.Context, e caddy.Event) error {
	toldEvents.Lock()
	defer toldEvents.Unlock()
	toldEvents.data = append(toldEvents.data, e.Data)
	return nil
}

func (told) UnmarshalCaddyfile(*caddyfile.Dispenser) error { return nil }

func TestAnEventsHandlerIsToldOfTheStartAndEndOfAnAttack(t *testing.T) {
	registerTold()
	toldEvents.Lock()
	toldEvents.data = nil
	toldEvents.Unlock()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer shop.Close()
	port := testport.Take(t, 1)[0]
	text := fmt.Sprintf(`{
	admin off
	persist_config off
	storage file_system %s
	servers {
		trusted_proxies static 127.0.0.0/8 ::1/128
	}
	events {
		on login_guard.attack login_guard_told
	}
}
http://localhost:%d {
	login_guard {
		site attacked
	}
	reverse_proxy %s
}
`, t.TempDir(), port, strings.TrimPrefix(shop.URL, "http://"))
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	raw, _, err := adapter.Adapt([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	var config caddy.Config
	if err := json.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	if err := caddy.Run(&config); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	}()
	for i := range 20 {
		form := url.Values{"email": {fmt.Sprintf("customer%d@shop.example", i)}, "password": {"guess"}}
		req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://localhost:%d/login", port), strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("X-Forwarded-For", fmt.Sprintf("%d.20.30.40", 20+i))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	app, err := runningApp()
	if err != nil {
		t.Fatal(err)
	}
	app.watchAttacks(time.Now().Add(attack.Calm - time.Minute))
	app.watchAttacks(time.Now().Add(attack.Calm + time.Minute))
	app.watchAttacks(time.Now().Add(attack.Calm + time.Hour))

	toldEvents.Lock()
	defer toldEvents.Unlock()
	if len(toldEvents.data) != 2 {
		t.Fatalf("told %d times: %v", len(toldEvents.data), toldEvents.data)
	}
	start, end := toldEvents.data[0], toldEvents.data[1]
	if start["state"] != "start" || start["site"] != "attacked" || start["mode"] != "enforce" || start["until"] != "" ||
		start["share"].(float64) < 0.3 || start["attempts"].(int) < 5 || start["attempts"].(int) > 20 || len(start["reasons"].([]string)) == 0 {
		t.Errorf("at the start: %v", start)
	}
	if end["state"] != "end" || end["since"] != start["since"] || end["attempts"].(int) < 10 || end["challenged"].(int) == 0 ||
		end["challenged"].(int)+end["refused"].(int)+end["failed"].(int) != end["attempts"].(int) {
		t.Errorf("at the end: %v", end)
	}
	for _, data := range toldEvents.data {
		for _, name := range []string{"since", "until"} {
			if text := data[name].(string); text != "" {
				if _, err := time.Parse(time.RFC3339, text); err != nil {
					t.Error(err)
				}
			}
		}
		if text := fmt.Sprint(data); strings.Contains(text, "customer") || strings.Contains(text, ".20.30") || strings.Contains(text, "guess") {
			t.Errorf("it names somebody: %s", text)
		}
	}
}
