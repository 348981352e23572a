// Command login-guard is Caddy with Login Guard built in: every command and
// module of Caddy's own, the guard, and `login-guard demo`, which starts a
// small shop with the guard in front.
package main

import (
	"os"
	"slices"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	"github.com/login-guard/login-guard/caddymodule"
)

func main() {
	os.Args = withVerb(os.Args, caddymodule.Verbs())
	caddycmd.Main()
}

// withVerb lets this binary take the guard's verbs without the `login-guard`
// that any other Caddy needs in front of them: `login-guard status …` becomes
// `login-guard login-guard status …`. Arguments that do not start with one of
// verbs come back as they are.
func withVerb(args, verbs []string) []string {
	if len(args) < 2 || !slices.Contains(verbs, args[1]) {
		return args
	}
	return slices.Insert(slices.Clone(args), 1, "login-guard")
}
