package caddymodule

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/login-guard/login-guard/internal/keys"
)

// Caddy may open the sites of a configuration before it finds that another
// part of it does not start.
func TestASiteOfAConfigurationThatWillNotStartHasTheKeysOfTheOneThatRuns(t *testing.T) {
	storage := json.RawMessage(`{"module": "file_system", "root": "` + t.TempDir() + `"}`)
	with := func(key string) *caddy.Config {
		persist := false
		return &caddy.Config{StorageRaw: storage, AppsRaw: caddy.ModuleMap{appID: json.RawMessage(`{"key": "` + key + `"}`)},
			Admin: &caddy.AdminConfig{Disabled: true, Config: &caddy.ConfigSettings{Persist: &persist}}}
	}
	wrong := func() (*guard, error) {
		ctx, err := caddy.ProvisionContext(with("{env.LOGIN_GUARD_THERE_IS_NONE}"))
		if err != nil {
			t.Fatal(err)
		}
		h := new(Handler)
		if err := h.Provision(ctx); err != nil {
			t.Fatal(err)
		}
		return h.ready()
	}
	if g, err := wrong(); err == nil || g != nil {
		t.Error("a site without a key works")
	}
	if err := caddy.Run(with(strings.Repeat("0f", 32))); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	}()
	g, err := wrong()
	if err != nil {
		t.Fatal(err)
	}
	app, err := runningApp()
	if err != nil {
		t.Fatal(err)
	}
	ring, err := app.keys.load()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Open(keys.Challenge, g.ring.Seal(keys.Challenge, []byte("x"), nil), nil); err != nil {
		t.Error("its keys are not those of the configuration that runs")
	}
}
