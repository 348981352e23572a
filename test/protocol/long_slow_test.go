//go:build protocol

package protocol_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// slowhttptest opens five hundred slow connections at the login and says how
// they ended. Bodies end when a login's time is over, heads when Caddy's
// `read_header` is (a minute, unless the operator sets it): the test runs a
// little longer than either.
func TestLongSlowhttptestHoldsNothing(t *testing.T) {
	t.Parallel()
	program := tool(t, "LOGIN_GUARD_SLOWHTTPTEST")
	a := startApp(t)
	g := guarded(t, a.URL)
	steady(t, g, a, 20)
	before := resident(t, g.PID())
	url := g.URL + "/login"
	runs := map[string][]string{
		"slow bodies": {"-B", "-c", "500", "-r", "250", "-i", "5", "-x", "8", "-s", "4096", "-t", "POST", "-f", formType, "-p", "5", "-l", "50", "-u", url},
		"slow heads":  {"-H", "-c", "500", "-r", "250", "-i", "5", "-x", "8", "-t", "POST", "-p", "5", "-l", "90", "-u", url},
	}
	type ending struct{ what, text string }
	endings := make(chan ending, len(runs))
	for what, args := range runs {
		go func() {
			var out bytes.Buffer
			cmd := exec.Command(program, args...)
			cmd.Stdout, cmd.Stderr = &out, &out
			_ = cmd.Run() // its words say more than its status
			endings <- ending{what, out.String()}
		}()
	}
	most := int64(0)
	for ended := 0; ended < len(runs); {
		steady(t, g, a, 5)
		most = max(most, resident(t, g.PID()))
		select {
		case e := <-endings:
			ended++
			if !strings.Contains(e.text, "No open connections left") {
				t.Errorf("%s: not all were ended:\n%s", e.what, e.text[max(0, len(e.text)-1500):])
			}
		default:
		}
	}
	t.Logf("memory: %.1f MiB, then at most %.1f MiB", float64(before)/(1<<20), float64(most)/(1<<20))
	if most-before > 1000*128<<10 {
		t.Errorf("memory grew by %d MiB", (most-before)>>20)
	}
}
