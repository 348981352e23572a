package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// asCommand lets the test binary be the command itself: tests start it as a
// process of its own, with signals and exit status, without a second build.
const asCommand = "LOGIN_GUARD_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestVerbsOfTheGuardAreTakenDirectly(t *testing.T) {
	verbs := []string{"status", "mode"}
	for name, c := range map[string]struct{ args, want []string }{
		"a verb":                   {[]string{"x", "status"}, []string{"x", "login-guard", "status"}},
		"a verb with arguments":    {[]string{"x", "mode", "monitor", "--json"}, []string{"x", "login-guard", "mode", "monitor", "--json"}},
		"a command of Caddy's":     {[]string{"x", "run", "--config", "status"}, []string{"x", "run", "--config", "status"}},
		"the long form":            {[]string{"x", "login-guard", "status"}, []string{"x", "login-guard", "status"}},
		"no arguments":             {[]string{"x"}, []string{"x"}},
		"a flag before everything": {[]string{"x", "--help"}, []string{"x", "--help"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, withVerb(c.args, verbs)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
