package caddymodule

import (
	"os"
	"testing"
)

// TestMain gives the stores of these tests a folder of their own.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "login-guard-caddymodule")
	if err != nil {
		panic(err)
	}
	os.Setenv("XDG_DATA_HOME", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}
