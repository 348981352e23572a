package faults_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
)

func TestADamagedFileOfTheStoreStopsNoLogin(t *testing.T) {
	t.Parallel()
	f := newFleet(t, []string{""})
	g := f.gates[0]
	f.spend()
	g.Stop()
	file := filepath.Join(g.Data(), "store.db")
	for _, name := range []string{file, filepath.Join(g.Data(), "counters.snap")} {
		if err := os.WriteFile(name, bytes.Repeat([]byte("damaged "), 8192), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g.Again()
	f.shops(0)
	says(t, g, "a file of the store was damaged and is put aside")
	if s := status(t, g); !strings.Contains(s.PutAside, ".damaged-") || !s.Durable {
		t.Errorf("%+v", s)
	}
	aside, _ := filepath.Glob(filepath.Join(g.Data(), "*.damaged-*"))
	if len(aside) != 2 {
		t.Errorf("%q was put aside, want both files", aside)
	}
	if got := f.guess(); !got.within(once) {
		t.Errorf("%+v guesses, want at most %+v", got, once)
	}
	f.hold(0).pass()
	g.Stop()
	g.Again()
	if s := status(t, g); !s.Durable || s.PutAside != "" {
		t.Errorf("after the next start: %+v", s)
	}
}

func TestTwoGatewaysOnOneFolder(t *testing.T) {
	t.Parallel()
	f := newFleet(t, []string{""})
	second := guardtest.StartWith(t, f.caddyfile(""), guardtest.With{Data: f.gates[0].DataHome()})
	f.gates = append(f.gates, second)
	total := f.spend()
	if s := status(t, f.gates[0]); !s.Durable || s.Problem != "" {
		t.Errorf("the first: %+v", s)
	}
	if s := status(t, second); s.Durable || s.Problem == "" {
		t.Errorf("the second: %+v", s)
	}
	says(t, second, "keeps nothing on disk")
	says(t, second, "is in use by another process")
	f.shops(0)
	f.shops(1)
	total = total.plus(f.guess())
	if most := once.times(2); !total.within(most) {
		t.Errorf("%+v guesses, want at most %+v", total, most)
	}
	f.hold(1).pass()
}
