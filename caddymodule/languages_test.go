package caddymodule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/login-guard/login-guard/config"
)

func TestAMistakeInAShopsLanguageKeepsTheConfigurationFromLoading(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "de.json")
	if err := os.WriteFile(file, []byte(`{"sent": "Anmelden"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, err := caddy.ProvisionContext(&caddy.Config{StorageRaw: []byte(`{"module": "file_system", "root": "` + t.TempDir() + `"}`)})
	if err != nil {
		t.Fatal(err)
	}
	h := &Handler{Site: config.Site{Page: config.Page{Languages: dir}}}
	if err := h.Provision(ctx); err == nil || !strings.Contains(err.Error(), file+`: there is no text "sent"; did you mean "send" ("Sign in")`) {
		t.Errorf("error %v", err)
	}
}
