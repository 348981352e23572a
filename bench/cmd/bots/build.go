package main

import (
	"os"

	"github.com/login-guard/login-guard/internal/guardtest"
)

// buildClocked builds the gateway whose clock can be set.
func buildClocked(folder string) (string, error) {
	dir, err := os.MkdirTemp(folder, "clocked.")
	if err != nil {
		return "", err
	}
	return guardtest.BuildClocked(dir)
}
